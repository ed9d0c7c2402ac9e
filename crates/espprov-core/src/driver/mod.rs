//! The async driver: from a link to a device that is online.

mod data;
mod deadlines;
mod error;
mod event;
mod flow;
mod link;
mod scan;

pub use deadlines::Deadlines;
pub use error::{Phase, ProvisionError};
pub use event::{Event, Observer};
pub use flow::Outcome;
pub use scan::ScanOptions;

use crate::Session;
use crate::auth::{Authenticator, SessionSecurity};
use core::time::Duration;
use espprov_security::Handshake;
use espprov_transport::{Clock, Reconnect, with_deadline};
use espprov_types::DeviceInfo;
use rand_core::TryCryptoRng;
use zeroize::Zeroize;

/// The channel an authenticator's handshakes end in.
type ChannelOf<A> = <<A as Authenticator>::Handshake as Handshake>::Channel;

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
/// ```no_run
/// # async fn f<T: espprov_transport::Reconnect, R: rand_core::TryCryptoRng, C: espprov_transport::Clock>(
/// #     transport: T, rng: R, clock: C) -> Result<(), espprov_core::ProvisionError<T::Error>> {
/// use espprov_core::{Outcome, Provisioner, WifiConfig, auth::Auto};
///
/// let auth = Auto::new().with_pop(b"abcd1234").expect("at most 64 bytes");
/// let mut device = Provisioner::new(transport, auth, rng, clock, vec![0; 16 * 1024]);
/// let config = WifiConfig::new(b"Home", b"correct-horse").expect("checked input");
/// let outcome = device.provision_wifi(&config).await;
/// device.close().await; // on every way out
/// match outcome? {
///     Outcome::Connected(connection) => println!("online at {:?}", connection.ip),
///     Outcome::LikelyConnected => println!("the device left to join the network"),
///     Outcome::Failed(why) => println!("could not join: {why:?}"),
/// }
/// # Ok(()) }
/// ```
pub struct Provisioner<T, A: Authenticator, R, C, B: AsMut<[u8]>, O = ()> {
    transport: T,
    auth: A,
    rng: R,
    clock: C,
    buf: Wiped<B>,
    observer: O,
    deadlines: Deadlines,
    /// The overall deadline in clock time; `Duration::MAX` = none.
    total: Duration,
    /// The same, or an earlier one while a device is followed. A dropped future leaves that behind, so every
    /// public method begins with [`begin`](Self::begin).
    until: Duration,
    info: Option<DeviceInfo>,
    session: Option<(Session<ChannelOf<A>>, SessionSecurity)>,
    /// An exchange failed or was dropped: reconnect before the next one.
    tainted: bool,
}

impl<T, A, R, C, B> Provisioner<T, A, R, C, B>
where
    T: Reconnect,
    A: Authenticator,
    R: TryCryptoRng,
    C: Clock,
    B: AsMut<[u8]>,
{
    /// A driver for the device at the other end of `transport`.
    pub fn new(transport: T, auth: A, rng: R, clock: C, buf: B) -> Self {
        Self {
            transport,
            auth,
            rng,
            clock,
            buf: Wiped(buf),
            observer: (),
            deadlines: Deadlines::default(),
            total: Duration::MAX,
            until: Duration::MAX,
            info: None,
            session: None,
            tainted: false,
        }
    }

    /// Reports events to `observer`.
    pub fn with_observer<O: Observer>(self, observer: O) -> Provisioner<T, A, R, C, B, O> {
        let Self {
            transport,
            auth,
            rng,
            clock,
            buf,
            deadlines,
            total,
            until,
            info,
            session,
            tainted,
            observer: (),
        } = self;
        Provisioner {
            transport,
            auth,
            rng,
            clock,
            buf,
            observer,
            deadlines,
            total,
            until,
            info,
            session,
            tainted,
        }
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
    /// Sets the time limits of the steps.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Limits everything from now on to `total`, on top of the limits of the steps.
    pub fn limit_total(&mut self, total: Duration) {
        self.total = self.clock.now().saturating_add(total);
        self.begin();
    }

    /// Only the overall deadline holds, whatever a cancelled method left behind.
    const fn begin(&mut self) {
        self.until = self.total;
    }

    /// The transport, for what only it knows.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// The credentials and policy, to exchange them after [`ProvisionError::WrongCredentials`].
    pub const fn auth_mut(&mut self) -> &mut A {
        &mut self.auth
    }

    /// How the current session is secured; `None` without one.
    pub fn security(&self) -> Option<SessionSecurity> {
        self.session.as_ref().map(|(_, security)| *security)
    }

    /// Ends the link in an orderly way, or gives up on that after [`Deadlines::connect`]. Call it on every way
    /// out.
    pub async fn close(&mut self) {
        self.session = None;
        self.tainted = true;
        let deadline = self.clock.now().saturating_add(self.deadlines.connect);
        let closing = self.transport.close();
        // Whether it ended in time or not: there is nothing more to do about it.
        let _ = with_deadline(&self.clock, deadline, closing).await;
    }
}

/// The buffer: passphrases pass through it, so it is wiped.
struct Wiped<B: AsMut<[u8]>>(B);

impl<B: AsMut<[u8]>> Wiped<B> {
    fn bytes(&mut self) -> &mut [u8] {
        self.0.as_mut()
    }
}

impl<B: AsMut<[u8]>> Drop for Wiped<B> {
    fn drop(&mut self) {
        self.bytes().zeroize();
    }
}
