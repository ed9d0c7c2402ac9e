//! What a central may send to the host below the server: requests that are well formed.
//!
//! trouble-host 0.8 trusts its peers in places. An ATT request cut short, an empty one, or a list of groups with a UUID of
//! 128 bits makes it panic, and so does the end of an L2CAP channel that nobody opened: one packet of a stranger within
//! reach, before any handshake, and the firmware is down. So the first fragment of every message is looked at on its way
//! from the controller: what the message is, and how long it says it is. That decides, because the host reads no further
//! than a length that is right allows, and looks after the fragments that follow by itself.
//!
//! A packet that breaks a rule is replaced by two that make the host end the connection.

use bt_hci::ControllerToHostPacket;
use bt_hci::cmd::{self, AsyncCmd, SyncCmd};
use bt_hci::controller::{Controller, ControllerCmdAsync, ControllerCmdSync};
use bt_hci::data::{AclBroadcastFlag, AclPacket, AclPacketBoundary, IsoPacket, SyncPacket};
use bt_hci::param::ConnHandle;
use core::cell::Cell;
use embedded_io::ErrorType;

/// L2CAP channels of ATT and of signals.
const ATT: u16 = 4;
const SIGNALS: u16 = 5;

/// The end of a channel, as a signal.
const DISCONNECTION_REQUEST: u8 = 0x06;

const MTU_REQUEST: u8 = 0x02;
const NOTIFICATION: u8 = 0x1b;
const INDICATION: u8 = 0x1d;

/// The least MTU there is.
const LEAST_MTU: u16 = 23;

/// Instead of a packet that was refused. The host passes over a confirmation that nobody waits for, unless it is in the
/// middle of another message; then a continuation, unless it is not. One of the two makes it end the connection.
const BEGINNING: [u8; 5] = [1, 0, 4, 0, 0x1e];
const CONTINUATION: [u8; 1] = [0];

/// A controller through which nothing malformed gets to the host. [`GattServer`](super::GattServer) asks for one.
///
/// It passes on everything else: advertising, other roles, pairing. L2CAP channels of the application's own cannot be ended by
/// the peer, other than with the connection.
///
/// ```
/// use espprov_services::ble::Guarded;
/// # fn build<C: trouble_host::Controller, P: trouble_host::PacketPool>(controller: C) {
/// let mut resources: trouble_host::prelude::HostResources<P, 1, 1> = trouble_host::prelude::HostResources::new();
/// let stack = trouble_host::new(Guarded::new(controller), &mut resources).build();
/// # }
/// ```
#[derive(Debug)]
pub struct Guarded<C> {
    inner: C,
    /// The host has yet to see the second of the packets in the place of one refused.
    ending: Cell<Option<u16>>,
}

impl<C> Guarded<C> {
    /// Wraps a controller.
    pub const fn new(inner: C) -> Self {
        Self {
            inner,
            ending: Cell::new(None),
        }
    }
}

/// Whether the host may see a packet.
fn admits(packet: &AclPacket<'_>) -> bool {
    if packet.boundary_flag() == AclPacketBoundary::Continuing {
        return true;
    }
    let &[l0, l1, c0, c1, ref message @ ..] = packet.data() else {
        return false;
    };
    let len = u16::from_le_bytes([l0, l1]);
    match u16::from_le_bytes([c0, c1]) {
        ATT => admits_att(len, message),
        SIGNALS => admits_signal(len, message),
        _ => true,
    }
}

