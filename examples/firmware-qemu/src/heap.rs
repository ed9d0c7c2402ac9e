//! The heap: `embedded-alloc`, with a record of the most that was ever in use.
#![allow(unsafe_code, reason = "the global allocator's interface")]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use critical_section::Mutex;
use embedded_alloc::LlffHeap;

/// Bytes of the heap, on top of the buffers that the firmware passes in.
pub const SIZE: usize = 6144;

struct Measured {
    heap: LlffHeap,
    peak: Mutex<Cell<usize>>,
}

#[global_allocator]
static HEAP: Measured = Measured {
    heap: LlffHeap::empty(),
    peak: Mutex::new(Cell::new(0)),
};

// SAFETY: hands everything on to an allocator that keeps the contract.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is handed on.
        let place = unsafe { self.heap.alloc(layout) };
        critical_section::with(|cs| {
            let peak = self.peak.borrow(cs);
            peak.set(peak.get().max(self.heap.used()));
        });
        place
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is handed on.
        unsafe { self.heap.dealloc(place, layout) }
    }
}

/// Call once, before anything allocates.
pub(crate) fn init() {
    static mut MEMORY: [u64; SIZE / 8] = [0; SIZE / 8];
    // SAFETY: called once by `board::init`; nothing else names MEMORY.
    unsafe { HEAP.heap.init((&raw mut MEMORY).cast::<u8>() as usize, SIZE) }
}

/// Most bytes that were in use at once, the allocator's own rounding included.
pub fn peak() -> usize {
    critical_section::with(|cs| HEAP.peak.borrow(cs).get())
}
