//! What goes into the engine, what comes out, and in which order.

use core::fmt;
use core::time::Duration;
use espprov_transport::{Endpoint, SessionIntent};

/// What the engine is told at each step.
///
/// | after | tell |
/// |---|---|
/// | nothing: the call begins | [`Start`](Self::Start) |
/// | [`Step::Exchange`] | [`Reply`](Self::Reply), [`Fault`](Self::Fault), [`Elapsed`](Self::Elapsed), [`Unanswered`](Self::Unanswered) |
/// | [`Step::Reconnect`] | [`Reconnected`](Self::Reconnected), [`Fault`](Self::Fault), [`Elapsed`](Self::Elapsed) |
/// | [`Step::Wait`] | [`Elapsed`](Self::Elapsed) |
/// | [`Step::Busy`] | [`Continue`](Self::Continue) |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Input<E> {
    /// A call begins. What was under way before is given up: where that was an exchange, its session is lost, and the
    /// link is to be opened again.
    Start,
    /// The reply is in the engine's buffer: its length.
    Reply(usize),
    /// The link is open again.
    Reconnected,
    /// The link failed.
    Fault(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] E),
    /// The time is up, and what was under way is dropped.
    Elapsed,
    /// The same, and the request had been handed over completely: the device may have acted on it, and that it does not
    /// answer is evidence. A link that cannot tell says [`Elapsed`](Self::Elapsed).
    Unanswered,
    /// Go on computing.
    Continue,
}

/// What to do next. Times are the caller's own, as in `now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'c> {
    /// Send so many bytes of the engine's buffer, and put the reply there.
    Exchange {
        /// Where to.
        endpoint: Endpoint<'c>,
        /// Length of the request.
        len: usize,
        /// When to give up.
        until: Duration,
    },
    /// Open the link again.
    Reconnect {
        /// Whether the device must forget the session.
        intent: SessionIntent,
        /// When to give up.
        until: Duration,
    },
    /// Let time pass.
    Wait {
        /// So long.
        until: Duration,
    },
    /// Nothing: time has passed in computing, or there is more to compute. Do what else is due, and come again.
    Busy,
    /// The call is over; its result is in it.
    Done,
}

#[cfg(feature = "defmt")]
impl defmt::Format for Step<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let millis = |until: &Duration| until.as_millis();
        match self {
            Self::Exchange { endpoint, len, until } => {
                defmt::write!(
                    f,
                    "Exchange {{ {}, {} bytes, until {} ms }}",
                    endpoint,
                    len,
                    millis(until)
                );
            }
            Self::Reconnect { intent, until } => {
                defmt::write!(f, "Reconnect {{ {}, until {} ms }}", intent, millis(until));
            }
            Self::Wait { until } => defmt::write!(f, "Wait {{ until {} ms }}", millis(until)),
            Self::Busy => defmt::write!(f, "Busy"),
            Self::Done => defmt::write!(f, "Done"),
        }
    }
}

/// The engine, or a call, was not used as its order of calls demands. Nothing was changed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Misuse {
    /// [`Input::Start`] for a call that began before: a call is for once.
    BegunBefore,
    /// This call is not under way: not begun yet, over, or given up when another one began.
    NotUnderWay,
    /// The input does not follow from the last step.
    UnexpectedInput,
    /// A reply longer than the buffer.
    ReplyBeyondBuffer,
    /// The result of a call that is not over, has failed, or has given it already.
    NotOver,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BegunBefore => "this call began before: make a new one",
            Self::NotUnderWay => {
                "this call is not under way: start it, and take it to its end before another"
            }
            Self::UnexpectedInput => "the input does not follow from the engine's last step",
            Self::ReplyBeyondBuffer => "the reply is longer than the engine's buffer",
            Self::NotOver => "the call has no result: it is not over, or it has failed",
        })
    }
}

impl core::error::Error for Misuse {}
