//! QEMU mps2-an386: Cortex-M4 at 25 MHz, CMSDK UARTs and timer.

pub use cortex_m_rt::entry;

#[derive(Clone, Copy)]
pub(super) struct Register(pub(super) usize);

pub(super) const RAM_END: usize = 0x2001_0000;
pub(super) const TICKS_PER_US: u64 = 25;

/// The registers of a UART: a number each, a page per UART.
const fn uart<const PORT: usize>(offset: usize) -> Register {
    Register(0x4000_4000 + PORT * 0x1000 + offset)
}
const DATA: usize = 0;
const STATE: usize = 4;
const CTRL: usize = 8;
const BAUDDIV: usize = 0x10;
const TX_FULL: u32 = 1;
const RX_FULL: u32 = 2;

const TIMER_CTRL: Register = Register(0x4000_0000);
const TIMER_VALUE: Register = Register(0x4000_0004);
const TIMER_RELOAD: Register = Register(0x4000_0008);

pub(super) fn init() {
    TIMER_RELOAD.write(u32::MAX);
    TIMER_VALUE.write(u32::MAX);
    TIMER_CTRL.write(1);
}

pub(super) fn open<const PORT: usize>() {
    uart::<PORT>(BAUDDIV).write(16);
    uart::<PORT>(CTRL).write(0b11); // send and receive
}

/// The timer counts down.
pub(super) fn ticks() -> u32 {
    !TIMER_VALUE.read()
}

/// With `-icount shift=0` an instruction takes 1 ns, so a tick of the 25 MHz timer is 40 instructions.
pub(super) fn instructions() -> u64 {
    u64::from(ticks()) * 40
}

const SYSTICK_CONTROL: Register = Register(0xe000_e010);
const SYSTICK_RELOAD: Register = Register(0xe000_e014);
const SYSTICK_VALUE: Register = Register(0xe000_e018);

/// Sleeps for a millisecond. The timer runs only meanwhile: nothing interrupts whose stack is measured.
pub(super) fn nap() {
    SYSTICK_RELOAD.write(TICKS_PER_US as u32 * 1000 - 1);
    SYSTICK_VALUE.write(0);
    SYSTICK_CONTROL.write(0b111); // the processor's clock, an interrupt, go
    cortex_m::asm::wfi();
    SYSTICK_CONTROL.write(0);
}

#[cortex_m_rt::exception]
fn SysTick() {}

pub(super) fn receive<const PORT: usize>() -> Option<u8> {
    (uart::<PORT>(STATE).read() & RX_FULL != 0).then(|| uart::<PORT>(DATA).read() as u8)
}

pub(super) fn send<const PORT: usize>(byte: u8) -> bool {
    let ready = uart::<PORT>(STATE).read() & TX_FULL == 0;
    if ready {
        uart::<PORT>(DATA).write(byte.into());
    }
    ready
}
