//! The GATT server: one service, one characteristic per endpoint.

use crate::options::{MAX_VALUE, Mtu, Options};
use crate::pool::Heap;
use core::cell::RefCell;
use core::fmt;
use core::time::Duration;
use embassy_futures::select::{Either, select};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use espprov_device::BleStack;
use espprov_simulator::service::BUFFER;
use espprov_simulator::{Answer, Presence, Service, Shared};
use tokio::time::Instant;
use trouble_host::att::{AttClient, AttErrorCode, AttReq};
use trouble_host::prelude::*;

/// How often a peripheral looks whether its device is still there.
const TICK: Duration = Duration::from_millis(50);

/// Attributes: three or four for an endpoint, and those every device has.
const ATTRIBUTES: usize = 80;

/// What Bluedroid calls a failure of its own.
const GENERIC_ERROR: AttErrorCode = AttErrorCode::new(0x85);

/// Longest name in the GAP service.
const GAP_NAME_MAX: usize = 22;

type Value = heapless::Vec<u8, MAX_VALUE>;
type Server<'a, P> = AttributeServer<'a, NoopRawMutex, P, ATTRIBUTES, 1>;

/// What happens on the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BleEvent {
    /// Ready to be found.
    Advertising,
    /// A client connected.
    Connected,
    /// It has gone, or was sent away.
    Disconnected,
}

impl fmt::Display for BleEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Advertising => "advertising",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        })
    }
}

/// The peripheral cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServeError {
    /// The controller does not answer, or refuses a command.
    Controller,
    /// More endpoints than the server has room for, or two of them the same.
    TooManyEndpoints,
    /// The device stopped and will not be back.
    SwitchedOff,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Controller => "the Bluetooth controller failed or went away",
            Self::TooManyEndpoints => "too many endpoints for one service",
            Self::SwitchedOff => "the device has stopped and will not be back",
        })
    }
}

impl core::error::Error for ServeError {}

/// Advertises the device and serves one client after the other.
///
/// A session lasts as long as its connection. Runs until the controller fails or the device is off for good;
/// dropping the future leaves the controller as it is.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve<C: Controller, S: Service>(
    controller: C,
    device: &Shared<S>,
    options: &Options,
    observer: &mut dyn FnMut(BleEvent),
) -> Result<(), ServeError> {
    // On the heap: a Bluetooth host is some ten kilobytes of state.
    match options.mtu {
        Mtu::Least => {
            Box::pin(run::<C, S, Heap<{ 23 + 4 }>>(
                controller, device, options, observer,
            ))
            .await
        }
        Mtu::NimBle => {
            Box::pin(run::<C, S, Heap<{ 256 + 4 }>>(
                controller, device, options, observer,
            ))
            .await
        }
        Mtu::Most => {
            Box::pin(run::<C, S, Heap<{ 517 + 4 }>>(
                controller, device, options, observer,
            ))
            .await
        }
    }
}

/// Handle, characteristic and name of an endpoint.
struct Endpoint<'a> {
    characteristic: Characteristic<Value>,
    name: &'a str,
}

async fn run<C: Controller, S: Service, P: PacketPool>(
    controller: C,
    device: &Shared<S>,
    options: &Options,
    observer: &mut dyn FnMut(BleEvent),
) -> Result<(), ServeError> {
    let mut resources: HostResources<P, 1, 3> = HostResources::new();
    let mut address = options.static_address();
    address.reverse();
    let stack = trouble_host::new(controller, &mut resources)
        .set_random_address(Address::random(address))
        .build();
    let mut runner = stack.runner();
    let mut peripheral = stack.peripheral();

    let mut names = Vec::new();
    device.with(|device| device.endpoints(&mut |id, name| names.push((id, name.to_owned()))));
    let mut stores = vec![[0; MAX_VALUE]; names.len()];
    let (server, endpoints) = build::<P>(&names, &mut stores, options)?;
    let link = Link {
        device,
        options,
        endpoints: &endpoints,
        server: &server,
        start: Instant::now(),
        observer: RefCell::new(observer),
    };
    match select(runner.run(), link.run(&mut peripheral)).await {
        Either::First(_) => Err(ServeError::Controller),
        Either::Second(result) => result,
    }
}

