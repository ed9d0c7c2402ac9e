//! A run against a device: everything known before the first byte is sent, and running again after a failure.

use crate::args::{DeviceArgs, Global};
use crate::device::{Device, Driver};
use crate::errors::{self, CALLER, Class, Failure, Place};
use crate::link;
use crate::narrator::{Evidence, Narrator};
use crate::output::{Output, Report, Success};
use crate::secret_input::{self, Stdin};
use crate::signals::heard;
use crate::target::Aim;
use crate::trace::{Entropy, Recorder, Traced};
use core::time::Duration;
use espprov::LinkKind;
#[cfg(feature = "ble")]
use espprov::Target;
use espprov::TokioClock;
use espprov_core::auth::{Auto, SecurityChoice};
use espprov_core::{Deadlines, Provisioner};
use espprov_local_ctrl::{InTurn, Protocol};
use espprov_transport::{Clock, Endpoint, Endpoints, Transport};
use std::rc::Rc;
use zeroize::Zeroizing;

/// One buffer for all requests and replies: more than any device sends.
const BUFFER: usize = 16 * 1024;
/// How long closing a link may take.
const CLOSING: Duration = Duration::from_secs(2);
/// The same with letting go of a Bluetooth device, after a signal: what comes after it must be over in time, too.
const ENDING: Duration = Duration::from_millis(2600);
/// Pause before running again.
const PAUSE: Duration = Duration::from_secs(1);
/// How long connecting again may take over Bluetooth, and how long a device is looked for after it was told to join.
const BLE_CONNECT: Duration = Duration::from_secs(20);
const BLE_RECOVER: Duration = Duration::from_secs(30);
/// How often a run begins again, without being told to, after a failure of this computer's own.
const MENDS: u8 = 3;

/// What a device is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be given its Wi-Fi network.
    Wifi,
    /// To be given its Thread network.
    Thread,
    /// For the properties that it has on its network.
    Properties,
}

