//! An application with btleplug objects of its own: it scans and connects by itself and lends the peripheral.
//! `cargo run -p espprov-btleplug --example own_peripheral -- NAME`

use btleplug::api::{Central as _, Manager as _, Peripheral as _, ScanFilter};
use btleplug::platform::Manager;
use core::time::Duration;
use espprov_btleplug::{BleTransport, ConnectOptions};
use espprov_transport::{Endpoint, Transport};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let wanted = std::env::args().nth(1).unwrap_or_else(|| "PROV_".into());
    let adapters = Manager::new().await?.adapters().await?;
    let adapter = adapters.first().ok_or("no Bluetooth adapter")?;
    adapter.start_scan(ScanFilter::default()).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    adapter.stop_scan().await?;
    for peripheral in adapter.peripherals().await? {
        let properties = peripheral.properties().await?.unwrap_or_default();
        if !properties
            .local_name
            .is_some_and(|name| name.starts_with(&wanted))
        {
            continue;
        }
        peripheral.connect().await?;
        let mut link = BleTransport::from_connected(peripheral, ConnectOptions::default()).await?;
        let mut buf = [b'-'; 512];
        let len = link.exchange(Endpoint::PROTO_VER, &mut buf, 1).await?;
        println!("{}", String::from_utf8_lossy(&buf[..len]));
        // Still connected, and the application's again.
        link.into_peripheral().disconnect().await?;
    }
    Ok(())
}
