//! Security 1 and nothing else: the smallest client.

use super::{Authenticator, PolicyError, SessionSecurity};
use espprov_security::sec1;
use espprov_types::{DeviceInfo, Secret, SecurityScheme, TooLong};
use rand_core::TryCryptoRng;

/// Provisions security 1 devices with a proof of possession; refuses all others. Links no bignum.
#[derive(Debug, Clone)]
pub struct Sec1Only {
    pop: Secret<64>,
}

impl Sec1Only {
    /// With a PoP of at most 64 bytes; empty for devices without one.
    ///
    /// # Errors
    /// The PoP is longer.
    pub fn new(pop: &[u8]) -> Result<Self, TooLong> {
        Ok(Self {
            pop: Secret::new(pop)?,
        })
    }
}

impl Authenticator for Sec1Only {
    type Handshake = sec1::Client;

    fn begin<R: TryCryptoRng>(
        &mut self,
        info: &DeviceInfo,
        rng: &mut R,
    ) -> Result<sec1::Client, PolicyError> {
        check_pop(info, Some(&self.pop))?;
        match info.scheme() {
            SecurityScheme::Sec1 => Ok(sec1::Client::new(self.pop.expose(), rng)?),
            SecurityScheme::Sec0 => Err(PolicyError::SecurityDowngrade { offered: 0 }),
            SecurityScheme::Sec2 => Err(PolicyError::SchemeMismatch {
                offered: 2,
                wanted: 1,
            }),
            other => Err(PolicyError::UnknownScheme(other.number())),
        }
    }

    fn security(&self, _: &sec1::Client) -> SessionSecurity {
        SessionSecurity::Sec1
    }
}

/// A held PoP must be used, and a needed one must be held.
pub(super) fn check_pop(info: &DeviceInfo, pop: Option<&Secret<64>>) -> Result<(), PolicyError> {
    let no_pop = info.capabilities.no_pop;
    match pop {
        Some(pop) if no_pop && !pop.is_empty() => Err(PolicyError::PopNotWanted),
        None if !no_pop => Err(PolicyError::PopMissing),
        _ => Ok(()),
    }
}
