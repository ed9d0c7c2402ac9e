//! What an application has to say of its properties.

use super::Changes;
use core::fmt;
use espprov_device::{Consequence, HandlerFailed};
use espprov_types::StatusCode;

/// A table of properties, by index from 0. It may change between two requests; clients identify properties by name.
///
/// What the protocol demands is looked after before anything here is called: an index is below [`count`](Self::count), and a
/// value that is set has the length that [`size`](Self::size) says. Which properties may be set, and in which order changes
/// are made, is the application's affair: clients assume nothing.
pub trait Properties {
    /// How many there are.
    fn count(&self) -> u32;

    /// Gives property `index`, once.
    ///
    /// # Errors
    /// The client hears of that and gets none of those it asked for.
    fn read(&mut self, index: u32, give: &mut dyn FnMut(&Entry<'_>)) -> Result<(), Rejected>;

    /// The length of its value, if it is always the same.
    fn size(&self, index: u32) -> Option<usize> {
        let _ = index;
        None
    }

    /// Makes changes, all of one request.
    ///
    /// # Errors
    /// The client hears of that. What has been changed by then stays: look at all changes before the first is made.
    fn set(&mut self, changes: Changes<'_>) -> Result<(), Rejected>;

    /// Another endpoint of the application beside the control: its name and the 16-bit id of its BLE characteristic, outside
    /// `ff50` to `ffff`. `None` past the last.
    fn endpoint(&self, index: usize) -> Option<(&str, u16)> {
        let _ = index;
        None
    }

    /// A request to such an endpoint: writes the reply into `reply` and returns its length, which may be 0.
    ///
    /// # Errors
    /// [`HandlerFailed`]: the request is refused at transport level.
    fn custom(&mut self, endpoint: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, HandlerFailed> {
        let _ = (endpoint, request, reply);
        Err(HandlerFailed)
    }

    /// Somebody tried a wrong proof, the `count`th: [`Application::after_wrong_proof`](espprov_device::Application::after_wrong_proof).
    fn after_wrong_proof(&mut self, count: u32, consequence: Consequence) {
        let _ = (count, consequence);
    }
}

/// A property as it goes to the client.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// Its name, which no other property has.
    pub name: &'a str,
    /// `type`: what it means is the application's affair.
    pub kind: u32,
    /// `flags`, as the type. Bit 0 is read-only by convention.
    pub flags: u32,
    /// Its value.
    pub value: &'a [u8],
}

impl<'a> Entry<'a> {
    /// A property without flags.
    #[must_use]
    pub const fn new(name: &'a str, kind: u32, value: &'a [u8]) -> Self {
        Self {
            name,
            kind,
            flags: 0,
            value,
        }
    }

    /// With these flags.
    #[must_use]
    pub const fn with_flags(mut self, flags: u32) -> Self {
        self.flags = flags;
        self
    }
}

impl fmt::Debug for Entry<'_> {
    /// The value may be a secret of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

/// Why the application does not do what a client asks. Firmware has these three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// A value that does not suit, or a property that cannot be set.
    InvalidArgument,
    /// Not now.
    InvalidState,
    /// Something went wrong.
    Failed,
}

impl Rejected {
    /// The status that stands for it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidArgument => StatusCode::InvalidArgument,
            // This is how firmware translates it.
            Self::InvalidState => StatusCode::InvalidProto,
            Self::Failed => StatusCode::InternalError,
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidArgument => "the value does not suit the property",
            Self::InvalidState => "the property cannot be changed now",
            Self::Failed => "the application failed",
        })
    }
}

impl core::error::Error for Rejected {}
