//! The computer's Bluetooth adapters, and which of them is meant.

use crate::BleError;
use btleplug::api::{BDAddr, Central as _, CentralState, Manager as _};
use btleplug::platform::{Adapter, Manager};
use core::time::Duration;
use tokio::time::timeout;

/// Limit of one question to the platform.
pub(crate) const ASK_LIMIT: Duration = Duration::from_secs(5);

/// An adapter, as the platform names it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterInfo {
    /// Name and make, `hci0 (usb:…)` on Linux.
    pub name: String,
    /// Its address, where the platform tells.
    pub address: Option<BDAddr>,
    /// It is switched on.
    pub powered: bool,
}

impl AdapterInfo {
    /// Whether this is what was asked for. `hci1` names `hci1 (usb:…)`, not `hci10`.
    fn is_called(&self, choice: &str) -> bool {
        let address = self.address.map(|address| address.to_string());
        self.short() == choice
            || self.name == choice
            || address.is_some_and(|address| address.eq_ignore_ascii_case(choice))
    }

    /// Whether this is the adapter that was known as `earlier`: a number may change, an address does not.
    fn is(&self, earlier: &Self) -> bool {
        match (self.address, earlier.address) {
            (Some(address), Some(earlier)) => address == earlier,
            _ => self.short() == earlier.short(),
        }
    }

    fn short(&self) -> &str {
        self.name.split_whitespace().next().unwrap_or_default()
    }
}

/// A new connection to the platform.
pub(crate) async fn manager() -> Result<Manager, BleError> {
    ask(Manager::new()).await
}

/// All adapters.
pub(crate) async fn list(manager: &Manager) -> Result<Vec<(Adapter, AdapterInfo)>, BleError> {
    let mut all = Vec::new();
    for adapter in ask(manager.adapters()).await? {
        let info = describe(&adapter).await;
        all.push((adapter, info));
    }
    Ok(all)
}

/// The adapter called `choice`; without one the first that is on.
pub(crate) async fn choose(
    manager: &Manager,
    choice: Option<&str>,
) -> Result<(Adapter, AdapterInfo), BleError> {
    let all = list(manager).await?;
    pick(all, |info| choice.is_none_or(|choice| info.is_called(choice)))
}

/// The adapter that was known before, as it is now.
pub(crate) async fn find_again(
    manager: &Manager,
    earlier: &AdapterInfo,
) -> Result<(Adapter, AdapterInfo), BleError> {
    let all = list(manager).await?;
    pick(all, |info| info.is(earlier))
}

fn pick<A>(
    all: Vec<(A, AdapterInfo)>,
    is_meant: impl Fn(&AdapterInfo) -> bool,
) -> Result<(A, AdapterInfo), BleError> {
    let mut otherwise = if all.is_empty() {
        BleError::NoAdapter
    } else {
        BleError::NoSuchAdapter
    };
    for (adapter, info) in all {
        if is_meant(&info) {
            if info.powered {
                return Ok((adapter, info));
            }
            otherwise = BleError::AdapterOff;
        }
    }
    Err(otherwise)
}

/// Whether the adapter is there and on, or why not.
pub(crate) async fn check(adapter: &Adapter) -> Result<(), BleError> {
    ask(adapter.adapter_info()).await?;
    match ask(adapter.adapter_state()).await? {
        CentralState::PoweredOff => Err(BleError::AdapterOff),
        _ => Ok(()),
    }
}

pub(crate) async fn describe(adapter: &Adapter) -> AdapterInfo {
    let asked = timeout(ASK_LIMIT, async {
        AdapterInfo {
            name: adapter.adapter_info().await.unwrap_or_default(),
            address: adapter.adapter_address().await.ok().flatten(),
            // A platform that does not know will say so when it is used.
            powered: !matches!(adapter.adapter_state().await, Ok(CentralState::PoweredOff)),
        }
    });
    asked.await.unwrap_or(AdapterInfo {
        name: String::new(),
        address: None,
        powered: false,
    })
}

async fn ask<T>(question: impl Future<Output = btleplug::Result<T>>) -> Result<T, BleError> {
    timeout(ASK_LIMIT, question)
        .await
        .map_err(|_| BleError::silent())?
        .map_err(|e| match BleError::idle(&e) {
            // No bluetoothd, no objects.
            BleError::ConnectFailed => BleError::NoBluetoothService,
            error => error,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(name: &str, last: u8, powered: bool) -> AdapterInfo {
        AdapterInfo {
            name: name.into(),
            address: (last != 0).then(|| [0xaa, 0xbb, 0xcc, 0, 0, last].into()),
            powered,
        }
    }

    #[test]
    fn adapters_by_name_and_address() {
        let info = info("hci1 (usb:v1D6Bp0246d0542)", 1, true);
        assert!(info.is_called("hci1") && info.is_called("aa:bb:cc:00:00:01"));
        assert!(!info.is_called("hci") && !info.is_called("hci10") && !info.is_called(""));
    }

    #[test]
    fn an_adapter_is_known_by_its_address_and_else_by_its_name() {
        let before = info("hci0 (usb:1)", 1, true);
        assert!(info("hci1 (usb:1)", 1, false).is(&before));
        assert!(!info("hci0 (usb:1)", 2, true).is(&before));
        assert!(info("hci0 (usb:2)", 0, true).is(&before));
    }

    #[test]
    fn one_that_is_on_or_the_reason() {
        let on = |info: &AdapterInfo| info.powered;
        let any = |_: &AdapterInfo| true;
        let all = || vec![((), info("hci0", 1, false)), ((), info("hci1", 2, true))];
        assert_eq!(pick(all(), any).unwrap().1.name, "hci1");
        assert_eq!(
            pick(all(), |info| info.is_called("hci0")).unwrap_err(),
            BleError::AdapterOff
        );
        assert_eq!(
            pick(all(), |info| info.is_called("hci7")).unwrap_err(),
            BleError::NoSuchAdapter
        );
        assert_eq!(pick::<()>(Vec::new(), on).unwrap_err(), BleError::NoAdapter);
    }
}
