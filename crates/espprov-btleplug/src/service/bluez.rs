//! BlueZ, seen from the bus: who `org.bluez` is at the moment, and the one method of its adapters that btleplug lacks.

use super::Run;
use crate::BleError;
use crate::diagnosis::Diagnosis;
use core::fmt;
use core::time::Duration;
use dbus::Path;
use dbus::channel::MatchingReceiver;
use dbus::message::MatchRule;
use dbus::nonblock::stdintf::org_freedesktop_dbus::Properties;
use dbus::nonblock::{Proxy, SyncConnection};
use dbus_tokio::connection::new_system_sync;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::AbortHandle;

const BLUEZ: &str = "org.bluez";
const DEVICE: &str = "org.bluez.Device1";
const ADAPTER: &str = "org.bluez.Adapter1";

/// The bus tells of this name only: there are many.
const RULE: &str = "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
                    member='NameOwnerChanged',arg0='org.bluez'";

/// Removing a connected device takes BlueZ two seconds.
const FORGET_LIMIT: Duration = Duration::from_secs(5);

/// A watch over `bluetoothd`, on a connection to the bus of its own.
#[derive(Clone)]
pub(crate) struct Service {
    bus: Arc<SyncConnection>,
    state: watch::Receiver<State>,
    _pump: Arc<Pump>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// How many lives have ended.
    ended: u64,
    /// The bus itself has gone.
    cut_off: bool,
}

/// Serves the connection, until the last watcher has gone.
struct Pump(AbortHandle);

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Service {
    /// Begins to watch, in the life called `now`. A service that does not run (yet) is no error.
    pub(crate) async fn watch(now: Run) -> Result<Self, BleError> {
        let (pump, bus) = new_system_sync().map_err(explain)?;
        let (sender, state) = watch::channel(State {
            ended: now.0,
            cut_off: false,
        });
        let lost = sender.clone();
        let pump = tokio::spawn(async move {
            pump.await;
            lost.send_modify(|state| {
                state.ended += 1;
                state.cut_off = true;
            });
        });
        let pump = Arc::new(Pump(pump.abort_handle()));
        bus.start_receive(
            MatchRule::new_signal("org.freedesktop.DBus", "NameOwnerChanged"),
            Box::new(move |message, _| {
                // The name, its owner until now (none when it begins), and its owner from now on.
                if let Ok((BLUEZ, old, _)) = message.read3::<&str, &str, &str>()
                    && !old.is_empty()
                {
                    sender.send_modify(|state| state.ended += 1);
                }
                true
            }),
        );
        bus.add_match_no_cb(RULE).await.map_err(explain)?;
        Ok(Self {
            bus,
            state,
            _pump: pump,
        })
    }

    /// The present life, or the next one.
    pub(crate) fn run(&self) -> Run {
        Run(self.state.borrow().ended)
    }

    /// Completes when this life has ended.
    pub(crate) async fn over(&self, run: Run) {
        let ended = self
            .state
            .clone()
            .wait_for(|state| Run(state.ended) != run)
            .await
            .is_ok();
        if !ended {
            // The senders live as long as the connection does, and it lives as long as `self`.
            core::future::pending().await
        }
    }

    /// There is no bus any more: nothing will be heard on this connection again.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.state.borrow().cut_off
    }

    /// Makes it forget a device: its connection, even one that is stuck half-way, and what it remembers of its
    /// attributes. A paired device is disconnected only, for its keys would be forgotten, too. `device` as btleplug
    /// prints it, `hci0/dev_…`.
    ///
    /// Does what can be done; a device that is not known (any more) is forgotten already.
    pub(crate) async fn forget(&self, device: &str) {
        let path = format!("/org/bluez/{device}");
        let Some((adapter, _)) = path.rsplit_once('/') else {
            return;
        };
        let (Ok(adapter), Ok(device)) = (Path::new(adapter), Path::new(path.as_str())) else {
            return;
        };
        let at = |path| Proxy::new(BLUEZ, path, FORGET_LIMIT, &*self.bus);
        let known = at(device.clone());
        let Ok(paired) = known.get::<bool>(DEVICE, "Paired").await else {
            return;
        };
        // Whatever they answer, the next attempt shows what it was worth.
        let _: Result<(), _> = if paired {
            known.method_call(DEVICE, "Disconnect", ()).await
        } else {
            at(adapter).method_call(ADAPTER, "RemoveDevice", (device,)).await
        };
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("state", &*self.state.borrow())
            .finish_non_exhaustive()
    }
}

fn explain(error: dbus::Error) -> BleError {
    match Diagnosis::of(&btleplug::Error::Other(Box::new(error))) {
        Diagnosis::Forbidden => BleError::NoPermission,
        // Nothing else of the system was asked than its bus.
        _ => BleError::NoBluetoothService,
    }
}
