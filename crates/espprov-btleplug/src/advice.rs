//! What to do about an error, on the system this was built for.

use crate::BleError;

impl BleError {
    /// The likely cause and the next step, in a sentence or two, for the system this program runs on. `None`
    /// where there is nothing to add to the error itself.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoAdapter => NO_ADAPTER,
            Self::NoSuchAdapter => NO_SUCH_ADAPTER,
            Self::AdapterOff => ADAPTER_OFF,
            Self::NoPermission => NO_PERMISSION,
            Self::NoBluetoothService => NO_SERVICE,
            Self::DeviceNotFound => {
                "check that the device is powered, in provisioning mode and near; that its name and service \
                 match what was asked for; and that no phone is connected to it"
            }
            Self::Ambiguous { .. } => "give the device's full name or its address",
            Self::ConnectFailed | Self::ConnectTimedOut => {
                "the device may have left provisioning mode, or serve another client (a phone?): restart it and \
                 try again"
            }
            Self::ClassicTried => CLASSIC,
            Self::NotProvisionable => STALE_CACHE,
            Self::NeedsPairing => NEEDS_PAIRING,
            Self::ServiceLost { .. } => SERVICE_LOST,
            Self::TableChanged { .. } => STALE_CACHE,
            Self::RequestTooLarge { .. } => "send less at once: custom data can be cut into chunks",
            Self::Refused { att: Some(0x11), .. } => "restart the device and try again",
            _ => return None,
        })
    }
}

#[cfg(target_os = "linux")]
mod texts {
    pub(super) const SERVICE_LOST: &str =
        "run again; if it happens again, `journalctl -u bluetooth` says why bluetoothd ended";
    pub(super) const NO_ADAPTER: &str = "plug in or enable a Bluetooth adapter; in a container or WSL it must be passed through (`btmgmt info` \
         lists what the kernel has)";
    pub(super) const NO_SUCH_ADAPTER: &str = "`bluetoothctl list` and `btmgmt info` show the adapters";
    pub(super) const ADAPTER_OFF: &str =
        "run `rfkill unblock bluetooth` and `bluetoothctl power on`, then try again";
    pub(super) const NO_PERMISSION: &str =
        "the D-Bus policy forbids it: on a desktop log in locally, else join the group `bluetooth`";
    pub(super) const NO_SERVICE: &str =
        "start BlueZ: `sudo systemctl start bluetooth` (package `bluez`); in a container, share /run/dbus";
    pub(super) const CLASSIC: &str = "make the system forget the device (`bluetoothctl remove ADDRESS`) and try again; if it stays so, set \
         `ControllerMode = le` in /etc/bluetooth/main.conf and restart bluetoothd";
    pub(super) const STALE_CACHE: &str = "a remembered list of its services may be out of date: `bluetoothctl remove ADDRESS`, then try again; \
         firmware with a service UUID of its own needs it to be named";
    pub(super) const NEEDS_PAIRING: &str = "pair first: `bluetoothctl pair ADDRESS`, then try again; after a reset of the device `bluetoothctl remove \
         ADDRESS` before that";
}

#[cfg(target_vendor = "apple")]
mod texts {
    pub(super) const CLASSIC: &str = "remove the device from the system's Bluetooth settings, then try again";
    pub(super) const SERVICE_LOST: &str = "run again; if it happens again, switch Bluetooth off and on";
    pub(super) const NO_ADAPTER: &str = "this Mac has no usable Bluetooth";
    pub(super) const NO_SUCH_ADAPTER: &str = "macOS has exactly one adapter: leave the choice out";
    pub(super) const ADAPTER_OFF: &str = "switch Bluetooth on in System Settings";
    pub(super) const NO_PERMISSION: &str = "allow Bluetooth for the terminal in System Settings, Privacy & Security, Bluetooth, and start it anew";
    pub(super) const NO_SERVICE: &str = "switch Bluetooth off and on in System Settings";
    pub(super) const STALE_CACHE: &str = "a remembered list of its services may be out of date: switch Bluetooth off and on, then try again; \
         firmware with a service UUID of its own needs it to be named";
    pub(super) const NEEDS_PAIRING: &str =
        "accept the system's pairing request, or forget the device in System Settings and try again";
}

#[cfg(windows)]
mod texts {
    pub(super) const CLASSIC: &str = "remove the device from the system's Bluetooth settings, then try again";
    pub(super) const SERVICE_LOST: &str = "run again; if it happens again, switch Bluetooth off and on";
    pub(super) const NO_ADAPTER: &str = "enable the Bluetooth adapter in Device Manager";
    pub(super) const NO_SUCH_ADAPTER: &str = "Windows uses its default adapter: leave the choice out";
    pub(super) const ADAPTER_OFF: &str = "switch Bluetooth on in Settings, Bluetooth & devices";
    pub(super) const NO_PERMISSION: &str =
        "allow apps to use Bluetooth in Settings, Privacy & security, Radios";
    pub(super) const NO_SERVICE: &str = "start the service `Bluetooth Support Service`";
    pub(super) const STALE_CACHE: &str = "a remembered list of its services may be out of date: remove the device in Settings, then try again; \
         firmware with a service UUID of its own needs it to be named";
    pub(super) const NEEDS_PAIRING: &str = "pair the device in Settings, Bluetooth & devices, then try again";
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
mod texts {
    pub(super) const CLASSIC: &str = "remove the device from the system's Bluetooth settings, then try again";
    pub(super) const SERVICE_LOST: &str = "run again; if it happens again, switch Bluetooth off and on";
    pub(super) const NO_ADAPTER: &str = "this system has no Bluetooth adapter that programs can use";
    pub(super) const NO_SUCH_ADAPTER: &str = "leave the choice of an adapter out";
    pub(super) const ADAPTER_OFF: &str = "switch Bluetooth on";
    pub(super) const NO_PERMISSION: &str = "give the program the system's Bluetooth permission";
    pub(super) const NO_SERVICE: &str = "switch Bluetooth off and on";
    pub(super) const STALE_CACHE: &str = "switch Bluetooth off and on, then try again";
    pub(super) const NEEDS_PAIRING: &str = "pair the device in the system's settings, then try again";
}

use texts::{
    ADAPTER_OFF, CLASSIC, NEEDS_PAIRING, NO_ADAPTER, NO_PERMISSION, NO_SERVICE, NO_SUCH_ADAPTER,
    SERVICE_LOST, STALE_CACHE,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lacks_bluetooth_is_told_what_to_do() {
        for error in [
            BleError::NoAdapter,
            BleError::AdapterOff,
            BleError::NoPermission,
            BleError::NoBluetoothService,
            BleError::NeedsPairing,
            BleError::DeviceNotFound,
            BleError::ServiceLost { delivered: true },
            BleError::TableChanged { delivered: false },
        ] {
            assert!(error.help().is_some_and(|help| help.len() > 20), "{error}");
        }
        assert_eq!(BleError::NeedsReconnect.help(), None);
    }
}
