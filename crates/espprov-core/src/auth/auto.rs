//! The policy for people: what proto-ver says, but never weaker than the credentials they hold.

use super::sec1_only::check_pop;
use super::{AnyHandshake, Authenticator, PolicyError, SessionSecurity, Witness};
use espprov_security::{sec0, sec1, sec2};
use espprov_types::{
    DEFAULT_USERNAME, DeviceInfo, MAX_CREDENTIAL, Secret, SecurityScheme, SetupPayload, TooLong,
};
use rand_core::TryCryptoRng;

/// Which scheme the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SecurityChoice {
    /// What the device says, within the policy.
    #[default]
    Auto,
    /// Exactly this one, whatever anybody else says.
    Exactly(SecurityScheme),
}

/// Chooses the scheme by proto-ver and policy.
///
/// * A PoP serves security 1, and security 2 as its password.
/// * A password serves security 2 only.
/// * A device that claims no security, or no PoP, while such credentials are held is refused, unless plaintext
///   was allowed explicitly.
/// * What a setup payload names is pinned: see [`from_payload`](Self::from_payload).
/// * A device that falls back from what it claimed before is refused ([`PolicyError::SecurityFall`]): one `Auto`
///   remembers the strongest scheme it has met, so use one per device. A scheme that the caller names
///   ([`SecurityChoice::Exactly`]) is what counts, and the only thing that allows a fall.
///
/// What is left: a PoP, no payload, and a device that says security 1 from the start. It may be an older one, or an
/// impostor after the PoP; nobody can tell, and
/// [`Notices::guessable_pop`](espprov_security::Notices::guessable_pop) says so.
///
/// ```
/// use espprov_core::auth::Auto;
/// let auth = Auto::new().with_pop(b"abcd1234").unwrap();
/// assert!(!format!("{auth:?}").contains("abcd1234"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Auto {
    pop: Option<Secret<MAX_CREDENTIAL>>,
    username: Option<Secret<MAX_CREDENTIAL>>,
    password: Option<Secret<MAX_CREDENTIAL>>,
    choice: SecurityChoice,
    plaintext: bool,
    /// The scheme that the setup payload names.
    pinned: Option<SecurityScheme>,
    /// The weakest scheme to accept, and who said so.
    floor: Option<(SecurityScheme, Witness)>,
}

impl Auto {
    /// No credentials yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds what a setup payload brings, and takes its word against the device's: the scheme it names is the one to
    /// use, and so are its user name and PoP. Where it names a user name and no scheme, that is security 2: no other
    /// has users. Where it names neither, the device is asked.
    ///
    /// ```
    /// use espprov_core::auth::Auto;
    /// use espprov_types::SetupPayload;
    ///
    /// let code = r#"{"ver":"v1","name":"PROV_1","pop":"abcd1234","transport":"ble","security":"2"}"#;
    /// let auth = Auto::from_payload(&SetupPayload::parse(code)?);
    /// # let _ = auth;
    /// # Ok::<(), espprov_types::PayloadError>(())
    /// ```
    #[must_use]
    pub fn from_payload(payload: &SetupPayload) -> Self {
        let pinned = payload.scheme();
        let has_user = payload.username.is_some();
        Self {
            pop: payload.pop.clone(),
            // As long as a user name may be: this never fails.
            username: payload
                .username
                .as_ref()
                .and_then(|name| Secret::new(name.as_bytes()).ok()),
            pinned,
            floor: (pinned.is_none() && has_user).then_some((SecurityScheme::Sec2, Witness::SetupPayload)),
            ..Self::default()
        }
    }

    /// Holds a PoP; empty means: the user knows that the device needs none.
    ///
    /// # Errors
    /// Longer than [`MAX_CREDENTIAL`] bytes.
    pub fn with_pop(mut self, pop: &[u8]) -> Result<Self, TooLong> {
        self.pop = Some(Secret::new(pop)?);
        Ok(self)
    }

    /// Holds a security 2 username other than [`DEFAULT_USERNAME`].
    ///
    /// # Errors
    /// Longer than [`MAX_CREDENTIAL`] bytes.
    pub fn with_username(mut self, username: &[u8]) -> Result<Self, TooLong> {
        self.username = Some(Secret::new(username)?);
        Ok(self)
    }

    /// Holds a security 2 password.
    ///
    /// # Errors
    /// Longer than [`MAX_CREDENTIAL`] bytes.
    pub fn with_password(mut self, password: &[u8]) -> Result<Self, TooLong> {
        self.password = Some(Secret::new(password)?);
        Ok(self)
    }

    /// Asks for one scheme.
    #[must_use]
    pub const fn with_choice(mut self, choice: SecurityChoice) -> Self {
        self.choice = choice;
        self
    }

