//! ATT requests: what a write to an endpoint becomes, and which error says no.

use super::link::{Link, TICK};
use super::table::Endpoint;
use crate::{Access, Answer, Service as _};
use core::time::Duration;
use embassy_futures::select::{Either, select};
use espprov_device::BleStack;
use espprov_transport::Clock;
use trouble_host::att::{AttClient, AttErrorCode, AttReq};
use trouble_host::prelude::{Error, GattConnection, GattEvent, OtherEvent, PacketPool, Reply, WriteEvent};

/// What Bluedroid calls a failure of its own.
const GENERIC_ERROR: AttErrorCode = AttErrorCode::new(0x85);

/// How long an answer may wait until those before it are out: as long as the specification lets a request wait for one.
const SEND_LIMIT: Duration = Duration::from_secs(30);

/// A write under way. One that is just dropped, trouble-host would carry out: the request would be the endpoint's value,
/// for the next client to read.
struct Held<'s, 'v, P: PacketPool>(Option<WriteEvent<'s, 'v, P>>);

impl<'s, 'v, P: PacketPool> Held<'s, 'v, P> {
    /// The request, copied to `buf`; its length, also where it does not fit.
    fn request(&self, buf: &mut [u8]) -> usize {
        let Some(event) = &self.0 else { return 0 };
        event.with_data(|_, data| {
            if let Some(place) = buf.get_mut(..data.len()) {
                place.copy_from_slice(data);
            }
            data.len()
        })
    }

    fn take(mut self) -> Option<WriteEvent<'s, 'v, P>> {
        self.0.take()
    }

    /// Says yes, and nothing is written.
    fn accept(self) -> Option<Result<Reply<'s, P>, Error>> {
        self.take().map(WriteEvent::accept_unprocessed)
    }

    fn reject(self, code: AttErrorCode) -> Option<Result<Reply<'s, P>, Error>> {
        self.take().map(|event| event.reject(code))
    }
}

impl<P: PacketPool> Drop for Held<'_, '_, P> {
    fn drop(&mut self) {
        if let Some(event) = self.0.take() {
            drop(event.into_payload());
        }
    }
}

impl<D: Access, K: Clock, P: PacketPool, const ENDPOINTS: usize, const ATTRIBUTES: usize>
    Link<'_, '_, D, K, P, ENDPOINTS, ATTRIBUTES>
{
    /// Handles an ATT request. `false`: hang up.
    pub(super) async fn handle(
        &self,
        connection: &GattConnection<'_, '_, P>,
        event: GattEvent<'_, '_, P>,
        buf: &mut [u8],
    ) -> bool {
        match event {
            GattEvent::Write(event) => match self.table.endpoint(event.handle()) {
                Some(endpoint) => self.exchange(connection, endpoint, event, buf).await,
                None => self.send(event.accept()).await,
            },
            GattEvent::Other(event) if self.is_too_long(&event) => {
                self.send(event.reject(AttErrorCode::INVALID_ATTRIBUTE_VALUE_LENGTH))
                    .await
            }
            event => self.send(event.accept()).await,
        }
    }

    /// A part of a long request that the firmware has no room for.
    fn is_too_long(&self, event: &OtherEvent<'_, '_, P>) -> bool {
        match event.payload().incoming() {
            AttClient::Request(AttReq::PrepareWrite { offset, value, .. }) => {
                usize::from(offset).saturating_add(value.len()) > self.options.max_value
            }
            _ => false,
        }
    }

    async fn exchange(
        &self,
        connection: &GattConnection<'_, '_, P>,
        to: &Endpoint<'_>,
        event: WriteEvent<'_, '_, P>,
        buf: &mut [u8],
    ) -> bool {
        let write = Held(Some(event));
        let len = write.request(buf);
        let strict = self.options.strict_values;
        // Of nothing, NimBLE makes nothing, and old Bluedroid a request that its endpoint refuses.
        if len == 0 && (strict || self.options.stack == BleStack::NimBle) {
            return self.too_long(write).await;
        }
        if len > self.options.max_value.min(buf.len()) {
            return self
                .answer(write.reject(AttErrorCode::INVALID_ATTRIBUTE_VALUE_LENGTH))
                .await;
        }
        // Whoever has gone gets no answer: the next client is let in at once.
        let Either::First(answer) = select(self.ask(to.name, buf, len), self.lost(connection)).await else {
            return false;
        };
        match answer {
            Answer::Reply(len) => {
                let reply = buf.get(..len).filter(|_| len <= self.options.max_value);
                // The value is there before the client can ask for it.
                if reply.is_some_and(|reply| self.table.set(to, reply)) {
                    self.answer(write.accept()).await
                } else {
                    self.too_long(write).await
                }
            }
            Answer::ReplyTooLong => self.too_long(write).await,
            Answer::Refused | Answer::NoSuchEndpoint | Answer::Pending { .. } => {
                match (self.options.close_on_refusal, strict) {
                    // Older firmware that hangs up does not answer at all.
                    (true, false) => drop(write),
                    (true, true) => self.last_word(write.reject(GENERIC_ERROR)).await,
                    (false, _) => return self.answer(write.reject(AttErrorCode::INVALID_PDU)).await,
                }
                false
            }
            Answer::Silence => true,
            Answer::Closed { delivered } => {
                if delivered {
                    self.last_word(write.accept()).await;
                }
                false
            }
        }
    }

    /// The endpoint has done its work, but its answer does not fit a value; or there was no request. Older firmware says yes
    /// to the write, and a read brings what was there before.
    async fn too_long(&self, write: Held<'_, '_, P>) -> bool {
        self.answer(if self.options.strict_values {
            write.reject(AttErrorCode::INVALID_ATTRIBUTE_VALUE_LENGTH)
        } else {
            write.accept()
        })
        .await
    }

    /// Asks the device, and waits where it takes its time (a blocking scan).
    async fn ask(&self, endpoint: &str, buf: &mut [u8], len: usize) -> Answer {
        let now = self.now();
        let mut answer = self.device.with(|device| device.handle(endpoint, buf, len, now));
        while let Answer::Pending { until } = answer {
            self.clock.sleep(until.saturating_sub(self.now())).await;
            let now = self.now();
            answer = self.device.with(|device| device.resume(buf, now));
        }
        answer
    }

    async fn answer(&self, reply: Option<Result<Reply<'_, P>, Error>>) -> bool {
        match reply {
            Some(reply) => self.send(reply).await,
            None => true,
        }
    }

    /// Sends a reply, and waits until it is out.
    async fn last_word(&self, reply: Option<Result<Reply<'_, P>, Error>>) {
        self.answer(reply).await;
        self.clock.sleep(TICK).await;
    }

    /// A reply that cannot be sent belongs to a connection that has gone; the next event says so. `false`: the client takes
    /// no answers.
    async fn send(&self, reply: Result<Reply<'_, P>, Error>) -> bool {
        match reply {
            Ok(reply) => {
                let sent = select(reply.send(), self.clock.sleep(SEND_LIMIT)).await;
                matches!(sent, Either::First(()))
            }
            Err(_) => true,
        }
    }
}
