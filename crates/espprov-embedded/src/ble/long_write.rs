//! Long writes for a host whose client knows none.
//!
//! A value longer than MTU − 3 goes as Prepare Write Requests and one Execute Write Request (Bluetooth Core,
//! Vol 3 Part F § 3.4.6). trouble-host's GATT client sends Write Requests only. The two differ little:
//!
//! | PDU | bytes |
//! |---|---|
//! | Write Request | `12`, handle, value |
//! | Prepare Write Request | `16`, handle, offset, part of the value |
//! | Execute Write Request | `18`, flags |
//!
//! So a Write Request whose value starts with the two octets of an offset becomes a Prepare Write Request by its
//! first octet alone, and one without a value an Execute Write Request by losing one octet. This wrapper of a
//! controller does that on the way out, and turns the responses into Write Responses on the way in. Every packet
//! stays one packet of (nearly) the same length: flow control, fragments and whatever else the host sends in
//! between are not its business, so it cannot confuse them.
//!
//! Since everything passes here, this is also where the host is [guarded](super::guard) against its peers.

use bt_hci::ControllerToHostPacket;
use bt_hci::cmd::{self, AsyncCmd, SyncCmd};
use bt_hci::controller::{Controller, ControllerCmdAsync, ControllerCmdSync};
use bt_hci::data::{AclBroadcastFlag, AclPacket, AclPacketBoundary, IsoPacket, SyncPacket};
use bt_hci::event::{EventKind, EventPacket};
use bt_hci::param::ConnHandle;
use core::cell::{Cell, RefCell};
use embedded_io::ErrorType;

use super::guard::Guard;

const WRITE_REQUEST: u8 = 0x12;
const WRITE_RESPONSE: u8 = 0x13;
const PREPARE_REQUEST: u8 = 0x16;
const PREPARE_RESPONSE: u8 = 0x17;
const EXECUTE_REQUEST: u8 = 0x18;
const EXECUTE_RESPONSE: u8 = 0x19;

/// L2CAP channel of ATT.
const ATT: [u8; 2] = [4, 0];

/// Longest first packet of a message that is rewritten: an L2CAP header and an ATT PDU at MTU 517, or less.
const PACKET: usize = 4 + 517;

/// Instead of a packet that was refused. The host accepts a notification that nobody waits for, unless it is in the
/// middle of another message; then a continuation, unless it is not. One of the two makes it end the connection.
const BEGINNING: [u8; 7] = [3, 0, ATT[0], ATT[1], 0x1b, 0, 0];
const CONTINUATION: [u8; 1] = [0];

/// What the next Write Request of a connection really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Prepare,
    Execute,
}

/// What the transport and the [`LongWrite`] of the same stack know of each other: the wish for a prepared write, and
/// what has been refused.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Connection handle and kind of the request that is about to be sent.
    request: Cell<Option<(u16, Step)>>,
    /// The same, once it has been sent.
    response: Cell<Option<(u16, Step)>>,
    guard: RefCell<Guard>,
    /// The connection a packet of which was refused last.
    refused: Cell<Option<u16>>,
    /// The host has yet to see the second of the packets in the place of the one refused.
    ending: Cell<Option<u16>>,
}

