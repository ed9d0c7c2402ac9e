//! What a device answers on application endpoints, after decryption.

use espprov_core::request::{
    ApplyThread, ApplyWifi, Control, ControlAction, GetThreadStatus, GetWifiStatus, Request, ScanPage,
    ScanStatus, SetThread, SetWifi, StartThreadScan, StartWifiScan, ThreadScanPage, WifiScanPage,
};
use espprov_core::{ThreadDataset, WifiConfig};

/// Replies on `prov-scan`: the first byte chooses the request that was asked, the second the page size.
pub fn scan_reply(data: &[u8]) {
    let &[request, count, ref reply @ ..] = data else {
        return;
    };
    let page = ScanPage { start: 0, count };
    match request % 6 {
        0 => {
            let _ = StartWifiScan::new().decode(reply);
        }
        1 => drop(ScanStatus::Wifi.decode(reply)),
        2 => {
            if let Ok(list) = WifiScanPage(page).decode(reply).map(|page| page.networks) {
                assert!(list.len() <= usize::from(count));
                for network in &list {
                    let _ = (network.ssid.to_string(), format!("{network:?}"));
                }
            }
        }
        3 => {
            let _ = StartThreadScan::new().decode(reply);
        }
        4 => drop(ScanStatus::Thread.decode(reply)),
        _ => {
            if let Ok(list) = ThreadScanPage(page).decode(reply).map(|page| page.networks) {
                assert!(list.len() <= usize::from(count));
            }
        }
    }
}

/// Replies on `prov-config` and `prov-ctrl`: the first byte chooses the request.
pub fn config_reply(data: &[u8]) {
    let Some((request, reply)) = data.split_first() else {
        return;
    };
    match request % 10 {
        0 => drop(GetWifiStatus.decode(reply).map(|status| format!("{status:?}"))),
        1 => drop(SetWifi(&WifiConfig::unchecked(b"ssid", b"secret")).decode(reply)),
        2 => drop(ApplyWifi.decode(reply)),
        3 => drop(GetThreadStatus.decode(reply).map(|status| format!("{status:?}"))),
        4 => drop(SetThread(&ThreadDataset::minimal(15, [1; 8], &[2; 16], 3)).decode(reply)),
        5 => drop(ApplyThread.decode(reply)),
        6 => drop(Control(ControlAction::ResetWifi).decode(reply)),
        7 => drop(Control(ControlAction::ReprovWifi).decode(reply)),
        8 => drop(Control(ControlAction::ResetThread).decode(reply)),
        _ => drop(Control(ControlAction::ReprovThread).decode(reply)),
    }
}
