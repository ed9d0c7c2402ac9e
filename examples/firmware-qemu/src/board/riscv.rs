//! QEMU virt, 32 bits: a 16550 UART and the CLINT's 10 MHz counter.

use riscv as _; // the critical section
pub use riscv_rt::entry;

#[derive(Clone, Copy)]
pub(super) struct Register(pub(super) usize);

pub(super) const RAM_END: usize = 0x8009_0000;
pub(super) const TICKS_PER_US: u64 = 10;

const UART: usize = 0x1000_0000;
const LINE_STATUS: usize = UART + 5;
const DATA_READY: u8 = 1;
const SEND_EMPTY: u8 = 1 << 5;
const MTIME_LOW: Register = Register(0x0200_bff8);

pub(super) fn init() {}

/// There is one UART, whichever it is called.
pub(super) fn open<const PORT: usize>() {
    write(UART + 2, 1); // FIFOs on
}

pub(super) fn ticks() -> u32 {
    MTIME_LOW.read()
}

pub(super) fn instructions() -> u64 {
    riscv::register::minstret::read64()
}

/// Nobody waits on this board for long.
pub(super) fn nap() {}

pub(super) fn receive<const PORT: usize>() -> Option<u8> {
    (read(LINE_STATUS) & DATA_READY != 0).then(|| read(UART))
}

pub(super) fn send<const PORT: usize>(byte: u8) -> bool {
    let ready = read(LINE_STATUS) & SEND_EMPTY != 0;
    if ready {
        write(UART, byte);
    }
    ready
}

/// The 16550's registers are bytes.
fn read(address: usize) -> u8 {
    // SAFETY: a register of the UART.
    unsafe { (address as *const u8).read_volatile() }
}

fn write(address: usize, value: u8) {
    // SAFETY: a register of the UART.
    unsafe { (address as *mut u8).write_volatile(value) }
}
