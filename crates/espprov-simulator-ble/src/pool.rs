//! Packet buffers from the heap, one kind for each MTU.

use trouble_host::{Packet, PacketPool};

/// Packets of `SIZE` bytes: an ATT MTU and the 4 bytes of an L2CAP header.
pub struct Heap<const SIZE: usize>;

/// One packet.
pub struct HeapPacket<const SIZE: usize>(Box<[u8; SIZE]>);

impl<const SIZE: usize> Packet for HeapPacket<SIZE> {}

impl<const SIZE: usize> AsRef<[u8]> for HeapPacket<SIZE> {
    fn as_ref(&self) -> &[u8] {
        &self.0[..]
    }
}

impl<const SIZE: usize> AsMut<[u8]> for HeapPacket<SIZE> {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0[..]
    }
}

impl<const SIZE: usize> PacketPool for Heap<SIZE> {
    type Packet = HeapPacket<SIZE>;
    const MTU: usize = SIZE;

    fn allocate() -> Option<Self::Packet> {
        Some(HeapPacket(Box::new([0; SIZE])))
    }

    fn capacity() -> usize {
        32
    }
}
