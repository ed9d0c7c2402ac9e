//! Firmware in outline: no std, its own panic handler and allocator, and every crate that firmware may use.
//!
//! A panic handler beside std is a duplicate lang item, so this fails to build if anything below links std.
#![no_std]
#![no_main]

use core::alloc::{GlobalAlloc, Layout};

#[cfg(feature = "words")]
use espprov as _;
use espprov_core as _;
use espprov_device as _;
use espprov_embedded as _;
use espprov_local_ctrl as _;
use espprov_proto as _;
use espprov_security as _;
use espprov_services as _;
use espprov_transport as _;
use espprov_types as _;
#[cfg(feature = "control")]
use std_crate as _;

/// What firmware logs is formatted by defmt without the standard library's formatting of numbers and texts.
#[cfg(feature = "defmt")]
const _: fn() = || {
    const fn formats<T: defmt::Format>() {}
    /// An error of a link, with `Debug` and nothing more.
    #[derive(Debug)]
    struct Broken;
    formats::<espprov_core::Step<'_>>();
    formats::<espprov_core::Event<'_>>();
    formats::<espprov_core::Misuse>();
    formats::<espprov_core::ProvisionError<Broken>>();
    formats::<espprov_core::Input<Broken>>();
    formats::<espprov_core::Outcome<espprov_core::WifiConnection, espprov_core::WifiFailure>>();
    formats::<espprov_transport::Endpoint<'_>>();
    formats::<espprov_transport::LinkFault>();
};

/// Has no memory: the probe is checked, never run.
struct NoMemory;

// SAFETY: a null pointer is how an allocator reports failure, and nothing is ever given out to deallocate.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
