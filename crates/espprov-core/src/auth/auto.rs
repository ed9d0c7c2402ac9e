//! The policy for people: what proto-ver says, but never weaker than the credentials they hold.

use super::sec1_only::check_pop;
use super::sec2_only::DEFAULT_USERNAME;
use super::{AnyHandshake, Authenticator, PolicyError, SessionSecurity};
use espprov_security::{sec0, sec1, sec2};
use espprov_types::{DeviceInfo, Secret, SecurityScheme, TooLong};
use rand_core::TryCryptoRng;

/// Which scheme the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecurityChoice {
    /// What the device says, within the policy.
    #[default]
    Auto,
    /// Exactly this one.
    Exactly(SecurityScheme),
}

/// Chooses the scheme by proto-ver and policy.
///
/// * A PoP serves security 1, and security 2 as its password.
/// * A password serves security 2 only.
/// * A device that claims no security, or no PoP, while such credentials are held is refused, unless plaintext
///   was allowed explicitly.
///
/// ```
/// use espprov_core::auth::Auto;
/// let auth = Auto::new().with_pop(b"abcd1234").unwrap();
/// assert!(!format!("{auth:?}").contains("abcd1234"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Auto {
    pop: Option<Secret<64>>,
    username: Option<Secret<64>>,
    password: Option<Secret<64>>,
    choice: SecurityChoice,
    plaintext: bool,
}

impl Auto {
    /// No credentials yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds a PoP; empty means: the user knows that the device needs none.
    ///
    /// # Errors
    /// Longer than 64 bytes.
    pub fn with_pop(mut self, pop: &[u8]) -> Result<Self, TooLong> {
        self.pop = Some(Secret::new(pop)?);
        Ok(self)
    }

    /// Holds a security 2 username other than [`DEFAULT_USERNAME`].
    ///
    /// # Errors
    /// Longer than 64 bytes.
    pub fn with_username(mut self, username: &[u8]) -> Result<Self, TooLong> {
        self.username = Some(Secret::new(username)?);
        Ok(self)
    }

    /// Holds a security 2 password.
    ///
    /// # Errors
    /// Longer than 64 bytes.
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

    /// The scheme to use with this device.
    fn choose(&self, info: &DeviceInfo) -> Result<SecurityScheme, PolicyError> {
        let offered = info.scheme();
        match self.choice {
            SecurityChoice::Auto => Ok(offered),
            SecurityChoice::Exactly(wanted) if wanted == offered => Ok(offered),
            SecurityChoice::Exactly(wanted) => Err(PolicyError::SchemeMismatch {
                offered: offered.number(),
                wanted: wanted.number(),
            }),
        }
    }

    fn holds_secret(secret: Option<&Secret<64>>) -> bool {
        secret.is_some_and(|s| !s.is_empty())
    }
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
            SecurityScheme::Unknown(scheme) => Err(PolicyError::UnknownScheme(scheme)),
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
