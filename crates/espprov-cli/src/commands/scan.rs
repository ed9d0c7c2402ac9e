//! `scan`: which networks does the device hear?

use crate::args::ScanArgs;
use crate::device::Device;
use crate::errors::Failure;
use crate::output::{Report, Success, shown, table};
use espprov_core::ScanOptions;
use espprov_types::hex::Hex;
use espprov_types::{AccessPoint, ThreadNetwork};

pub(super) async fn run(device: &mut Device, args: &ScanArgs) -> Result<Success, Failure> {
    device.wants(args.thread).await?;
    device.connect().await?;
    device.out.progress("the device is scanning");
    let mut options = ScanOptions::default();
    options.passive = args.passive;
    options.page = args.page;
    if args.thread {
        let networks = device.driver.scan_thread(&options).await;
        let networks = networks.map_err(|error| device.explain(&error))?;
        for network in &networks {
            device.out.event(&Report::thread_network(network));
        }
        show(device, &thread_rows(&networks), networks.len());
    } else {
        options.mark_active = true;
        let networks = device.driver.scan_wifi(&options).await;
        let networks = networks.map_err(|error| device.explain(&error))?;
        for network in &networks {
            device.out.event(&Report::network(network));
        }
        show(device, &wifi_rows(&networks), networks.len());
    }
    Ok(Success::done())
}

fn show(device: &Device, rows: &[Vec<String>], found: usize) {
    device.out.stop_progress();
    if found == 0 {
        device.out.say("The device hears no network.");
        return;
    }
    for line in table(rows) {
        device.out.say(&line);
    }
}

fn row<const N: usize>(cells: [String; N]) -> Vec<String> {
    cells.into()
}

fn wifi_rows(networks: &[AccessPoint]) -> Vec<Vec<String>> {
    let mut rows = vec![row(["", "SSID", "BSSID", "CH", "RSSI", "AUTH"].map(str::to_owned))];
    rows.extend(networks.iter().map(|network| {
        let name = if network.ssid.is_hidden() {
            "(hidden)".to_owned()
        } else {
            shown(network.ssid.as_bytes())
        };
        row([
            if network.active { "*" } else { "" }.to_owned(),
            name,
            network.bssid.to_string(),
            format!("{:>2}", network.channel),
            format!("{:>4}", network.rssi),
            if network.auth.is_enterprise() {
                format!("{} (user accounts: cannot be provisioned)", network.auth)
            } else {
                network.auth.to_string()
            },
        ])
    }));
    rows
}

fn thread_rows(networks: &[ThreadNetwork]) -> Vec<Vec<String>> {
    let mut rows = vec![row(
        ["NAME", "PAN ID", "EXT PAN ID", "CH", "RSSI", "LQI"].map(str::to_owned)
    )];
    rows.extend(networks.iter().map(|network| {
        row([
            shown(network.name.as_bytes()),
            format!("{:#06x}", network.pan_id),
            Hex(&network.ext_pan_id).to_string(),
            format!("{:>2}", network.channel),
            format!("{:>4}", network.rssi),
            format!("{:>3}", network.lqi),
        ])
    }));
    rows
}
