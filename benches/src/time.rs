//! Processor time: on a busy machine wall time counts the scheduler's time slices.

use core::time::Duration;
use rustix::time::{ClockId, clock_gettime};

/// What this thread has used.
///
/// # Panics
/// Never: processor time is positive.
#[must_use]
pub fn thread_time() -> Duration {
    time(ClockId::ThreadCPUTime)
}

/// What this process has used.
///
/// # Panics
/// Never: processor time is positive.
#[must_use]
pub fn process_time() -> Duration {
    time(ClockId::ProcessCPUTime)
}

fn time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).expect("processor time is positive");
    Duration::from_secs(seconds) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}

/// The time that a tenth of the runs are quicker than. What a neighbour on this core does, it does to the slower ones; and one that is never
/// idle leaves the quickest few alone, too.
///
/// # Panics
/// There are none.
#[must_use]
pub fn quick(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 10]
}
