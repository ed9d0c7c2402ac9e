//! The blocking driver: an [`Engine`] together with a link and a clock that wait, without async.

use crate::auth::{Authenticator, SessionSecurity};
use crate::call::{
    Ask, Call, Connect, FollowThread, FollowWifi, Info, IntoResult, Outcome, ProvisionThread, ProvisionWifi,
    ScanOptions, ScanThread, ScanWifi, SendData, SendRaw,
};
use crate::request::{Control, ControlAction, GetThreadStatus, GetWifiStatus, Request};
use crate::{Deadlines, Engine, Input, Observer, ProvisionError, Step, WifiConfig};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use espprov_transport::blocking::{Clock, Link, Stopped};
use espprov_transport::{Endpoint, Endpoints};
use espprov_types::{
    AccessPoint, DeviceInfo, ThreadAttachment, ThreadDataset, ThreadFailure, ThreadNetwork, ThreadStatus,
    WifiConnection, WifiFailure, WifiStatus,
};
use rand_core::TryCryptoRng;

/// Provisions one device over one link, and returns when it is done. What [`crate::Provisioner`] says of each method holds
/// here, too.
///
/// ```no_run
/// # fn f<L: espprov_transport::blocking::Link, R: rand_core::TryCryptoRng, C: espprov_transport::blocking::Clock>(
/// #     link: L, rng: R, clock: C) -> Result<(), espprov_core::ProvisionError<L::Error>> {
/// use espprov_core::{Outcome, WifiConfig, auth::Auto, blocking::Provisioner};
///
/// let auth = Auto::new().with_pop(b"abcd1234").expect("at most 128 bytes");
/// let mut device = Provisioner::new(link, auth, rng, clock, vec![0; 16 * 1024]);
/// let config = WifiConfig::new(b"Home", b"correct-horse").expect("checked input");
/// let outcome = device.provision_wifi(&config);
/// device.close(); // on every way out
/// assert!(matches!(outcome?, Outcome::Connected(_)));
/// # Ok(()) }
/// ```
pub struct Provisioner<L, A: Authenticator, R, C, B: AsMut<[u8]>, O = ()> {
    link: L,
    clock: C,
    engine: Engine<A, R, B, O>,
}

impl<L, A, R, C, B> Provisioner<L, A, R, C, B>
where
    A: Authenticator,
    B: AsMut<[u8]>,
{
    /// A driver for the device at the other end of `link`.
    pub fn new(link: L, auth: A, rng: R, clock: C, buf: B) -> Self {
        Self::with_engine(link, clock, Engine::new(auth, rng, buf))
    }

    /// Reports events to `observer`.
    pub fn with_observer<O: Observer>(self, observer: O) -> Provisioner<L, A, R, C, B, O> {
        Provisioner {
            link: self.link,
            clock: self.clock,
            engine: self.engine.with_observer(observer),
        }
    }
}

impl<L, A, R, C, B, O> Provisioner<L, A, R, C, B, O>
where
    A: Authenticator,
    B: AsMut<[u8]>,
{
    /// A driver of this engine, which may have a session on this link already.
    pub const fn with_engine(link: L, clock: C, engine: Engine<A, R, B, O>) -> Self {
        Self { link, clock, engine }
    }

    /// Sets the time limits of the steps.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.engine = self.engine.with_deadlines(deadlines);
        self
    }

    /// Sets what the endpoints of session and version are called, for another protocol than provisioning.
    #[must_use]
    pub fn with_endpoints(mut self, endpoints: Endpoints) -> Self {
        self.engine = self.engine.with_endpoints(endpoints);
        self
    }

    /// The link, for what only it knows.
    pub const fn link(&self) -> &L {
        &self.link
    }

    /// The link. Whoever exchanges something on it past the driver moves the session on.
    pub const fn link_mut(&mut self) -> &mut L {
        &mut self.link
    }

    /// The credentials and policy.
    pub const fn auth_mut(&mut self) -> &mut A {
        self.engine.auth_mut()
    }

    /// How the current session is secured; `None` without one.
    pub const fn security(&self) -> Option<SessionSecurity> {
        self.engine.security()
    }

    /// Link, clock and engine: the session may go on with another driver.
    pub fn into_parts(self) -> (L, C, Engine<A, R, B, O>) {
        (self.link, self.clock, self.engine)
    }
}

