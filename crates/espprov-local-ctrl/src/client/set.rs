//! Setting properties, and knowing afterwards what became of it.

use super::property::Property;
use super::reading::Reading;
use super::requests::{NoProperties, decode_verdict, encode_values};
use crate::Protocol;
use alloc::vec::Vec;
use core::fmt;
use espprov_core::call::{Dialogue, Setback};
use espprov_core::request::EncodeError;
use espprov_core::{Phase, ReplyError};
use espprov_transport::Endpoint;
use espprov_types::StatusCode;

/// A new value for a property.
#[derive(Clone, Copy)]
pub struct Change<'a> {
    /// The property, as [`List`](crate::List) found it.
    pub property: &'a Property,
    /// Its value to be.
    pub value: &'a [u8],
}

impl fmt::Debug for Change<'_> {
    /// The value may be a secret of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("property", self.property)
            .field("len", &self.value.len())
            .finish()
    }
}

/// Sets properties, all in one request.
///
/// First it reads what is about to be changed, so that nothing else is if the table has moved since it was listed. After a
/// refusal it reads the same again: the device's application may have changed some before it refused.
#[derive(Debug)]
pub struct Set<'a> {
    protocol: Protocol,
    changes: &'a [Change<'a>],
    step: Step,
    reading: Reading,
    /// The room in a reply.
    room: usize,
    /// What the device said to the request.
    verdict: Option<StatusCode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Is everything still where it was?
    Look,
    Set,
    /// What has been changed all the same?
    LookAgain,
}

/// Why properties were not set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSet {
    /// The table is not the one that was listed: nothing was sent. List it again.
    Moved,
    /// The device refused.
    Refused(Refused),
}

/// A refusal, and what is known of the values after it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The device's verdict on the whole request.
    pub code: StatusCode,
    /// Of each change, in the order given: whether the property has the wanted value now. `None`: it could not be read again.
    pub now: Option<Vec<bool>>,
}

impl Refused {
    /// Some changes are in force and others are not.
    #[must_use]
    pub fn is_partly_applied(&self) -> bool {
        let now = self.now.as_deref().unwrap_or_default();
        now.contains(&true) && now.contains(&false)
    }
}

impl fmt::Display for NotSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved => f.write_str("the device's properties are not those that were listed"),
            Self::Refused(refused) => {
                write!(f, "the device refused: {}", refused.code)?;
                if refused.is_partly_applied() {
                    f.write_str("; some properties have changed, others have not")?;
                }
                Ok(())
            }
        }
    }
}

impl core::error::Error for NotSet {}

impl<'a> Set<'a> {
    /// For this kind of device.
    ///
    /// # Errors
    /// [`NoProperties`] for no change at all.
    pub const fn new(protocol: &Protocol, changes: &'a [Change<'a>]) -> Result<Self, NoProperties> {
        if changes.is_empty() {
            return Err(NoProperties);
        }
        Ok(Self {
            protocol: *protocol,
            changes,
            step: Step::Look,
            reading: Reading::new(),
            room: 0,
            verdict: None,
        })
    }

    /// Reads what the changes are about.
    fn look(&mut self, step: Step) -> Result<(), ReplyError> {
        self.step = step;
        self.reading.fit(self.room);
        let changes = self.changes.iter();
        self.reading.begin(changes.map(|change| change.property.index))
    }

    /// What is known after a refusal.
    fn refused(&self, code: StatusCode, is_read: bool) -> NotSet {
        let found = self.reading.found();
        let is_as_wanted = |(change, found): (&Change<'_>, &Property)| {
            found.is_same(change.property) && found.value == change.value
        };
        NotSet::Refused(Refused {
            code,
            now: is_read.then(|| self.changes.iter().zip(found).map(is_as_wanted).collect()),
        })
    }
}

impl Dialogue for Set<'_> {
    type Output = Result<(), NotSet>;

    fn begin(&mut self, room: usize) -> Result<(), ReplyError> {
        self.room = room;
        self.look(Step::Look)
    }

    fn endpoint(&self) -> Endpoint<'_> {
        self.protocol.control
    }

    fn phase(&self) -> Phase {
        match self.step {
            Step::Set => Phase::Data,
            Step::Look | Step::LookAgain => Phase::Query,
        }
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        match self.step {
            Step::Set => {
                let changes = self.changes.iter();
                encode_values(changes.map(|change| (change.property.index, change.value)), out)
            }
            Step::Look | Step::LookAgain => self.reading.encode(out),
        }
    }

    fn handle(&mut self, reply: &[u8]) -> Result<Option<Self::Output>, ReplyError> {
        match self.step {
            Step::Look => {
                match self.reading.handle(reply) {
                    Ok(false) => return Ok(None),
                    Ok(true) => {}
                    // An index beyond the end: the table has become shorter.
                    Err(ReplyError::Status(StatusCode::InvalidArgument)) => {
                        return Ok(Some(Err(NotSet::Moved)));
                    }
                    Err(error) => return Err(error),
                }
                let mut pairs = self.changes.iter().zip(self.reading.found());
                if !pairs.all(|(change, found)| found.is_same(change.property)) {
                    return Ok(Some(Err(NotSet::Moved)));
                }
                self.step = Step::Set;
                Ok(None)
            }
            Step::Set => match decode_verdict(reply) {
                Ok(()) => Ok(Some(Ok(()))),
                Err(ReplyError::Status(code)) => {
                    self.verdict = Some(code);
                    self.look(Step::LookAgain)?;
                    Ok(None)
                }
                Err(error) => Err(error),
            },
            Step::LookAgain => {
                let is_over = self.reading.handle(reply)?;
                let code = self.verdict.unwrap_or(StatusCode::InternalError);
                Ok(is_over.then(|| Err(self.refused(code, true))))
            }
        }
    }

    fn again(&mut self, setback: Setback) -> bool {
        // What was sent is not sent again.
        self.step == Step::Look
            && match setback {
                Setback::ReplyTooLarge { .. } => self.reading.halve(),
                _ => true,
            }
    }

    /// A refusal stands, also if it could not be found out what it left behind.
    fn salvage(&mut self) -> Option<Self::Output> {
        let code = self.verdict?;
        Some(Err(self.refused(code, false)))
    }
}
