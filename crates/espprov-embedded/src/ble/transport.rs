//! The transport: one connection to one device.

use super::discovery::{Endpoints, discover};
use super::long_write::Step;
use super::{BleError, LongWrite, Prepared, ServiceUuid};
use core::cell::Cell;
use core::fmt;
use core::future::Future;
use core::pin::pin;
use core::time::Duration;
use embassy_futures::poll_once;
use embassy_futures::select::{Either3, select3};
use espprov_transport::{Clock, Endpoint, Limits, Reconnect, SessionIntent, Transport, with_deadline};
use trouble_host::prelude::{
    Address, AttErrorCode, BleHostError, ConnectConfig, Connection, ConnectionEvent, Controller, Error,
    GattClient, PacketPool, RequestedConnParams, ScanConfig, Stack,
};
use zeroize::Zeroizing;

/// Longest value of ATT.
const MAX_VALUE: usize = 512;

/// Longest values of known firmware.
const KNOWN_LIMITS: [usize; 3] = [512, 481, 257];

/// How long a device may take to hang up after a refusal.
const HANG_UP: Duration = Duration::from_millis(150);

/// How long an orderly end may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// Between two attempts to connect.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// HCI reasons of a peer that hangs up on purpose: by its user, for lack of resources, because it is switched off.
const HANG_UP_REASONS: [u8; 3] = [0x13, 0x14, 0x15];

/// Services remembered by the client; more than one with the same UUID is odd enough.
const SERVICES: usize = 4;

/// Time limits and choices of a [`BleTransport`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct BleOptions<'o> {
    /// Services to look for, in this order.
    pub services: &'o [ServiceUuid],
    /// For connecting and listing the endpoints, all attempts together.
    pub connect_timeout: Duration,
    /// For one exchange; a blocking scan of the device's is one.
    pub exchange_timeout: Duration,
    /// Shortest and longest connection interval to ask for. An exchange costs at least two.
    pub interval: (Duration, Duration),
}

impl Default for BleOptions<'_> {
    fn default() -> Self {
        Self {
            services: &[ServiceUuid::DEFAULT, ServiceUuid::EXAMPLE],
            connect_timeout: Duration::from_secs(15),
            exchange_timeout: Duration::from_secs(20),
            interval: (Duration::from_millis(15), Duration::from_millis(30)),
        }
    }
}

/// A GATT connection to a device, ready for exchanges.
///
/// It needs the stack's runner to run. Dropping it ends the connection as soon as the runner gets to it;
/// [`close`](Transport::close) waits for that. A request that gets no answer in time, or whose future is dropped,
/// ends the connection: GATT allows no other request before the answer to the last one.
pub struct BleTransport<'a, 's, 'p, C, P, K>
where
    C: Controller,
    P: PacketPool,
{
    stack: &'a Stack<'s, LongWrite<'p, C>, P>,
    prepared: &'p Prepared,
    clock: K,
    peer: Address,
    options: BleOptions<'a>,
    link: Option<Link<'a, 'p, C, P>>,
    max_request: usize,
    /// The write of the last exchange was acknowledged.
    delivered: Cell<bool>,
}

/// The connection and what was learnt on it.
struct Link<'a, 'p, C: Controller, P: PacketPool> {
    connection: Connection<'a, P>,
    client: GattClient<'a, LongWrite<'p, C>, P, SERVICES>,
    endpoints: Endpoints,
    /// No exchange is, or was left, unfinished.
    usable: Cell<bool>,
    /// The end of the connection has been seen.
    gone: Cell<bool>,
}

