//! What a device prints beside its answers.

use core::time::Duration;

/// Lines that appear among the answers, as those of a firmware's log do.
///
/// `()` logs nothing. Firmware that logs to the same port from elsewhere needs none of this.
pub trait Log {
    /// Puts text into `out`, as much as there is room for, and says how much. Asked before each answer and after it, again and
    /// again until it says 0.
    fn print(&mut self, now: Duration, out: &mut [u8]) -> usize;
}

impl Log for () {
    fn print(&mut self, _: Duration, _: &mut [u8]) -> usize {
        0
    }
}

impl<L: Log> Log for Option<L> {
    fn print(&mut self, now: Duration, out: &mut [u8]) -> usize {
        self.as_mut().map_or(0, |log| log.print(now, out))
    }
}
