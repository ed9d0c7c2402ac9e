//! QEMU mps2-an386: Cortex-M4 at 25 MHz, CMSDK UART and timer.

use cortex_m as _; // the critical section
pub use cortex_m_rt::entry;

#[derive(Clone, Copy)]
pub(super) struct Register(pub(super) usize);

pub(super) const RAM_END: usize = 0x2001_0000;
pub(super) const TICKS_PER_US: u64 = 25;

const UART_DATA: Register = Register(0x4000_4000);
const UART_STATE: Register = Register(0x4000_4004);
const UART_CTRL: Register = Register(0x4000_4008);
const UART_BAUDDIV: Register = Register(0x4000_4010);
const TX_FULL: u32 = 1;
const RX_FULL: u32 = 2;

const TIMER_CTRL: Register = Register(0x4000_0000);
const TIMER_VALUE: Register = Register(0x4000_0004);
const TIMER_RELOAD: Register = Register(0x4000_0008);

pub(super) fn init() {
    UART_BAUDDIV.write(16);
    UART_CTRL.write(0b11); // send and receive
    TIMER_RELOAD.write(u32::MAX);
    TIMER_VALUE.write(u32::MAX);
    TIMER_CTRL.write(1);
}

/// The timer counts down.
pub(super) fn ticks() -> u32 {
    !TIMER_VALUE.read()
}

/// With `-icount shift=0` an instruction takes 1 ns, so a tick of the 25 MHz timer is 40 instructions.
pub(super) fn instructions() -> u64 {
    u64::from(ticks()) * 40
}

pub(super) fn receive() -> Option<u8> {
    (UART_STATE.read() & RX_FULL != 0).then(|| UART_DATA.read() as u8)
}

pub(super) fn send(byte: u8) -> bool {
    let ready = UART_STATE.read() & TX_FULL == 0;
    if ready {
        UART_DATA.write(byte.into());
    }
    ready
}