impl<'a, 's, 'p, C, P, K> BleTransport<'a, 's, 'p, C, P, K>
where
    C: Controller,
    P: PacketPool,
    K: Clock,
{
    /// Connects to `peer` and lists its endpoints. `prepared` is the one the stack's controller was wrapped with.
    ///
    /// Cancel-safe: a dropped attempt is called off by the runner.
    ///
    /// # Errors
    /// [`BleError::ConnectTimedOut`], [`BleError::NoService`], [`BleError::TooManyEndpoints`],
    /// [`BleError::NeedsPairing`].
    pub async fn connect(
        stack: &'a Stack<'s, LongWrite<'p, C>, P>,
        prepared: &'p Prepared,
        clock: K,
        peer: Address,
        options: BleOptions<'a>,
    ) -> Result<Self, BleError> {
        let mut transport = Self {
            stack,
            prepared,
            clock,
            peer,
            options,
            link: None,
            max_request: MAX_VALUE,
            delivered: Cell::new(false),
        };
        transport.establish().await?;
        Ok(transport)
    }

    /// The ATT MTU in bytes; `None` without a connection. It decides how many packets a request takes, not how
    /// long it may be.
    #[must_use]
    pub fn mtu(&self) -> Option<u16> {
        self.link.as_ref().map(|link| link.connection.att_mtu())
    }

    /// Whether the connection is there and fit for an exchange.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.link.as_ref().is_some_and(Link::is_usable)
    }

    fn deadline(&self, limit: Duration) -> Duration {
        self.clock.now().saturating_add(limit)
    }

    async fn establish(&mut self) -> Result<(), BleError> {
        self.prepared.clear();
        let attempts = async {
            loop {
                match self.attempt().await {
                    // Connections fail for passing reasons (0x3e above all).
                    Err(BleError::LinkLost { .. } | BleError::Controller) => {
                        self.clock.sleep(RETRY_PAUSE).await;
                    }
                    result => return result,
                }
            }
        };
        let deadline = self.deadline(self.options.connect_timeout);
        let link = with_deadline(&self.clock, deadline, attempts)
            .await
            .map_err(|_| BleError::ConnectTimedOut)??;
        self.link = Some(link);
        Ok(())
    }

    async fn attempt(&self) -> Result<Link<'a, 'p, C, P>, BleError> {
        let (min, max) = self.options.interval;
        let config = ConnectConfig {
            connect_params: RequestedConnParams {
                min_connection_interval: micros(min),
                max_connection_interval: micros(max),
                ..RequestedConnParams::default()
            },
            scan_config: ScanConfig {
                filter_accept_list: &[self.peer],
                ..ScanConfig::default()
            },
        };
        let lost = BleError::LinkLost { delivered: false };
        let connection = self.stack.central().connect(&config).await.map_err(|_| lost)?;
        let handle = connection.handle().raw();
        let client = GattClient::new(self.stack, &connection)
            .await
            .map_err(|_| self.ended_by(handle, lost))?;
        let mut link = Link {
            connection,
            client,
            endpoints: Endpoints::default(),
            usable: Cell::new(true),
            gone: Cell::new(false),
        };
        let mtu = link.connection.att_mtu();
        let listing = discover(&link.client, mtu, self.options.services);
        link.endpoints = match link.drive(self.stack, listing).await {
            Ok(result) => result?,
            Err(_) => return Err(self.ended_by(handle, lost)),
        };
        Ok(link)
    }

    /// Why a connection broke: `otherwise`, unless it had to be ended for what the device said on it.
    fn ended_by(&self, connection: u16, otherwise: BleError) -> BleError {
        if self.prepared.has_refused(connection) {
            BleError::Garbled
        } else {
            otherwise
        }
    }
}

/// The connection ended; the HCI reason, if it is known.
struct Gone(Option<u8>);

impl<'a, 'p, C: Controller, P: PacketPool> Link<'a, 'p, C, P> {
    fn is_usable(&self) -> bool {
        self.usable.get() && !self.gone.get() && self.connection.is_connected()
    }

    /// Runs `work` on the connection while it lasts.
    async fn drive<T>(
        &self,
        stack: &Stack<'_, LongWrite<'p, C>, P>,
        work: impl Future<Output = T>,
    ) -> Result<T, Gone> {
        let mut work = pin!(work);
        let mut end = pin!(self.ended(stack));
        let reason = match select3(work.as_mut(), self.client.task(), end.as_mut()).await {
            Either3::First(result) => return Ok(result),
            // The client notices the end first.
            Either3::Second(_) => match poll_once(end) {
                core::task::Poll::Ready(reason) => Some(reason),
                core::task::Poll::Pending => None,
            },
            Either3::Third(reason) => Some(reason),
        };
        self.gone.set(true);
        // An answer may have come just before.
        match poll_once(work) {
            core::task::Poll::Ready(result) => Ok(result),
            core::task::Poll::Pending => Err(Gone(reason)),
        }
    }

