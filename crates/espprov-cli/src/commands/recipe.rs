//! `--before` and `--after`: an application's own data around the credentials.

use super::Context;
use super::send::readable;
use crate::args::ProvisionArgs;
use crate::device::Device;
use crate::errors::{CALLER, Failure, explain};
use crate::named_value;
use crate::output::{Output, Report, Success};
use crate::secret_input::SecretBytes;
use core::time::Duration;
use espprov::link::AnyLinkError;
use espprov_core::ProvisionError;
use espprov_core::call::{Recipe, Side, StepAnswer, StepFailure, StepFault};
use espprov_core::request::Custom;
use espprov_transport::Endpoint;
use espprov_types::hex::Hex;

/// What the command line says to send. No `Debug`: the data may be secrets.
pub(super) struct Steps {
    before: Vec<Step>,
    after: Vec<Step>,
    after_timeout: Duration,
    retries: u8,
}

struct Step {
    endpoint: String,
    data: SecretBytes,
}

/// The steps of one run of the command: kept over every attempt of it.
pub(super) type Running<'a> = Recipe<'a, Box<dyn FnMut(StepAnswer<'_>) + 'a>>;

impl Steps {
    pub(super) async fn gather(context: &Context, args: &ProvisionArgs) -> Result<Self, Failure> {
        Ok(Self {
            before: Step::all(context, &args.before, "--before").await?,
            after: Step::all(context, &args.after, "--after").await?,
            after_timeout: args.after_timeout,
            retries: args.device.retries,
        })
    }

    /// The steps as the engine takes them.
    pub(super) fn customs(&self) -> Result<(Vec<Custom<'_>>, Vec<Custom<'_>>), Failure> {
        let before: Result<Vec<_>, _> = self.before.iter().map(Step::custom).collect();
        let after: Result<Vec<_>, _> = self.after.iter().map(Step::custom).collect();
        Ok((before?, after?))
    }

    /// They begin; answers are reported as they come.
    pub(super) fn start<'a>(
        &'a self,
        before: &'a [Custom<'a>],
        after: &'a [Custom<'a>],
        out: &'a Output,
    ) -> Running<'a> {
        let sink = move |answer: StepAnswer<'_>| {
            let endpoint = self.endpoint(answer.side, answer.index).to_owned();
            let said = match answer.data {
                [] => "(empty answer)".to_owned(),
                data => readable(data),
            };
            out.say_labelled("Reply", &format!("{endpoint}: {said}"));
            let hex = Hex(answer.data).to_string();
            out.event(&Report::Reply { endpoint, hex });
        };
        Recipe::new(before, after, Box::new(sink) as Box<_>).with_after_timeout(self.after_timeout)
    }

    const fn side(&self, side: Side) -> &Vec<Step> {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }

    fn endpoint(&self, side: Side, index: usize) -> &str {
        self.side(side)
            .get(index)
            .map_or("", |step| step.endpoint.as_str())
    }

    /// The device is on its network: is everything else done, too?
    pub(super) fn check(&self, running: &Running<'_>, success: Success) -> Result<Success, Failure> {
        let Some(failure) = running.failure().filter(|failure| failure.side == Side::After) else {
            return Ok(success);
        };
        let count = self.after.len();
        let endpoint = self.endpoint(failure.side, failure.index);
        Err(explain::joined_incomplete(CALLER, failure, count, endpoint))
    }

    /// A step ahead of the credentials ended the run; `None`: it was something else.
    pub(super) fn explain(
        &self,
        running: &Running<'_>,
        device: &Device,
        error: &ProvisionError<AnyLinkError>,
    ) -> Option<Failure> {
        let failure = running.failure().filter(|failure| failure.side == Side::Before)?;
        let said = device.explain(error);
        let endpoint = self.endpoint(failure.side, failure.index);
        let said = explain::step_before(said, failure, self.before.len(), endpoint);
        // Only the application knows whether the device may hear it twice: that is for whoever gave --retries to say.
        Some(match failure {
            StepFailure {
                fault: StepFault::Unanswered { delivered: true },
                ..
            } if self.retries == 0 => said.with_retry(None),
            _ => said,
        })
    }
}

impl Step {
    async fn all(context: &Context, words: &[String], flag: &'static str) -> Result<Vec<Self>, Failure> {
        let mut steps = Vec::with_capacity(words.len());
        for word in words {
            let (endpoint, value) = named_value::split(word, flag)?;
            let data = named_value::bytes(&endpoint, value, flag, &context.stdin).await?;
            steps.push(Self { endpoint, data });
        }
        Ok(steps)
    }

    fn custom(&self) -> Result<Custom<'_>, Failure> {
        let endpoint = Endpoint::custom(&self.endpoint).map_err(explain_name)?;
        Custom::new(endpoint, &self.data).map_err(|_| {
            Failure::usage("empty_request", format!("there is nothing to send to {endpoint}"))
                .with_cause("devices do not answer empty requests")
                .with_help("give at least one byte")
        })
    }
}

/// A name that no endpoint has.
pub(super) fn explain_name(error: impl core::fmt::Display) -> Failure {
    Failure::usage("invalid_endpoint", error.to_string())
        .with_cause("names have 1 to 64 of the characters A-Z a-z 0-9 _ . -, with / between their parts")
        .with_help("give the name the firmware registered, such as custom-data")
}
