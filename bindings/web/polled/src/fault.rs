//! What is wrong with a link, as JavaScript names it.

use espprov_transport::LinkFault;

/// The name of a fault.
#[must_use]
pub const fn name(fault: LinkFault) -> &'static str {
    match fault {
        LinkFault::Refused { .. } => "refused",
        LinkFault::SessionTaken => "session_taken",
        LinkFault::NoSuchEndpoint => "no_such_endpoint",
        LinkFault::TimedOut { .. } => "timed_out",
        LinkFault::NeedsPairing => "needs_pairing",
        LinkFault::RequestTooLarge { .. } => "request_too_large",
        LinkFault::ReplyTooLarge { .. } => "reply_too_large",
        LinkFault::NeedsReconnect => "needs_reconnect",
        LinkFault::Garbled => "garbled",
        LinkFault::Spoiled => "spoiled",
        LinkFault::Restarted => "restarted",
        _ => "lost",
    }
}

/// What goes with it: the link is alive after a refusal, the request was delivered before it was lost.
#[must_use]
pub const fn flag(fault: LinkFault) -> bool {
    match fault {
        LinkFault::Refused { link_alive } => link_alive,
        other => other.may_have_been_delivered(),
    }
}

/// The number that goes with it: what the link carries, what the buffer should have had.
#[must_use]
pub fn size(fault: LinkFault) -> u32 {
    let size = match fault {
        LinkFault::RequestTooLarge { limit } => limit,
        LinkFault::ReplyTooLarge { need } => need,
        _ => 0,
    };
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The fault of that name, with what goes with it. A name that is not known is a link that was lost.
#[must_use]
pub fn named(name: &str, flag: bool, size: usize) -> LinkFault {
    match name {
        "refused" => LinkFault::Refused { link_alive: flag },
        "session_taken" => LinkFault::SessionTaken,
        "no_such_endpoint" => LinkFault::NoSuchEndpoint,
        "timed_out" => LinkFault::TimedOut { delivered: flag },
        "needs_pairing" => LinkFault::NeedsPairing,
        "request_too_large" => LinkFault::RequestTooLarge { limit: size },
        "reply_too_large" => LinkFault::ReplyTooLarge { need: size },
        "needs_reconnect" => LinkFault::NeedsReconnect,
        "garbled" => LinkFault::Garbled,
        "spoiled" => LinkFault::Spoiled,
        "restarted" => LinkFault::Restarted,
        _ => LinkFault::Lost { delivered: flag },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_keeps_its_name_and_what_goes_with_it() {
        for fault in [
            LinkFault::Refused { link_alive: true },
            LinkFault::Refused { link_alive: false },
            LinkFault::SessionTaken,
            LinkFault::NoSuchEndpoint,
            LinkFault::Lost { delivered: true },
            LinkFault::Lost { delivered: false },
            LinkFault::TimedOut { delivered: true },
            LinkFault::TimedOut { delivered: false },
            LinkFault::NeedsPairing,
            LinkFault::RequestTooLarge { limit: 120 },
            LinkFault::ReplyTooLarge { need: 99_999 },
            LinkFault::NeedsReconnect,
            LinkFault::Garbled,
            LinkFault::Spoiled,
            LinkFault::Restarted,
        ] {
            let size = usize::try_from(size(fault)).unwrap();
            assert_eq!(named(name(fault), flag(fault), size), fault);
        }
        assert_eq!(named("?", false, 0), LinkFault::Lost { delivered: false });
    }
}