/// The attribute table.
fn build<'a, P: PacketPool>(
    names: &'a [(u16, String)],
    stores: &'a mut [[u8; MAX_VALUE]],
    options: &'a Options,
) -> Result<(Server<'a, P>, Vec<Endpoint<'a>>), ServeError> {
    let mut table: AttributeTable<'a, NoopRawMutex, ATTRIBUTES> = AttributeTable::new();
    add_standard_services(&mut table, options).map_err(|_| ServeError::TooManyEndpoints)?;
    let mut endpoints = Vec::new();
    let mut service = table.add_service(trouble_host::attribute::Service::new(uuid(options.service, None)));
    for ((id, name), store) in names.iter().zip(stores) {
        let properties = [CharacteristicProp::Read, CharacteristicProp::Write];
        let uuid = uuid(options.service, Some(*id));
        let mut builder = service.add_characteristic(uuid, properties, Value::new(), &mut store[..]);
        if options.names {
            builder.add_descriptor_ro::<str, _>(0x2901_u16, PermissionLevel::Allowed, name.as_str());
        }
        endpoints.push(Endpoint {
            characteristic: builder.build(),
            name,
        });
    }
    service.build();
    Ok((Server::new(table), endpoints))
}

/// The services that the host adds ahead of the device's own. NimBLE as provisioning firmware configures it has none,
/// or (newer) the one that tells of changes; Bluedroid has both of the specification's.
fn add_standard_services<'a>(
    table: &mut AttributeTable<'a, NoopRawMutex, ATTRIBUTES>,
    options: &'a Options,
) -> Result<(), &'static str> {
    match options.stack {
        BleStack::Bluedroid => GapConfig::default(cut(&options.name, GAP_NAME_MAX)).build(table),
        _ if options.service_changed => {
            let mut service = table.add_service(trouble_host::attribute::Service::new(0x1801_u16));
            // Handles from and to; never indicated, for nothing changes.
            let range = [0_u8, 0, 0xff, 0xff];
            service
                .add_characteristic_small(0x2a05_u16, [CharacteristicProp::Indicate], range)
                .build();
            service
                .add_characteristic_small(0x2b3a_u16, [CharacteristicProp::Read], 0_u8)
                .build();
            service
                .add_characteristic_small(
                    0x2b29_u16,
                    [CharacteristicProp::Read, CharacteristicProp::Write],
                    0_u8,
                )
                .build();
            service.build();
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A UUID of the service, with an endpoint's id in its field.
fn uuid(service: [u8; 16], id: Option<u16>) -> Uuid {
    let mut bytes = service;
    if let Some(id) = id {
        bytes[2..4].copy_from_slice(&id.to_be_bytes());
    }
    bytes.reverse();
    Uuid::new_long(bytes)
}

/// The part of the name that a scan response holds.
fn advertised_name(options: &Options) -> &str {
    cut(&options.name, 29)
}

fn cut(name: &str, most: usize) -> &str {
    let mut end = name.len().min(most);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

struct Link<'a, 'v, S, P: PacketPool> {
    device: &'a Shared<S>,
    options: &'a Options,
    endpoints: &'a [Endpoint<'v>],
    server: &'a Server<'v, P>,
    start: Instant,
    observer: RefCell<&'a mut dyn FnMut(BleEvent)>,
}

impl<S: Service, P: PacketPool> Link<'_, '_, S, P> {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn presence(&self) -> Presence {
        let now = self.now();
        self.device.with(|device| device.presence(now))
    }

    fn tell(&self, event: BleEvent) {
        (self.observer.borrow_mut())(event);
    }

    async fn run<C: Controller>(&self, peripheral: &mut Peripheral<'_, C, P>) -> Result<(), ServeError> {
        loop {
            let boot = self.wait_for_device().await?;
            self.tell(BleEvent::Advertising);
            let Some(connection) = self.advertise(peripheral, boot).await? else {
                continue;
            };
            self.tell(BleEvent::Connected);
            self.device.connect();
            if self.options.strict_values {
                self.clear_values();
            }
            let gone = self.serve(&connection, boot).await;
            if !gone {
                connection.raw().disconnect();
                while !matches!(connection.next().await, GattConnectionEvent::Disconnected { .. }) {}
            }
            self.tell(BleEvent::Disconnected);
        }
    }

    /// Returns the number of the boot it is in.
    async fn wait_for_device(&self) -> Result<u32, ServeError> {
        loop {
            match self.presence() {
                Presence::On { boot } => return Ok(boot),
                Presence::Away { back_at: None } => return Err(ServeError::SwitchedOff),
                Presence::Away { back_at: Some(_) } => tokio::time::sleep(TICK).await,
            }
        }
    }

    /// Until the device has gone, or restarted.
    async fn gone(&self, boot: u32) {
        while self.presence() == (Presence::On { boot }) {
            tokio::time::sleep(TICK).await;
        }
    }

    /// Until somebody connects; `None` if the device goes away before.
    async fn advertise<'me, 'stack, C: Controller>(
        &'me self,
        peripheral: &mut Peripheral<'stack, C, P>,
        boot: u32,
    ) -> Result<Option<GattConnection<'stack, 'me, P>>, ServeError> {
        // As the vendor's firmware does: the service in the advertisement, the name in the scan response.
        let mut service = self.options.service;
        service.reverse();
        let name = advertised_name(self.options);
        let (mut adv_data, mut scan_data) = ([0; 31], [0; 31]);
        let adv_len = AdStructure::encode_slice(
            &[
                AdStructure::Flags(LE_GENERAL_DISCOVERABLE | BR_EDR_NOT_SUPPORTED),
                AdStructure::CompleteServiceUuids128(&[service]),
            ],
            &mut adv_data,
        );
        let scan_len =
            AdStructure::encode_slice(&[AdStructure::CompleteLocalName(name.as_bytes())], &mut scan_data);
        let (Ok(adv_len), Ok(scan_len)) = (adv_len, scan_len) else {
            return Err(ServeError::Controller);
        };
        let interval = embassy_time::Duration::from_millis(
            u64::try_from(self.options.interval.as_millis()).unwrap_or(u64::MAX),
        );
        let parameters = AdvertisementParameters {
            interval_min: interval,
            interval_max: interval,
            ..Default::default()
        };
        let advertisement = Advertisement::ConnectableScannableUndirected {
            adv_data: &adv_data[..adv_len],
            scan_data: &scan_data[..scan_len],
        };
        let advertiser = peripheral
            .advertise(&parameters, advertisement)
            .await
            .map_err(|_| ServeError::Controller)?;
        match select(advertiser.accept(), self.gone(boot)).await {
            Either::First(accepted) => accepted
                .and_then(|connection| connection.with_attribute_server(self.server))
                .map(Some)
                .map_err(|_| ServeError::Controller),
            Either::Second(()) => Ok(None),
        }
    }

    /// Serves a client. `true`: it disconnected; `false`: it must be sent away.
    async fn serve(&self, connection: &GattConnection<'_, '_, P>, boot: u32) -> bool {
        loop {
            let event = match select(connection.next(), self.gone(boot)).await {
                Either::First(event) => event,
                Either::Second(()) => return false,
            };
            let stays = match event {
                GattConnectionEvent::Disconnected { .. } => return true,
                GattConnectionEvent::Gatt { event } => self.handle(event).await,
                _ => true,
            };
            if !stays {
                return false;
            }
        }
    }

    /// Handles an ATT request. `false`: hang up.
    async fn handle(&self, event: GattEvent<'_, '_, P>) -> bool {
        match event {
            GattEvent::Write(event) => {
                let endpoint = self
                    .endpoints
                    .iter()
                    .find(|endpoint| endpoint.characteristic.handle == event.handle());
                match endpoint {
                    Some(endpoint) => return self.exchange(endpoint, event).await,
                    None => send(event.accept()).await,
                }
            }
            GattEvent::Other(event) if self.is_too_long(&event) => {
                send(event.reject(AttErrorCode::INVALID_ATTRIBUTE_VALUE_LENGTH)).await;
            }
            event => send(event.accept()).await,
        }
        true
    }

    /// A part of a long request that the firmware has no room for.
    fn is_too_long(&self, event: &OtherEvent<'_, '_, P>) -> bool {
        match event.payload().incoming() {
            AttClient::Request(AttReq::PrepareWrite { offset, value, .. }) => {
                usize::from(offset) + value.len() > self.options.max_value
            }
            _ => false,
        }
    }

    async fn exchange(&self, to: &Endpoint<'_>, event: WriteEvent<'_, '_, P>) -> bool {
        let request = event.with_data(|_, data| data.to_vec());
        // Of nothing, NimBLE makes nothing, and old Bluedroid a request that its endpoint refuses.
        if request.is_empty() && (self.options.strict_values || self.options.stack == BleStack::NimBle) {
            send(if self.options.strict_values {
                event.reject(AttErrorCode::INVALID_ATTRIBUTE_VALUE_LENGTH)
            } else {
                event.accept_unprocessed()
            })
            .await;
            return true;
        }
        if request.len() > self.options.max_value {
            send(event.reject(AttErrorCode::INVALID_ATTRIBUTE_VALUE_LENGTH)).await;
            return true;
        }
        let mut buf = vec![0; BUFFER];
        buf[..request.len()].copy_from_slice(&request);
        match self.ask(to.name, &mut buf, request.len()).await {
            Answer::Reply(len) => {
                let fits = len <= self.options.max_value;
                let Some(value) = Value::from_slice(&buf[..len]).ok().filter(|_| fits) else {
                    return self.too_long(event).await;
                };
                let acknowledge = event.accept_unprocessed();
                // The value is there before the client can ask for it.
                let stored = self.server.table().set(&to.characteristic, &value).is_ok();
                send(acknowledge).await;
                stored
            }
            Answer::ReplyTooLong => self.too_long(event).await,
            Answer::Refused | Answer::NoSuchEndpoint | Answer::Pending { .. } => {
                match (self.options.close_on_refusal, self.options.strict_values) {
                    // Older firmware that hangs up does not answer at all.
                    (true, false) => drop(event.into_payload()),
                    (true, true) => {
                        send(event.reject(GENERIC_ERROR)).await;
                        // Until it is out.
                        tokio::time::sleep(TICK).await;
                    }
                    (false, _) => send(event.reject(AttErrorCode::INVALID_PDU)).await,
                }
                !self.options.close_on_refusal
            }
            Answer::Silence => {
                drop(event.into_payload());
                true
            }
            Answer::Closed { delivered } => {
                if delivered {
                    send(event.accept_unprocessed()).await;
                    // Until it is out.
                    tokio::time::sleep(TICK).await;
                } else {
                    drop(event.into_payload());
                }
                false
            }
        }
    }

    /// The endpoint has done its work, but its answer does not fit a value. Older firmware says yes to the write, and
    /// a read brings what was there before.
    async fn too_long(&self, event: WriteEvent<'_, '_, P>) -> bool {
        send(if self.options.strict_values {
            event.reject(AttErrorCode::INVALID_ATTRIBUTE_VALUE_LENGTH)
        } else {
            event.accept_unprocessed()
        })
        .await;
        true
    }

    /// What the last client read is not for the next.
    fn clear_values(&self) {
        for endpoint in self.endpoints {
            // It fits: nothing fits everywhere.
            let _ = self.server.table().set(&endpoint.characteristic, &Value::new());
        }
    }

    /// Asks the device, and waits where it takes its time (a blocking scan).
    async fn ask(&self, endpoint: &str, buf: &mut [u8], len: usize) -> Answer {
        let now = self.now();
        let mut answer = self.device.with(|device| device.handle(endpoint, buf, len, now));
        while let Answer::Pending { until } = answer {
            tokio::time::sleep(until.saturating_sub(self.now())).await;
            let now = self.now();
            answer = self.device.with(|device| device.resume(buf, now));
        }
        answer
    }
}

/// A reply that cannot be sent belongs to a connection that has gone; the next event says so.
async fn send<P: PacketPool>(reply: Result<Reply<'_, P>, Error>) {
    if let Ok(reply) = reply {
        reply.send().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use espprov_device::{Firmware, Quirks};

    /// Handle of the first value of the device's own service.
    fn first_handle(firmware: Firmware, stack: BleStack, name: &str) -> u16 {
        let options = Options::new(name.to_owned(), &Quirks::vendor_ble(firmware, stack));
        let names = [(0xff51, "prov-session".to_owned())];
        let mut stores = [[0; MAX_VALUE]];
        let (_, endpoints) = build::<Heap<27>>(&names, &mut stores, &options).unwrap();
        endpoints[0].characteristic.handle
    }

    #[test]
    fn service_changed_moves_the_handles_by_eight() {
        for firmware in [Firmware::Idf44, Firmware::Idf52, Firmware::Idf55] {
            assert_eq!(
                first_handle(firmware, BleStack::NimBle, "PROV_1"),
                3,
                "{firmware:?}"
            );
        }
        assert_eq!(first_handle(Firmware::Idf6, BleStack::NimBle, "PROV_1"), 11);
    }

    #[test]
    fn a_name_may_be_longer_than_the_gap_service_has_room_for() {
        let long = "PROV_abcdefghijklmnopqrstuvwx";
        assert!(first_handle(Firmware::Idf6, BleStack::Bluedroid, long) > 3);
    }
}
