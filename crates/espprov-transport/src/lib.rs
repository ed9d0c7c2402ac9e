//! What a link to an ESP32 looks like to the client: one request, one reply, one classified error.
//!
//! This crate holds traits and plain data only: no protocol, no I/O, no runtime. It hardly ever changes,
//! because every transport (HTTP, BLE, console, in memory, yours) implements it.
//!
//! ```
//! use espprov_transport::{Endpoint, LinkFault, Limits, Transport, TransportError};
//!
//! /// Answers every request with itself.
//! struct Echo;
//!
//! #[derive(Debug)]
//! struct Never;
//! impl core::fmt::Display for Never {
//!     fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { f.write_str("never") }
//! }
//! impl core::error::Error for Never {}
//! impl TransportError for Never {
//!     fn fault(&self) -> LinkFault { LinkFault::Lost { delivered: false } }
//! }
//!
//! impl Transport for Echo {
//!     type Error = Never;
//!     async fn exchange(&mut self, _: Endpoint<'_>, _buf: &mut [u8], len: usize) -> Result<usize, Never> { Ok(len) }
//!     fn limits(&self) -> Limits { Limits::UNKNOWN }
//!     async fn close(&mut self) {}
//! }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

pub mod blocking;
mod clock;
mod endpoint;
mod fault;
mod hold;
mod limits;

pub use clock::{Clock, Elapsed, with_deadline};
pub use endpoint::{Endpoint, Endpoints, InvalidEndpoint};
pub use fault::{LinkFault, TransportError};
pub use hold::SessionHold;
pub use limits::{Limits, ScanHint};

/// A link to one device: carries a request to an endpoint and brings the reply back.
///
/// Strictly one exchange at a time. Discovery and connecting are not part of the trait: they differ too
/// much between links.
#[expect(
    async_fn_in_trait,
    reason = "no Send bound in generic code; the concrete edge asserts Send"
)]
pub trait Transport {
    /// What can go wrong on this link; [`TransportError::fault`] tells the core what it means.
    type Error: TransportError;

    /// Sends `buf[..len]` to `endpoint`, then overwrites `buf` with the reply and returns its length.
    ///
    /// **Not cancel-safe.** A dropped or failed exchange poisons the transport: whether the device saw the
    /// request is unknown, so every later call must fail with [`LinkFault::NeedsReconnect`] until
    /// [`Reconnect::reconnect`] (where the link has it) succeeded. The one exception is an error that is
    /// known before anything is sent ([`LinkFault::RequestTooLarge`], [`LinkFault::NoSuchEndpoint`] on links
    /// that list their endpoints) and a refusal with `link_alive: true`: the link stays usable after those.
    ///
    /// # Errors
    /// The link's own error, classified by [`TransportError::fault`]. A reply longer than `buf` is
    /// [`LinkFault::ReplyTooLarge`].
    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, Self::Error>;

    /// Sizes the core must respect on this link.
    fn limits(&self) -> Limits;

    /// Visits the names of the endpoints the device lists, where the link can tell (BLE). Default: none.
    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        let _ = visit;
    }

    /// Whether the request of the last exchange was handed over completely (write acknowledged, body sent): asked
    /// after an exchange was dropped, when there is no error to say so. Default: unknown, so no.
    ///
    /// A transport around another one hands the question on.
    fn delivered(&self) -> bool {
        false
    }

    /// Ends the link in an orderly way. Called on every way out; must not wait long, and must be harmless
    /// when called twice or on a broken link.
    async fn close(&mut self);
}

/// Whether a reconnect should try to keep the device's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SessionIntent {
    /// Same session if the link can (HTTP: send the cookie again).
    Keep,
    /// A session of its own: the device must forget the handshake (HTTP: no cookie; console: new id).
    Fresh,
}

/// Links that can be re-established without outside help.
#[expect(
    async_fn_in_trait,
    reason = "no Send bound in generic code; the concrete edge asserts Send"
)]
pub trait Reconnect: Transport {
    /// Drops what is left of the link and establishes it anew. Afterwards the transport is usable again.
    ///
    /// Not cancel-safe: after a cancelled reconnect, reconnect again.
    ///
    /// # Errors
    /// The link's own error; the transport stays poisoned then.
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), Self::Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bare;

    #[derive(Debug)]
    struct Never;

    impl core::fmt::Display for Never {
        fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            Ok(())
        }
    }

    impl core::error::Error for Never {}

    impl TransportError for Never {
        fn fault(&self) -> LinkFault {
            LinkFault::Garbled
        }
    }

    impl Transport for Bare {
        type Error = Never;

        async fn exchange(&mut self, _: Endpoint<'_>, _: &mut [u8], _: usize) -> Result<usize, Never> {
            Err(Never)
        }

        fn limits(&self) -> Limits {
            Limits::UNKNOWN
        }

        async fn close(&mut self) {}
    }

    /// What a transport does not say is not claimed for it.
    #[test]
    fn a_transport_that_says_nothing_lists_nothing_and_delivered_nothing() {
        let mut names = 0;
        Bare.endpoints(&mut |_| names += 1);
        assert_eq!(names, 0);
        assert!(!Bare.delivered());
    }
}
