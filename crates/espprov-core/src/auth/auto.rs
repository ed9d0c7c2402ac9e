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
mod tests {
    use super::*;
    use std::string::String;

    /// Counts up: entropy enough for a handshake that is never sent.
    struct Counter(u8);
    impl rand_core::TryRng for Counter {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            self.0 = self.0.wrapping_add(1);
            Ok(u32::from(self.0) + 1)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            self.try_next_u32().map(u64::from)
        }
        fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
            for b in dst {
                self.0 = self.0.wrapping_add(1);
                *b = self.0;
            }
            Ok(())
        }
    }
    impl TryCryptoRng for Counter {}

    /// What `auth` does with a device that claims this.
    fn verdict(auth: &Auto, sec_ver: &str, cap: &str) -> Result<SessionSecurity, PolicyError> {
        let mut json = String::from(r#"{"prov":{"ver":"v1.1","#);
        json.push_str(sec_ver);
        json.push_str(r#""cap":["wifi_scan""#);
        json.push_str(cap);
        json.push_str("]}}");
        let info = DeviceInfo::parse(json.as_bytes()).unwrap();
        let mut auth = auth.clone();
        auth.begin(&info, &mut Counter(0)).map(|h| auth.security(&h))
    }

    const SEC0: (&str, &str) = (r#""sec_ver":0,"#, r#","no_sec""#);
    const SEC1: (&str, &str) = (r#""sec_ver":1,"#, "");
    const SEC1_NO_POP: (&str, &str) = (r#""sec_ver":1,"#, r#","no_pop""#);
    const SEC2: (&str, &str) = (r#""sec_ver":2,"sec_patch_ver":1,"#, "");
    const OLD: (&str, &str) = ("", "");
    const OLD_NO_SEC: (&str, &str) = ("", r#","no_sec""#);
    const FUTURE: (&str, &str) = (r#""sec_ver":3,"#, "");

    #[test]
    fn the_policy() {
        use PolicyError as E;
        use SessionSecurity as S;
        let none = Auto::new();
        let pop = Auto::new().with_pop(b"abcd1234").unwrap();
        let no_pop = Auto::new().with_pop(b"").unwrap();
        let password = Auto::new().with_password(b"secret").unwrap();
        let forced = |scheme| SecurityChoice::Exactly(scheme);
        for (auth, (sec_ver, cap), expected) in [
            (&none, SEC0, Ok(S::Sec0)),
            (&none, OLD_NO_SEC, Ok(S::Sec0)),
            (&none, SEC1, Err(E::PopMissing)),
            (&none, OLD, Err(E::PopMissing)),
            (&none, SEC1_NO_POP, Ok(S::Sec1)),
            (&none, SEC2, Err(E::PasswordMissing)),
            (&none, FUTURE, Err(E::UnknownScheme(3))),
            (&pop, SEC0, Err(E::SecurityDowngrade { offered: 0 })),
            (&pop, SEC1, Ok(S::Sec1)),
            (&pop, OLD, Ok(S::Sec1)),
            (&pop, SEC1_NO_POP, Err(E::PopNotWanted)),
            (&pop, SEC2, Ok(S::Sec2)),
            (&no_pop, SEC1_NO_POP, Ok(S::Sec1)),
            (&no_pop, SEC2, Err(E::PasswordMissing)),
            (&no_pop, SEC0, Ok(S::Sec0)),
            (&password, SEC0, Err(E::SecurityDowngrade { offered: 0 })),
            (&password, SEC1, Err(E::PasswordForSecurity1)),
            (&password, SEC1_NO_POP, Err(E::PasswordForSecurity1)),
            (&password, SEC2, Ok(S::Sec2)),
            (&pop.clone().allow_plaintext(true), SEC0, Ok(S::Sec0)),
            (
                &pop.clone().allow_plaintext(true),
                SEC1_NO_POP,
                Err(E::PopNotWanted),
            ),
            (
                &pop.clone().with_choice(forced(SecurityScheme::Sec2)),
                SEC1,
                Err(E::SchemeMismatch {
                    offered: 1,
                    wanted: 2,
                }),
            ),
            (
                &pop.clone().with_choice(forced(SecurityScheme::Sec1)),
                SEC1,
                Ok(S::Sec1),
            ),
        ] {
            assert_eq!(
                verdict(auth, sec_ver, cap),
                expected,
                "{auth:?} with {sec_ver} {cap}"
            );
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let auth = Auto::new()
            .with_pop(b"abcd1234")
            .unwrap()
            .with_password(b"s3cret")
            .unwrap();
        let text = std::format!("{auth:?}");
        assert!(
            !text.contains("abcd1234") && !text.contains("s3cret") && !text.contains("97, 98"),
            "{text}"
        );
    }
}