    /// Waits for the end of the connection; meanwhile grants the device the timing it asks for.
    async fn ended(&self, stack: &Stack<'_, LongWrite<'p, C>, P>) -> u8 {
        loop {
            match self.connection.next().await {
                ConnectionEvent::Disconnected { reason } => {
                    self.gone.set(true);
                    return reason.into_inner();
                }
                ConnectionEvent::RequestConnectionParams(request) => {
                    // Advice only; the connection goes on as it is if it cannot be followed.
                    let _ = request.accept(None, stack).await;
                }
                _ => {}
            }
        }
    }

    /// Writes a value, whole.
    async fn write(
        &self,
        prepared: &Prepared,
        handle: u16,
        value: &[u8],
    ) -> Result<(), BleHostError<<LongWrite<'p, C> as embedded_io::ErrorType>::Error>> {
        let mtu = usize::from(self.connection.att_mtu());
        if value.len() <= mtu.saturating_sub(3) {
            return self.client.write_handle(handle, value).await;
        }
        let connection = self.connection.handle().raw();
        let mut part = Zeroizing::new([0; 2 + MAX_VALUE]);
        let mut offset: u16 = 0;
        let mut result = Ok(());
        for chunk in value.chunks(mtu.saturating_sub(5).max(1)) {
            let Some(request) = part.get_mut(..chunk.len().saturating_add(2)) else {
                return Err(Error::InsufficientSpace.into());
            };
            if let Some((head, body)) = request.split_first_chunk_mut() {
                *head = offset.to_le_bytes();
                body.copy_from_slice(chunk);
            }
            prepared.next(connection, Step::Prepare);
            result = self.client.write_handle(handle, request).await;
            if !matches!(result, Ok(()) | Err(BleHostError::BleHost(Error::Att(_)))) {
                return result;
            }
            if result.is_err() {
                break;
            }
            offset = offset.saturating_add(u16::try_from(chunk.len()).unwrap_or(u16::MAX));
        }
        // In any case: what was queued is written, or thrown away.
        prepared.next(connection, Step::Execute);
        let executed = self.client.write_handle(u16::from(result.is_ok()), &[]).await;
        result.and(executed)
    }

    /// Reads a whole value.
    async fn read(&self, handle: u16, buf: &mut [u8]) -> Result<usize, BleError> {
        let failed = |error| BleError::host(&error, true);
        let len = self.client.read_handle(handle, buf).await.map_err(failed)?;
        if len < buf.len() || len >= MAX_VALUE {
            return Ok(len);
        }
        // The buffer is full: was that all?
        let mut need = len;
        let mut more = Zeroizing::new([0; 64]);
        loop {
            let offset = u16::try_from(need).unwrap_or(u16::MAX);
            let read = self.client.read_handle_blob(handle, offset, &mut *more).await;
            let read = read.map_err(failed)?;
            need = need.saturating_add(read);
            if read < more.len() || need > MAX_VALUE {
                break;
            }
        }
        if need > len {
            return Err(BleError::ReplyTooLarge { need });
        }
        Ok(len)
    }
}

/// Gives the connection up unless the exchange came to an orderly end.
struct Exchange<'l, 'a, 'p, C: Controller, P: PacketPool>(&'l Link<'a, 'p, C, P>);

impl<C: Controller, P: PacketPool> Drop for Exchange<'_, '_, '_, C, P> {
    fn drop(&mut self) {
        if !self.0.usable.get() {
            self.0.connection.disconnect();
        }
    }
}

