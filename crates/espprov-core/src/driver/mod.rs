//! The async driver: from a link to a device that is online.
//!
//! | module | what |
//! |---|---|
//! | `task` | what a call wants from the device, as a state machine without I/O |
//! | `provision`, `follow`, `scan`, `data` | the public calls and their tasks |
//! | `engine` | from what a task wants to the next thing to do on the link: session, handshake, cipher |
//! | `run` | does it: the only code that waits |

mod data;
mod deadlines;
mod engine;
mod error;
mod event;
mod follow;
mod provision;
mod run;
mod scan;
mod task;
#[cfg(test)]
mod testing;

pub use deadlines::Deadlines;
pub use error::{Phase, ProvisionError};
pub use event::{Event, Observer};
pub use provision::Outcome;
pub use scan::ScanOptions;

use crate::auth::{Authenticator, SessionSecurity};
use core::time::Duration;
use engine::{Action, Engine, What};
use espprov_transport::{Clock, Reconnect};
use espprov_types::DeviceInfo;
use rand_core::TryCryptoRng;
use task::Reach;
use zeroize::Zeroize;

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
        self.engine.deadlines = deadlines;
        self
    }

    /// Limits everything from now on to `total`, on top of the limits of the steps.
    pub fn limit_total(&mut self, total: Duration) {
        self.engine.total = self.clock.now().saturating_add(total);
    }

    /// The transport, for what only it knows.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// The credentials and policy, to exchange them after [`ProvisionError::WrongCredentials`].
    pub const fn auth_mut(&mut self) -> &mut A {
        &mut self.engine.auth
    }

    /// How the current session is secured; `None` without one.
    pub const fn security(&self) -> Option<SessionSecurity> {
        self.engine.security()
    }

    /// The device's description: asked for once, then remembered.
    ///
    /// # Errors
    /// The link failed, or the answer is no proto-ver document.
    pub async fn info(&mut self) -> Result<&DeviceInfo, ProvisionError<T::Error>> {
        self.run(&mut Reach::Info).await?;
        let info = self.engine.info.as_ref();
        info.ok_or(ProvisionError::Internal)
    }

    /// Makes sure that there is a session, and says how it is secured.
    ///
    /// # Errors
    /// The link failed, the policy forbids it, or the handshake failed.
    pub async fn connect(&mut self) -> Result<SessionSecurity, ProvisionError<T::Error>> {
        self.run(&mut Reach::Session).await?;
        self.security().ok_or(ProvisionError::Internal)
    }

    /// Ends the link in an orderly way, or gives up on that after [`Deadlines::connect`]. Call it on every way
    /// out.
    pub async fn close(&mut self) {
        self.engine.close();
        // Whether it ended in time or not: there is nothing more to do about it.
        let _ = self
            .act(Action {
                what: What::Close,
                limit: self.engine.deadlines.connect,
                until: Duration::MAX,
            })
            .await;
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

#[cfg(test)]
mod tests {
    use super::Wiped;

    #[test]
    fn the_buffer_is_wiped() {
        let mut bytes = [0xaa; 16];
        let mut buf = Wiped(&mut bytes[..]);
        assert_eq!(buf.bytes(), [0xaa; 16]);
        drop(buf);
        assert_eq!(bytes, [0; 16]);
    }
}
