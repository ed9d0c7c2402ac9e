//! TLS below HTTP: whom to trust, and the handshake.
//!
//! | way to trust | for |
//! |---|---|
//! | [`Tls::system`] | a device with a certificate that a public authority, or the company's own in the system's store, has signed |
//! | [`Tls::ca`] | devices that a root of one's own has signed, and one that has signed itself |
//! | [`Tls::pin`] | one device, whatever is in its certificate: no name, no date, no issuer |
//! | [`Tls::insecure`] | none at all |
//!
//! Roots of the system are read with rustls-native-certs and checked by rustls itself, the same on every system, so that an
//! error has the same code everywhere.

mod der;
mod error;
mod fingerprint;
mod trust;
mod verify;

pub use error::{Distrust, Reason, TlsError};
pub use fingerprint::{Fingerprint, InvalidFingerprint};
pub use trust::InvalidRoots;

use crate::connect::{Connect, Tcp};
use crate::target::HttpTarget;
use core::fmt;
use core::time::Duration;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_rustls::TlsConnector;
use trust::{Roots, Trust};
use verify::{Rule, Verifier};

/// How long a handshake may take. A small chip needs a second or two for the arithmetic.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(8);

/// The certificate that was shown last, known to all clones of a [`Tls`].
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Option<Fingerprint>>>);

impl Seen {
    fn set(&self, fingerprint: Fingerprint) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(fingerprint);
    }

    fn get(&self) -> Option<Fingerprint> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens TLS connections, version 1.2 or 1.3, to devices that it trusts: a [`Connect`] around another.
///
/// ```no_run
/// use espprov_http::{HttpTarget, HttpTransport, Tls};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let target: HttpTarget = "https://lamp.local".parse()?;
/// let trust = Tls::ca(&std::fs::read("our-root.pem")?)?;
/// let device = HttpTransport::with_connector(target, trust);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Tls<C = Tcp> {
    below: C,
    trust: Trust,
    name: Option<ServerName<'static>>,
    any_name: bool,
    handshake_timeout: Duration,
    provider: Option<Arc<CryptoProvider>>,
    /// Made by the first connection.
    connector: Option<TlsConnector>,
    seen: Seen,
}

impl Tls {
    const fn new(trust: Trust, seen: Seen) -> Self {
        Self {
            below: Tcp,
            trust,
            name: None,
            any_name: false,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            provider: None,
            connector: None,
            seen,
        }
    }

    /// Trusts whom the system trusts. Its roots are read by the first connection.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Trust::System, Seen::default())
    }

    /// Trusts the certificates in this PEM text and what they have signed, and nobody else. A certificate that stands in it
    /// is good by itself, as a device's own that has signed itself; its dates and names still count.
    ///
    /// # Errors
    /// There is no certificate in it, or one that cannot be read.
    pub fn ca(pem: &[u8]) -> Result<Self, InvalidRoots> {
        let roots = Roots::from_pem(pem)?;
        Ok(Self::new(Trust::Roots(Arc::new(roots)), Seen::default()))
    }

    /// Trusts this one certificate. Its names, dates and issuer do not count: the device has proved that it has the key,
    /// and that is all there is to know.
    #[must_use]
    pub fn pin(fingerprint: Fingerprint) -> Self {
        Self::new(Trust::Pin(fingerprint), Seen::default())
    }

    /// Trusts anybody: encrypted, but to whom is unknown. [`seen`](Self::seen) tells which certificate it was.
    #[must_use]
    pub fn insecure() -> Self {
        Self::new(Trust::Anything, Seen::default())
    }
}

impl<C> Tls<C> {
    /// Expects the certificate to be for this name, or address, instead of the target's; the device is told it, too.
    ///
    /// # Errors
    /// Neither a name nor an address.
    pub fn server_name(mut self, name: &str) -> Result<Self, InvalidServerName> {
        let name = ServerName::try_from(name.to_owned()).map_err(|_| InvalidServerName)?;
        self.name = Some(name);
        Ok(self)
    }

