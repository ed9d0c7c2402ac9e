//! Two Bluetooth controllers and the air between them, in this thread: whole Bluetooth hosts talk to each other
//! without any hardware, kernel, daemon or runtime.
//!
//! What they can do is what a legacy LE link needs: advertise and scan (with scan responses), connect, exchange
//! ACL packets, disconnect. No encryption, one connection at a time. Nothing takes any time and nothing is left
//! to chance, so a run can be repeated exactly, also on a clock that stands still while somebody works.

mod node;
mod wire;

use bt_hci::ReadHciError;
use bt_hci::controller::ExternalController;
use bt_hci::transport::{PacketKind, PacketToController, PacketToHost, Transport};
use core::cell::RefCell;
use core::convert::Infallible;
use core::fmt;
use core::future::poll_fn;
use core::task::Poll;
use embedded_io::{ErrorKind, ErrorType};
use node::Nodes;
use std::rc::Rc;

/// A controller of the pair, as hosts take it.
pub type AirController = ExternalController<Antenna, 10>;

/// Longest packet from a host: a command or an ACL packet.
const LONGEST: usize = 1024;

/// What the air does to packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AirOptions {
    /// Longest ACL packet in bytes: 27 by the specification, 251 on chips.
    pub acl_len: u8,
    /// ACL packets a controller holds until they are sent.
    pub acl_count: u8,
}

impl Default for AirOptions {
    /// The least that a controller may have, so that every message of any length is in pieces.
    fn default() -> Self {
        Self {
            acl_len: 27,
            acl_count: 4,
        }
    }
}

/// The air: what a test may do to it, and what it has counted.
#[derive(Clone)]
pub struct Air(Rc<RefCell<Nodes>>);

impl Air {
    /// Two controllers within reach of each other, and the air.
    #[must_use]
    pub fn new(options: AirOptions) -> (Self, AirController, AirController) {
        let (air, first, second) = Self::with_wire(options);
        (air, first, ExternalController::new(second))
    }

    /// The same, but the second controller's host is elsewhere: [`Antenna::serve`].
    #[must_use]
    pub fn with_wire(options: AirOptions) -> (Self, AirController, Antenna) {
        let air = Self(Rc::new(RefCell::new(Nodes::new(options))));
        let antenna = |index| Antenna {
            nodes: Rc::clone(&air.0),
            index,
        };
        let (first, second) = (ExternalController::new(antenna(0)), antenna(1));
        (air, first, second)
    }

    /// ATT requests that reached the air so far: what a link counts as round trips.
    #[must_use]
    pub fn att_requests(&self) -> u32 {
        self.0.borrow().att_requests
    }

    /// Whether two hosts are connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.borrow().is_connected()
    }

    /// Breaks the connection, as if one side were carried out of reach: both hosts learn that the supervision
    /// timeout passed.
    pub fn sever(&self) {
        self.0.borrow_mut().sever();
    }

    /// The controllers agree on packets of another length, and tell their hosts.
    pub fn change_length(&self) {
        self.0.borrow_mut().change_length();
    }

    /// From now on, ACL packets arrive and stay where they are (`true`), so that their sender soon has no room for more; or
    /// they are taken in again.
    pub fn hold(&self, hold: bool) {
        self.0.borrow_mut().hold = hold;
    }

    /// From now on, ACL packets vanish without a word (`true`) or arrive again.
    pub fn swallow(&self, swallow: bool) {
        self.0.borrow_mut().swallow = swallow;
    }
}

impl fmt::Debug for Air {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Air").finish_non_exhaustive()
    }
}

/// Two controllers within reach of each other, with [`AirOptions::default`].
#[must_use]
pub fn pair() -> (AirController, AirController) {
    let (_, first, second) = Air::new(AirOptions::default());
    (first, second)
}

/// The side of a controller that its host talks to.
pub struct Antenna {
    nodes: Rc<RefCell<Nodes>>,
    index: usize,
}

impl Drop for Antenna {
    /// As if switched off.
    fn drop(&mut self) {
        self.nodes.borrow_mut().switch_off(self.index);
    }
}

/// A packet that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AirError(ReadHciError<Infallible>);

impl fmt::Display for AirError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an HCI packet makes no sense")
    }
}

impl core::error::Error for AirError {}

impl embedded_io::Error for AirError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::InvalidData
    }
}

impl From<ReadHciError<Infallible>> for AirError {
    fn from(error: ReadHciError<Infallible>) -> Self {
        Self(error)
    }
}

impl ErrorType for Antenna {
    type Error = AirError;
}

impl Transport for Antenna {
    async fn read<'a, P: PacketToHost<'a>>(&self, rx: &'a mut [u8]) -> Result<P, AirError> {
        let packet = poll_fn(|cx| self.nodes.borrow_mut().poll_packet(self.index, cx).map(Some));
        let Some((kind, bytes)) = packet.await else {
            return Err(AirError(ReadHciError::InvalidValue));
        };
        P::read_hci(kind, &mut &bytes[..], rx).map_err(AirError)
    }

    async fn write<P: PacketToController>(&self, tx: &P) -> Result<(), AirError> {
        let mut bytes = [0; LONGEST];
        let len = tx.size();
        let room = bytes
            .get_mut(..len)
            .ok_or(AirError(ReadHciError::BufferTooSmall))?;
        tx.write_hci(&mut *room)
            .map_err(|_| AirError(ReadHciError::BufferTooSmall))?;
        match P::KIND {
            PacketKind::Cmd => self.nodes.borrow_mut().command(self.index, room),
            PacketKind::AclData => self.nodes.borrow_mut().acl(self.index, room),
            _ => return Err(AirError(ReadHciError::InvalidValue)),
        }
        // Others get a chance between two packets, as they would on any real link.
        yield_once().await;
        Ok(())
    }
}

async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