impl Prepared {
    /// Nothing wished for.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            request: Cell::new(None),
            response: Cell::new(None),
            guard: RefCell::new(Guard::new()),
            refused: Cell::new(None),
            ending: Cell::new(None),
        }
    }

    /// The next Write Request on `connection` is to be rewritten.
    pub(super) fn next(&self, connection: u16, step: Step) {
        self.request.set(Some((connection, step)));
    }

    /// Forgets what a dropped exchange left behind.
    pub(super) fn clear(&self) {
        self.request.set(None);
        self.response.set(None);
        self.refused.set(None);
    }

    /// Whether the peer said something that no host should see.
    pub(super) fn has_refused(&self, connection: u16) -> bool {
        self.refused.get() == Some(connection)
    }

    /// Connections that begin and end.
    fn event(&self, event: &EventPacket<'_>) {
        let connection = match (event.kind, event.data) {
            // LE Connection Complete and LE Enhanced Connection Complete; Disconnection Complete.
            (EventKind::Le, &[0x01 | 0x0a, _, low, high, ..]) => [low, high],
            (EventKind::DisconnectionComplete, &[_, low, high, ..]) => [low, high],
            _ => return,
        };
        self.guard.borrow_mut().forget(u16::from_le_bytes(connection));
    }

    /// Whether the host may see a packet.
    fn admits(&self, packet: &AclPacket<'_>) -> bool {
        let connection = packet.handle().raw();
        let first = packet.boundary_flag() != AclPacketBoundary::Continuing;
        let result = self.guard.borrow_mut().incoming(connection, first, packet.data());
        if result.is_err() {
            self.refused.set(Some(connection));
            self.ending.set(Some(connection));
        }
        result.is_ok()
    }

    /// The packet to send instead of `data`, if it is the one that was announced.
    fn outgoing<'b>(&self, connection: u16, data: &[u8], room: &'b mut [u8; PACKET]) -> Option<&'b [u8]> {
        let (expected, step) = self.request.get()?;
        let &[_, _, c0, c1, WRITE_REQUEST, ref rest @ ..] = data else {
            return None;
        };
        if expected != connection || [c0, c1] != ATT {
            return None;
        }
        let out = match step {
            Step::Prepare => {
                let out = room.get_mut(..data.len())?;
                out.copy_from_slice(data);
                *out.get_mut(4)? = PREPARE_REQUEST;
                out
            }
            Step::Execute => {
                // The handle's place holds the flags.
                let flags = *rest.first()?;
                let out = room.get_mut(..6)?;
                out.copy_from_slice(&[2, 0, ATT[0], ATT[1], EXECUTE_REQUEST, flags]);
                out
            }
        };
        self.request.set(None);
        self.response.set(Some((connection, step)));
        Some(out)
    }

    /// The packet to receive instead of `data`, if it is the response that is awaited.
    fn incoming<'b>(&self, connection: u16, data: &[u8], room: &'b mut [u8; PACKET]) -> Option<&'b [u8]> {
        let (expected, step) = self.response.get()?;
        let &[_, _, c0, c1, opcode, ..] = data else {
            return None;
        };
        let awaited = match step {
            Step::Prepare => PREPARE_RESPONSE,
            Step::Execute => EXECUTE_RESPONSE,
        };
        if expected != connection || [c0, c1] != ATT || opcode != awaited {
            return None;
        }
        self.response.set(None);
        let out = room.get_mut(..data.len())?;
        out.copy_from_slice(data);
        *out.get_mut(4)? = WRITE_RESPONSE;
        Some(out)
    }
}

/// A controller through which [`BleTransport`](super::BleTransport) can send long values, and through which nothing
/// malformed gets in.
///
/// Costs one packet of 521 bytes in the receive buffer and one while sending.
pub struct LongWrite<'p, C> {
    inner: C,
    prepared: &'p Prepared,
}

impl<'p, C> LongWrite<'p, C> {
    /// Wraps a controller.
    pub const fn new(inner: C, prepared: &'p Prepared) -> Self {
        Self { inner, prepared }
    }
}

impl<C: ErrorType> ErrorType for LongWrite<'_, C> {
    type Error = C::Error;
}

impl<C: Controller> Controller for LongWrite<'_, C> {
    type Buffer<'a> = (C::Buffer<'a>, [u8; PACKET]);

    fn alloc_buf(&self) -> Result<Self::Buffer<'_>, Self::Error> {
        Ok((self.inner.alloc_buf()?, [0; PACKET]))
    }

    async fn write_acl_data(&self, packet: &AclPacket<'_>) -> Result<(), Self::Error> {
        if packet.boundary_flag() == AclPacketBoundary::Continuing {
            return self.inner.write_acl_data(packet).await;
        }
        let mut room = [0; PACKET];
        let handle = packet.handle();
        let rewritten = self.prepared.outgoing(handle.raw(), packet.data(), &mut room);
        let data = rewritten.unwrap_or(packet.data());
        self.prepared.guard.borrow_mut().outgoing(handle.raw(), data);
        let packet = AclPacket::new(
            handle,
            packet.boundary_flag(),
            AclBroadcastFlag::PointToPoint,
            data,
        );
        self.inner.write_acl_data(&packet).await
    }

    async fn write_sync_data(&self, packet: &SyncPacket<'_>) -> Result<(), Self::Error> {
        self.inner.write_sync_data(packet).await
    }

    async fn write_iso_data(&self, packet: &IsoPacket<'_>) -> Result<(), Self::Error> {
        self.inner.write_iso_data(packet).await
    }

    async fn read<'a>(
        &self,
        (buf, room): &'a mut Self::Buffer<'_>,
    ) -> Result<ControllerToHostPacket<'a>, Self::Error> {
        if let Some(connection) = self.prepared.ending.take() {
            return Ok(acl(
                ConnHandle::new(connection),
                AclPacketBoundary::Continuing,
                &CONTINUATION,
            ));
        }
        let packet = self.inner.read(buf).await?;
        match &packet {
            ControllerToHostPacket::Event(event) => self.prepared.event(event),
            ControllerToHostPacket::Acl(packet) if !self.prepared.admits(packet) => {
                return Ok(acl(
                    packet.handle(),
                    AclPacketBoundary::FirstFlushable,
                    &BEGINNING,
                ));
            }
            ControllerToHostPacket::Acl(packet)
                if packet.boundary_flag() != AclPacketBoundary::Continuing =>
            {
                let connection = packet.handle().raw();
                if let Some(data) = self.prepared.incoming(connection, packet.data(), room) {
                    return Ok(acl(packet.handle(), packet.boundary_flag(), data));
                }
            }
            _ => {}
        }
        Ok(packet)
    }
}

