//! An open device: asking it, asking the person in front of it, and explaining what went wrong.

use crate::errors::{self, CALLER, Failure, Place, Stage, explain};
use crate::narrator::{Evidence, Narrator};
use crate::output::Output;
use crate::plan::Purpose;
use crate::prompt::{self, Answer};
use crate::secret_input;
use crate::trace::{Entropy, Traced};
use core::time::Duration;
use espprov::TokioClock;
use espprov::link::AnyLinkError;
use espprov_core::auth::{PolicyError, SessionSecurity};
use espprov_core::{ProvisionError, Provisioner};
use espprov_local_ctrl::InTurn;
use espprov_transport::Clock;
use espprov_types::DeviceInfo;
use std::rc::Rc;

mod evidence;

/// How often a person may try a PoP or password.
const TRIES: usize = 3;

/// The driver as this program uses it.
pub(crate) type Driver = Provisioner<Traced, InTurn, Entropy, TokioClock, Vec<u8>, Narrator>;

/// An open device.
pub(crate) struct Device {
    pub(crate) driver: Driver,
    pub(crate) place: Place,
    pub(crate) out: Rc<Output>,
    pub(crate) evidence: Rc<Evidence>,
    clock: TokioClock,
    /// The overall deadline.
    until: Duration,
    purpose: Purpose,
}

impl Device {
    /// Limits everything to `until`.
    pub(crate) fn new(
        driver: Driver,
        place: Place,
        out: Rc<Output>,
        evidence: Rc<Evidence>,
        clock: TokioClock,
        until: Duration,
        purpose: Purpose,
    ) -> Self {
        let mut device = Self {
            driver,
            place,
            out,
            evidence,
            clock,
            until,
            purpose,
        };
        device.driver.limit_total(device.time_left());
        device
    }

    /// The overall deadline.
    pub(crate) const fn until(&self) -> Duration {
        self.until
    }

    /// Time until the overall deadline.
    pub(crate) fn time_left(&self) -> Duration {
        self.until.saturating_sub(self.clock.now())
    }

    /// An error of the driver, for people.
    pub(crate) fn explain(&self, error: &ProvisionError<AnyLinkError>) -> Failure {
        match self.purpose {
            Purpose::Properties => explain::local_control(error, &self.place),
            Purpose::Wifi | Purpose::Thread => explain::provision(error, &self.place),
        }
    }

    /// The same, where the command must not be run again once it was sent.
    pub(crate) fn explain_once(&self, error: &ProvisionError<AnyLinkError>) -> Failure {
        let failure = self.explain(error);
        let retry = failure.retry().filter(|stage| *stage == Stage::Early);
        failure.with_retry(retry)
    }

    /// What the device says about itself.
    pub(crate) async fn info(&mut self) -> Result<DeviceInfo, Failure> {
        match self.driver.info().await {
            Ok(info) => Ok(info.clone()),
            Err(error) => Err(self.explain(&error)),
        }
    }

    /// Nothing secret goes to a device that could not use it.
    pub(crate) async fn wants_wifi(&mut self) -> Result<(), Failure> {
        if self.info().await?.supports_wifi() {
            Ok(())
        } else {
            Err(explain::no_wifi(CALLER))
        }
    }

    /// The one or the other.
    pub(crate) async fn wants(&mut self, thread: bool) -> Result<(), Failure> {
        if thread {
            self.wants_thread().await
        } else {
            self.wants_wifi().await
        }
    }

    /// The same for Thread.
    pub(crate) async fn wants_thread(&mut self) -> Result<(), Failure> {
        if self.info().await?.supports_thread() {
            Ok(())
        } else {
            Err(explain::no_thread(CALLER))
        }
    }

    /// Asks a question. The time it takes does not count.
    pub(crate) async fn ask<T: Send + 'static>(
        &mut self,
        question: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.out.stop_progress();
        let asked_at = self.clock.now();
        let answer = prompt::ask(question).await;
        let took = self.clock.now().saturating_sub(asked_at);
        self.until = self.until.saturating_add(took);
        self.driver.limit_total(self.time_left());
        answer
    }

    /// Establishes the session; asks for credentials that are missing or wrong, where there is somebody to ask.
    pub(crate) async fn connect(&mut self) -> Result<(), Failure> {
        let may_ask = self.out.may_ask();
        let mut asked = 0;
        loop {
            let Err(error) = self.driver.connect().await else {
                return Ok(());
            };
            let (pop, again) = match &error {
                ProvisionError::Policy(PolicyError::PopMissing) => (true, false),
                ProvisionError::Policy(PolicyError::PasswordMissing) => (false, false),
                ProvisionError::WrongCredentials { security } if asked > 0 => {
                    (*security == SessionSecurity::Sec1, true)
                }
                _ => return Err(self.explain(&error)),
            };
            if !may_ask || asked == TRIES {
                return Err(self.explain(&error));
            }
            asked += 1;
            if again {
                self.out.remark(if pop {
                    "Wrong PoP."
                } else {
                    "Wrong username or password."
                });
            }
            let text = if pop {
                "Proof of possession (PoP) of the device:"
            } else {
                "Password of the device:"
            };
            let Answer::Given(answer) = self.ask(move || prompt::secret(text)).await? else {
                return Err(errors::cancelled());
            };
            secret_input::check_length(Some(&answer), if pop { "--pop" } else { "--password" })?;
            let auth = self.driver.auth_mut().auto_mut();
            let changed = if pop {
                auth.clone().with_pop(&answer)
            } else {
                auth.clone().with_password(&answer)
            };
            if let Ok(changed) = changed {
                *auth = changed;
            }
        }
    }
}
