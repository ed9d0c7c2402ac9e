//! The network card of QEMU's virt board: virtio over MMIO. Frames lie in static memory, nothing is allocated.

use core::ptr::NonNull;
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use virtio_drivers::device::net::VirtIONetRaw;
use virtio_drivers::transport::mmio::{MmioTransport, VirtIOHeader};
use virtio_drivers::transport::{DeviceType, Transport};
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

/// Where the board has its virtio devices, and how many there can be.
const SLOTS: usize = 0x1000_1000;
const SLOT: usize = 0x1000;
const SLOT_COUNT: usize = 8;

/// Frames that can wait to be received. As many entries has each of the two queues.
const FRAMES: usize = 4;

/// An Ethernet frame and virtio's header.
const FRAME: usize = 1536;

/// Two pages for each queue.
const PAGES: usize = 4;

#[repr(align(4096))]
struct Memory {
    pages: [[u8; PAGE_SIZE]; PAGES],
    received: [[u8; FRAME]; FRAMES],
    /// The frame that is being looked at, and the one that is being sent.
    looked_at: [u8; FRAME],
    sent: [u8; FRAME],
}

static mut MEMORY: Memory = Memory {
    pages: [[0; PAGE_SIZE]; PAGES],
    received: [[0; FRAME]; FRAMES],
    looked_at: [0; FRAME],
    sent: [0; FRAME],
};

/// How many of the pages are given out.
static GIVEN: critical_section::Mutex<core::cell::Cell<usize>> =
    critical_section::Mutex::new(core::cell::Cell::new(0));

/// Memory as the card sees it: as everybody does.
struct Flat;

// SAFETY: pages are given out once, zeroed, and never taken back; addresses are what they are.
unsafe impl Hal for Flat {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        let first = critical_section::with(|cs| {
            let given = GIVEN.borrow(cs);
            given.replace(given.get() + pages)
        });
        assert!(first + pages <= PAGES, "the queues need more pages");
        // SAFETY: inside the array, by the check above; no reference is made.
        let page = unsafe { (&raw mut MEMORY.pages).cast::<[u8; PAGE_SIZE]>().add(first) };
        let place = NonNull::new(page.cast::<u8>()).unwrap_or(NonNull::dangling());
        (page as usize as PhysAddr, place)
    }

    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        0
    }

    unsafe fn mmio_phys_to_virt(address: PhysAddr, _: usize) -> NonNull<u8> {
        NonNull::new(address as usize as *mut u8).unwrap_or(NonNull::dangling())
    }

    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        buffer.cast::<u8>().as_ptr() as usize as PhysAddr
    }

    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}

/// The card.
pub struct Nic {
    card: VirtIONetRaw<Flat, MmioTransport<'static>, FRAMES>,
    received: &'static mut [[u8; FRAME]; FRAMES],
    /// Which frame stands behind which entry of the queue.
    entries: [usize; FRAMES],
    looked_at: &'static mut [u8; FRAME],
    sent: &'static mut [u8; FRAME],
}

impl Nic {
    /// The card, if there is one. For one caller.
    pub fn find() -> Option<Self> {
        let transport = (0..SLOT_COUNT).find_map(|slot| {
            let header = NonNull::new((SLOTS + slot * SLOT) as *mut VirtIOHeader)?;
            // SAFETY: the board has a virtio device there, or registers that say that it has none.
            let transport = unsafe { MmioTransport::new(header, SLOT) }.ok()?;
            (transport.device_type() == DeviceType::Network).then_some(transport)
        })?;
        let card = VirtIONetRaw::new(transport).ok()?;
        // SAFETY: there is one card, it is found once (its queues have no pages for a second time), and nobody else names these.
        let (received, looked_at, sent) = unsafe {
            (
                &mut *(&raw mut MEMORY.received),
                &mut *(&raw mut MEMORY.looked_at),
                &mut *(&raw mut MEMORY.sent),
            )
        };
        let mut nic = Self {
            card,
            received,
            entries: [0; FRAMES],
            looked_at,
            sent,
        };
        for frame in 0..FRAMES {
            nic.offer(frame);
        }
        Some(nic)
    }

    /// Its address.
    pub fn address(&self) -> [u8; 6] {
        self.card.mac_address()
    }

    /// Gives the card a frame to fill.
    fn offer(&mut self, frame: usize) {
        // SAFETY: the frame is not looked at before the card gives it back.
        if let Ok(entry) = unsafe { self.card.receive_begin(&mut self.received[frame]) }
            && let Some(place) = self.entries.get_mut(usize::from(entry))
        {
            *place = frame;
        }
    }

    /// Copies the next frame that has come, and gives its place back to the card. How long it is.
    fn take(&mut self) -> Option<usize> {
        let entry = self.card.poll_receive()?;
        let frame = *self.entries.get(usize::from(entry))?;
        let buffer = &mut self.received[frame];
        // SAFETY: it is the frame that was offered as this entry.
        let came = unsafe { self.card.receive_complete(entry, buffer) };
        let len = came.ok().and_then(|(header, len)| {
            let bytes = buffer.get(header..header + len)?;
            self.looked_at.get_mut(..len)?.copy_from_slice(bytes);
            Some(len)
        });
        self.offer(frame);
        len
    }
}

/// A frame that has come.
pub struct Received<'a>(&'a [u8]);

/// Room for one to send.
pub struct Sending<'a> {
    card: &'a mut VirtIONetRaw<Flat, MmioTransport<'static>, FRAMES>,
    frame: &'a mut [u8; FRAME],
}

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, look: F) -> R {
        look(self.0)
    }
}

impl phy::TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let header = self.card.fill_buffer_header(self.frame).unwrap_or_default();
        let result = write(&mut self.frame[header..header + len]);
        let bytes = &self.frame[..header + len];
        // SAFETY: nobody touches the frame before the card has sent it, which is waited for.
        if let Ok(entry) = unsafe { self.card.transmit_begin(bytes) } {
            while self.card.poll_transmit() != Some(entry) {
                core::hint::spin_loop();
            }
            // SAFETY: the same frame. What fails here has been sent all the same, or is sent again by TCP.
            let _ = unsafe { self.card.transmit_complete(entry, bytes) };
        }
        result
    }
}

impl Device for Nic {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sending<'_>)> {
        let len = self.take()?;
        let received = Received(&self.looked_at[..len]);
        let sending = Sending {
            card: &mut self.card,
            frame: self.sent,
        };
        Some((received, sending))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sending<'_>> {
        Some(Sending {
            card: &mut self.card,
            frame: self.sent,
        })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}
