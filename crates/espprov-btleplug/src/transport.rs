//! Requests and replies over a connected device.

use crate::connect::{ConnectOptions, Reached, Route};
use crate::diagnosis::Diagnosis;
use crate::lease::{Lease, Ledger};
use crate::listing::list_endpoints;
use crate::origin::Origin;
use crate::{BleError, EndpointMap};
use btleplug::api::{Characteristic, Peripheral, WriteType};
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use espprov_transport::{Endpoint, Limits, Reconnect, SessionIntent, Transport};
use std::sync::Arc;
use tokio::time::timeout;

/// Longest value of the ATT protocol; what NimBLE firmware takes.
const MAX_VALUE: usize = 512;

/// Shorter limits that firmware with the Bluedroid host has: with security 2 built in, and without.
const KNOWN_LIMITS: [usize; 2] = [481, 257];

/// How often and how long a refusal is watched for the hang-up that some firmware lets follow.
const HANG_UP_CHECKS: u32 = 6;
const HANG_UP_INTERVAL: Duration = Duration::from_millis(50);

/// The platform may hang where the device does.
const ASK_LIMIT: Duration = Duration::from_secs(1);

/// How long the end of the service is waited for where a device seems to have hung up on a handshake: a service that is
/// told to stop disconnects all devices first.
const FAREWELL: Duration = Duration::from_millis(700);

/// The ATT error that stands for anything: also given by BlueZ when the device hung up.
const UNLIKELY: u8 = 0x0e;

/// A connected device.
///
/// `P` is btleplug's peripheral. An exchange is one write with response and one read; the platform splits what
/// is longer than a packet. [`close`](Transport::close) disconnects, dropping does the same in the background
/// (of the tokio runtime it is dropped in).
pub struct BleTransport<P: Peripheral + 'static = btleplug::platform::Peripheral> {
    peripheral: P,
    endpoints: EndpointMap,
    route: Route<P>,
    /// The connection, and the duty to end it; `None` once closed.
    lease: Option<Lease<P>>,
    /// An exchange failed or was dropped.
    poisoned: bool,
    /// The request of the last exchange was acknowledged.
    delivered: AtomicBool,
    /// Longest request, as far as it is known.
    max_request: usize,
}

impl<P: Peripheral + 'static> BleTransport<P> {
    pub(crate) async fn connect(
        origin: Arc<dyn Origin<P>>,
        ledger: Ledger,
        options: ConnectOptions,
    ) -> Result<Self, BleError> {
        let mut route = Route::from(origin, ledger, options);
        let reached = route.establish().await?;
        Ok(Self::new(route, reached))
    }

    fn new(route: Route<P>, reached: Reached<P>) -> Self {
        Self {
            peripheral: reached.peripheral,
            endpoints: reached.endpoints,
            route,
            lease: Some(reached.lease),
            poisoned: false,
            delivered: AtomicBool::new(false),
            max_request: MAX_VALUE,
        }
    }

    /// Takes a peripheral that the application has connected itself, and lists its endpoints. From then on the
    /// connection belongs to the transport: it ends with it. To keep it, see [`into_peripheral`](Self::into_peripheral).
    ///
    /// # Errors
    /// It is not connected, has no provisioning service, or did not answer within
    /// [`ConnectOptions::connect_timeout`].
    pub async fn from_connected(peripheral: P, options: ConnectOptions) -> Result<Self, BleError> {
        let ledger = Ledger::new();
        let listing = list_endpoints(&peripheral, &options);
        let listing = timeout(options.connect_timeout, listing)
            .await
            .map_err(|_| BleError::ConnectTimedOut)??;
        let reached = Reached {
            lease: Lease::new(peripheral.clone(), ledger.clone()),
            peripheral: peripheral.clone(),
            endpoints: listing.endpoints,
        };
        Ok(Self::new(Route::of(peripheral, ledger, options), reached))
    }

    /// Gives the peripheral back without disconnecting.
    pub fn into_peripheral(mut self) -> P {
        if let Some(lease) = self.lease.take() {
            lease.forgive();
        }
        self.peripheral.clone()
    }

    /// Which characteristic is which endpoint.
    #[must_use]
    pub const fn endpoint_map(&self) -> &EndpointMap {
        &self.endpoints
    }

    /// The ATT MTU, as the platform knew it when the endpoints were listed. It decides how many packets a
    /// request takes, not how long it may be.
    #[must_use]
    pub fn mtu(&self) -> u16 {
        self.peripheral.mtu()
    }

    /// One write, one read.
    async fn transfer(&self, to: &Characteristic, request: &[u8]) -> Result<Vec<u8>, BleError> {
        self.delivered.store(false, Ordering::Relaxed);
        let both = async {
            self.peripheral
                .write(to, request, WriteType::WithResponse)
                .await?;
            self.delivered.store(true, Ordering::Relaxed);
            self.peripheral.read(to).await
        };
        let result = tokio::select! {
            biased;
            result = timeout(self.route.options.exchange_timeout, both) => Some(result),
            // Whoever waits for a word of the old one waits for ever.
            () = self.route.over() => None,
        };
        let delivered = self.delivered();
        match result {
            Some(Ok(Ok(reply))) => Ok(reply),
            Some(Ok(Err(error))) => Err(self.explain(&error, delivered, request.len(), to).await),
            Some(Err(_)) => Err(BleError::TimedOut { delivered }),
            None => Err(BleError::ServiceLost { delivered }),
        }
    }

    /// What a failed write or read means.
    async fn explain(
        &self,
        error: &btleplug::Error,
        delivered: bool,
        len: usize,
        to: &Characteristic,
    ) -> BleError {
        let code = match Diagnosis::of(error) {
            Diagnosis::NeedsPairing => return BleError::NeedsPairing,
            Diagnosis::NoDaemon => return BleError::ServiceLost { delivered },
            Diagnosis::NotConnected | Diagnosis::UnknownDevice => return self.lost(delivered),
            Diagnosis::TimedOut => return BleError::TimedOut { delivered },
            // A service that is told to stop switches off first. What has been delivered must not be forgotten.
            Diagnosis::Off if delivered || self.route.is_over() => return self.lost(delivered),
            Diagnosis::Off => return BleError::AdapterOff,
            found if found.is_elsewhere() && self.route.may_distrust() => {
                return BleError::TableChanged { delivered };
            }
            Diagnosis::Att(0x0d) if !delivered => {
                let known = KNOWN_LIMITS.into_iter().find(|limit| *limit < len);
                if let Some(limit) = known {
                    return BleError::RequestTooLarge { limit };
                }
                Some(0x0d)
            }
            Diagnosis::Att(code) => Some(code),
            Diagnosis::Refused => None,
            Diagnosis::Other(_) if !self.is_connected().await => return self.lost(delivered),
            Diagnosis::Other(_)
            | Diagnosis::Busy
            | Diagnosis::Forbidden
            | Diagnosis::NoAdapter
            | Diagnosis::Classic => {
                return BleError::idle(error);
            }
        };
        let link_alive = self.survives_refusal().await;
        if !link_alive && code == Some(UNLIKELY) && self.ends_soon().await {
            return BleError::ServiceLost { delivered };
        }
        // A hang-up in the middle of a write looks like an error of the device. In the handshake that is how
        // some firmware refuses; anywhere else the request may have been acted upon.
        let handshake = self.endpoints.get(Endpoint::PROV_SESSION.as_str()) == Some(to);
        if code == Some(UNLIKELY) && !link_alive && !handshake {
            return BleError::LinkLost { delivered };
        }
        BleError::Refused {
            att: code,
            link_alive,
        }
    }

    /// The connection has gone, alone or with the service.
    fn lost(&self, delivered: bool) -> BleError {
        if self.route.is_over() {
            BleError::ServiceLost { delivered }
        } else {
            BleError::LinkLost { delivered }
        }
    }

    /// Whether the service ends within a moment: then the device did not hang up, and refused nothing.
    async fn ends_soon(&self) -> bool {
        timeout(FAREWELL, self.route.over()).await.is_ok()
    }

    async fn is_connected(&self) -> bool {
        let asked = timeout(ASK_LIMIT, self.peripheral.is_connected()).await;
        matches!(asked, Ok(Ok(true)))
    }

    /// Whether the device stays after a refusal. Some firmware hangs up a moment later.
    async fn survives_refusal(&self) -> bool {
        for _ in 0..HANG_UP_CHECKS {
            if !self.is_connected().await {
                return false;
            }
            tokio::time::sleep(HANG_UP_INTERVAL).await;
        }
        self.is_connected().await
    }
}

