//! An open device.

use crate::TokioClock;
use crate::explain::{self, LinkError};
use crate::link::AnyLink;
use crate::text::shown;
use crate::{Error, Place, Recipe};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv4Addr;
use core::time::Duration;
use espprov_core::auth::{Auto, SessionSecurity};
use espprov_core::call::ProvisionWifi;
use espprov_core::request::ControlAction;
use espprov_core::{Deadlines, Event, Outcome, Provisioner, ScanOptions, WifiConfig};
use espprov_transport::{Endpoint, Reconnect};
use espprov_types::{
    AccessPoint, DeviceInfo, ThreadAttachment, ThreadDataset, ThreadNetwork, ThreadStatus, WifiConnection,
    WifiStatus,
};
use getrandom::SysRng;

/// One buffer for all requests and replies: more than any device sends.
pub(crate) const BUFFER: usize = 16 * 1024;
/// How long connecting again may take over Bluetooth, where the system's service may have to start first.
const BLE_CONNECT: Duration = Duration::from_secs(20);
/// How long a Bluetooth device is looked for after it was told to join.
const BLE_RECOVER: Duration = Duration::from_secs(30);

/// The time limits of the steps on this link.
pub(crate) fn deadlines(place: &Place, deadline: Duration) -> Deadlines {
    let mut deadlines = Deadlines::default();
    deadlines.connecting = deadline;
    if place.kind == crate::LinkKind::Ble {
        deadlines.connect = BLE_CONNECT;
        deadlines.recover = BLE_RECOVER;
    }
    deadlines
}

/// Hears what happens; see [`Connect::observe`](crate::Connect::observe).
pub type Listener = Box<dyn FnMut(&Event<'_>) + Send>;

/// The driver under a [`Device`].
pub type Driver<T = AnyLink> = Provisioner<T, Auto, SysRng, TokioClock, Vec<u8>, Listener>;

/// An open device. Everything it is asked for has the deadline that was given when it was opened, and after an error the
/// next question starts from a new link and a new session.
///
/// Not cancel-safe, but a call that was dropped is like one that failed: ask again, or [`close`](Self::close).
pub struct Device<T = AnyLink> {
    driver: Driver<T>,
    place: Place,
    deadline: Duration,
}

/// A device that has its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Joined<C> {
    /// It said so itself.
    Confirmed(C),
    /// It accepted the credentials, was connecting, and then went away as devices do that are online.
    Likely,
}

impl<C> Joined<C> {
    /// The device said so itself.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        matches!(self, Self::Confirmed(_))
    }

    /// What it said.
    pub fn confirmed(self) -> Option<C> {
        match self {
            Self::Confirmed(on) => Some(on),
            Self::Likely => None,
        }
    }
}

impl Joined<WifiConnection> {
    /// The address it was given, if it said one.
    #[must_use]
    pub fn ip(&self) -> Option<Ipv4Addr> {
        match self {
            Self::Confirmed(on) => on.ip,
            Self::Likely => None,
        }
    }
}

