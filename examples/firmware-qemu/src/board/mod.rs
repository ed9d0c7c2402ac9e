//! The two emulated boards: UARTs, a counter, a painted stack. The only module with `unsafe`: it talks to
//! registers. On a real chip the HAL is in its place.
#![allow(unsafe_code, reason = "registers and linker symbols")]

#[cfg(target_arch = "arm")]
#[path = "cortex_m.rs"]
mod chip;
#[cfg(target_arch = "riscv32")]
#[path = "riscv.rs"]
mod chip;

#[cfg(feature = "virtio")]
pub mod nic;

use chip::RAM_END;
pub use chip::entry;
use core::convert::Infallible;
use core::future::poll_fn;
use core::pin::pin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use embedded_io_async::{ErrorType, Read, Write};
use espprov_embedded::clock::{PollClock, WideCounter};
use espprov_transport::Clock;

/// What a stack cell holds until it is used.
const PAINT: u32 = 0x5afe_57ac;

/// Call first: paints the stack, makes the heap, switches UART and counter on.
pub fn init() {
    paint_stack();
    crate::heap::init();
    chip::init();
}

/// Time since the counter was switched on. It must be asked for once in a while: see [`WideCounter`].
pub fn clock() -> impl Clock {
    let counter = WideCounter::new(32);
    PollClock::new(move || {
        let ticks = counter.extend(chip::ticks());
        Duration::from_micros(ticks / chip::TICKS_PER_US)
    })
}

/// The time of embassy, for those who have it from there: the same counter. Nothing interrupts, so who waits is polled again.
struct EmbassyTime(critical_section::Mutex<WideCounter>);

impl embassy_time_driver::Driver for EmbassyTime {
    fn now(&self) -> u64 {
        let ticks = critical_section::with(|cs| self.0.borrow(cs).extend(chip::ticks()));
        ticks / chip::TICKS_PER_US
    }

    fn schedule_wake(&self, _at: u64, waker: &core::task::Waker) {
        waker.wake_by_ref();
    }
}

embassy_time_driver::time_driver_impl!(static TIME: EmbassyTime = EmbassyTime(critical_section::Mutex::new(WideCounter::new(32))));

/// Instructions executed so far, if QEMU runs with `-icount shift=0`.
pub fn instructions() -> u64 {
    chip::instructions()
}

/// Bytes that went through a UART, to see whether there is anything to do.
static MOVED: AtomicU32 = AtomicU32::new(0);

fn moved() {
    MOVED.store(MOVED.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// So often a future is polled in vain before the processor sleeps for a moment.
const PATIENCE: u32 = 200;

/// Polls until the end, and rests where nothing comes in or goes out: for an image that waits for others most of its time. Give
/// it a large future pinned, else there are two of it on the stack.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let (mut seen, mut vain) = (0, 0);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        let now = MOVED.load(Ordering::Relaxed);
        vain = if now == seen { vain + 1 } else { 0 };
        seen = now;
        if vain >= PATIENCE {
            chip::nap();
        }
    }
}

/// The buffer for requests and replies, in static memory. For one caller.
pub fn buffer() -> &'static mut [u8] {
    static mut BUFFER: [u8; 1024] = [0; 1024];
    static TAKEN: critical_section::Mutex<core::cell::Cell<bool>> =
        critical_section::Mutex::new(core::cell::Cell::new(false));
    let taken = critical_section::with(|cs| TAKEN.borrow(cs).replace(true));
    assert!(!taken, "one caller");
    // SAFETY: given out once.
    unsafe { &mut *(&raw mut BUFFER) }
}

/// Memory for the sockets of a port. For one caller.
#[cfg(feature = "virtio")]
pub fn sockets() -> (&'static mut crate::net::Storage, &'static mut crate::net::Windows) {
    static mut STORAGE: crate::net::Storage = crate::net::NO_SOCKETS;
    static mut WINDOWS: crate::net::Windows = crate::net::NO_WINDOWS;
    static TAKEN: critical_section::Mutex<core::cell::Cell<bool>> =
        critical_section::Mutex::new(core::cell::Cell::new(false));
    let taken = critical_section::with(|cs| TAKEN.borrow(cs).replace(true));
    assert!(!taken, "one caller");
    // SAFETY: given out once.
    unsafe { (&mut *(&raw mut STORAGE), &mut *(&raw mut WINDOWS)) }
}

/// The receiving half of a UART.
pub struct Rx<const PORT: usize>(());
/// The sending half of a UART.
pub struct Tx<const PORT: usize>(());

/// The UART whose other end is the simulated ESP32 (or, for the device image, the desktop).
pub fn uart() -> (Rx<0>, Tx<0>) {
    chip::open::<0>();
    (Rx(()), Tx(()))
}

/// The UART whose other end is a Bluetooth controller: the second one. (The RISC-V board has one only.)
pub fn hci() -> (Rx<1>, Tx<1>) {
    chip::open::<1>();
    (Rx(()), Tx(()))
}

impl<const PORT: usize> ErrorType for Rx<PORT> {
    type Error = Infallible;
}
impl<const PORT: usize> ErrorType for Tx<PORT> {
    type Error = Infallible;
}

impl<const PORT: usize> Read for Rx<PORT> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|cx| {
            let mut len = 0;
            while len < buf.len()
                && let Some(byte) = chip::receive::<PORT>()
            {
                buf[len] = byte;
                len += 1;
                moved();
            }
            if len > 0 || buf.is_empty() {
                return Poll::Ready(Ok(len));
            }
            // No interrupt wakes us: ask to be polled again.
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }
}

impl<const PORT: usize> Write for Tx<PORT> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        let Some(&byte) = buf.first() else { return Ok(0) };
        poll_fn(|cx| {
            if chip::send::<PORT>(byte) {
                moved();
                return Poll::Ready(Ok(1));
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A device register.
impl chip::Register {
    fn read(self) -> u32 {
        // SAFETY: the addresses in `chip` are registers of the board, readable without side effects but the one
        // meant.
        unsafe { (self.0 as *const u32).read_volatile() }
    }

    #[cfg(target_arch = "arm")]
    fn write(self, value: u32) {
        // SAFETY: as above; these registers move no memory.
        unsafe { (self.0 as *mut u32).write_volatile(value) }
    }
}

/// First free address above all static variables.
fn stack_bottom() -> *mut u32 {
    unsafe extern "C" {
        #[link_name = "__sheap"]
        static FREE: u32;
    }
    // SAFETY: the linker script defines the symbol; only its address is used.
    (&raw const FREE).cast_mut()
}

/// Paints the free part of the stack, at the beginning or again: [`stack_peak`] counts from there.
#[inline(never)]
pub fn paint_stack() {
    let here = 0_u32;
    // Stay clear of what is in use.
    let end = (&raw const here as usize) - 256;
    let mut cell = stack_bottom();
    while (cell as usize) < end {
        // SAFETY: between the static variables and the stack there is nothing.
        unsafe {
            cell.write_volatile(PAINT);
            cell = cell.add(1);
        }
    }
}

/// Bytes of stack in use now.
#[inline(never)]
pub fn stack_depth() -> usize {
    let here = 0_u32;
    RAM_END - (&raw const here as usize)
}

/// Most bytes of stack ever in use.
pub fn stack_peak() -> usize {
    let mut cell = stack_bottom();
    while (cell as usize) < RAM_END {
        // SAFETY: inside the RAM.
        if unsafe { cell.read_volatile() } != PAINT {
            break;
        }
        cell = cell.wrapping_add(1);
    }
    RAM_END - cell as usize
}