    /// Any name in the certificate will do, and none: for devices whose certificates name no server, and whose root signs
    /// for nobody else. Without effect where anything but [`ca`](Tls::ca) says whom to trust: a public authority signs for
    /// everybody.
    #[must_use]
    pub const fn any_name(mut self) -> Self {
        self.any_name = true;
        self
    }

    /// How long a handshake may take (default 8 s).
    #[must_use]
    pub const fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }

    /// Computes with this instead of the process's own provider or, with the feature `ring`, that.
    #[must_use]
    pub fn provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Opens its streams over `below`.
    #[must_use]
    pub fn over<D: Connect>(self, below: D) -> Tls<D> {
        Tls {
            below,
            trust: self.trust,
            name: self.name,
            any_name: self.any_name,
            handshake_timeout: self.handshake_timeout,
            provider: self.provider,
            connector: self.connector,
            seen: self.seen,
        }
    }

    /// The certificate that was shown last, to this or a clone of it; trusted or not.
    #[must_use]
    pub fn seen(&self) -> Option<Fingerprint> {
        self.seen.get()
    }

    /// No certificate is refused.
    #[must_use]
    pub const fn is_insecure(&self) -> bool {
        matches!(self.trust, Trust::Anything)
    }

    /// The settings of rustls, made once: with them its memory of sessions is kept, which shortens later handshakes.
    async fn connector(&mut self) -> Result<TlsConnector, TlsError> {
        if let Some(made) = &self.connector {
            return Ok(made.clone());
        }
        let rule = match &self.trust {
            Trust::System => {
                let reading = tokio::task::spawn_blocking(Roots::of_the_system);
                let roots = reading.await.unwrap_or(Err(TlsError::NoRoots))?;
                Rule::Issued {
                    roots: Arc::new(roots),
                    any_name: false,
                }
            }
            Trust::Roots(roots) => Rule::Issued {
                roots: Arc::clone(roots),
                any_name: self.any_name,
            },
            Trust::Pin(pin) => Rule::Pinned(*pin),
            Trust::Anything => Rule::Anything,
        };
        let provider = self.provider.clone().or_else(usual_provider);
        let provider = provider.ok_or(TlsError::NoProvider)?;
        let verifier = Verifier {
            rule,
            algorithms: provider.signature_verification_algorithms,
            seen: self.seen.clone(),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|_| TlsError::NoProvider)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let made = TlsConnector::from(Arc::new(config));
        Ok(self.connector.insert(made).clone())
    }
}

/// The process's own, or the one this crate was built with.
fn usual_provider() -> Option<Arc<CryptoProvider>> {
    let own = CryptoProvider::get_default().cloned();
    #[cfg(feature = "ring")]
    let own = own.or_else(|| Some(Arc::new(rustls::crypto::ring::default_provider())));
    own
}

/// Neither a name nor an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidServerName;

impl fmt::Display for InvalidServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a server is a host name or an address, without a scheme or port")
    }
}

impl core::error::Error for InvalidServerName {}

impl<C: Connect + Send> Connect for Tls<C> {
    type Stream = tokio_rustls::client::TlsStream<C::Stream>;

    const IS_TLS: bool = true;
    // Together with what the connection below takes: less than the 10 s that the driver gives a reconnect.
    const TIMEOUT: Duration = Duration::from_secs(9);

    async fn connect(&mut self, target: &HttpTarget) -> io::Result<Self::Stream> {
        let connector = self.connector().await.map_err(io::Error::other)?;
        let name = match &self.name {
            Some(name) => name.clone(),
            None => target.server_name(),
        };
        let stream = self.below.connect(target).await?;
        match tokio::time::timeout(self.handshake_timeout, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(TlsError::of(&error).map_or(error, io::Error::other)),
            Err(_) => Err(io::Error::other(TlsError::TimedOut)),
        }
    }
}

impl<C> fmt::Debug for Tls<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trust = match &self.trust {
            Trust::System => "system",
            Trust::Roots(_) => "ca",
            Trust::Pin(_) => "pin",
            Trust::Anything => "insecure",
        };
        f.debug_struct("Tls")
            .field("trust", &trust)
            .field("name", &self.name)
            .field("any_name", &self.any_name)
            .finish_non_exhaustive()
    }
}
