//! What opens a device.

use alloc::vec::Vec;
use core::fmt;
use espprov_core::auth::Auto;
use espprov_types::SetupPayload;
use zeroize::Zeroizing;

use crate::{Caller, Error, explain};

/// A secret; wiped on drop.
pub type Secret = Zeroizing<Vec<u8>>;

/// PoP (security 1), user name and password (security 2), as far as they are known. What is `None` was not said, which is something else
/// than empty.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Credentials {
    /// The proof of possession. Serves as the password of a security 2 device, too.
    pub pop: Option<Secret>,
    /// User name of security 2.
    pub username: Option<Secret>,
    /// Password of security 2.
    pub password: Option<Secret>,
}

impl Credentials {
    /// Somebody said what to prove.
    #[must_use]
    pub const fn has_proof(&self) -> bool {
        self.pop.is_some() || self.password.is_some()
    }

    /// Adds what a setup code knows and nobody said.
    pub fn complete(&mut self, setup: &SetupPayload) {
        if !self.has_proof() {
            self.pop = setup.pop.as_ref().map(|pop| secret(pop.expose()));
        }
        if self.username.is_none() {
            self.username = setup.username.as_ref().map(|name| secret(name.as_bytes()));
        }
    }

    /// A simulated device brings what opens it, for whoever did not say anything else.
    #[cfg(feature = "simulator")]
    pub fn complete_from(&mut self, scenario: &espprov_simulator::Scenario) {
        if self.has_proof() {
            return;
        }
        let Some(proof) = scenario.proof() else { return };
        if scenario.scheme() == 1 {
            self.pop = Some(secret(proof.expose()));
            return;
        }
        self.password = Some(secret(proof.expose()));
        if self.username.is_none() {
            self.username = Some(secret(scenario.username().as_bytes()));
        }
    }

    /// Hands them to an authenticator.
    ///
    /// # Errors
    /// `too_long`: more than [`MAX_CREDENTIAL`](espprov_types::MAX_CREDENTIAL) bytes.
    pub fn apply(&self, mut auth: Auto, caller: Caller) -> Result<Auto, Error> {
        if let Some(pop) = &self.pop {
            auth = auth.with_pop(pop).map_err(|_| explain::too_long(caller))?;
        }
        if let Some(username) = &self.username {
            auth = auth
                .with_username(username)
                .map_err(|_| explain::too_long(caller))?;
        }
        if let Some(password) = &self.password {
            auth = auth
                .with_password(password)
                .map_err(|_| explain::too_long(caller))?;
        }
        Ok(auth)
    }
}

impl fmt::Debug for Credentials {
    /// Which are there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("pop", &self.pop.is_some())
            .field("username", &self.username.is_some())
            .field("password", &self.password.is_some())
            .finish()
    }
}

/// A copy that is wiped.
pub(crate) fn secret(bytes: &[u8]) -> Secret {
    Zeroizing::new(bytes.to_vec())
}
