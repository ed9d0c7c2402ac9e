//! A device under way: link, driver, time limit, and running again after a failure.

use crate::args::DeviceArgs;
use crate::errors::{self, Failure, Place, Stage, from_provision};
use crate::link::{self, Link, LinkError};
use crate::output::{Output, Report, Success};
use crate::prompt;
use crate::secret_input::{self, Credentials, Stdin};
use crate::target::{Aim, Target};
use crate::trace::{Entropy, Recorder, Traced};
use core::time::Duration;
use espprov_core::auth::{Auto, PolicyError, SecurityChoice, SessionSecurity};
use espprov_core::{Deadlines, Event, Observer, ProvisionError, Provisioner};
use espprov_tokio::TokioClock;
use espprov_transport::{Clock, Transport};
use espprov_types::SecurityScheme;
use std::rc::Rc;

/// One buffer for all requests and replies: more than any device sends.
const BUFFER: usize = 16 * 1024;
/// How long closing a link may take.
const CLOSING: Duration = Duration::from_secs(2);
/// Pause before running again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a person may try a PoP or password.
const TRIES: usize = 3;

/// The driver as this program uses it.
pub(crate) type Driver = Provisioner<Traced, Auto, Entropy, TokioClock, Vec<u8>, Narrator>;

/// Everything known before the first byte is sent.
pub(crate) struct Plan {
    aim: Aim,
    place: Place,
    auth: Auto,
    plaintext: bool,
    /// Somebody other than the device says which scheme it has.
    named: bool,
    deadline: Duration,
    retries: u8,
    recorder: Rc<Recorder>,
    out: Rc<Output>,
}

impl Plan {
    /// Reads and checks what the command line says about the device. `thread`: it is wanted for Thread.
    pub(crate) fn new(
        args: &DeviceArgs,
        global: &crate::args::Global,
        stdin: &Stdin,
        out: &Rc<Output>,
        thread: bool,
    ) -> Result<Self, Failure> {
        let mut aim = Aim::parse(&args.target)?;
        if let Target::Ble(target) = &mut aim.target {
            target.adapter.clone_from(&global.adapter);
            target.services.clone_from(&global.service);
        }
        let mut credentials = Credentials::gather(&args.credentials, stdin)?;
        aim.complete(&mut credentials);
        if let Target::Sim(world) = &mut aim.target {
            if thread {
                world.prefer_thread()?;
            }
            link::own_credentials(world, &mut credentials)?;
        }
        let choice = args.security.choice();
        let auth = aim.setup.as_ref().map_or_else(Auto::new, Auto::from_payload);
        let auth = auth.with_choice(choice).allow_plaintext(args.allow_plaintext);
        let named = choice != SecurityChoice::Auto
            || aim.setup.as_ref().is_some_and(|setup| setup.security.is_some());
        let place = aim.place();
        let recorder = Recorder::new(
            global.trace.as_deref(),
            global.trace_secrets,
            &place.label,
            Rc::clone(out),
        )?;
        Ok(Self {
            auth: authenticator(auth, &credentials)?,
            plaintext: args.allow_plaintext,
            named,
            place,
            aim,
            deadline: args.deadline,
            retries: args.retries,
            recorder,
            out: Rc::clone(out),
        })
    }

    /// The setup payload says Thread.
    pub(crate) fn wants_thread(&self) -> bool {
        self.aim.wants_thread()
    }

