//! Virtual time: a clock that only moves when everybody waits, and the executor that moves it.

use core::cell::Cell;
use core::future::Future;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use espprov_transport::Clock;
use espprov_transport::blocking::BlockOn;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

/// A clock that starts at zero and stands still until [`block_on`] (or [`advance`](Self::advance)) moves it.
///
/// Clones show the same time. Hours of simulated waiting cost microseconds, and the same program always sees
/// the same times.
///
/// ```
/// use core::time::Duration;
/// use espprov_simulator::time::{VirtualClock, block_on};
/// use espprov_transport::Clock;
///
/// let clock = VirtualClock::new();
/// block_on(&clock, clock.sleep(Duration::from_secs(3600)));
/// assert_eq!(clock.now(), Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone, Default)]
pub struct VirtualClock(Arc<Mutex<Timers>>);

/// Who waits until when. The number in the key keeps sleeps with the same end apart, oldest first.
#[derive(Debug, Default)]
struct Timers {
    now: Duration,
    next_id: u64,
    waiting: BTreeMap<(Duration, u64), Waker>,
}

impl VirtualClock {
    /// A clock that shows zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves time forward by `duration` and wakes whoever waited for a moment in between.
    pub fn advance(&self, duration: Duration) {
        let target = self.timers().now.saturating_add(duration);
        self.advance_to(target);
    }

    /// Waits until the clock shows `deadline`; over at once if it already does.
    pub fn sleep_until(&self, deadline: Duration) -> impl Future<Output = ()> + use<> {
        Sleep {
            clock: self.clone(),
            deadline,
            key: Cell::new(None),
        }
    }

    /// The end of the sleep that ends first, if anybody sleeps.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Duration> {
        let timers = self.timers();
        timers.waiting.keys().next().map(|&(deadline, _)| deadline)
    }

    fn advance_to(&self, target: Duration) {
        let due = {
            let mut timers = self.timers();
            let now = timers.now.max(target);
            timers.now = now;
            let later = timers.waiting.split_off(&(now, u64::MAX));
            core::mem::replace(&mut timers.waiting, later)
        };
        // Outside the lock: a waker may poll, and a poll may sleep.
        for waker in due.into_values() {
            waker.wake();
        }
    }

    fn timers(&self) -> MutexGuard<'_, Timers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.timers().now
    }

    async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now().saturating_add(duration)).await;
    }
}

/// A registered wait; dropping it takes the registration back.
struct Sleep {
    clock: VirtualClock,
    deadline: Duration,
    key: Cell<Option<(Duration, u64)>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut timers = self.clock.timers();
        if timers.now >= self.deadline {
            return Poll::Ready(());
        }
        let key = self.key.get().unwrap_or_else(|| {
            let id = timers.next_id;
            timers.next_id += 1;
            (self.deadline, id)
        });
        self.key.set(Some(key));
        timers.waiting.insert(key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key.get() {
            self.clock.timers().waiting.remove(&key);
        }
    }
}

/// Runs `future` on this thread in virtual time: whenever it has to wait, `clock` jumps to the end of the
/// sleep that ends first.
///
/// # Panics
/// With "deadlock in virtual time" when `future` waits for something and nobody sleeps: in a real run it would
/// hang for ever.
pub fn block_on<F: Future>(clock: &VirtualClock, future: F) -> F::Output {
    let woken = Arc::new(Flag(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        if woken.0.swap(false, Ordering::Relaxed) {
            continue;
        }
        let Some(next) = clock.next_wakeup() else {
            panic!(
                "deadlock in virtual time: at {:?} the future waits and nobody sleeps",
                clock.now()
            );
        };
        clock.advance_to(next);
    }
}

/// A blocking link over an async one, in virtual time.
impl BlockOn for VirtualClock {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on(self, future)
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::future::pending;
    use espprov_transport::{Elapsed, with_deadline};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn sleeps_add_up() {
        let clock = VirtualClock::new();
        block_on(&clock, async {
            clock.sleep(SECOND).await;
            clock.sleep(2 * SECOND).await;
        });
        assert_eq!(clock.now(), 3 * SECOND);
        assert_eq!(clock.next_wakeup(), None);
    }

    #[test]
    fn deadline_cuts_a_hanging_future_and_leaves_no_timer() {
        let clock = VirtualClock::new();
        let result = block_on(&clock, with_deadline(&clock, SECOND, pending::<()>()));
        assert_eq!(result, Err(Elapsed));
        assert_eq!(clock.now(), SECOND);
        let result = block_on(&clock, with_deadline(&clock, 9 * SECOND, clock.sleep(SECOND)));
        assert_eq!(result, Ok(()));
        assert_eq!(clock.now(), 2 * SECOND);
        assert_eq!(clock.next_wakeup(), None, "the losing timer is gone");
    }

    #[test]
    fn many_sleepers_wake_in_order_of_time() {
        let clock = VirtualClock::new();
        let order = Mutex::new(Vec::new());
        let step = |ms: u64| {
            let (clock, order) = (&clock, &order);
            Box::pin(async move {
                clock.sleep(Duration::from_millis(ms)).await;
                order.lock().unwrap().push((ms, clock.now().as_millis()));
            })
        };
        let mut steps = [step(30), step(10), step(20), step(10)];
        let mut done = [false; 4];
        block_on(
            &clock,
            core::future::poll_fn(|cx| {
                for (step, done) in steps.iter_mut().zip(&mut done) {
                    *done = *done || step.as_mut().poll(cx).is_ready();
                }
                if done.iter().all(|&d| d) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }),
        );
        assert_eq!(*order.lock().unwrap(), [(10, 10), (10, 10), (20, 20), (30, 30)]);
    }

    #[test]
    fn a_wake_up_without_time_is_no_deadlock() {
        let clock = VirtualClock::new();
        let mut polls = 0;
        block_on(
            &clock,
            core::future::poll_fn(|cx| {
                polls += 1;
                cx.waker().wake_by_ref();
                if polls == 3 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }),
        );
        assert_eq!(clock.now(), Duration::ZERO);
    }

    #[test]
    #[should_panic(expected = "deadlock in virtual time")]
    fn waiting_for_nothing_is_reported() {
        block_on(&VirtualClock::new(), pending::<()>());
    }

    #[test]
    fn advance_by_hand() {
        let clock = VirtualClock::new();
        clock.advance(SECOND);
        assert_eq!(clock.now(), SECOND);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Duration::MAX);
        block_on(&clock, clock.sleep(Duration::MAX));
    }
}
