//! The computer's Bluetooth adapter: where everything begins.

use crate::lease::Ledger;
use crate::{BleError, BleTransport, ConnectOptions, DeviceFilter, Discovered, Scan};
use btleplug::api::{BDAddr, Central as _, CentralState, Manager as _};
use btleplug::platform::{Adapter, Manager, Peripheral};
use core::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a scan goes on after the first match, to notice a second one. Some firmware advertises once a second.
const SECOND_LOOK: Duration = Duration::from_millis(1500);

/// Limit of one question to the platform.
const ASK_LIMIT: Duration = Duration::from_secs(5);

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

/// An open Bluetooth adapter.
///
/// Connections made through it are let go when they are closed or dropped; that may take a moment, and
/// [`settled`](Self::settled) waits for it.
#[derive(Debug, Clone)]
pub struct Bluetooth {
    adapter: Adapter,
    ledger: Ledger,
}

impl Bluetooth {
    /// All adapters of this computer.
    ///
    /// # Errors
    /// No Bluetooth service, no permission.
    pub async fn adapters() -> Result<Vec<AdapterInfo>, BleError> {
        let mut all = Vec::new();
        for adapter in list().await? {
            all.push(describe(&adapter).await);
        }
        Ok(all)
    }

    /// Opens the adapter whose name begins with `choice` (`hci1`) or whose address it is; without a choice the
    /// first one that is switched on.
    ///
    /// # Errors
    /// [`BleError::NoAdapter`], [`BleError::NoSuchAdapter`], [`BleError::AdapterOff`],
    /// [`BleError::NoPermission`], [`BleError::NoBluetoothService`].
    pub async fn open(choice: Option<&str>) -> Result<Self, BleError> {
        let mut off = false;
        let all = list().await?;
        let none = all.is_empty();
        for adapter in all {
            let info = describe(&adapter).await;
            if choice.is_none_or(|choice| is_called(&info, choice)) {
                if info.powered {
                    return Ok(Self::from_adapter(adapter));
                }
                off = true;
            }
        }
        Err(match (none, off) {
            (true, _) => BleError::NoAdapter,
            (false, true) => BleError::AdapterOff,
            (false, false) => BleError::NoSuchAdapter,
        })
    }

    /// An adapter that the application has already.
    #[must_use]
    pub fn from_adapter(adapter: Adapter) -> Self {
        Self {
            adapter,
            ledger: Ledger::new(),
        }
    }

    /// Begins to listen. Dropping the scan ends it. One scan at a time: BlueZ refuses a second one of the same
    /// program, and the end of one would be the end of both. That goes for [`discover`](Self::discover),
    /// [`find`](Self::find) and [`candidates`](Self::candidates) too; connections may be made meanwhile.
    ///
    /// # Errors
    /// The adapter is off or gone, or scanning is not permitted.
    pub async fn scan(&self, filter: DeviceFilter) -> Result<Scan, BleError> {
        Scan::start(self.adapter.clone(), filter).await
    }

