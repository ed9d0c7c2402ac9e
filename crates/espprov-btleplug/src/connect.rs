//! From a device that was seen to one whose endpoints are known, whatever it takes.

use crate::BleError;
use crate::endpoints::EndpointMap;
use crate::lease::{Lease, Ledger, Turn};
use crate::listing::{Listing, list_endpoints};
use crate::origin::Origin;
use crate::service::Run;
use crate::uuids::{DEFAULT_SERVICE, EXAMPLE_SERVICE};
use btleplug::api::Peripheral;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::Arc;
use tokio::time::timeout;
use uuid::Uuid;

/// How to connect, and how patient to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// Time for one attempt: connecting and listing the endpoints together. Default 12 s.
    pub connect_timeout: Duration,
    /// Attempts in all. Default 3: one fails now and then on every platform. One that took all its time counts twice; those
    /// that failed because the system's Bluetooth service ended do not count, and there may be three of them.
    pub attempts: u32,
    /// Time for one exchange. Default 30 s, because a blocking scan takes seconds; it is also the limit of the
    /// ATT protocol.
    pub exchange_timeout: Duration,
    /// Services that count as provisioning, in order of preference. Empty: the default one and the examples'.
    /// If none of them is there, one that looks like it is taken.
    pub services: Vec<Uuid>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(12),
            attempts: 3,
            exchange_timeout: Duration::from_secs(30),
            services: Vec::new(),
        }
    }
}

impl ConnectOptions {
    pub(crate) fn wanted(&self) -> &[Uuid] {
        const USUAL: [Uuid; 2] = [DEFAULT_SERVICE, EXAMPLE_SERVICE];
        if self.services.is_empty() {
            &USUAL
        } else {
            &self.services
        }
    }
}

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(300);

/// How often the service may end while one connection is made.
const LOSSES: u32 = 3;

/// The way to a device, and what was learned on it.
pub(crate) struct Route<P> {
    /// The peripheral of the last attempt.
    peripheral: Option<P>,
    /// Where another one can be had. None for a peripheral that the application brought.
    origin: Option<Arc<dyn Origin<P>>>,
    pub(crate) ledger: Ledger,
    pub(crate) options: ConnectOptions,
    /// The life of the service in which the connection was made.
    run: Run,
    /// What the platform remembers of the device is in doubt: an attempt hung, was cancelled, or what was found made no
    /// sense.
    doubt: bool,
    /// The attributes have been read without the platform's memory: what is there now is the device's own word.
    refreshed: bool,
}

/// A connection, and what is at its other end.
pub(crate) struct Reached<P: Peripheral + 'static> {
    pub(crate) peripheral: P,
    pub(crate) lease: Lease<P>,
    pub(crate) endpoints: EndpointMap,
}