    async fn open(&self, clock: TokioClock, until: Duration) -> Result<Device, Failure> {
        self.out.progress(&format!("connecting to {}", self.place.label));
        let (link, asked) = Link::open(&self.aim.target, &self.place, &self.out, clock, until).await?;
        let until = until.saturating_add(asked);
        self.out.event(&Report::Connected {
            transport: self.place.transport,
            target: self.place.label.clone(),
        });
        let mut endpoints = Vec::new();
        link.endpoints(&mut |name| endpoints.push(name.to_owned()));
        let narrator = Narrator {
            out: Rc::clone(&self.out),
            recorder: Rc::clone(&self.recorder),
            endpoints,
            plaintext: self.plaintext,
            named: self.named,
        };
        let mut deadlines = Deadlines::default();
        deadlines.connecting = self.deadline;
        let driver = Provisioner::new(
            Traced::new(link, Rc::clone(&self.recorder)),
            self.auth.clone(),
            Entropy(Rc::clone(&self.recorder)),
            clock,
            vec![0; BUFFER],
        )
        .with_observer(narrator)
        .with_deadlines(deadlines);
        let mut device = Device {
            driver,
            place: self.place.clone(),
            clock,
            until,
            out: Rc::clone(&self.out),
        };
        device.driver.limit_total(until.saturating_sub(clock.now()));
        Ok(device)
    }

    /// Opens the device and does `job`, again where that can help; closes the link on every way out, Ctrl-C
    /// included.
    pub(crate) async fn run<J>(&self, job: J) -> Result<Success, Failure>
    where
        J: AsyncFnMut(&mut Device) -> Result<Success, Failure>,
    {
        let mut device = None;
        let end = tokio::select! {
            // Polled first, so that Ctrl-C is listened for before anything happens.
            biased;
            () = interruption() => Err(errors::interrupted()),
            end = self.attempt(&mut device, job) => end,
        };
        if let Some(device) = &mut device {
            // The answer is there already: a link that does not close in time changes nothing.
            let _ = tokio::time::timeout(CLOSING, device.driver.close()).await;
        }
        // A connection that was still being made when time was up, or Ctrl-C came, is let go.
        if end.is_err()
            && (device.is_none() || matches!(&end, Err(failure) if failure.exit == errors::Exit::Interrupted))
        {
            link::ble::let_go().await;
        }
        end
    }

    async fn attempt<J>(&self, slot: &mut Option<Device>, mut job: J) -> Result<Success, Failure>
    where
        J: AsyncFnMut(&mut Device) -> Result<Success, Failure>,
    {
        let clock = TokioClock::new();
        let mut until = clock.now().saturating_add(self.deadline);
        let mut left = self.retries;
        loop {
            let end = match slot {
                Some(device) => job(device).await,
                None => match self.open(clock, until).await {
                    Ok(device) => job(slot.insert(device)).await,
                    Err(failure) => Err(failure),
                },
            };
            let failure = match end {
                Ok(success) => return Ok(success),
                Err(failure) => failure,
            };
            // Questions put the deadline off.
            until = slot.as_ref().map_or(until, |device| device.until);
            if left == 0 || failure.retry.is_none() || clock.now().saturating_add(PAUSE) >= until {
                return Err(failure);
            }
            left -= 1;
            self.out.event(&Report::Warning {
                code: "retrying",
                message: format!("{}; trying again ({left} more)", failure.sentence()),
            });
            clock.sleep(PAUSE).await;
        }
    }
}

/// Completes on Ctrl-C.
pub(crate) async fn interruption() {
    if tokio::signal::ctrl_c().await.is_err() {
        // No way to hear of it: the default action stays.
        core::future::pending::<()>().await;
    }
}

/// Adds the credentials that were given to what the setup payload says.
fn authenticator(mut auth: Auto, credentials: &Credentials) -> Result<Auto, Failure> {
    let too_long = |_| {
        Failure::usage("too_long", "a credential has more than 64 bytes")
            .help("check --pop, --username and --password against the label on the device")
    };
    if let Some(pop) = &credentials.pop {
        auth = auth.with_pop(pop).map_err(too_long)?;
    }
    if let Some(username) = &credentials.username {
        auth = auth.with_username(username).map_err(too_long)?;
    }
    if let Some(password) = &credentials.password {
        auth = auth.with_password(password).map_err(too_long)?;
    }
    Ok(auth)
}

/// An open device.
pub(crate) struct Device {
    pub(crate) driver: Driver,
    pub(crate) place: Place,
    pub(crate) out: Rc<Output>,
    clock: TokioClock,
    /// The overall deadline.
    until: Duration,
}

