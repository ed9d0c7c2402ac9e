//! A connection is let go on every way out, also when its owner is dropped half-way.

use btleplug::api::Peripheral;
use btleplug::platform::PeripheralId;
use core::time::Duration;
use tokio::sync::watch;

/// How long letting go may take altogether: BlueZ holds a connection for two seconds after the last user left.
const DISCONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long an owner waits for it. The rest happens in the background.
const GRACE: Duration = Duration::from_millis(100);

/// Knows the connections that are being let go.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    leaving: watch::Sender<Vec<PeripheralId>>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            leaving: watch::Sender::new(Vec::new()),
        }
    }

    /// Waits until all connections that are being let go are gone.
    pub(crate) async fn settled(&self) {
        // The sender lives as long as `self`: this cannot fail.
        let _ = self.leaving.subscribe().wait_for(Vec::is_empty).await;
    }

    /// The same for the connection to one device. Others need not wait for it.
    pub(crate) async fn settled_with(&self, id: &PeripheralId) {
        let gone = |leaving: &Vec<PeripheralId>| !leaving.contains(id);
        let _ = self.leaving.subscribe().wait_for(gone).await;
    }
}

/// A duty to disconnect. It begins before connecting: a cancelled attempt may succeed afterwards.
#[derive(Debug)]
pub(crate) struct Lease<P: Peripheral + 'static> {
    peripheral: Option<P>,
    ledger: Ledger,
}

impl<P: Peripheral + 'static> Lease<P> {
    pub(crate) const fn new(peripheral: P, ledger: Ledger) -> Self {
        Self {
            peripheral: Some(peripheral),
            ledger,
        }
    }

    /// No duty any more: somebody else will disconnect.
    pub(crate) fn forgive(mut self) {
        self.peripheral = None;
    }

    /// Disconnects. Returns when that is done, or after a short while; it goes on then.
    pub(crate) async fn release(mut self) {
        if let Some(task) = self.start() {
            let _ = tokio::time::timeout(GRACE, task).await;
        }
    }

    fn start(&mut self) -> Option<tokio::task::JoinHandle<()>> {
        let peripheral = self.peripheral.take()?;
        // Without a runtime the program is ending, and the platform tidies up.
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        let leaving = Leaving::new(self.ledger.leaving.clone(), peripheral.id());
        Some(runtime.spawn(async move {
            // Whatever it says, there is nothing more to be done.
            let _ = tokio::time::timeout(DISCONNECT_LIMIT, peripheral.disconnect()).await;
            drop(leaving);
        }))
    }
}

impl<P: Peripheral + 'static> Drop for Lease<P> {
    fn drop(&mut self) {
        drop(self.start());
    }
}

/// An entry in the ledger, struck out also if the task is aborted.
struct Leaving {
    sender: watch::Sender<Vec<PeripheralId>>,
    id: PeripheralId,
}

impl Leaving {
    fn new(sender: watch::Sender<Vec<PeripheralId>>, id: PeripheralId) -> Self {
        sender.send_modify(|leaving| leaving.push(id.clone()));
        Self { sender, id }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.sender.send_modify(|leaving| {
            if let Some(index) = leaving.iter().position(|id| *id == self.id) {
                leaving.swap_remove(index);
            }
        });
    }
}
