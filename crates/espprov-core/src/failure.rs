//! What the driver reports when a step fails, grouped by whose fault it is.

use crate::auth::{PolicyError, SessionSecurity};
use crate::request::EmptyRequest;
use crate::{Misuse, ReplyError, SessionError};
use core::fmt;
use espprov_security::HandshakeError;
use espprov_transport::{LinkFault, TransportError};
use espprov_types::StatusCode;

/// The step that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Phase {
    /// Opening the link, or opening it again.
    Connect,
    /// Asking for version and capabilities.
    Info,
    /// The handshake.
    Handshake,
    /// Scanning for networks.
    Scan,
    /// Handing over credentials.
    Set,
    /// Applying them.
    Apply,
    /// Asking what became of them.
    Status,
    /// Reset or reprov.
    Control,
    /// Custom data.
    Data,
    /// A question of the application's own that carries no secret: unlike [`Data`](Self::Data), it may travel unencrypted.
    Query,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Info => "reading the device's version",
            Self::Handshake => "establishing a session",
            Self::Scan => "scanning for networks",
            Self::Set => "handing over the configuration",
            Self::Apply => "applying the configuration",
            Self::Status => "asking for the status",
            Self::Control => "changing the device's state",
            Self::Data => "exchanging data",
            Self::Query => "asking the device",
        })
    }
}

/// Why a step failed. `E` is the transport's own error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ProvisionError<E> {
    /// The link failed.
    Link {
        /// The step under way.
        phase: Phase,
        /// The transport's error.
        #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
        error: E,
    },
    /// The device refused the request without an answer, for a reason other than credentials.
    Refused {
        /// The step under way.
        phase: Phase,
    },
    /// The device has no endpoint for this.
    NoSuchEndpoint {
        /// The step under way.
        phase: Phase,
    },
    /// A deadline passed.
    Deadline {
        /// The step under way.
        phase: Phase,
    },
    /// The policy forbids a session with this device.
    Policy(PolicyError),
    /// Secrets would have travelled unencrypted, and nobody allowed it. Nothing was sent.
    PlaintextNotAllowed,
    /// Wrong PoP, or wrong username or password: one side could not prove that it knows the secret.
    WrongCredentials {
        /// The scheme that checked them.
        security: SessionSecurity,
    },
    /// Another client uses the device: it took the session over again and again, for as long as
    /// [`Deadlines::takeover`](crate::Deadlines::takeover) or the overall deadline allows. Says nothing about the
    /// credentials.
    SessionTaken {
        /// The step under way.
        phase: Phase,
    },
    /// The peer broke the handshake's rules.
    Handshake(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] HandshakeError),
    /// The device understood the request and refused it.
    Status {
        /// The step under way.
        phase: Phase,
        /// Its verdict.
        #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
        code: StatusCode,
    },
    /// The peer sent something that is no answer to the request, or a forged record.
    Reply {
        /// The step under way.
        phase: Phase,
        /// What is wrong with it.
        error: SessionError,
    },
    /// The request is longer than the link or the buffer can carry; nothing was sent.
    RequestTooLarge {
        /// Bytes it takes, cipher included.
        need: usize,
        /// Bytes there are.
        limit: usize,
    },
    /// The reply is longer than the buffer; the session is lost.
    ReplyTooLarge {
        /// Bytes the buffer should have had.
        need: usize,
    },
    /// The caller's request is empty: devices do not answer such.
    EmptyRequest,
    /// This side's heap is exhausted. The peer is not to blame; see the scan's and security 2's needs in the book.
    OutOfMemory {
        /// The step under way.
        phase: Phase,
    },
    /// The engine was not used as its order of calls demands: a fault of the program around it. Nothing was changed.
    Misuse(Misuse),
    /// The driver contradicts itself: a fault of this crate. Please report it.
    Internal,
}

impl<E: TransportError> ProvisionError<E> {
    /// Sorts a transport error, which means this.
    pub(crate) fn link(phase: Phase, error: E, fault: LinkFault) -> Self {
        match fault {
            LinkFault::Refused { .. } => Self::Refused { phase },
            LinkFault::SessionTaken => Self::SessionTaken { phase },
            LinkFault::NoSuchEndpoint => Self::NoSuchEndpoint { phase },
            LinkFault::ReplyTooLarge { need } => Self::ReplyTooLarge { need },
            _ => Self::Link { phase, error },
        }
    }
}