impl<L, A, R, C, B, O> Provisioner<L, A, R, C, B, O>
where
    L: Link,
    A: Authenticator,
    R: TryCryptoRng,
    C: Clock,
    B: AsMut<[u8]>,
    O: Observer,
{
    /// Takes any call to its end.
    ///
    /// # Errors
    /// What the call says.
    pub fn run<K: Call<L::Error> + IntoResult>(
        &mut self,
        mut call: K,
    ) -> Result<K::Output, ProvisionError<L::Error>> {
        self.drive(&mut call)?;
        Ok(call.into_result()?)
    }

    /// The whole of the driver: does what the engine says, one thing at a time. For every call the same code.
    fn drive(&mut self, call: &mut dyn Call<L::Error>) -> Result<(), ProvisionError<L::Error>> {
        let mut input = Input::Start;
        loop {
            let now = self.clock.now();
            let step = self.engine.step(call, input, now, self.link.limits())?;
            let now = self.clock.now();
            let ended = match step {
                Step::Exchange { endpoint, len, until } => {
                    let timeout = until.saturating_sub(now);
                    let buf = self.engine.buffer_mut();
                    self.link.exchange(endpoint, buf, len, timeout).map(Input::Reply)
                }
                Step::Reconnect { intent, until } => {
                    let timeout = until.saturating_sub(now);
                    self.link.reconnect(intent, timeout).map(|()| Input::Reconnected)
                }
                Step::Wait { until } => {
                    self.clock.sleep(until.saturating_sub(now));
                    Ok(Input::Elapsed)
                }
                Step::Busy => Ok(Input::Continue),
                Step::Done => return Ok(()),
            };
            input = ended.unwrap_or_else(|stopped| match stopped {
                Stopped::Fault(error) => Input::Fault(error),
                Stopped::Unanswered if matches!(step, Step::Exchange { .. }) => Input::Unanswered,
                _ => Input::Elapsed,
            });
        }
    }

    /// Ends the link in an orderly way, or gives up on that after [`Deadlines::connect`]. Call it on every way out.
    pub fn close(&mut self) {
        self.engine.close();
        self.link.close(self.engine.deadlines().connect);
    }

    /// Limits everything from now on to `total`, on top of the limits of the steps.
    pub fn limit_total(&mut self, total: Duration) {
        let until = self.clock.now().saturating_add(total);
        self.engine.limit_total(until);
    }

    /// The device's description: asked for once, then remembered.
    ///
    /// # Errors
    /// The link failed, or the answer is no proto-ver document.
    pub fn info(&mut self) -> Result<&DeviceInfo, ProvisionError<L::Error>> {
        self.run(Info::new())?;
        self.engine.info().ok_or(ProvisionError::Internal)
    }

    /// Makes sure that there is a session, and says how it is secured.
    ///
    /// # Errors
    /// The link failed, the policy forbids it, or the handshake failed.
    pub fn connect(&mut self) -> Result<SessionSecurity, ProvisionError<L::Error>> {
        self.run(Connect::new())?;
        self.security().ok_or(ProvisionError::Internal)
    }

    /// Scans for Wi-Fi networks; see [`ScanWifi`].
    ///
    /// # Errors
    /// The link, the session or the scan failed, or it was not over in time.
    pub fn scan_wifi(&mut self, options: &ScanOptions) -> Result<Vec<AccessPoint>, ProvisionError<L::Error>> {
        self.run(ScanWifi::new(options))
    }

    /// Scans for Thread networks.
    ///
    /// # Errors
    /// As [`scan_wifi`](Self::scan_wifi).
    pub fn scan_thread(
        &mut self,
        options: &ScanOptions,
    ) -> Result<Vec<ThreadNetwork>, ProvisionError<L::Error>> {
        self.run(ScanThread::new(options))
    }

    /// Gives the device Wi-Fi credentials and follows it until it is online or gave up.
    ///
    /// # Errors
    /// Anything that went wrong before the device was told to apply the credentials, or the deadline.
    pub fn provision_wifi(
        &mut self,
        config: &WifiConfig<'_>,
    ) -> Result<Outcome<WifiConnection, WifiFailure>, ProvisionError<L::Error>> {
        self.run(ProvisionWifi::new(config))
    }

    /// Gives the device a Thread dataset and follows it until it is attached or gave up.
    ///
    /// # Errors
    /// As [`provision_wifi`](Self::provision_wifi).
    pub fn provision_thread(
        &mut self,
        dataset: &ThreadDataset,
    ) -> Result<Outcome<ThreadAttachment, ThreadFailure>, ProvisionError<L::Error>> {
        self.run(ProvisionThread::new(dataset))
    }

    /// Follows a device that has its Wi-Fi credentials until it is online or gave up.
    ///
    /// # Errors
    /// The device could not be reached at first, or it was still trying when the time was up.
    pub fn follow_wifi(&mut self) -> Result<Outcome<WifiConnection, WifiFailure>, ProvisionError<L::Error>> {
        self.run(FollowWifi::new())
    }

    /// Follows a device that has its Thread dataset until it is attached or gave up.
    ///
    /// # Errors
    /// As [`follow_wifi`](Self::follow_wifi).
    pub fn follow_thread(
        &mut self,
    ) -> Result<Outcome<ThreadAttachment, ThreadFailure>, ProvisionError<L::Error>> {
        self.run(FollowThread::new())
    }

    /// Asks one question within the session: a request of the protocol, or one of your own.
    ///
    /// # Errors
    /// The device refuses, the answer is none, a secret would have travelled in clear, or the link or session failed.
    pub fn ask<Q, U>(&mut self, question: Q) -> Result<U, ProvisionError<L::Error>>
    where
        Q: for<'b> Request<Response<'b> = U>,
    {
        self.run(Ask::new(question))
    }

    /// Sends application data to an endpoint within the session, in pieces of `chunk` bytes, and hands the answers to
    /// `sink`; the number of exchanges.
    ///
    /// # Errors
    /// Empty data, plaintext without permission, or the link or session failed.
    pub fn send(
        &mut self,
        endpoint: Endpoint<'_>,
        data: &[u8],
        chunk: Option<usize>,
        sink: impl FnMut(&[u8]),
    ) -> Result<usize, ProvisionError<L::Error>> {
        self.run(SendData::new(endpoint, data, chunk, sink)?)
    }

    /// Sends bytes as they are, without session or cipher, and hands the answer to `sink`; see [`SendRaw`].
    ///
    /// # Errors
    /// Empty data, or the link failed.
    pub fn send_raw(
        &mut self,
        endpoint: Endpoint<'_>,
        data: &[u8],
        sink: impl FnOnce(&[u8]),
    ) -> Result<(), ProvisionError<L::Error>> {
        self.run(SendRaw::new(endpoint, data, sink)?)
    }

    /// Clears a failed attempt, or makes the device accept new credentials after a success.
    ///
    /// # Errors
    /// The device refuses in the wrong state; or the link or session failed.
    pub fn control(&mut self, action: ControlAction) -> Result<(), ProvisionError<L::Error>> {
        self.ask(Control(action))
    }

    /// State of the device's Wi-Fi station.
    ///
    /// # Errors
    /// The link or the session failed.
    pub fn wifi_status(&mut self) -> Result<WifiStatus, ProvisionError<L::Error>> {
        self.ask(GetWifiStatus)
    }

    /// State of the device's Thread interface.
    ///
    /// # Errors
    /// The link or the session failed.
    pub fn thread_status(&mut self) -> Result<ThreadStatus, ProvisionError<L::Error>> {
        self.ask(GetThreadStatus)
    }
}

impl<L: fmt::Debug, A: Authenticator, R, C, B: AsMut<[u8]>, O> fmt::Debug for Provisioner<L, A, R, C, B, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provisioner")
            .field("link", &self.link)
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}
