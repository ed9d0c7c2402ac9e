//! A connection is let go on every way out, also when its owner is dropped half-way; and one is made at a time.

use btleplug::api::{BDAddr, Peripheral};
use core::time::Duration;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How long letting go may take altogether: BlueZ holds a connection for two seconds after the last user left.
const DISCONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long an owner waits for it. The rest happens in the background.
const GRACE: Duration = Duration::from_millis(100);

/// Knows the connections that are being let go, and whose turn it is to make one.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    leaving: watch::Sender<Vec<BDAddr>>,
    turn: Arc<Semaphore>,
}

/// Leave to make a connection, as long as it lives.
pub(crate) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            leaving: watch::Sender::new(Vec::new()),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Waits for leave to make a connection. BlueZ and the kernel get in each other's way where two are made at once: one of
    /// them fails, or hangs until somebody's time is up.
    pub(crate) async fn turn(&self) -> Turn {
        Turn {
            // The semaphore is never closed.
            _permit: Arc::clone(&self.turn).acquire_owned().await.ok(),
        }
    }

    /// Waits until all connections that are being let go are gone.
    pub(crate) async fn settled(&self) {
        // The sender lives as long as `self`: this cannot fail.
        let _ = self.leaving.subscribe().wait_for(Vec::is_empty).await;
    }

    /// The same for the connection to one device: others need not wait for it. On macOS all of them have the same
    /// address, which is none, and do.
    pub(crate) async fn settled_with(&self, address: BDAddr) {
        let gone = |leaving: &Vec<BDAddr>| !leaving.contains(&address);
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
        let leaving = Leaving::new(self.ledger.leaving.clone(), peripheral.address());
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
    sender: watch::Sender<Vec<BDAddr>>,
    address: BDAddr,
}

impl Leaving {
    fn new(sender: watch::Sender<Vec<BDAddr>>, address: BDAddr) -> Self {
        sender.send_modify(|leaving| leaving.push(address));
        Self { sender, address }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.sender.send_modify(|leaving| {
            if let Some(index) = leaving.iter().position(|address| *address == self.address) {
                leaving.swap_remove(index);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_device_waits_for_its_own_connection_only() {
        let ledger = Ledger::new();
        let (one, other) = (BDAddr::from([1; 6]), BDAddr::from([2; 6]));
        let first = Leaving::new(ledger.leaving.clone(), one);
        let second = Leaving::new(ledger.leaving.clone(), one);
        ledger.settled_with(other).await;
        let moment = Duration::from_secs(1);
        for leaving in [first, second] {
            assert!(
                tokio::time::timeout(moment, ledger.settled_with(one))
                    .await
                    .is_err()
            );
            assert!(tokio::time::timeout(moment, ledger.settled()).await.is_err());
            drop(leaving);
        }
        ledger.settled_with(one).await;
        ledger.settled().await;
    }
}