/// Everything known before the first byte is sent.
pub(crate) struct Plan {
    purpose: Purpose,
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
    /// Reads and checks what the command line says about the device at `target`.
    pub(crate) async fn new(
        target: &str,
        args: &DeviceArgs,
        global: &Global,
        stdin: &Stdin,
        out: &Rc<Output>,
        purpose: Purpose,
    ) -> Result<Self, Failure> {
        #[cfg(feature = "line")]
        let target = &*crate::pictures::resolved(target).await?;
        let mut aim = Aim::parse(target)?;
        #[cfg(feature = "ble")]
        if let Target::Ble(target) = &mut aim.target {
            target.adapter.clone_from(&global.adapter);
            target.services.clone_from(&global.service);
            if purpose == Purpose::Properties {
                target.prefer_local_control();
            }
        } else {
            global.refuse_bluetooth()?;
        }
        #[cfg(feature = "tls")]
        {
            aim.tls = args.tls.trust(aim.target.kind()).await?;
        }
        aim.load(purpose).await?;
        let mut credentials = secret_input::credentials(&args.credentials, stdin).await?;
        aim.complete(&mut credentials);
        let thread = purpose == Purpose::Thread || aim.wants_thread();
        if thread && credentials.username.is_none() {
            // As the vendor's Thread examples are built.
            credentials.username = Some(Zeroizing::new(b"threadprov".to_vec()));
        }
        let choice = args.security.choice();
        let auth = aim.setup.as_ref().map_or_else(Auto::new, Auto::from_payload);
        let auth = auth.with_choice(choice).allow_plaintext(args.allow_plaintext);
        let named = choice != SecurityChoice::Auto
            || aim.setup.as_ref().is_some_and(|setup| setup.security.is_some());
        let place = aim.place(out);
        let recorder = Recorder::new(
            global.trace.clone(),
            global.trace_secrets,
            aim.public_label(),
            Rc::clone(out),
        );
        Ok(Self {
            purpose,
            auth: credentials.apply(auth, CALLER)?,
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

    /// Nobody looked at the certificate: that is said, and how it can be looked at the next time.
    #[cfg(feature = "tls")]
    fn warn_of_anybody(&self) {
        let Some(tls) = self.aim.tls.as_ref().filter(|tls| tls.is_insecure()) else {
            return;
        };
        let pin = tls.seen().map_or_else(String::new, |seen| {
            format!("; if this one is the device's, replace --insecure by --pin {seen}")
        });
        self.out.warn(
            "insecure_tls",
            format!("the device's certificate was not checked: anyone on the way could pose as it{pin}"),
        );
    }

    async fn open(&self, clock: TokioClock, until: Duration) -> Result<Device, Failure> {
        self.out.progress(&format!("connecting to {}", self.place.label));
        let opened = link::open(&self.aim, &self.place, &self.out, clock, until).await?;
        let (link, until) = (opened.link, until.saturating_add(opened.asked));
        let mut place = self.place.clone();
        if let Some(found) = opened.found {
            place.label = found;
        }
        self.out.event(&Report::Connected {
            transport: place.kind.name(),
            target: place.label.clone(),
        });
        #[cfg(feature = "tls")]
        self.warn_of_anybody();
        let mut endpoints = Vec::new();
        link.endpoints(&mut |name| endpoints.push(name.to_owned()));
        let evidence = Rc::new(Evidence::default());
        let control = Endpoint::PROV_CTRL.as_str();
        evidence
            .no_control
            .set(!endpoints.is_empty() && !endpoints.iter().any(|name| name == control));
        let narrator = Narrator {
            out: Rc::clone(&self.out),
            recorder: Rc::clone(&self.recorder),
            evidence: Rc::clone(&evidence),
            endpoints,
            plaintext: self.plaintext,
            named: self.named,
        };
        let mut deadlines = Deadlines::default();
        deadlines.connecting = self.deadline;
        if self.aim.target.kind() == LinkKind::Ble {
            // A Bluetooth service that ended has to start, and the device to be heard, before it can be connected to.
            deadlines.connect = BLE_CONNECT;
            deadlines.recover = BLE_RECOVER;
        }
        let driver: Driver = Provisioner::new(
            Traced::new(link, Rc::clone(&self.recorder)),
            match self.purpose {
                Purpose::Properties => InTurn::new(self.auth.clone()),
                Purpose::Wifi | Purpose::Thread => InTurn::once(self.auth.clone()),
            },
            Entropy(Rc::clone(&self.recorder)),
            clock,
            vec![0; BUFFER],
        )
        .with_endpoints(match self.purpose {
            Purpose::Properties => Protocol::ESP_LOCAL_CTRL.endpoints,
            Purpose::Wifi | Purpose::Thread => Endpoints::PROVISIONING,
        })
        .with_observer(narrator)
        .with_deadlines(deadlines);
        Ok(Device::new(
            driver,
            place,
            Rc::clone(&self.out),
            evidence,
            clock,
            until,
            self.purpose,
        ))
    }

    /// Opens the device and does `job`, again where that can help; closes the link on every way out, signals
    /// included.
    pub(crate) async fn run<J>(&self, job: J) -> Result<Success, Failure>
    where
        J: AsyncFnMut(&mut Device) -> Result<Success, Failure>,
    {
        // Only now is the command line known to be good: what the file held is not lost to a typing error.
        self.recorder.open().await?;
        let mut device = None;
        let end = tokio::select! {
            // Polled first, so that a signal is seen before anything happens.
            biased;
            signal = heard() => Err(errors::interrupted(signal)),
            end = self.attempt(&mut device, job) => end,
        };
        let interrupted = matches!(&end, Err(failure) if failure.class() == Class::Interrupted);
        // The answer is there already: a link that does not close in time changes nothing.
        let _ = tokio::time::timeout(ENDING, async {
            if let Some(device) = &mut device {
                let _ = tokio::time::timeout(CLOSING, device.driver.close()).await;
            }
            // A connection that was still being made when time was up, or the signal came, is let go.
            if end.is_err() && (device.is_none() || interrupted) {
                link::let_go().await;
            }
        })
        .await;
        self.recorder.check(end)
    }

    async fn attempt<J>(&self, slot: &mut Option<Device>, mut job: J) -> Result<Success, Failure>
    where
        J: AsyncFnMut(&mut Device) -> Result<Success, Failure>,
    {
        let clock = TokioClock::new();
        let mut until = clock.now().saturating_add(self.deadline);
        let (mut left, mut mends) = (self.retries, MENDS);
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
            until = slot.as_ref().map_or(until, Device::until);
            let more = if failure.is_mended() && mends > 0 {
                &mut mends
            } else {
                &mut left
            };
            if *more == 0 || failure.retry().is_none() || clock.now().saturating_add(PAUSE) >= until {
                return Err(failure);
            }
            *more -= 1;
            self.out.event(&Report::Warning {
                code: "retrying",
                message: format!("{}; trying again ({more} more)", failure.sentence()),
            });
            clock.sleep(PAUSE).await;
        }
    }
}
