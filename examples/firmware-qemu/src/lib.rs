//! What the images share: the board, a measured heap, and a report to the outside.
#![no_std]

pub mod board;
pub mod counting;
mod heap;
#[cfg(feature = "virtio")]
pub mod net;
pub mod provisioner;
pub mod report;
mod rng;
pub mod station;

pub use rng::NotRandom;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Not the message: formatting it would cost more than everything else in a small image.
    report::text("panic");
    report::exit(101)
}
