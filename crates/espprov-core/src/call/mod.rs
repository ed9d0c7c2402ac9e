//! Calls: what can be done with a device, each a value of its own that knows no link, no clock and no engine.
//!
//! | call | what it does | its result |
//! |---|---|---|
//! | [`Info`] | asks for the device's description, once | in the engine: [`Engine::info`](crate::Engine::info) |
//! | [`Connect`] | makes sure that there is a session | in the engine: [`Engine::security`](crate::Engine::security) |
//! | [`ScanWifi`], [`ScanThread`] | which networks does the device hear? | a list |
//! | [`ProvisionWifi`], [`ProvisionThread`] | hands over credentials and follows the device until it is online; with a [`Recipe`], an application's data before and after | [`Outcome`] |
//! | [`FollowWifi`], [`FollowThread`] | the latter alone | the same |
//! | [`Ask`] | one [`Request`], the protocol's or yours | its answer |
//! | [`Converse`] | several of yours in one session, a [`Dialogue`] | what that says |
//! | [`SendData`] | application data, in pieces | the number of exchanges; the answers go to a sink |
//! | [`SendRaw`] | bytes past session and cipher | the answer goes to a sink |
//!
//! An [`Engine`](crate::Engine) takes them to the device; [`Provisioner`](crate::Provisioner) and
//! [`blocking::Provisioner`](crate::blocking::Provisioner) have a method for each.

mod ask;
mod data;
mod dialogue;
mod flow;
mod follow;
mod network;
mod provision;
mod reach;
mod recipe;
mod scan;
mod task;
#[cfg(test)]
pub(crate) mod testing;

pub use ask::Ask;
pub use data::{SendData, SendRaw};
pub use dialogue::{Converse, Dialogue, Setback};
pub use network::{FollowNetwork, FollowThread, FollowWifi, Thread, Wifi};
pub use provision::{Outcome, Provision, ProvisionThread, ProvisionWifi};
pub use reach::{Connect, Info};
pub use recipe::{Recipe, Side, StepAnswer, StepFailure, StepFault};
pub use scan::{Scan, ScanOptions, ScanThread, ScanWifi};

pub(crate) use task::{Desk, Question, Task, Ticket, Trail, Want};

use crate::Misuse;
#[cfg(doc)]
use crate::request::Request;

/// Something that an [`Engine`](crate::Engine) does with a device. `E` is the link's error.
///
/// A call is for once: made, taken to its end by [`Engine::step`](crate::Engine::step), and turned into its result by
/// [`IntoResult`]. It may be dropped at any time; what that means to the session is written there. Sealed: a request of
/// your own goes through [`Ask`], several go through [`Converse`].
pub trait Call<E>: Task<E> {}

impl<E, T: Task<E> + ?Sized> Call<E> for T {}

/// What comes of a [`Call`].
pub trait IntoResult {
    /// Its kind.
    type Output;

    /// The result, when the engine has said [`Step::Done`](crate::Step::Done). There is one: it is taken.
    ///
    /// # Errors
    /// [`Misuse::NotOver`] before that, after a failure, and when it was taken.
    fn take_result(&mut self) -> Result<Self::Output, Misuse>;

    /// The same, at the end of the call's life.
    ///
    /// # Errors
    /// As [`take_result`](Self::take_result).
    fn into_result(mut self) -> Result<Self::Output, Misuse>
    where
        Self: Sized,
    {
        self.take_result()
    }
}
