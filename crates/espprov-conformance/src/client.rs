//! Clients under test: what the flows ask of one. The drivers of `espprov-core` are clients, and so is whatever carries the
//! engine into another language.

use crate::case::Scheme;
use crate::{Failure, USERNAME};
use core::fmt;
use espprov_core::auth::Auto;
use espprov_core::call::{Call, Connect, Info, IntoResult, ProvisionWifi, ScanWifi, SendData};
use espprov_core::{Outcome, ProvisionError, ScanOptions, WifiConfig, WifiFailure};
use espprov_transport::Endpoint;
use espprov_transport::blocking::Link;

/// What opens the device of a case, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// The device's scheme. Under security 0 plain text is allowed.
    pub scheme: Scheme,
    /// PoP or password.
    pub secret: &'static str,
}

impl Credentials {
    /// As the drivers of `espprov-core` take them.
    pub(crate) fn auth(self) -> Result<Auto, Failure> {
        let auth = Auto::new();
        let secret = self.secret.as_bytes();
        let auth = match self.scheme {
            Scheme::Sec0 => Ok(auth.allow_plaintext(true)),
            Scheme::Sec1 => auth.with_pop(secret),
            Scheme::Sec2Patch0 | Scheme::Sec2Patch1 => auth
                .with_username(USERNAME.as_bytes())
                .and_then(|auth| auth.with_password(secret)),
        };
        auth.map_err(|error| Failure::new("credentials", &error))
    }
}

/// What a client tells instead of a result, as far as the cases tell it apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The request is longer than the link carries, and nothing was sent.
    RequestTooLarge {
        /// Bytes it takes.
        need: usize,
        /// Bytes there may be.
        limit: usize,
    },
    /// A wrong PoP or password.
    WrongCredentials,
    /// Anything else, in its own words.
    Other(String),
}

impl<E: fmt::Debug> From<ProvisionError<E>> for Told {
    fn from(error: ProvisionError<E>) -> Self {
        match error {
            ProvisionError::RequestTooLarge { need, limit } => Self::RequestTooLarge { need, limit },
            ProvisionError::WrongCredentials { .. } => Self::WrongCredentials,
            error => Self::Other(format!("{error:?}")),
        }
    }
}

/// How a provisioning ended, as far as the cases tell it apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The device is online, on the network of this name.
    Connected(Vec<u8>),
    /// The network refused the passphrase.
    AuthError,
    /// Anything else, in its own words.
    Other(String),
}

/// A client that is no driver of `espprov-core`. Each method returns when its call is over.
pub trait Client {
    /// Asks for the version.
    ///
    /// # Errors
    /// What the client was told.
    fn info(&mut self) -> Result<(), Told>;

    /// Makes sure that there is a session.
    ///
    /// # Errors
    /// What the client was told.
    fn connect(&mut self) -> Result<(), Told>;

    /// Scans for Wi-Fi networks: the strength of each, in the order they came.
    ///
    /// # Errors
    /// What the client was told.
    fn scan(&mut self) -> Result<Vec<i32>, Told>;

    /// Gives the device this network, and follows it.
    ///
    /// # Errors
    /// What the client was told.
    fn provision(&mut self, ssid: &str, passphrase: &str) -> Result<Ended, Told>;

    /// Sends data in pieces: how many exchanges that took, and the answers one after the other.
    ///
    /// # Errors
    /// What the client was told.
    fn send(&mut self, endpoint: &str, data: &[u8], chunk: usize) -> Result<(usize, Vec<u8>), Told>;

    /// Ends the link.
    fn close(&mut self);
}

/// A link with a client of its own: for [`Case::run_client`](crate::Case::run_client).
pub trait ClientLink: Link {
    /// A new client over it, without a session. The link may be open or broken.
    fn client(&mut self, credentials: Credentials) -> Box<dyn Client + '_>;
}

/// The same for the flows, whatever client it is.
pub(crate) trait Driver {
    async fn info(&mut self) -> Result<(), Told>;
    async fn connect(&mut self) -> Result<(), Told>;
    async fn scan(&mut self) -> Result<Vec<i32>, Told>;
    async fn provision(&mut self, ssid: &str, passphrase: &str) -> Result<Ended, Told>;
    async fn send(&mut self, endpoint: &str, data: &[u8], chunk: usize) -> Result<(usize, Vec<u8>), Told>;
    async fn close(&mut self);
}

/// What takes a call of `espprov-core` to its end.
pub(crate) trait Takes {
    type Error: fmt::Debug;

    async fn take<K: Call<Self::Error> + IntoResult>(
        &mut self,
        call: K,
    ) -> Result<K::Output, ProvisionError<Self::Error>>;

    async fn close(&mut self);
}

/// A driver of `espprov-core`.
pub(crate) struct OfCore<D>(pub(crate) D);

impl<D: Takes> Driver for OfCore<D> {
    async fn info(&mut self) -> Result<(), Told> {
        Ok(self.0.take(Info::new()).await?)
    }

    async fn connect(&mut self) -> Result<(), Told> {
        Ok(self.0.take(Connect::new()).await?)
    }

    async fn scan(&mut self) -> Result<Vec<i32>, Told> {
        let networks = self.0.take(ScanWifi::new(&ScanOptions::default())).await?;
        Ok(networks.iter().map(|network| network.rssi).collect())
    }

    async fn provision(&mut self, ssid: &str, passphrase: &str) -> Result<Ended, Told> {
        let config = WifiConfig::new(ssid.as_bytes(), passphrase.as_bytes());
        let config = config.map_err(|error| Told::Other(error.to_string()))?;
        Ok(match self.0.take(ProvisionWifi::new(&config)).await? {
            Outcome::Connected(on) => Ended::Connected(on.ssid.as_bytes().to_vec()),
            Outcome::Failed(WifiFailure::AuthError) => Ended::AuthError,
            outcome => Ended::Other(format!("{outcome:?}")),
        })
    }

    async fn send(&mut self, endpoint: &str, data: &[u8], chunk: usize) -> Result<(usize, Vec<u8>), Told> {
        let other = |error: &dyn fmt::Display| Told::Other(error.to_string());
        let endpoint = Endpoint::custom(endpoint).map_err(|error| other(&error))?;
        let mut back = Vec::new();
        let sink = |reply: &[u8]| back.extend_from_slice(reply);
        let call = SendData::new(endpoint, data, Some(chunk), sink).map_err(|error| other(&error))?;
        let exchanges = self.0.take(call).await?;
        Ok((exchanges, back))
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}

impl Driver for Box<dyn Client + '_> {
    async fn info(&mut self) -> Result<(), Told> {
        (**self).info()
    }

    async fn connect(&mut self) -> Result<(), Told> {
        (**self).connect()
    }

    async fn scan(&mut self) -> Result<Vec<i32>, Told> {
        (**self).scan()
    }

    async fn provision(&mut self, ssid: &str, passphrase: &str) -> Result<Ended, Told> {
        (**self).provision(ssid, passphrase)
    }

    async fn send(&mut self, endpoint: &str, data: &[u8], chunk: usize) -> Result<(usize, Vec<u8>), Told> {
        (**self).send(endpoint, data, chunk)
    }

    async fn close(&mut self) {
        (**self).close();
    }
}
