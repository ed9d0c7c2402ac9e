//! Security 2 and nothing else.

use super::{Authenticator, PolicyError, SessionSecurity};
use espprov_security::sec2;
use espprov_types::{DeviceInfo, Secret, SecurityScheme, TooLong};
use rand_core::TryCryptoRng;

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
        let offered = match info.names_scheme() {
            true => info.scheme(),
            // Nothing contradicts.
            false => SecurityScheme::Sec2,
        };
        match offered {
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

#[cfg(test)]
mod tests {
    use super::super::testing::{
        Claim, Counter, FUTURE, OLD, OLD_NO_SEC, SEC0, SEC1, SEC1_NO_POP, SEC2, info,
    };
    use super::*;
    use PolicyError as E;
    use espprov_security::HandshakeError;

    fn verdict(username: &[u8], claim: Claim) -> Result<SessionSecurity, PolicyError> {
        let mut auth = Sec2Only::new(username, b"abcd1234").unwrap();
        let handshake = auth.begin(&info(claim), &mut Counter(0))?;
        Ok(auth.security(&handshake))
    }

    #[test]
    fn security_2_and_nothing_else() {
        assert_eq!(verdict(b"wifiprov", SEC2), Ok(SessionSecurity::Sec2));
        for weaker in [SEC1, SEC1_NO_POP, OLD] {
            let refused = Err(E::SecurityDowngrade { offered: 1 });
            assert_eq!(verdict(b"wifiprov", weaker), refused);
        }
        for weaker in [SEC0, OLD_NO_SEC] {
            let refused = Err(E::SecurityDowngrade { offered: 0 });
            assert_eq!(verdict(b"wifiprov", weaker), refused);
        }
        assert_eq!(verdict(b"wifiprov", FUTURE), Err(E::UnknownScheme(3)));
    }

    #[test]
    fn the_handshake_needs_a_user_name() {
        let refused = E::Handshake(HandshakeError::EmptyUsername);
        assert_eq!(verdict(b"", SEC2), Err(refused));
    }

    #[test]
    fn credentials_are_bounded_and_not_shown() {
        assert!(Sec2Only::new(b"wifiprov", &[b'x'; 65]).is_err());
        assert!(Sec2Only::new(&[b'x'; 65], b"").is_err());
        let shown = std::format!("{:?}", Sec2Only::new(b"wifiprov", b"abcd1234").unwrap());
        assert!(
            !shown.contains("abcd1234") && !shown.contains("97, 98"),
            "{shown}"
        );
    }
}