impl<E> ProvisionError<E> {
    /// Sorts a session error.
    pub(crate) fn session(phase: Phase, error: SessionError) -> Self {
        match error {
            SessionError::Reply(ReplyError::Status(code)) => Self::Status { phase, code },
            SessionError::Reply(ReplyError::OutOfMemory) => Self::OutOfMemory { phase },
            SessionError::EmptyRequest => Self::EmptyRequest,
            error => Self::Reply { phase, error },
        }
    }

    /// Sorts a handshake error: a failed proof is about credentials, the rest about the peer.
    pub(crate) fn handshake(security: SessionSecurity, error: HandshakeError) -> Self {
        match error {
            HandshakeError::OutOfMemory => Self::OutOfMemory {
                phase: Phase::Handshake,
            },
            error if error.is_authentication() => Self::WrongCredentials { security },
            error => Self::Handshake(error),
        }
    }

    /// Sorts a refusal of the authenticator.
    pub(crate) const fn policy(error: PolicyError) -> Self {
        match error {
            PolicyError::Handshake(HandshakeError::OutOfMemory) => Self::OutOfMemory {
                phase: Phase::Handshake,
            },
            error => Self::Policy(error),
        }
    }

    /// The step that failed, where there is one.
    #[must_use]
    pub const fn phase(&self) -> Option<Phase> {
        match self {
            Self::Link { phase, .. }
            | Self::Refused { phase }
            | Self::SessionTaken { phase }
            | Self::NoSuchEndpoint { phase }
            | Self::Deadline { phase }
            | Self::Status { phase, .. }
            | Self::Reply { phase, .. }
            | Self::OutOfMemory { phase } => Some(*phase),
            Self::Policy(_)
            | Self::PlaintextNotAllowed
            | Self::WrongCredentials { .. }
            | Self::Handshake(_) => Some(Phase::Handshake),
            _ => None,
        }
    }

    /// After a session with the device: whoever gave this cannot be the same one. Its word is worth nothing.
    pub(crate) const fn is_of_a_stranger(&self) -> bool {
        matches!(
            self,
            Self::WrongCredentials { .. }
                | Self::Handshake(_)
                | Self::NoSuchEndpoint { .. }
                | Self::ReplyTooLarge { .. }
                | Self::Refused {
                    phase: Phase::Info | Phase::Handshake
                }
        )
    }

    /// The link or the session broke: a new one may get further. After `apply` was accepted this is no proof
    /// of failure.
    #[must_use]
    pub const fn is_link_trouble(&self) -> bool {
        matches!(
            self,
            Self::Link { .. }
                | Self::Refused { .. }
                | Self::SessionTaken { .. }
                | Self::Deadline { .. }
                | Self::Reply { .. }
                | Self::ReplyTooLarge { .. }
        )
    }
}

impl<E> From<Misuse> for ProvisionError<E> {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}

impl<E> From<EmptyRequest> for ProvisionError<E> {
    fn from(_: EmptyRequest) -> Self {
        Self::EmptyRequest
    }
}

