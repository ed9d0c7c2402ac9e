//! The server: on the air, one client after the other.

use super::advertising::Shown;
use super::table::{Table, names};
use super::{BleEvent, GattOptions, GattResources, Guarded, ServeError};
use crate::{Access, Presence, Service as _};
use core::cell::RefCell;
use core::time::Duration;
use embassy_futures::select::{Either, select};
use espprov_transport::Clock;
use trouble_host::prelude::{Controller, GattConnection, GattConnectionEvent, PacketPool, Peripheral, Stack};

/// How often the server looks whether device and client are still there.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// By then a connection has ended that was told to: the longest supervision timeout is 32 s.
const CLOSE_LIMIT: Duration = Duration::from_secs(60);

/// A device as a Bluetooth peripheral: its GATT server.
///
/// The application owns trouble's stack, whose controller is [`Guarded`], and runs its runner beside
/// [`serve`](Self::serve). `device` is whatever [`Access`] there is to it; several links may share one.
#[derive(Debug)]
pub struct GattServer<'o, D, K> {
    device: D,
    clock: K,
    options: GattOptions<'o>,
}

impl<'o, D: Access, K: Clock> GattServer<'o, D, K> {
    /// The clock's time is the device's, too.
    pub const fn new(device: D, clock: K, options: GattOptions<'o>) -> Self {
        Self {
            device,
            clock,
            options,
        }
    }

    /// Advertises the device and serves one client after the other, and returns why it cannot go on: the controller fails,
    /// the device is off for good, or has too many endpoints for `resources`.
    ///
    /// A session lasts as long as its connection. The future may be dropped at any time; the connection ends then, as soon as
    /// the stack's runner gets to it.
    pub async fn serve<C, P, const ENDPOINTS: usize, const ATTRIBUTES: usize, const VALUE: usize>(
        &self,
        stack: &Stack<'_, Guarded<C>, P>,
        resources: &mut GattResources<'_, ENDPOINTS, ATTRIBUTES, VALUE>,
        observer: &mut dyn FnMut(BleEvent),
    ) -> ServeError
    where
        C: Controller,
        P: PacketPool,
    {
        match self.run(stack, resources, observer).await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn run<C, P, const ENDPOINTS: usize, const ATTRIBUTES: usize, const VALUE: usize>(
        &self,
        stack: &Stack<'_, Guarded<C>, P>,
        resources: &mut GattResources<'_, ENDPOINTS, ATTRIBUTES, VALUE>,
        observer: &mut dyn FnMut(BleEvent),
    ) -> Result<core::convert::Infallible, ServeError>
    where
        C: Controller,
        P: PacketPool,
    {
        resources.names = self.device.with(|device| names(device))?;
        let table =
            Table::<P, ENDPOINTS, ATTRIBUTES>::new(&resources.names, &mut resources.values, &self.options)?;
        let link = Link {
            device: &self.device,
            clock: &self.clock,
            options: &self.options,
            table: &table,
            observer: RefCell::new(observer),
        };
        let shown = Shown::new(&self.options)?;
        let mut peripheral = stack.peripheral();
        loop {
            let boot = link.wait_for_device().await?;
            link.tell(BleEvent::Advertising);
            let Some(connection) = link.advertise(stack, &mut peripheral, &shown, boot).await? else {
                continue;
            };
            link.tell(BleEvent::Connected);
            self.device.connect();
            if self.options.strict_values {
                table.clear();
            }
            let before = stack.metrics(|metrics| metrics.disconnect_events);
            if !link.serve(&connection, boot, resources.buf).await {
                let ended = || stack.metrics(|metrics| metrics.disconnect_events) != before;
                link.hang_up(&connection, ended).await?;
            }
            link.tell(BleEvent::Disconnected);
        }
    }
}

/// What the parts of the server know.
pub(super) struct Link<'l, 'd, D, K, P: PacketPool, const ENDPOINTS: usize, const ATTRIBUTES: usize> {
    pub(super) device: &'l D,
    pub(super) clock: &'l K,
    pub(super) options: &'l GattOptions<'l>,
    pub(super) table: &'l Table<'d, P, ENDPOINTS, ATTRIBUTES>,
    observer: RefCell<&'l mut dyn FnMut(BleEvent)>,
}

impl<'l, 'd, D: Access, K: Clock, P: PacketPool, const ENDPOINTS: usize, const ATTRIBUTES: usize>
    Link<'l, 'd, D, K, P, ENDPOINTS, ATTRIBUTES>
{
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    fn presence(&self) -> Presence {
        let now = self.now();
        self.device.with(|device| device.presence(now))
    }

    fn tell(&self, event: BleEvent) {
        (self.observer.borrow_mut())(event);
    }

    /// Returns the number of the boot it is in.
    async fn wait_for_device(&self) -> Result<u32, ServeError> {
        loop {
            match self.presence() {
                Presence::On { boot } => return Ok(boot),
                Presence::Away { back_at: None } => return Err(ServeError::SwitchedOff),
                Presence::Away { back_at: Some(_) } => self.clock.sleep(TICK).await,
            }
        }
    }

    /// Until `over`, looking now and then, or the device has gone or restarted.
    async fn watch(&self, boot: u32, over: impl Fn() -> bool) {
        while !over() && self.presence() == (Presence::On { boot }) {
            self.clock.sleep(TICK).await;
        }
    }

    /// Until the connection is lost. Its event says so too, but there is no room for it where others wait to be looked at.
    pub(super) async fn lost(&self, connection: &GattConnection<'_, '_, P>) {
        while connection.raw().is_connected() {
            self.clock.sleep(TICK).await;
        }
    }

    /// Until somebody connects; `None` if nobody did and the advertisement is over: the device went away, or the client was
    /// gone again before it could be let in.
    async fn advertise<'stack, C: Controller>(
        &self,
        stack: &'stack Stack<'_, Guarded<C>, P>,
        peripheral: &mut Peripheral<'stack, Guarded<C>, P>,
        shown: &Shown,
        boot: u32,
    ) -> Result<Option<GattConnection<'stack, 'l, P>>, ServeError> {
        let connections = || stack.metrics(|metrics| metrics.connect_events);
        let before = connections();
        let advertiser = peripheral
            .advertise(&shown.parameters(), shown.advertisement())
            .await
            .map_err(|_| ServeError::Controller)?;
        // A connection stops the advertisement, also one that `accept` never gets to see.
        let over = self.watch(boot, || connections() != before);
        match select(advertiser.accept(), over).await {
            Either::First(accepted) => accepted
                .and_then(|connection| connection.with_attribute_server(&self.table.server))
                .map(Some)
                .map_err(|_| ServeError::Controller),
            Either::Second(()) => Ok(None),
        }
    }