    /// Lets secrets travel unencrypted to a security 0 device.
    #[must_use]
    pub const fn allow_plaintext(mut self, allow: bool) -> Self {
        self.plaintext = allow;
        self
    }

    /// The scheme that the caller or the setup payload names, whatever the device says.
    #[must_use]
    pub const fn named(&self) -> Option<SecurityScheme> {
        match self.choice {
            SecurityChoice::Exactly(wanted) => Some(wanted),
            SecurityChoice::Auto => self.pinned,
        }
    }

    /// The scheme to use with this device.
    fn choose(&mut self, info: &DeviceInfo) -> Result<SecurityScheme, PolicyError> {
        let (said, floor) = (self.pinned, self.floor);
        if let (Some(asked), false) = (self.named(), info.names_scheme()) {
            // The device says nothing that could contradict.
            return Ok(asked);
        }
        let offered = info.scheme();
        self.remember(offered);
        let wanted = match (self.choice, said) {
            (SecurityChoice::Exactly(wanted), _) => wanted,
            (SecurityChoice::Auto, Some(pinned)) => {
                refuse_fall(offered, pinned, Witness::SetupPayload)?;
                pinned
            }
            (SecurityChoice::Auto, None) => {
                if let Some((least, witness)) = floor {
                    refuse_fall(offered, least, witness)?;
                }
                offered
            }
        };
        if wanted == offered {
            Ok(offered)
        } else {
            Err(PolicyError::SchemeMismatch {
                offered: offered.number(),
                wanted: wanted.number(),
            })
        }
    }

    /// The strongest scheme met so far is the least to accept from now on. A number that nobody knows is not
    /// stronger than anything.
    fn remember(&mut self, offered: SecurityScheme) {
        let known = !matches!(offered, SecurityScheme::Unknown(_));
        let higher = self
            .floor
            .is_none_or(|(least, _)| offered.number() > least.number());
        if known && higher {
            self.floor = Some((offered, Witness::EarlierAnswer));
        }
    }

    fn holds_secret(secret: Option<&Secret<MAX_CREDENTIAL>>) -> bool {
        secret.is_some_and(|s| !s.is_empty())
    }
}

/// A device that claims less than was said of it.
fn refuse_fall(offered: SecurityScheme, said: SecurityScheme, by: Witness) -> Result<(), PolicyError> {
    if offered.number() >= said.number() {
        return Ok(());
    }
    Err(PolicyError::SecurityFall {
        offered: offered.number(),
        said: said.number(),
        by,
    })
}

impl Authenticator for Auto {
    type Handshake = AnyHandshake;

    fn begin<R: TryCryptoRng>(
        &mut self,
        info: &DeviceInfo,
        rng: &mut R,
    ) -> Result<AnyHandshake, PolicyError> {
        match self.choose(info)? {
            SecurityScheme::Sec0 => {
                let holds =
                    Self::holds_secret(self.pop.as_ref()) || Self::holds_secret(self.password.as_ref());
                if holds && !self.plaintext {
                    return Err(PolicyError::SecurityDowngrade { offered: 0 });
                }
                Ok(AnyHandshake::Sec0(sec0::Client::new()))
            }
            SecurityScheme::Sec1 => {
                if Self::holds_secret(self.password.as_ref()) {
                    return Err(PolicyError::PasswordForSecurity1);
                }
                check_pop(info, self.pop.as_ref())?;
                let pop = self.pop.as_ref().map_or(&[][..], Secret::expose);
                Ok(AnyHandshake::Sec1(sec1::Client::new(pop, rng)?))
            }
            SecurityScheme::Sec2 => {
                let password = self
                    .password
                    .as_ref()
                    .or(self.pop.as_ref())
                    .filter(|p| !p.is_empty());
                let password = password.ok_or(PolicyError::PasswordMissing)?.expose();
                let username = self
                    .username
                    .as_ref()
                    .map_or(DEFAULT_USERNAME.as_bytes(), Secret::expose);
                Ok(AnyHandshake::Sec2(sec2::Client::new(
                    username, password, info.patch, rng,
                )?))
            }
            other => Err(PolicyError::UnknownScheme(other.number())),
        }
    }

    fn security(&self, handshake: &AnyHandshake) -> SessionSecurity {
        match handshake {
            AnyHandshake::Skipped(_) => SessionSecurity::None,
            AnyHandshake::Sec0(_) => SessionSecurity::Sec0,
            AnyHandshake::Sec1(_) => SessionSecurity::Sec1,
            AnyHandshake::Sec2(_) => SessionSecurity::Sec2,
        }
    }

    fn allows_plaintext(&self) -> bool {
        self.plaintext
    }
}

#[cfg(test)]
#[path = "auto_tests.rs"]
mod tests;