/// A PDU of `len` bytes, of which `beginning` is there.
const fn admits_att(len: u16, beginning: &[u8]) -> bool {
    let Some(&opcode) = beginning.first() else {
        return false;
    };
    match opcode {
        MTU_REQUEST => match beginning {
            &[_, low, high] => len == 3 && u16::from_le_bytes([low, high]) >= LEAST_MTU,
            _ => false,
        },
        // Find Information, Find By Type Value.
        0x04 => len == 5,
        0x06 => len >= 7,
        // Read By Type, and by group type; Read, Read Blob, the two Read Multiple.
        0x08 => len == 7 || len == 21,
        0x10 => len == 7,
        0x0a => len == 3,
        0x0c => len == 5,
        0x0e | 0x20 => len >= 5,
        // Write, as a request and as a command; Prepare Write, Execute Write.
        0x12 | 0x52 => len >= 3,
        0x16 => len >= 5,
        0x18 => len == 2,
        // Of a peer that is a server, too. Nobody has asked it anything, so answers are none.
        NOTIFICATION | INDICATION => len >= 3,
        _ => opcode & 1 == 0,
    }
}

/// One signal, for on LE there is one in a frame; not the end of a channel, for the server has none.
fn admits_signal(len: u16, beginning: &[u8]) -> bool {
    match *beginning {
        [] => len == 0,
        [code, _, l0, l1, ..] => {
            let whole = u16::from_le_bytes([l0, l1]).saturating_add(4);
            code != DISCONNECTION_REQUEST && whole >= len
        }
        _ => false,
    }
}

impl<C: ErrorType> ErrorType for Guarded<C> {
    type Error = C::Error;
}

impl<C: Controller> Controller for Guarded<C> {
    type Buffer<'a> = C::Buffer<'a>;

    fn alloc_buf(&self) -> Result<Self::Buffer<'_>, Self::Error> {
        self.inner.alloc_buf()
    }

    async fn write_acl_data(&self, packet: &AclPacket<'_>) -> Result<(), Self::Error> {
        self.inner.write_acl_data(packet).await
    }

    async fn write_sync_data(&self, packet: &SyncPacket<'_>) -> Result<(), Self::Error> {
        self.inner.write_sync_data(packet).await
    }

    async fn write_iso_data(&self, packet: &IsoPacket<'_>) -> Result<(), Self::Error> {
        self.inner.write_iso_data(packet).await
    }

    async fn read<'a>(
        &self,
        buf: &'a mut Self::Buffer<'_>,
    ) -> Result<ControllerToHostPacket<'a>, Self::Error> {
        if let Some(connection) = self.ending.take() {
            let handle = ConnHandle::new(connection);
            return Ok(acl(handle, AclPacketBoundary::Continuing, &CONTINUATION));
        }
        match self.inner.read(buf).await? {
            ControllerToHostPacket::Acl(packet) if !admits(&packet) => {
                self.ending.set(Some(packet.handle().raw()));
                Ok(acl(
                    packet.handle(),
                    AclPacketBoundary::FirstFlushable,
                    &BEGINNING,
                ))
            }
            packet => Ok(packet),
        }
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

impl<K: SyncCmd + ?Sized, C: ControllerCmdSync<K>> ControllerCmdSync<K> for Guarded<C> {
    async fn exec(&self, command: &K) -> Result<K::Return, cmd::Error<Self::Error>> {
        self.inner.exec(command).await
    }
}

