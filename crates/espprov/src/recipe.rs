//! An application's own data around the credentials, for programs.

use crate::credentials::Secret;
use crate::device::named;
use crate::{Caller, Error, explain};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use espprov_core::call::{Side, StepFailure};
use espprov_core::request::Custom;
use zeroize::Zeroizing;

/// What a product hands to its device beside the network, in the same session: the address of a broker before, a claim code
/// after.
///
/// Steps before the credentials are sent once, in order; where one fails the device is not given its network. Those after
/// them are sent as soon as the device begins to join, and until it answers, because stock firmware ends its service about a
/// second after it said that it is online. What was answered stays done: the same recipe may be given to another try.
///
/// ```
/// # #[cfg(feature = "simulator")]
/// # fn main() -> Result<(), espprov::Error> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use espprov::{Recipe, Side};
///
/// let mut recipe = Recipe::new()
///     .before("custom-data", "mqtts://broker.example:8883")?
///     .after("echo", "claim me")?;
/// let mut device = espprov::connect("sim:zero").pop("abcd1234").open().await?;
/// device.provision_with("Home", "correct-horse", &mut recipe).await?;
/// device.close().await;
/// assert_eq!(recipe.answers(Side::After), [b"claim me"]);
/// # Ok(()) }) }
/// # #[cfg(not(feature = "simulator"))]
/// # fn main() {}
/// ```
pub struct Recipe {
    before: Vec<Step>,
    after: Vec<Step>,
    after_timeout: Duration,
    /// What the device said to the steps before, and to those after.
    answers: (Vec<Vec<u8>>, Vec<Vec<u8>>),
}

struct Step {
    endpoint: String,
    data: Secret,
}

impl Recipe {
    /// No steps.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            before: Vec::new(),
            after: Vec::new(),
            after_timeout: Duration::from_secs(10),
            answers: (Vec::new(), Vec::new()),
        }
    }

    /// Adds a step ahead of the credentials.
    ///
    /// # Errors
    /// `invalid_endpoint`, or `empty_request`: devices do not answer requests without a byte.
    pub fn before(mut self, endpoint: &str, data: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.before.push(Step::new(endpoint, data.as_ref())?);
        Ok(self)
    }

    /// Adds a step after the credentials.
    ///
    /// # Errors
    /// As [`before`](Self::before).
    pub fn after(mut self, endpoint: &str, data: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.after.push(Step::new(endpoint, data.as_ref())?);
        Ok(self)
    }

    /// How long each step after the credentials is tried; 10 s unless told otherwise.
    #[must_use]
    pub const fn with_after_timeout(mut self, time: Duration) -> Self {
        self.after_timeout = time;
        self
    }

    /// What the device has answered to the steps of this side, in their order. As many as there are steps when all are done.
    #[must_use]
    pub fn answers(&self, side: Side) -> &[Vec<u8>] {
        match side {
            Side::Before => &self.answers.0,
            Side::After => &self.answers.1,
        }
    }

    /// Every step is answered.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.answers.0.len() >= self.before.len() && self.answers.1.len() >= self.after.len()
    }

    pub(crate) const fn after_timeout(&self) -> Duration {
        self.after_timeout
    }

    /// The steps that are not done yet.
    pub(crate) fn open(&self) -> Result<(Vec<Custom<'_>>, Vec<Custom<'_>>), Error> {
        let open = |side| {
            let open = self.steps(side).iter().skip(self.answers(side).len());
            open.map(Step::custom).collect::<Result<Vec<_>, _>>()
        };
        Ok((open(Side::Before)?, open(Side::After)?))
    }

    pub(crate) fn took(&mut self, answers: Vec<(Side, Vec<u8>)>) {
        for (side, answer) in answers {
            match side {
                Side::Before => self.answers.0.push(answer),
                Side::After => self.answers.1.push(answer),
            }
        }
    }

    /// The device is on its network; is all that was to follow done?
    pub(crate) fn check(&self, caller: Caller, failure: Option<StepFailure>) -> Result<(), Error> {
        match failure {
            Some(failure) if failure.side == Side::After => {
                let (at, count, endpoint) = self.whole(failure);
                Err(explain::joined_incomplete(caller, at, count, endpoint))
            }
            _ => Ok(()),
        }
    }

    /// Why the device was not given its network, if that was a step.
    pub(crate) fn before_failed(&self, error: Error, failure: Option<StepFailure>) -> Error {
        match failure {
            Some(failure) if failure.side == Side::Before => {
                let (at, count, endpoint) = self.whole(failure);
                explain::step_before(error, at, count, endpoint)
            }
            _ => error,
        }
    }

    const fn steps(&self, side: Side) -> &Vec<Step> {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }

    /// A failure counted among all steps, not among those that were open; how many there are; its endpoint.
    fn whole(&self, mut at: StepFailure) -> (StepFailure, usize, &str) {
        // What was answered in that call is among the answers by now: the step behind them failed.
        at.index = self.answers(at.side).len();
        let steps = self.steps(at.side);
        let endpoint = steps.get(at.index).map_or("", |step| step.endpoint.as_str());
        (at, steps.len(), endpoint)
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Recipe {
    /// Data and answers may be secrets of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |steps: &Vec<Step>| steps.iter().map(|step| step.endpoint.clone()).collect::<Vec<_>>();
        f.debug_struct("Recipe")
            .field("before", &names(&self.before))
            .field("after", &names(&self.after))
            .finish_non_exhaustive()
    }
}

impl Step {
    fn new(endpoint: &str, data: &[u8]) -> Result<Self, Error> {
        let step = Self {
            endpoint: endpoint.into(),
            data: Zeroizing::new(data.to_vec()),
        };
        step.custom()?;
        Ok(step)
    }

    fn custom(&self) -> Result<Custom<'_>, Error> {
        Custom::new(named(&self.endpoint)?, &self.data).map_err(|error| {
            Error::usage("empty_request", alloc::format!("{}: {error}", self.endpoint))
                .with_cause("devices do not answer requests without a byte")
                .with_help("give at least one byte")
        })
    }
}
