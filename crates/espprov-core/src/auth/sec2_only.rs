//! Security 2 and nothing else.

use super::{Authenticator, PolicyError, SessionSecurity};
use espprov_security::sec2;
use espprov_types::{DeviceInfo, Secret, SecurityScheme, TooLong};
use rand_core::TryCryptoRng;

/// The username the vendor's examples and apps use when none is given.
pub const DEFAULT_USERNAME: &str = "wifiprov";

/// Provisions security 2 devices with a username and password; refuses all others.
#[derive(Debug, Clone)]
pub struct Sec2Only {
    username: Secret<64>,
    password: Secret<64>,
}

impl Sec2Only {
    /// With a username and a password of at most 64 bytes each.
    ///
    /// # Errors
    /// One of them is longer.
    pub fn new(username: &[u8], password: &[u8]) -> Result<Self, TooLong> {
        Ok(Self {
            username: Secret::new(username)?,
            password: Secret::new(password)?,
        })
    }
}

impl Authenticator for Sec2Only {
    type Handshake = sec2::Client;

    fn begin<R: TryCryptoRng>(
        &mut self,
        info: &DeviceInfo,
        rng: &mut R,
    ) -> Result<sec2::Client, PolicyError> {
        match info.scheme() {
            SecurityScheme::Sec2 => Ok(sec2::Client::new(
                self.username.expose(),
                self.password.expose(),
                info.patch,
                rng,
            )?),
            SecurityScheme::Sec0 => Err(PolicyError::SecurityDowngrade { offered: 0 }),
            SecurityScheme::Sec1 => Err(PolicyError::SecurityDowngrade { offered: 1 }),
            other => Err(PolicyError::UnknownScheme(other.number())),
        }
    }

    fn security(&self, _: &sec2::Client) -> SessionSecurity {
        SessionSecurity::Sec2
    }
}