impl<E: fmt::Display> fmt::Display for ProvisionError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { phase, error } => write!(f, "link failed while {phase}: {error}"),
            Self::Refused { phase } => write!(f, "the device refused without an answer while {phase}"),
            Self::SessionTaken { phase } => write!(f, "another client took the session over while {phase}"),
            Self::NoSuchEndpoint { phase } => write!(f, "the device has no endpoint for {phase}"),
            Self::Deadline { phase } => write!(f, "deadline passed while {phase}"),
            Self::Policy(error) => error.fmt(f),
            Self::PlaintextNotAllowed => {
                f.write_str("secrets would have travelled unencrypted; nothing was sent")
            }
            Self::WrongCredentials {
                security: SessionSecurity::Sec2,
            } => f.write_str("wrong username or password"),
            Self::WrongCredentials { .. } => f.write_str("wrong proof of possession (PoP)"),
            Self::Handshake(error) => write!(f, "handshake failed: {error}"),
            Self::Status { phase, code } => write!(f, "the device refused while {phase}: {code}"),
            Self::Reply { phase, error } => write!(f, "bad reply while {phase}: {error}"),
            Self::RequestTooLarge { need, limit } => {
                write!(
                    f,
                    "the request takes {need} bytes, this link carries at most {limit}; nothing was sent"
                )
            }
            Self::ReplyTooLarge { need } => {
                write!(f, "the reply takes {need} bytes, more than the buffer has")
            }
            Self::EmptyRequest => f.write_str("a request needs at least one byte"),
            Self::OutOfMemory { phase } => write!(f, "out of memory while {phase}"),
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Internal => f.write_str("the program contradicts itself: please report this"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ProvisionError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // Its text is in this error's text: what follows is what lies under it.
        match self {
            Self::Link { error, .. } => error.source(),
            Self::Policy(error) => error.source(),
            Self::Handshake(error) => error.source(),
            Self::Reply { error, .. } => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::error::Error;
    use espprov_security::ChannelError;
    use std::string::{String, ToString};

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Fault(LinkFault);

    impl fmt::Display for Fault {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("out of range")
        }
    }

    impl Error for Fault {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Deeper)
        }
    }

    #[derive(Debug)]
    struct Deeper;

    impl fmt::Display for Deeper {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no answer to a beacon")
        }
    }

    impl Error for Deeper {}

    impl TransportError for Fault {
        fn fault(&self) -> LinkFault {
            self.0
        }
    }

    type Failure = ProvisionError<Fault>;
    /// What it is, its text, whether there is more behind it, where, whether a stranger's, whether the link's.
    type Row = (Failure, &'static str, bool, Option<Phase>, bool, bool);

    const LOST: Fault = Fault(LinkFault::Lost { delivered: true });
    const PHASE: Phase = Phase::Scan;
    const REPLY: Failure = ProvisionError::Reply {
        phase: PHASE,
        error: SessionError::Channel(ChannelError::Forged),
    };

    /// Every failure: what it says, what is behind it, where it happened, whether a stranger may have answered, whether
    /// the link is to blame.
    #[test]
    fn what_each_failure_says_and_means() {
        let scanning = Some(Phase::Scan);
        let handshake = Some(Phase::Handshake);
        let code = StatusCode::InternalError;
        let wrong = |security| ProvisionError::WrongCredentials { security };
        let refused = |phase| ProvisionError::Refused { phase };
        let table: [Row; 23] = [
            (
                ProvisionError::Link {
                    phase: PHASE,
                    error: LOST,
                },
                "link failed while scanning for networks: out of range",
                true,
                scanning,
                false,
                true,
            ),
            (
                refused(PHASE),
                "the device refused without an answer while scanning for networks",
                false,
                scanning,
                false,
                true,
            ),
            (
                refused(Phase::Info),
                "the device refused without an answer while reading the device's version",
                false,
                Some(Phase::Info),
                true,
                true,
            ),
            (
                refused(Phase::Handshake),
                "the device refused without an answer while establishing a session",
                false,
                handshake,
                true,
                true,
            ),
            (
                ProvisionError::NoSuchEndpoint { phase: PHASE },
                "the device has no endpoint for scanning for networks",
                false,
                scanning,
                true,
                false,
            ),
            (
                ProvisionError::Deadline { phase: PHASE },
                "deadline passed while scanning for networks",
                false,
                scanning,
                false,
                true,
            ),
            (
                ProvisionError::SessionTaken { phase: PHASE },
                "another client took the session over while scanning for networks",
                false,
                scanning,
                false,
                true,
            ),
            (
                ProvisionError::Policy(PolicyError::PopMissing),
                "the device needs a proof of possession (PoP)",
                false,
                handshake,
                false,
                false,
            ),
            (
                ProvisionError::PlaintextNotAllowed,
                "secrets would have travelled unencrypted; nothing was sent",
                false,
                handshake,
                false,
                false,
            ),
            (
                wrong(SessionSecurity::Sec2),
                "wrong username or password",
                false,
                handshake,
                true,
                false,
            ),
            (
                wrong(SessionSecurity::Sec1),
                "wrong proof of possession (PoP)",
                false,
                handshake,
                true,
                false,
            ),
            (
                ProvisionError::Handshake(HandshakeError::OutOfOrder),
                "handshake failed: session command out of order",
                false,
                handshake,
                true,
                false,
            ),
            (
                ProvisionError::Status { phase: PHASE, code },
                "the device refused while scanning for networks: ",
                false,
                scanning,
                false,
                false,
            ),
            (
                REPLY,
                "bad reply while scanning for networks: record failed authentication",
                false,
                scanning,
                false,
                true,
            ),
            (
                ProvisionError::RequestTooLarge { need: 9, limit: 7 },
                "the request takes 9 bytes, this link carries at most 7; nothing was sent",
                false,
                None,
                false,
                false,
            ),
            (
                ProvisionError::ReplyTooLarge { need: 9 },
                "the reply takes 9 bytes, more than the buffer has",
                false,
                None,
                true,
                true,
            ),
            (
                ProvisionError::EmptyRequest,
                "a request needs at least one byte",
                false,
                None,
                false,
                false,
            ),
            (
                ProvisionError::OutOfMemory { phase: PHASE },
                "out of memory while scanning for networks",
                false,
                scanning,
                false,
                false,
            ),
            (
                ProvisionError::OutOfMemory { phase: Phase::Apply },
                "out of memory while applying the configuration",
                false,
                Some(Phase::Apply),
                false,
                false,
            ),
            (
                ProvisionError::Deadline {
                    phase: Phase::Connect,
                },
                "deadline passed while connecting",
                false,
                Some(Phase::Connect),
                false,
                true,
            ),
            (
                ProvisionError::Deadline { phase: Phase::Status },
                "deadline passed while asking for the status",
                false,
                Some(Phase::Status),
                false,
                true,
            ),
            (
                ProvisionError::Misuse(Misuse::NotOver),
                "the call has no result",
                false,
                None,
                false,
                false,
            ),
            (
                ProvisionError::Internal,
                "the program contradicts itself",
                false,
                None,
                false,
                false,
            ),
        ];
        for (failure, text, has_source, phase, stranger, link) in table {
            let shown = failure.to_string();
            assert!(shown.starts_with(text), "{shown}");
            assert_eq!(failure.source().is_some(), has_source, "{shown}");
            assert_eq!(failure.phase(), phase, "{shown}");
            assert_eq!(failure.is_of_a_stranger(), stranger, "{shown}");
            assert_eq!(failure.is_link_trouble(), link, "{shown}");
        }
    }

    #[test]
    fn what_is_behind_a_failure_is_what_it_does_not_say_itself() {
        let source = |failure: &Failure| failure.source().map(ToString::to_string);
        let lost = ProvisionError::Link {
            phase: PHASE,
            error: LOST,
        };
        assert!(lost.to_string().ends_with("out of range"), "{lost}");
        assert_eq!(source(&lost), Some(String::from("no answer to a beacon")));
        assert!(REPLY.to_string().ends_with("record failed authentication"));
        assert_eq!(source(&REPLY), None);
        assert_eq!(Failure::from(EmptyRequest), ProvisionError::EmptyRequest);
        assert!(
            EmptyRequest
                .to_string()
                .starts_with("a request needs at least one byte")
        );
    }

    #[test]
    fn faults_of_the_link_that_have_a_name_of_their_own() {
        let phase = PHASE;
        let of = |fault| Failure::link(phase, Fault(fault), fault);
        assert_eq!(
            of(LinkFault::Refused { link_alive: true }),
            ProvisionError::Refused { phase }
        );
        assert_eq!(
            of(LinkFault::SessionTaken),
            ProvisionError::SessionTaken { phase }
        );
        assert_eq!(
            of(LinkFault::NoSuchEndpoint),
            ProvisionError::NoSuchEndpoint { phase }
        );
        assert_eq!(
            of(LinkFault::ReplyTooLarge { need: 7 }),
            ProvisionError::ReplyTooLarge { need: 7 }
        );
        let error = Fault(LinkFault::Garbled);
        assert_eq!(of(LinkFault::Garbled), ProvisionError::Link { phase, error });
    }

    #[test]
    fn errors_from_below_that_have_a_name_of_their_own() {
        let phase = PHASE;
        let code = StatusCode::InternalError;
        let reply = |error| Failure::session(phase, SessionError::Reply(error));
        assert_eq!(
            reply(ReplyError::Status(code)),
            ProvisionError::Status { phase, code }
        );
        assert_eq!(
            reply(ReplyError::OutOfMemory),
            ProvisionError::OutOfMemory { phase }
        );
        let error = SessionError::Reply(ReplyError::Malformed);
        assert_eq!(
            reply(ReplyError::Malformed),
            ProvisionError::Reply { phase, error }
        );
        let memory = ProvisionError::OutOfMemory {
            phase: Phase::Handshake,
        };
        let security = SessionSecurity::Sec1;
        let shaken = |error| Failure::handshake(security, error);
        assert_eq!(shaken(HandshakeError::OutOfMemory), memory);
        assert_eq!(
            shaken(HandshakeError::WrongProof),
            ProvisionError::WrongCredentials { security }
        );
        let error = HandshakeError::Malformed;
        assert_eq!(shaken(error), ProvisionError::Handshake(error));
        assert_eq!(
            Failure::policy(PolicyError::Handshake(HandshakeError::OutOfMemory)),
            memory
        );
        let error = PolicyError::Entropy;
        assert_eq!(Failure::policy(error), ProvisionError::Policy(error));
    }
}