impl<T> Device<T>
where
    T: Reconnect,
    T::Error: LinkError,
{
    pub(crate) fn new(
        link: T,
        auth: Auto,
        place: Place,
        clock: TokioClock,
        deadline: Duration,
        listener: Listener,
    ) -> Self {
        let deadlines = deadlines(&place, deadline);
        let driver = Provisioner::new(link, auth, SysRng, clock, vec![0; BUFFER])
            .with_observer(listener)
            .with_deadlines(deadlines);
        Self {
            driver,
            place,
            deadline,
        }
    }

    /// Where it is, for messages.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The driver, for what is not here.
    pub const fn driver(&mut self) -> &mut Driver<T> {
        &mut self.driver
    }

    /// What the device says about itself: version, security, capabilities. Needs no credentials.
    ///
    /// # Errors
    /// It does not answer, or is no provisioning device.
    pub async fn info(&mut self) -> Result<DeviceInfo, Error> {
        self.begin();
        match self.driver.info().await {
            Ok(info) => Ok(info.clone()),
            Err(error) => Err(explain::provision(&error, &self.place)),
        }
    }

    /// Begins the session now, to know whether the credentials are right.
    ///
    /// # Errors
    /// `wrong_pop`, `wrong_password`, what policy refuses, and those of the link.
    pub async fn authenticate(&mut self) -> Result<SessionSecurity, Error> {
        self.begin();
        let end = self.driver.connect().await;
        end.map_err(|error| explain::provision(&error, &self.place))
    }

    /// The Wi-Fi networks that the device hears, as it orders them.
    ///
    /// # Errors
    /// Those of a session, or the device refuses.
    pub async fn scan(&mut self) -> Result<Vec<AccessPoint>, Error> {
        self.begin();
        let end = self.driver.scan_wifi(&ScanOptions::default()).await;
        end.map_err(|error| explain::provision(&error, &self.place))
    }

    /// The Thread networks that the device hears.
    ///
    /// # Errors
    /// Those of a session, or the device refuses.
    pub async fn scan_thread(&mut self) -> Result<Vec<ThreadNetwork>, Error> {
        self.begin();
        let end = self.driver.scan_thread(&ScanOptions::default()).await;
        end.map_err(|error| explain::provision(&error, &self.place))
    }

    /// Gives the device a Wi-Fi network and follows it until it is online. An empty passphrase is an open network.
    ///
    /// # Errors
    /// `auth_error`, `network_not_found`, `unconfirmed` and others: [`Error::class`] tells them apart. A device that takes no Wi-Fi is
    /// sent nothing secret.
    pub async fn provision(
        &mut self,
        ssid: impl AsRef<[u8]>,
        passphrase: impl AsRef<[u8]>,
    ) -> Result<Joined<WifiConnection>, Error> {
        self.provision_with(ssid, passphrase, &mut Recipe::new()).await
    }

    /// The same with an application's data before and after, in the same session: see [`Recipe`].
    ///
    /// # Errors
    /// As [`provision`](Self::provision), those of [`send`](Self::send) for what comes before, and `joined_incomplete`: the device is
    /// on its network, and a step after it is not done.
    pub async fn provision_with(
        &mut self,
        ssid: impl AsRef<[u8]>,
        passphrase: impl AsRef<[u8]>,
        recipe: &mut Recipe,
    ) -> Result<Joined<WifiConnection>, Error> {
        let (ssid, caller) = (ssid.as_ref(), self.place.caller);
        let config = WifiConfig::new(ssid, passphrase.as_ref());
        let config = config.map_err(|error| explain::config(caller, error))?;
        if !self.info().await?.supports_wifi() {
            return Err(explain::no_wifi(caller));
        }
        self.begin();
        let (before, after) = recipe.open()?;
        let mut answers = Vec::new();
        let mut steps = espprov_core::call::Recipe::new(&before, &after, |answer| {
            answers.push((answer.side, answer.data.to_vec()));
        })
        .with_after_timeout(recipe.after_timeout());
        let call = ProvisionWifi::new(&config).with_recipe(&mut steps);
        let end = self.driver.run(call).await;
        let failure = steps.failure();
        drop((before, after));
        recipe.took(answers);
        match end {
            Ok(outcome) => {
                let joined = joined(outcome, caller, |why| {
                    explain::wifi_outcome(caller, why, &shown(ssid))
                })?;
                recipe.check(caller, failure)?;
                Ok(joined)
            }
            Err(error) => Err(recipe.before_failed(explain::provision(&error, &self.place), failure)),
        }
    }

    /// Gives the device a Thread dataset and follows it until it is attached.
    ///
    /// # Errors
    /// As [`provision`](Self::provision), and `dataset_invalid`.
    pub async fn provision_thread(
        &mut self,
        dataset: &ThreadDataset,
    ) -> Result<Joined<ThreadAttachment>, Error> {
        let caller = self.place.caller;
        if !self.info().await?.supports_thread() {
            return Err(explain::no_thread(caller));
        }
        self.begin();
        match self.driver.provision_thread(dataset).await {
            Ok(outcome) => joined(outcome, caller, |why| explain::thread_outcome(caller, why)),
            Err(error) => Err(explain::provision(&error, &self.place)),
        }
    }

    /// State of the device's Wi-Fi station. A device that is online takes the question as a sign that provisioning is over.
    ///
    /// # Errors
    /// Those of a session.
    pub async fn status(&mut self) -> Result<WifiStatus, Error> {
        self.begin();
        let end = self.driver.wifi_status().await;
        end.map_err(|error| explain::provision(&error, &self.place))
    }

    /// State of the device's Thread interface.
    ///
    /// # Errors
    /// Those of a session.
    pub async fn thread_status(&mut self) -> Result<ThreadStatus, Error> {
        self.begin();
        let end = self.driver.thread_status().await;
        end.map_err(|error| explain::provision(&error, &self.place))
    }

    /// Clears a failed attempt to join a Wi-Fi network.
    ///
    /// # Errors
    /// There is none, or the firmware has no endpoint for it.
    pub async fn reset(&mut self) -> Result<(), Error> {
        self.control(ControlAction::ResetWifi).await
    }

    /// Has a device that is online accept another Wi-Fi network.
    ///
    /// # Errors
    /// It is not online, or the firmware has no endpoint for it.
    pub async fn reprovision(&mut self) -> Result<(), Error> {
        self.control(ControlAction::ReprovWifi).await
    }

    /// Clears a failed attempt, or has the device accept another network.
    ///
    /// # Errors
    /// The device refuses in the wrong state, or the firmware has no endpoint for it.
    pub async fn control(&mut self, action: ControlAction) -> Result<(), Error> {
        self.begin();
        let end = self.driver.control(action).await;
        end.map_err(|error| explain::provision(&error, &self.place))
    }

    /// Sends data to an endpoint of the application within the session; its answer, which may be empty.
    ///
    /// # Errors
    /// Those of a session, no data, no such endpoint, or more than the link carries in one request.
    pub async fn send(&mut self, endpoint: &str, data: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
        self.send_pieces(endpoint, data, None).await
    }

    /// The same in pieces of at most so many bytes (256 is usual), each a request of its own; all their answers.
    ///
    /// # Errors
    /// As [`send`](Self::send); the device has got the pieces before.
    pub async fn send_pieces(
        &mut self,
        endpoint: &str,
        data: impl AsRef<[u8]>,
        piece: Option<usize>,
    ) -> Result<Vec<u8>, Error> {
        let endpoint = named(endpoint)?;
        self.begin();
        let mut answer = Vec::new();
        let end = self.driver.send(endpoint, data.as_ref(), piece, |part| {
            answer.extend_from_slice(part)
        });
        match end.await {
            Ok(_) => Ok(answer),
            Err(error) => Err(explain::provision(&error, &self.place)),
        }
    }

    /// Sends bytes as they are, without session or cipher, to an endpoint that the firmware registered without security.
    /// A session that was there may be disturbed by it: the next question starts another one.
    ///
    /// # Errors
    /// Those of the link, no data, or no such endpoint.
    pub async fn send_raw(&mut self, endpoint: &str, data: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
        let endpoint = named(endpoint)?;
        self.begin();
        let mut answer = Vec::new();
        let end = self
            .driver
            .send_raw(endpoint, data.as_ref(), |all| answer.extend_from_slice(all));
        match end.await {
            Ok(()) => Ok(answer),
            Err(error) => Err(explain::provision(&error, &self.place)),
        }
    }

    /// Ends the link in an orderly way. A Bluetooth device is let go of within two seconds, in the background as long as the
    /// runtime runs.
    pub async fn close(mut self) {
        self.driver.close().await;
    }

    fn begin(&mut self) {
        self.driver.limit_total(self.deadline);
    }
}

pub(crate) fn named(endpoint: &str) -> Result<Endpoint<'_>, Error> {
    Endpoint::custom(endpoint).map_err(|error| {
        Error::usage("invalid_endpoint", alloc::format!("{error}"))
            .with_cause("no device has an endpoint of that name")
            .with_help("check the name; custom-data is the usual one")
    })
}

fn joined<C, F>(
    outcome: Outcome<C, F>,
    caller: crate::Caller,
    failed: impl FnOnce(F) -> Error,
) -> Result<Joined<C>, Error> {
    match outcome {
        Outcome::Connected(on) => Ok(Joined::Confirmed(on)),
        Outcome::LikelyConnected => Ok(Joined::Likely),
        Outcome::Unconfirmed => Err(explain::unconfirmed(caller)),
        Outcome::Failed(why) => Err(failed(why)),
    }
}

impl<T> fmt::Debug for Device<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("at", &self.place.label)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
