//! The async driver: an [`Engine`] together with a link and a clock.

mod run;

use crate::auth::{Authenticator, SessionSecurity};
use crate::call::{
    Ask, Call, Connect, FollowThread, FollowWifi, Info, IntoResult, Outcome, ProvisionThread, ProvisionWifi,
    ScanOptions, ScanThread, ScanWifi, SendData, SendRaw,
};
use crate::request::{Control, ControlAction, GetThreadStatus, GetWifiStatus, Request};
use crate::{Budget, Deadlines, Engine, Observer, ProvisionError, WifiConfig};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use espprov_transport::{Clock, Endpoint, Endpoints, Reconnect};
use espprov_types::{
    AccessPoint, DeviceInfo, ThreadAttachment, ThreadDataset, ThreadFailure, ThreadNetwork, ThreadStatus,
    WifiConnection, WifiFailure, WifiStatus,
};
use rand_core::TryCryptoRng;

/// Provisions one device over one link.
///
/// Generic over everything that touches the world: the transport, the credentials, the entropy source, the
/// clock, and one buffer for all requests and replies (a `Vec` of 16 KiB on the desktop, an array or
/// `&'static mut [u8]` on a microcontroller; wiped on drop). Never spawns, never boxes.
///
/// A method that needs a session establishes one by itself; after an error the next call starts from a new
/// link and a new handshake. Methods are not cancel-safe, but a cancelled one is like a failed one: call the
/// next, or [`close`](Self::close).
///
/// Without async: [`blocking::Provisioner`](crate::blocking::Provisioner), or the [`Engine`] itself.
///
/// ```no_run
/// # async fn f<T: espprov_transport::Reconnect, R: rand_core::TryCryptoRng, C: espprov_transport::Clock>(
/// #     transport: T, rng: R, clock: C) -> Result<(), espprov_core::ProvisionError<T::Error>> {
/// use espprov_core::{Outcome, Provisioner, WifiConfig, auth::Auto};
///
/// let auth = Auto::new().with_pop(b"abcd1234").expect("at most 128 bytes");
/// let mut device = Provisioner::new(transport, auth, rng, clock, vec![0; 16 * 1024]);
/// let config = WifiConfig::new(b"Home", b"correct-horse").expect("checked input");
/// let outcome = device.provision_wifi(&config).await;
/// device.close().await; // on every way out
/// match outcome? {
///     Outcome::Connected(connection) => println!("online at {:?}", connection.ip),
///     Outcome::LikelyConnected => println!("the device left to join the network"),
///     Outcome::Unconfirmed => println!("the device left without a word: look at it"),
///     Outcome::Failed(why) => println!("could not join: {why:?}"),
/// }
/// # Ok(()) }
/// ```
pub struct Provisioner<T, A: Authenticator, R, C, B: AsMut<[u8]>, O = ()> {
    transport: T,
    clock: C,
    engine: Engine<A, R, B, O>,
}

impl<T, A, R, C, B> Provisioner<T, A, R, C, B>
where
    A: Authenticator,
    B: AsMut<[u8]>,
{
    /// A driver for the device at the other end of `transport`.
    #[inline(never)] // what it takes on the stack is off it before anything runs
    pub fn new(transport: T, auth: A, rng: R, clock: C, buf: B) -> Self {
        Self {
            transport,
            clock,
            engine: Engine::new(auth, rng, buf),
        }
    }

    /// Reports events to `observer`.
    pub fn with_observer<O: Observer>(self, observer: O) -> Provisioner<T, A, R, C, B, O> {
        Provisioner {
            transport: self.transport,
            clock: self.clock,
            engine: self.engine.with_observer(observer),
        }
    }
}