impl<P: Peripheral + 'static> Route<P> {
    pub(crate) fn from(origin: Arc<dyn Origin<P>>, ledger: Ledger, options: ConnectOptions) -> Self {
        Self::new(None, Some(origin), ledger, options)
    }

    pub(crate) fn of(peripheral: P, ledger: Ledger, options: ConnectOptions) -> Self {
        Self::new(Some(peripheral), None, ledger, options)
    }

    fn new(
        peripheral: Option<P>,
        origin: Option<Arc<dyn Origin<P>>>,
        ledger: Ledger,
        options: ConnectOptions,
    ) -> Self {
        Self {
            peripheral,
            origin,
            ledger,
            options,
            run: Run::FIRST,
            doubt: false,
            refreshed: false,
        }
    }

    /// Whether the service has ended since the connection was made.
    pub(crate) fn is_over(&self) -> bool {
        self.origin
            .as_ref()
            .is_some_and(|origin| origin.run() != self.run)
    }

    /// Completes when it has.
    pub(crate) async fn over(&self) {
        match &self.origin {
            Some(origin) => origin.over(self.run).await,
            None => core::future::pending().await,
        }
    }

    /// Whether the platform can still be to blame for attributes that are not where they should be. Read without its
    /// memory, they are the device's own.
    pub(crate) const fn may_distrust(&self) -> bool {
        self.origin.is_some() && !self.refreshed
    }

    /// The platform is to forget the device before it is connected to again.
    pub(crate) const fn distrust(&mut self) {
        self.doubt = true;
    }

    /// Connects and lists the endpoints, as one unit that is tried again: each half can fail because of the other.
    /// Dropping the future lets go of the connection.
    pub(crate) async fn establish(&mut self) -> Result<Reached<P>, BleError> {
        let (mut attempt, mut losses) = (1, 0);
        loop {
            let error = match self.attempt().await {
                Ok(reached) => return Ok(reached),
                Err(error) => error,
            };
            if let (Some(origin), BleError::NoBluetoothService | BleError::ServiceLost { .. }) =
                (&self.origin, &error)
                && losses < LOSSES
            {
                losses += 1;
                origin.recover().await?;
                continue;
            }
            let again = match error {
                BleError::TableChanged { .. } => true,
                _ => attempt < self.options.attempts && error.is_passing(),
            };
            if !again {
                return Err(error);
            }
            attempt += match error {
                BleError::TableChanged { .. } => 0,
                // An attempt that took all the time it had counts twice, because a person waits; and a table without the
                // service, because it will hardly change.
                BleError::ConnectTimedOut | BleError::NotProvisionable => 2,
                _ => 1,
            };
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn attempt(&mut self) -> Result<Reached<P>, BleError> {
        let peripheral = self.fetch().await?;
        // A connection to it that is still being let go would take the new one with it.
        self.ledger.settled_with(peripheral.address()).await;
        let turn = self.ledger.turn().await;
        let lease = Lease::new(peripheral.clone(), self.ledger.clone());
        // Until the end is known: whoever cancels this leaves a connection that is being made.
        self.doubt = true;
        let reading = AtomicBool::new(false);
        let connecting = connect(&peripheral, &self.options, &reading, turn);
        let listed = tokio::select! {
            biased;
            listed = timeout(self.options.connect_timeout, connecting) => {
                listed.unwrap_or(Err(BleError::ConnectTimedOut))
            }
            () = self.over() => Err(BleError::ServiceLost { delivered: false }),
        };
        let error = match listed {
            Ok(listing) if listing.makes_sense || !self.may_distrust() => {
                self.doubt = false;
                return Ok(Reached {
                    peripheral,
                    lease,
                    endpoints: listing.endpoints,
                });
            }
            Ok(_) => BleError::TableChanged { delivered: false },
            // It was found by the service that it advertises.
            Err(BleError::NotProvisionable) if self.may_distrust() => {
                BleError::TableChanged { delivered: false }
            }
            // The service's end is behind many errors.
            Err(_) if self.is_over() => BleError::ServiceLost { delivered: false },
            Err(error) => error,
        };
        // A connection that was cut while the platform read the attributes leaves it with a part of them.
        self.doubt = reading.load(Ordering::Relaxed)
            || matches!(
                error,
                BleError::ConnectTimedOut | BleError::NotProvisionable | BleError::TableChanged { .. }
            );
        lease.release().await;
        Err(error)
    }

    /// The peripheral as it is now.
    async fn fetch(&mut self) -> Result<P, BleError> {
        let Some(origin) = &self.origin else {
            // One that the application brought is all there is.
            return self.peripheral.clone().ok_or(BleError::ConnectFailed);
        };
        let run = origin.run();
        // What a new service knows of the device is the half of a connection that the old one left in the kernel.
        self.doubt |= self.peripheral.is_some() && run != self.run;
        self.run = run;
        if self.doubt
            && let Some(peripheral) = &self.peripheral
        {
            // What is let go of is not to be thrown away at the same time.
            self.ledger.settled_with(peripheral.address()).await;
        }
        let peripheral = origin.fetch(self.doubt).await?;
        self.refreshed |= self.doubt;
        self.doubt = false;
        self.peripheral = Some(peripheral.clone());
        Ok(peripheral)
    }
}

/// `reading` tells how far it came: the connection stood, and the attributes were being read.
async fn connect<P: Peripheral>(
    peripheral: &P,
    options: &ConnectOptions,
    reading: &AtomicBool,
    turn: Turn,
) -> Result<Listing, BleError> {
    peripheral.connect().await.map_err(|e| BleError::idle(&e))?;
    // Reading goes on beside others.
    drop(turn);
    reading.store(true, Ordering::Relaxed);
    list_endpoints(peripheral, options).await
}