impl<K: AsyncCmd + ?Sized, C: ControllerCmdAsync<K>> ControllerCmdAsync<K> for Guarded<C> {
    async fn exec(&self, command: &K) -> Result<(), cmd::Error<Self::Error>> {
        self.inner.exec(command).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn first(channel: u16, message: &[u8]) -> Vec<u8> {
        let len = u16::try_from(message.len()).unwrap().to_le_bytes();
        [&len[..], &channel.to_le_bytes(), message].concat()
    }

    fn passes(boundary: AclPacketBoundary, data: &[u8]) -> bool {
        let handle = ConnHandle::new(7);
        admits(&AclPacket::new(
            handle,
            boundary,
            AclBroadcastFlag::PointToPoint,
            data,
        ))
    }

    fn request(pdu: &[u8]) -> bool {
        passes(AclPacketBoundary::FirstFlushable, &first(ATT, pdu))
    }

    #[test]
    fn requests_that_are_well_formed() {
        for pdu in [
            &[0x02, 23, 0][..],
            &[0x04, 1, 0, 0xff, 0xff],
            &[0x06, 1, 0, 0xff, 0xff, 0, 0x28],
            &[0x06, 1, 0, 0xff, 0xff, 0, 0x28, 9, 9],
            &[0x08, 1, 0, 0xff, 0xff, 3, 0x28],
            &[0x08; 21],
            &[0x0a, 1, 0],
            &[0x0c, 1, 0, 0, 0],
            &[0x10, 1, 0, 0xff, 0xff, 0, 0x28],
            &[0x12, 1, 0],
            &[0x12, 1, 0, 5],
            &[0x16, 1, 0, 0, 0],
            &[0x18, 1],
            &[0x1e],
            &[0x52, 1, 0],
            &[0x1b, 1, 0],
            &[0x1d, 1, 0, 9],
            // Not known to the host: it says so.
            &[0x24],
            &[0xd2, 1, 2],
        ] {
            assert!(request(pdu), "{pdu:02x?}");
        }
    }

    #[test]
    fn everything_else() {
        for pdu in [
            // No opcode, cut short, too long.
            &[][..],
            &[0x02, 23],
            &[0x02, 23, 0, 0],
            &[0x04, 1, 0, 0xff],
            &[0x06, 1, 0, 0xff, 0xff, 0],
            &[0x08, 1, 0, 0xff],
            &[0x08, 1, 0, 0xff, 0xff, 3],
            &[0x0a],
            &[0x0a, 1],
            &[0x0c, 1, 0],
            &[0x0e, 1, 0],
            &[0x10; 21],
            &[0x12, 1],
            &[0x16, 1, 0, 0],
            &[0x18],
            &[0x20, 1],
            &[0x52],
            &[0x1b, 1],
            // An MTU that leaves no room.
            &[0x02, 0, 0],
            &[0x02, 22, 0],
            // Answers to nothing.
            &[0x01, 0x0a, 1, 0, 2],
            &[0x03, 23, 0],
            &[0x0b, 1],
            &[0x13],
        ] {
            assert!(!request(pdu), "{pdu:02x?}");
        }
    }

    #[test]
    fn a_message_shows_at_once_what_it_is() {
        let start = AclPacketBoundary::FirstFlushable;
        for beginning in [&[][..], &[3, 0, 4], &[3, 0, 4, 0], &[3, 0, 4, 0, 0x02, 23]] {
            assert!(!passes(start, beginning), "{beginning:02x?}");
        }
        // The length is what it says, however much of it is here.
        assert!(passes(start, &[3, 0, 4, 0, 0x0a]));
        assert!(!passes(start, &[4, 0, 4, 0, 0x0a, 1, 0]));
        assert!(passes(AclPacketBoundary::FirstNonFlushable, &[3, 0, 4, 0, 0x0a]));
        assert!(passes(AclPacketBoundary::Continuing, &[0]));
        // Pairing, and channels that the host does not know.
        assert!(passes(start, &[1, 0, 6, 0]));
        assert!(passes(start, &[1, 0, 0x3a, 0, 1]));
    }

    #[test]
    fn signals() {
        let signal = |message: &[u8]| passes(AclPacketBoundary::FirstFlushable, &first(SIGNALS, message));
        assert!(signal(&[]));
        assert!(signal(&[0x13, 1, 2, 0, 0, 0]), "parameters accepted");
        assert!(signal(&[0x14, 1, 10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
        assert!(signal(&[0x14, 1, 10, 0, 1]), "cut short: the host rejects it");
        assert!(!signal(&[0x06, 1, 4, 0, 0, 0, 0, 0]), "the end of a channel");
        assert!(
            !signal(&[0x13, 1, 2, 0, 0, 0, 0x06, 1, 4, 0, 0, 0, 0, 0]),
            "behind another"
        );
        assert!(!signal(&[0x13, 1, 2]));
    }
}