impl<T, A, R, C, B, O> Provisioner<T, A, R, C, B, O>
where
    A: Authenticator,
    B: AsMut<[u8]>,
{
    /// A driver of this engine, which may have a session on this transport already.
    pub const fn with_engine(transport: T, clock: C, engine: Engine<A, R, B, O>) -> Self {
        Self {
            transport,
            clock,
            engine,
        }
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

    /// Sets how much a handshake may compute before the executor runs what else there is: see [`Engine::with_budget`].
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.engine = self.engine.with_budget(budget);
        self
    }

    /// The transport, for what only it knows.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// The transport. Whoever exchanges something on it past the driver moves the session on; see
    /// [`send_raw`](Self::send_raw).
    pub const fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// The credentials and policy, to exchange them after [`ProvisionError::WrongCredentials`].
    pub const fn auth_mut(&mut self) -> &mut A {
        self.engine.auth_mut()
    }

    /// How the current session is secured; `None` without one.
    pub const fn security(&self) -> Option<SessionSecurity> {
        self.engine.security()
    }

    /// Transport, clock and engine: the session may go on with another driver.
    pub fn into_parts(self) -> (T, C, Engine<A, R, B, O>) {
        (self.transport, self.clock, self.engine)
    }
}

impl<T, A, R, C, B, O> Provisioner<T, A, R, C, B, O>
where
    T: Reconnect,
    A: Authenticator,
    R: TryCryptoRng,
    C: Clock,
    B: AsMut<[u8]>,
    O: Observer,
{
    /// Limits everything from now on to `total`, on top of the limits of the steps.
    pub fn limit_total(&mut self, total: Duration) {
        let until = self.clock.now().saturating_add(total);
        self.engine.limit_total(until);
    }

    /// Takes any call to its end.
    ///
    /// # Errors
    /// What the call says.
    pub async fn run<K: Call<T::Error> + IntoResult>(
        &mut self,
        mut call: K,
    ) -> Result<K::Output, ProvisionError<T::Error>> {
        self.drive(&mut call).await?;
        call.take_result().map_err(ProvisionError::Misuse)
    }

    /// The device's description: asked for once, then remembered.
    ///
    /// # Errors
    /// The link failed, or the answer is no proto-ver document.
    pub async fn info(&mut self) -> Result<&DeviceInfo, ProvisionError<T::Error>> {
        self.drive(&mut Info::new()).await?;
        self.engine.info().ok_or(ProvisionError::Internal)
    }

    /// Makes sure that there is a session, and says how it is secured.
    ///
    /// # Errors
    /// The link failed, the policy forbids it, or the handshake failed.
    pub async fn connect(&mut self) -> Result<SessionSecurity, ProvisionError<T::Error>> {
        self.drive(&mut Connect::new()).await?;
        self.security().ok_or(ProvisionError::Internal)
    }

    /// Scans for Wi-Fi networks; see [`ScanWifi`].
    ///
    /// # Errors
    /// The link, the session or the scan failed, or it was not over in time.
    pub async fn scan_wifi(
        &mut self,
        options: &ScanOptions,
    ) -> Result<Vec<AccessPoint>, ProvisionError<T::Error>> {
        let mut scan = ScanWifi::new(options);
        self.drive(&mut scan).await?;
        scan.take_result().map_err(ProvisionError::Misuse)
    }

    /// Scans for Thread networks.
    ///
    /// # Errors
    /// As [`scan_wifi`](Self::scan_wifi).
    pub async fn scan_thread(
        &mut self,
        options: &ScanOptions,
    ) -> Result<Vec<ThreadNetwork>, ProvisionError<T::Error>> {
        let mut scan = ScanThread::new(options);
        self.drive(&mut scan).await?;
        scan.take_result().map_err(ProvisionError::Misuse)
    }

    /// Gives the device Wi-Fi credentials and follows it until it is online or gave up.
    ///
    /// A device that still holds an earlier failed attempt is reset first, so this also serves to try again
    /// with another passphrase in the same run. Finding out what an earlier attempt is doing can take several
    /// minutes in the worst case: [`limit_total`](Self::limit_total) bounds the whole.
    ///
    /// # Errors
    /// Anything that went wrong before the device was told to apply the credentials, or the deadline. A link lost from
    /// then on is not an error: see [`Outcome::LikelyConnected`] and [`Outcome::Unconfirmed`].
    pub async fn provision_wifi(
        &mut self,
        config: &WifiConfig<'_>,
    ) -> Result<Outcome<WifiConnection, WifiFailure>, ProvisionError<T::Error>> {
        let mut call = ProvisionWifi::new(config);
        self.drive(&mut call).await?;
        call.take_result().map_err(ProvisionError::Misuse)
    }

    /// Gives the device a Thread dataset and follows it until it is attached or gave up.
    ///
    /// # Errors
    /// As [`provision_wifi`](Self::provision_wifi).
    pub async fn provision_thread(
        &mut self,
        dataset: &ThreadDataset,
    ) -> Result<Outcome<ThreadAttachment, ThreadFailure>, ProvisionError<T::Error>> {
        let mut call = ProvisionThread::new(dataset);
        self.drive(&mut call).await?;
        call.take_result().map_err(ProvisionError::Misuse)
    }

    /// Follows a device that has its Wi-Fi credentials until it is online or gave up.
    ///
    /// # Errors
    /// The device could not be reached at first, or it was still trying when the time was up.
    pub async fn follow_wifi(
        &mut self,
    ) -> Result<Outcome<WifiConnection, WifiFailure>, ProvisionError<T::Error>> {
        self.run(FollowWifi::new()).await
    }

    /// Follows a device that has its Thread dataset until it is attached or gave up.
    ///
    /// # Errors
    /// As [`follow_wifi`](Self::follow_wifi).
    pub async fn follow_thread(
        &mut self,
    ) -> Result<Outcome<ThreadAttachment, ThreadFailure>, ProvisionError<T::Error>> {
        self.run(FollowThread::new()).await
    }

    /// Asks one question within the session: a request of the protocol, or one of your own.
    ///
    /// # Errors
    /// The device refuses, the answer is none, a secret would have travelled in clear, or the link or session failed.
    pub async fn ask<Q, U>(&mut self, question: Q) -> Result<U, ProvisionError<T::Error>>
    where
        Q: for<'b> Request<Response<'b> = U>,
    {
        let mut call = Ask::new(question);
        self.drive(&mut call).await?;
        call.take_result().map_err(ProvisionError::Misuse)
    }

    /// Sends application data to an endpoint within the session, and hands the answer to `sink`.
    ///
    /// With `chunk`, the data is cut into pieces of at most that many bytes (256 is usual), each its own
    /// exchange; `sink` hears every answer in order. Returns the number of exchanges.
    ///
    /// # Errors
    /// Empty data, plaintext without permission, or the link or session failed; `sink` has heard the answers
    /// up to then.
    pub async fn send(
        &mut self,
        endpoint: Endpoint<'_>,
        data: &[u8],
        chunk: Option<usize>,
        sink: impl FnMut(&[u8]),
    ) -> Result<usize, ProvisionError<T::Error>> {
        self.run(SendData::new(endpoint, data, chunk, sink)?).await
    }

    /// Sends bytes as they are, without session or cipher, and hands the answer to `sink`. For devices that
    /// register endpoints without security, and for looking at the protocol's own. Past a session that enciphers they
    /// disturb it, as they do on `prov-session`: it is given up, and the next call starts another one.
    ///
    /// # Errors
    /// Empty data, or the link failed.
    pub async fn send_raw(
        &mut self,
        endpoint: Endpoint<'_>,
        data: &[u8],
        sink: impl FnOnce(&[u8]),
    ) -> Result<(), ProvisionError<T::Error>> {
        self.run(SendRaw::new(endpoint, data, sink)?).await
    }

    /// Clears a failed attempt, or makes the device accept new credentials after a success.
    ///
    /// # Errors
    /// The device refuses in the wrong state; or the link or session failed.
    pub async fn control(&mut self, action: ControlAction) -> Result<(), ProvisionError<T::Error>> {
        self.ask(Control(action)).await
    }

    /// State of the device's Wi-Fi station. A device that is online takes the question as a sign that
    /// provisioning is over, and stops about a second later.
    ///
    /// # Errors
    /// The link or the session failed.
    pub async fn wifi_status(&mut self) -> Result<WifiStatus, ProvisionError<T::Error>> {
        self.ask(GetWifiStatus).await
    }

    /// State of the device's Thread interface.
    ///
    /// # Errors
    /// The link or the session failed.
    pub async fn thread_status(&mut self) -> Result<ThreadStatus, ProvisionError<T::Error>> {
        self.ask(GetThreadStatus).await
    }
}

impl<T: fmt::Debug, A: Authenticator, R, C, B: AsMut<[u8]>, O> fmt::Debug for Provisioner<T, A, R, C, B, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provisioner")
            .field("transport", &self.transport)
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}