    /// Serves a client. `true`: it disconnected; `false`: it must be sent away.
    async fn serve(&self, connection: &GattConnection<'_, '_, P>, boot: u32, buf: &mut [u8]) -> bool {
        let mut limit = self.options.patience.map(|patience| patience.first);
        loop {
            let deadline = limit.map(|limit| self.now().saturating_add(limit));
            let over = self.watch(boot, || {
                !connection.raw().is_connected() || deadline.is_some_and(|deadline| self.now() >= deadline)
            });
            match select(connection.next(), over).await {
                Either::First(GattConnectionEvent::Disconnected { .. }) => return true,
                Either::First(GattConnectionEvent::Gatt { event }) => {
                    if !self.handle(connection, event, buf).await {
                        return false;
                    }
                    limit = self.options.patience.map(|patience| patience.idle);
                }
                Either::First(_) => {}
                Either::Second(()) => return false,
            }
        }
    }

    /// Ends the connection, if it has not ended, and waits for the end: there is no room for the next one before. `ended`:
    /// whether one has, in case its event found no room.
    async fn hang_up(
        &self,
        connection: &GattConnection<'_, '_, P>,
        ended: impl Fn() -> bool,
    ) -> Result<(), ServeError> {
        connection.raw().disconnect();
        let deadline = self.now().saturating_add(CLOSE_LIMIT);
        while self.now() < deadline {
            match select(connection.next(), self.clock.sleep(TICK)).await {
                Either::First(GattConnectionEvent::Disconnected { .. }) => return Ok(()),
                // Whatever is still asked: not answered, and not carried out.
                Either::First(GattConnectionEvent::Gatt { event }) => drop(event.into_payload()),
                Either::First(_) => {}
                Either::Second(()) if !connection.raw().is_connected() && ended() => return Ok(()),
                Either::Second(()) => {}
            }
        }
        Err(ServeError::Controller)
    }
}