    /// All matching devices heard within `time`, the strongest first.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub async fn discover(&self, filter: &DeviceFilter, time: Duration) -> Result<Vec<Discovered>, BleError> {
        self.collect(filter, Instant::now() + time, |_| None).await
    }

    /// The one matching device. Listens on for a moment after the first, unless the filter names exactly one.
    ///
    /// # Errors
    /// [`BleError::DeviceNotFound`] after `time`, [`BleError::Ambiguous`], or as [`scan`](Self::scan).
    pub async fn find(&self, filter: &DeviceFilter, time: Duration) -> Result<Discovered, BleError> {
        let mut all = self.candidates(filter, time).await?;
        match all.len() {
            0 => Err(BleError::DeviceNotFound),
            1 => Ok(all.remove(0)),
            count => Err(BleError::Ambiguous { count }),
        }
    }

    /// As [`find`](Self::find), for a caller that can choose: all matching devices of that moment, the strongest
    /// first; none after `time`.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub async fn candidates(
        &self,
        filter: &DeviceFilter,
        time: Duration,
    ) -> Result<Vec<Discovered>, BleError> {
        let exact = filter.is_exact();
        let more = if exact { Duration::ZERO } else { SECOND_LOOK };
        self.collect(filter, Instant::now() + time, |_| Some(more)).await
    }

    /// Listens until `deadline`, or for what `after` says from a find on.
    async fn collect(
        &self,
        filter: &DeviceFilter,
        mut deadline: Instant,
        after: impl Fn(&Discovered) -> Option<Duration>,
    ) -> Result<Vec<Discovered>, BleError> {
        let mut scan = self.scan(filter.clone()).await?;
        let mut all: Vec<Discovered> = Vec::new();
        while let Ok(found) = timeout_at(deadline, scan.next()).await {
            let found = found?;
            match all.iter_mut().find(|known| known.id == found.id) {
                Some(known) => *known = found,
                None => {
                    if let Some(more) = after(&found) {
                        deadline = deadline.min(Instant::now() + more);
                    }
                    all.push(found);
                }
            }
        }
        scan.stop().await;
        all.sort_by_key(|device| core::cmp::Reverse(device.rssi));
        Ok(all)
    }

    /// Connects to a device that was found, and lists its endpoints.
    ///
    /// Cancelling lets go of the connection in the background.
    ///
    /// # Errors
    /// [`BleError::ConnectFailed`], [`BleError::ConnectTimedOut`], [`BleError::NotProvisionable`] and those of
    /// the adapter.
    pub async fn connect(
        &self,
        device: &Discovered,
        mut options: ConnectOptions,
    ) -> Result<BleTransport, BleError> {
        let peripheral = self.peripheral(device).await?;
        if !options.services.contains(&device.service) {
            options.services.insert(0, device.service);
        }
        BleTransport::connect(peripheral, self.ledger.clone(), options).await
    }

    async fn peripheral(&self, device: &Discovered) -> Result<Peripheral, BleError> {
        // Every device comes out of a scan, which notes it.
        let handle = device.handle.as_ref().ok_or(BleError::ConnectFailed)?;
        tokio::time::timeout(ASK_LIMIT, self.adapter.peripheral(handle))
            .await
            .map_err(|_| BleError::silent())?
            .map_err(|e| BleError::idle(&e))
    }

    /// Waits until every connection that was closed, dropped or given up on is really gone. BlueZ takes two
    /// seconds for that.
    pub async fn settled(&self) {
        self.ledger.settled().await;
    }
}

async fn list() -> Result<Vec<Adapter>, BleError> {
    let ask = async { Manager::new().await?.adapters().await };
    tokio::time::timeout(ASK_LIMIT, ask)
        .await
        .map_err(|_| BleError::silent())?
        .map_err(|e| match BleError::idle(&e) {
            // No bluetoothd, no objects.
            BleError::ConnectFailed => BleError::NoBluetoothService,
            error => error,
        })
}

async fn describe(adapter: &Adapter) -> AdapterInfo {
    let state = adapter.adapter_state().await;
    AdapterInfo {
        name: adapter.adapter_info().await.unwrap_or_default(),
        address: adapter.adapter_address().await.ok().flatten(),
        // A platform that does not know will say so when it is used.
        powered: !matches!(state, Ok(CentralState::PoweredOff)),
    }
}

/// `hci1` names `hci1 (usb:…)`, not `hci10`.
fn is_called(info: &AdapterInfo, choice: &str) -> bool {
    let name = info.name.split_whitespace().next().unwrap_or_default();
    let address = info.address.map(|address| address.to_string());
    name == choice
        || info.name == choice
        || address.is_some_and(|address| address.eq_ignore_ascii_case(choice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_by_name_and_address() {
        let info = AdapterInfo {
            name: "hci1 (usb:v1D6Bp0246d0542)".into(),
            address: Some([0xaa, 0xbb, 0xcc, 0, 0, 1].into()),
            powered: true,
        };
        assert!(is_called(&info, "hci1") && is_called(&info, "aa:bb:cc:00:00:01"));
        assert!(!is_called(&info, "hci") && !is_called(&info, "hci10") && !is_called(&info, ""));
    }
}
