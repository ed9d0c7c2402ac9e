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

/// A link that is lent.
impl<T: Transport + ?Sized> Transport for &mut T {
    type Error = T::Error;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, T::Error> {
        (**self).exchange(endpoint, buf, len).await
    }

    fn limits(&self) -> Limits {
        (**self).limits()
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        (**self).endpoints(visit);
    }

    fn delivered(&self) -> bool {
        (**self).delivered()
    }

    async fn close(&mut self) {
        (**self).close().await;
    }
}

impl<T: Reconnect + ?Sized> Reconnect for &mut T {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), T::Error> {
        (**self).reconnect(intent).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

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

    /// Answers differently from what is given where nothing is said, and counts.
    #[derive(Default)]
    struct Talkative {
        closed: u32,
        fresh: u32,
    }

    impl Transport for Talkative {
        type Error = Never;

        async fn exchange(&mut self, _: Endpoint<'_>, _: &mut [u8], len: usize) -> Result<usize, Never> {
            Ok(len + 1)
        }

        fn limits(&self) -> Limits {
            Limits {
                max_request: Some(7),
                ..Limits::UNKNOWN
            }
        }

        fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
            visit("prov-config");
        }

        fn delivered(&self) -> bool {
            self.closed == 0
        }

        async fn close(&mut self) {
            self.closed += 1;
        }
    }

    impl Reconnect for Talkative {
        async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), Never> {
            self.fresh += u32::from(intent == SessionIntent::Fresh);
            Ok(())
        }
    }

    fn at_once<F: Future>(future: F) -> F::Output {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("nothing here waits"),
        }
    }

    fn used(mut link: impl Reconnect<Error = Never>) {
        let sent = at_once(link.exchange(Endpoint::PROV_CONFIG, &mut [0; 8], 3));
        assert_eq!(sent.ok(), Some(4));
        assert_eq!(link.limits().max_request, Some(7));
        let mut names = 0;
        link.endpoints(&mut |name| names += u32::from(name == "prov-config"));
        assert_eq!(names, 1);
        assert!(link.delivered());
        assert!(at_once(link.reconnect(SessionIntent::Fresh)).is_ok());
        at_once(link.close());
        // Whatever it says: once one thing, then the other.
        assert!(!link.delivered());
    }

    #[test]
    fn a_link_that_is_lent_is_the_link() {
        let mut link = Talkative::default();
        used(&mut link);
        assert_eq!((link.fresh, link.closed), (1, 1));
    }
}