fn acl(handle: ConnHandle, boundary: AclPacketBoundary, data: &[u8]) -> ControllerToHostPacket<'_> {
    ControllerToHostPacket::Acl(AclPacket::new(
        handle,
        boundary,
        AclBroadcastFlag::PointToPoint,
        data,
    ))
}

impl<K: SyncCmd + ?Sized, C: ControllerCmdSync<K>> ControllerCmdSync<K> for LongWrite<'_, C> {
    async fn exec(&self, command: &K) -> Result<K::Return, cmd::Error<Self::Error>> {
        self.inner.exec(command).await
    }
}

impl<K: AsyncCmd + ?Sized, C: ControllerCmdAsync<K>> ControllerCmdAsync<K> for LongWrite<'_, C> {
    async fn exec(&self, command: &K) -> Result<(), cmd::Error<Self::Error>> {
        self.inner.exec(command).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTION: u16 = 7;

    fn out(prepared: &Prepared, connection: u16, data: &[u8]) -> Option<std::vec::Vec<u8>> {
        let mut room = [0; PACKET];
        prepared.outgoing(connection, data, &mut room).map(<[u8]>::to_vec)
    }

    fn back(prepared: &Prepared, connection: u16, data: &[u8]) -> Option<std::vec::Vec<u8>> {
        let mut room = [0; PACKET];
        prepared.incoming(connection, data, &mut room).map(<[u8]>::to_vec)
    }

    #[test]
    fn requests_and_responses() {
        let prepared = Prepared::new();
        // Write Request to handle 0x2a: offset 18, value ab cd.
        let write = [7, 0, 4, 0, 0x12, 0x2a, 0, 18, 0, 0xab, 0xcd];
        assert_eq!(out(&prepared, CONNECTION, &write), None, "nothing announced");
        prepared.next(CONNECTION, Step::Prepare);
        let expected = [7, 0, 4, 0, 0x16, 0x2a, 0, 18, 0, 0xab, 0xcd];
        assert_eq!(out(&prepared, CONNECTION, &write), Some(expected.into()));
        assert_eq!(out(&prepared, CONNECTION, &write), None, "once only");
        let answer = [7, 0, 4, 0, 0x17, 0x2a, 0, 18, 0, 0xab, 0xcd];
        let seen = back(&prepared, CONNECTION, &answer).unwrap();
        assert_eq!((seen[4], seen.len()), (0x13, answer.len()));

        prepared.next(CONNECTION, Step::Execute);
        let empty = [3, 0, 4, 0, 0x12, 1, 0];
        let expected = [2, 0, 4, 0, 0x18, 1];
        assert_eq!(out(&prepared, CONNECTION, &empty), Some(expected.into()));
        let answer = [1, 0, 4, 0, 0x19];
        assert_eq!(
            back(&prepared, CONNECTION, &answer),
            Some([1, 0, 4, 0, 0x13].into())
        );
        assert_eq!(back(&prepared, CONNECTION, &answer), None);
    }

    #[test]
    fn whatever_comes_in_between_passes() {
        let prepared = Prepared::new();
        let write = [7, 0, 4, 0, 0x12, 0x2a, 0, 0, 0, 1, 2];
        prepared.next(CONNECTION, Step::Prepare);
        for (connection, data) in [
            (8, &write[..]),                             // another connection
            (CONNECTION, &[1, 0, 4, 0, 0x1e][..]),       // a confirmation
            (CONNECTION, &[3, 0, 5, 0, 0x12, 1, 0][..]), // another L2CAP channel
            (CONNECTION, &[3, 0, 4][..]),
            (CONNECTION, &[][..]),
        ] {
            assert_eq!(out(&prepared, connection, data), None);
        }
        assert!(out(&prepared, CONNECTION, &write).is_some());
        for (connection, data) in [
            (8, &[5, 0, 4, 0, 0x17][..]),
            (CONNECTION, &[3, 0, 4, 0, 0x1b, 1, 0][..]), // a notification
            (CONNECTION, &[5, 0, 4, 0, 0x01, 0x16, 0x2a, 0, 4][..]), // an error: the host knows those
        ] {
            assert_eq!(back(&prepared, connection, data), None);
        }
        assert!(back(&prepared, CONNECTION, &[5, 0, 4, 0, 0x17]).is_some());
    }
}