impl<C, P, K> Transport for BleTransport<'_, '_, '_, C, P, K>
where
    C: Controller,
    P: PacketPool,
    K: Clock,
{
    type Error = BleError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, BleError> {
        let link = self
            .link
            .as_ref()
            .filter(|link| link.is_usable())
            .ok_or(BleError::NeedsReconnect)?;
        if len == 0 {
            return Err(BleError::EmptyRequest);
        }
        let handle = link
            .endpoints
            .handle(endpoint.as_str())
            .ok_or(BleError::NoSuchEndpoint)?;
        let limit = self.max_request.min(buf.len());
        if len > limit {
            return Err(BleError::RequestTooLarge { limit });
        }
        link.usable.set(false);
        let exchange = Exchange(link);
        let delivered = &self.delivered;
        delivered.set(false);
        let work = async {
            let request = buf.get(..len).unwrap_or_default();
            let written = link.write(self.prepared, handle, request).await;
            written.map_err(|error| match error {
                BleHostError::BleHost(Error::Att(AttErrorCode::INVALID_ATTRIBUTE_VALUE_LENGTH)) => {
                    too_large(len)
                }
                error => BleError::host(&error, false),
            })?;
            delivered.set(true);
            link.read(handle, buf).await
        };
        let deadline = self.deadline(self.options.exchange_timeout);
        let outcome = with_deadline(&self.clock, deadline, link.drive(self.stack, work)).await;
        let delivered = delivered.get();
        let mut result = match outcome {
            Err(_) => Err(BleError::TimedOut { delivered }),
            Ok(Ok(result)) => result,
            Ok(Err(Gone(reason))) => {
                let connection = link.connection.handle().raw();
                Err(self.ended_by(connection, hung_up(endpoint, reason, delivered)))
            }
        };
        if let Err(BleError::RequestTooLarge { limit }) = result {
            self.max_request = limit;
        }
        if let Err(BleError::Refused { link_alive, .. }) = &mut result {
            // Some firmware says no and hangs up a moment later.
            let deadline = self.clock.now().saturating_add(HANG_UP);
            let silence = with_deadline(&self.clock, deadline, link.ended(self.stack)).await;
            *link_alive = !link.gone.get() && silence.is_err();
        }
        link.usable.set(matches!(
            result,
            Ok(_) | Err(BleError::Refused { link_alive: true, .. } | BleError::RequestTooLarge { .. })
        ));
        drop(exchange);
        result
    }

    fn limits(&self) -> Limits {
        Limits::ble(self.max_request, MAX_VALUE)
    }

    fn delivered(&self) -> bool {
        self.delivered.get()
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        if let Some(link) = &self.link {
            link.endpoints.names().for_each(visit);
        }
    }

    async fn close(&mut self) {
        let Some(link) = self.link.take() else {
            return;
        };
        if link.gone.get() {
            return;
        }
        link.connection.disconnect();
        // Until the device has been told; longer than this it would not hear it anyway.
        let deadline = self.deadline(CLOSE_LIMIT);
        let _ = with_deadline(&self.clock, deadline, link.ended(self.stack)).await;
    }
}

impl<C, P, K> Reconnect for BleTransport<'_, '_, '_, C, P, K>
where
    C: Controller,
    P: PacketPool,
    K: Clock,
{
    /// Whatever the intent: the device's session ends with the connection.
    async fn reconnect(&mut self, _: SessionIntent) -> Result<(), BleError> {
        self.close().await;
        self.establish().await
    }
}

impl<C, P, K> fmt::Debug for BleTransport<'_, '_, '_, C, P, K>
where
    C: Controller,
    P: PacketPool,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BleTransport")
            .field("peer", &self.peer)
            .field("endpoints", &self.link.as_ref().map(|link| &link.endpoints))
            .field("max_request", &self.max_request)
            .finish_non_exhaustive()
    }
}

/// The device says that a value of `len` bytes is too long: then it is the firmware with the next smaller limit.
fn too_large(len: usize) -> BleError {
    match KNOWN_LIMITS.into_iter().find(|&limit| limit < len) {
        Some(limit) => BleError::RequestTooLarge { limit },
        None => BleError::att(AttErrorCode::INVALID_ATTRIBUTE_VALUE_LENGTH),
    }
}

/// In the handshake hanging up is how some firmware refuses; anywhere else the request may have been acted upon.
fn hung_up(endpoint: Endpoint<'_>, reason: Option<u8>, delivered: bool) -> BleError {
    let on_purpose = reason.is_some_and(|reason| HANG_UP_REASONS.contains(&reason));
    if endpoint.is_session() && on_purpose && !delivered {
        return BleError::Refused {
            att: None,
            link_alive: false,
        };
    }
    BleError::LinkLost { delivered }
}

fn micros(duration: Duration) -> embassy_time::Duration {
    embassy_time::Duration::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}
