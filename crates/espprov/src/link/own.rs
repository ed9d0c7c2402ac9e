//! A link of one's own behind [`AnyLink`](super::AnyLink): for programs that know their link only when they run, such as bindings to other
//! languages. Whoever knows it when compiling takes [`Connect::open_over`](crate::Connect::open_over) with the link itself.

use crate::explain::LinkError;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::pin::Pin;
use espprov_transport::{Endpoint, Limits, LinkFault, SessionIntent, TransportError};

/// What a link is waited for with.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What [`espprov_transport::Reconnect`] says, as a trait object. The rules are those of that trait: after an exchange that failed or was
/// dropped, every other one fails with [`LinkFault::NeedsReconnect`] until a reconnect succeeded.
///
/// ```
/// # #[cfg(feature = "tokio")] {
/// use espprov::link::AnyLink;
/// use espprov::link::own::{Answer, OwnError, OwnLink};
/// use espprov_transport::{Endpoint, LinkFault, SessionIntent};
///
/// struct Unplugged;
///
/// fn unplugged<'a, T: Send + 'a>() -> Answer<'a, Result<T, OwnError>> {
///     let error = OwnError::new(LinkFault::Lost { delivered: false }, "nothing is plugged in");
///     Box::pin(core::future::ready(Err(error)))
/// }
///
/// impl OwnLink for Unplugged {
///     fn exchange<'a>(&'a mut self, _: Endpoint<'a>, _: &'a mut [u8], _: usize) -> Answer<'a, Result<usize, OwnError>> {
///         unplugged()
///     }
///     fn reconnect(&mut self, _: SessionIntent) -> Answer<'_, Result<(), OwnError>> {
///         unplugged()
///     }
///     fn close(&mut self) -> Answer<'_, ()> {
///         Box::pin(async {})
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mut device = espprov::connect("the wire").open_over(AnyLink::Own(Box::new(Unplugged)))?;
/// assert_eq!(device.info().await.unwrap_err().code(), "link_lost");
/// # Ok::<(), espprov::Error>(()) }).unwrap();
/// # }
/// ```
pub trait OwnLink: Send {
    /// One request and its reply, as [`espprov_transport::Transport::exchange`].
    fn exchange<'a>(
        &'a mut self,
        endpoint: Endpoint<'a>,
        buf: &'a mut [u8],
        len: usize,
    ) -> Answer<'a, Result<usize, OwnError>>;

    /// Opens the link again, as [`espprov_transport::Reconnect::reconnect`].
    fn reconnect(&mut self, intent: SessionIntent) -> Answer<'_, Result<(), OwnError>>;

    /// Ends it, as [`espprov_transport::Transport::close`].
    fn close(&mut self) -> Answer<'_, ()>;

    /// Sizes to respect, as [`espprov_transport::Transport::limits`]. Default: none is known.
    fn limits(&self) -> Limits {
        Limits::UNKNOWN
    }

    /// Whether the last request went out whole, as [`espprov_transport::Transport::delivered`]. Default: unknown, so no.
    fn delivered(&self) -> bool {
        false
    }
}

/// What went wrong on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnError {
    fault: LinkFault,
    message: String,
}

impl OwnError {
    /// What that means, and what the link says itself. Nothing secret may be in it.
    pub fn new(fault: LinkFault, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
        }
    }
}

impl fmt::Display for OwnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for OwnError {}

impl TransportError for OwnError {
    fn fault(&self) -> LinkFault {
        self.fault
    }
}

impl LinkError for OwnError {}