impl<P: Peripheral + 'static> Transport for BleTransport<P> {
    type Error = BleError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, BleError> {
        if self.poisoned || self.lease.is_none() {
            return Err(BleError::NeedsReconnect);
        }
        if len == 0 {
            return Err(BleError::EmptyRequest);
        }
        let to = self
            .endpoints
            .get(endpoint.as_str())
            .ok_or(BleError::NoSuchEndpoint)?;
        let request = buf
            .get(..len)
            .filter(|request| request.len() <= self.max_request)
            .ok_or(BleError::RequestTooLarge {
                limit: self.max_request.min(buf.len()),
            })?;
        self.poisoned = true;
        let result = self.transfer(to, request).await;
        match result {
            Err(BleError::RequestTooLarge { limit }) => self.max_request = limit,
            Err(BleError::TableChanged { .. }) => self.route.distrust(),
            _ => {}
        }
        self.poisoned = !matches!(
            result,
            Ok(_) | Err(BleError::Refused { link_alive: true, .. } | BleError::RequestTooLarge { .. })
        );
        let reply = result?;
        let Some(room) = buf.get_mut(..reply.len()) else {
            self.poisoned = true;
            return Err(BleError::ReplyTooLarge { need: reply.len() });
        };
        room.copy_from_slice(&reply);
        Ok(reply.len())
    }

    fn limits(&self) -> Limits {
        Limits::ble(self.max_request, MAX_VALUE)
    }

    fn delivered(&self) -> bool {
        self.delivered.load(Ordering::Relaxed)
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        self.endpoints.names().for_each(visit);
    }

    async fn close(&mut self) {
        self.poisoned = true;
        if let Some(lease) = self.lease.take() {
            lease.release().await;
        }
    }
}

impl<P: Peripheral + 'static> Reconnect for BleTransport<P> {
    /// Whatever the intent: the device's session ends with the connection.
    async fn reconnect(&mut self, _: SessionIntent) -> Result<(), BleError> {
        self.close().await;
        let reached = self.route.establish().await?;
        self.lease = Some(reached.lease);
        self.peripheral = reached.peripheral;
        self.endpoints = reached.endpoints;
        self.poisoned = false;
        Ok(())
    }
}

impl<P: Peripheral + 'static> fmt::Debug for BleTransport<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BleTransport")
            .field("endpoints", &self.endpoints.names().collect::<Vec<_>>())
            .field("connected", &self.lease.is_some())
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}
