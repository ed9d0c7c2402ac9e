//! The two roles of a handshake. Implement them to bring a security scheme of your own.

use crate::{Budget, Channel, HandshakeError, Progress};
use rand_core::TryCryptoRng;

/// Client half of a handshake on the endpoint `prov-session`.
///
/// Call order: [`poll_request`](Self::poll_request) → send → [`handle_response`](Self::handle_response) (or
/// [`handle_refusal`](Self::handle_refusal) when the device refused at transport level) → `poll_request` …
/// until it gives `None`, then [`into_channel`](Self::into_channel). Errors are sticky: after one, every call
/// fails with [`HandshakeError::Poisoned`].
pub trait Handshake {
    /// The record cipher this handshake ends in.
    type Channel: Channel;

    /// Writes the next request into `out` and returns its length, or `None` when the handshake is complete.
    ///
    /// # Errors
    /// `out` too short, or called while a response is awaited.
    fn poll_request(&mut self, out: &mut [u8]) -> Result<Option<usize>, HandshakeError>;

    /// Goes on with the long arithmetic that the next request takes, within `budget`.
    ///
    /// Never needed: [`poll_request`](Self::poll_request) does what is left of it. But with security 2 that is seconds on
    /// a microcontroller, and whoever calls this before it, until [`Progress::Done`], can do something else in between.
    /// The bytes are the same whatever the budget. May be called at any time; the other calls may come at any time too.
    ///
    /// # Errors
    /// The handshake has failed, or the heap has no room for the numbers.
    fn compute(&mut self, budget: Budget) -> Result<Progress, HandshakeError> {
        let _ = budget;
        Ok(Progress::Done)
    }

    /// Takes the device's answer to the last request.
    ///
    /// # Errors
    /// Whatever is wrong with the answer; the handshake is over then.
    fn handle_response(&mut self, response: &[u8]) -> Result<(), HandshakeError>;

    /// The device refused the last request at transport level (no protobuf answer). `link_alive`: the
    /// transport session survived. Tells how to go on.
    ///
    /// # Errors
    /// Called when no response is awaited.
    fn handle_refusal(&mut self, link_alive: bool) -> Result<Retry, HandshakeError>;

    /// What the user should know about this handshake (weaknesses, fallbacks).
    fn notices(&self) -> Notices;

    /// The record cipher, once [`poll_request`](Self::poll_request) gave `None`.
    ///
    /// # Errors
    /// [`HandshakeError::NotFinished`] before that.
    fn into_channel(self) -> Result<Self::Channel, HandshakeError>;
}

/// How to go on after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// Poll another request and send it on this same transport session.
    Request,
    /// Open a fresh transport session, then poll: the handshake starts over in another form.
    Restart,
    /// Nothing more to try.
    GiveUp {
        /// The device checked a proof and refused it: wrong PoP, or wrong username or password.
        wrong_credentials: bool,
    },
}

/// Facts about a handshake that a user should hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Notices {
    /// Security 2 patch level 0: one nonce for all records (16-byte fixed IV).
    pub nonce_reuse: bool,
    /// proto-ver claimed another patch level than the nonce shows.
    pub patch_mismatch: bool,
    /// The device's verifier only matches the inner digest without its leading zeros (made by the vendor's
    /// Python generator).
    pub stripped_digest: bool,
    /// Security 1 with a PoP: whoever answered, the device or an impostor in its place, can test guesses of the PoP
    /// from now on, offline and at any speed.
    pub guessable_pop: bool,
    /// Security 1 without a PoP: nothing proves who answered.
    pub unauthenticated: bool,
}

/// Device half of a handshake. Takes a command 0 in any state; after a refused request it is in the state
/// it had before.
pub trait DeviceHandshake {
    /// The record cipher this handshake ends in.
    type Channel: Channel;

    /// Takes a request, writes the answer into `out` and returns its length. An error means: refuse at
    /// transport level, without an answer.
    ///
    /// # Errors
    /// Whatever is wrong with the request.
    fn handle_request<R: TryCryptoRng>(
        &mut self,
        request: &[u8],
        rng: &mut R,
        out: &mut [u8],
    ) -> Result<usize, HandshakeError>;

    /// The record cipher, once a client has proved itself; `None` before. A new command 0 drops it.
    fn channel(&mut self) -> Option<&mut Self::Channel>;

    /// Forgets the session: back to expecting command 0.
    fn reset(&mut self);

    /// Whether the device has the endpoint `prov-session` at all. Devices without any security do not.
    fn has_endpoint(&self) -> bool {
        true
    }
}
