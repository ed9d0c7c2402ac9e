//! `status`, `reset`, `reprov`.

use crate::device::Device;
use crate::errors::Failure;
use crate::output::{Report, Success, quoted};
use espprov_core::request::ControlAction;
use espprov_types::{ThreadFailure, ThreadStatus, WifiFailure, WifiStatus};

/// What became of the network configuration. Knowing it is success, whatever it is.
pub(super) async fn status(device: &mut Device, thread: bool) -> Result<Success, Failure> {
    device.wants(thread).await?;
    device.connect().await?;
    if thread {
        let status = device.driver.thread_status().await;
        let status = status.map_err(|error| device.explain(&error))?;
        device.out.event(&Report::thread_status(&status));
        return Ok(Success {
            summary: thread_words(&status),
            ..Success::done()
        });
    }
    let status = device.driver.wifi_status().await;
    let status = status.map_err(|error| device.explain(&error))?;
    device.out.event(&Report::wifi_status(&status));
    let mut success = Success {
        summary: wifi_words(&status),
        ..Success::done()
    };
    if let WifiStatus::Connected(on) = &status {
        success.ip = on.ip;
        success.ssid = (!on.ssid.is_hidden()).then(|| on.ssid.as_bytes().to_vec());
    }
    Ok(success)
}

fn wifi_words(status: &WifiStatus) -> String {
    match status {
        WifiStatus::Connected(on) => {
            let mut text = if on.ssid.is_hidden() {
                "Connected (the device does not say to which network)".to_owned()
            } else {
                format!("Connected to {}", quoted(on.ssid.as_bytes()))
            };
            if let Some(ip) = on.ip {
                text.push_str(&format!(", address {ip}"));
            }
            if let Some(channel) = on.channel {
                text.push_str(&format!(", channel {channel}"));
            }
            text.push_str(&format!(", {}", on.auth));
            text
        }
        WifiStatus::Connecting {
            attempts_remaining: Some(left),
        } => format!("Connecting: an attempt failed, {left} left"),
        WifiStatus::Connecting { .. } => "Connecting".to_owned(),
        WifiStatus::Failed(WifiFailure::AuthError) => {
            "Failed: the network refused the device (wrong passphrase?)".to_owned()
        }
        WifiStatus::Failed(WifiFailure::NetworkNotFound) => "Failed: network not found".to_owned(),
        WifiStatus::Failed(_) => "Failed, for a reason unknown to this program".to_owned(),
        _ => "Not connected, not trying".to_owned(),
    }
}

fn thread_words(status: &ThreadStatus) -> String {
    match status {
        ThreadStatus::Attached(on) => format!(
            "Attached to {}, PAN id {:#06x}, channel {}",
            quoted(on.name.as_bytes()),
            on.pan_id,
            on.channel
        ),
        ThreadStatus::Attaching => "Attaching".to_owned(),
        ThreadStatus::Failed(ThreadFailure::DatasetInvalid) => {
            "Failed: the dataset cannot be used".to_owned()
        }
        ThreadStatus::Failed(ThreadFailure::NetworkNotFound) => "Failed: network not found".to_owned(),
        ThreadStatus::Failed(_) => "Failed, for a reason unknown to this program".to_owned(),
        _ => "Not attached, not trying".to_owned(),
    }
}

/// Reset or reprov.
pub(super) async fn control(device: &mut Device, action: ControlAction) -> Result<Success, Failure> {
    let thread = matches!(action, ControlAction::ResetThread | ControlAction::ReprovThread);
    device.wants(thread).await?;
    device.connect().await?;
    if let Err(error) = device.driver.control(action).await {
        return Err(device.diagnose_control(action, &error).await);
    }
    let summary = match action {
        ControlAction::ResetWifi | ControlAction::ResetThread => "The device is ready for other credentials",
        _ => "The device accepts new credentials",
    };
    Ok(Success {
        summary: summary.to_owned(),
        ..Success::done()
    })
}