impl Device {
    /// An error of the driver, for people.
    pub(crate) fn explain(&self, error: &ProvisionError<LinkError>) -> Failure {
        from_provision(error, &self.place)
    }

    /// The same, where the command must not be run again once it was sent.
    pub(crate) fn explain_once(&self, error: &ProvisionError<LinkError>) -> Failure {
        let mut failure = self.explain(error);
        failure.retry = failure.retry.filter(|stage| *stage == Stage::Early);
        failure
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
        self.driver
            .limit_total(self.until.saturating_sub(self.clock.now()));
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
            let answer = self.ask(move || prompt::secret(text)).await?;
            secret_input::check_length(Some(&answer), if pop { "--pop" } else { "--password" })?;
            let auth = self.driver.auth_mut();
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

/// Turns the driver's events into output.
pub(crate) struct Narrator {
    out: Rc<Output>,
    recorder: Rc<Recorder>,
    /// What the link lists.
    endpoints: Vec<String>,
    plaintext: bool,
    named: bool,
}

impl Observer for Narrator {
    fn event(&mut self, event: &Event<'_>) {
        let out = &self.out;
        match event {
            Event::Info(info) => {
                out.event(&Report::info(info, &self.endpoints));
                if info.scheme() == SecurityScheme::Sec0 && self.plaintext {
                    out.warn(
                        "plaintext",
                        "this device uses no encryption: whoever listens on the link reads the credentials",
                    );
                }
            }
            Event::Session { security, notices } => {
                self.recorder.session(security.number());
                out.event(&Report::session(*security));
                if notices.nonce_reuse {
                    out.warn(
                        "nonce_reuse",
                        "this firmware uses security 2 at patch level 0, which repeats its nonce: who records the session can read it in part; update the firmware",
                    );
                }
                if notices.patch_mismatch {
                    out.warn(
                        "patch_mismatch",
                        "the device claims another patch level of security 2 than it uses",
                    );
                }
                if notices.unauthenticated {
                    out.warn(
                        "unauthenticated",
                        "without a PoP nothing proves that this is the device: anyone near could pose as it",
                    );
                }
                if notices.guessable_pop && !self.named {
                    out.warn(
                        "guessable_pop",
                        "the device chose security 1: if somebody poses as it, they can now find out the PoP by trying; where it can do better, insist with --security 2",
                    );
                }
                if notices.stripped_digest {
                    out.warn(
                        "stripped_digest",
                        "the device's verifier was made with a generator that drops leading zeros; other apps may fail with it (make a new one with espprov credentials)",
                    );
                }
            }
            Event::ConfigSent => out.event(&Report::ConfigSent),
            Event::ConfigApplied => out.event(&Report::ConfigApplied),
            Event::Connecting { attempts_remaining } => out.event(&Report::Connecting {
                attempts_remaining: *attempts_remaining,
            }),
            Event::LinkLost { phase } => {
                out.warn(
                    "link_lost",
                    format!("the link broke while {phase}; trying to get it back"),
                );
            }
            Event::AnswerLost {
                phase,
                restarted: true,
            } => out.warn(
                "device_restarted",
                format!("the device restarted while {phase}; trying again"),
            ),
            Event::AnswerLost { phase, .. } => out.warn(
                "answer_spoiled",
                format!("the device printed other text into its answer while {phase}; trying again"),
            ),
            Event::Reconnecting => {
                out.progress("connecting again");
                out.detail(1, "connecting again");
            }
            Event::SessionTaken { .. } => {
                out.progress("another client uses the device");
                out.detail(1, "another client took the session over; trying again");
            }
            Event::Stranger => out.warn(
                "stranger",
                "somebody else answers at the device's address: its answers are not believed",
            ),
            Event::EntriesSkipped { count } => out.warn(
                "entries_skipped",
                format!("{count} entries of the scan could not be read and are left out"),
            ),
            Event::ActiveUnknown => {
                out.warn("active_unknown", "the device did not say which network it is on")
            }
            Event::Scanning { found } => {
                out.progress("the device is scanning");
                out.detail(1, &format!("scanning: {found} networks so far"));
            }
            _ => {}
        }
    }
}
