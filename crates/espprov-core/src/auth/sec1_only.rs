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
pub(super) fn check_pop<const N: usize>(
    info: &DeviceInfo,
    pop: Option<&Secret<N>>,
) -> Result<(), PolicyError> {
    let no_pop = info.capabilities.no_pop;
    match pop {
        Some(pop) if no_pop && !pop.is_empty() => Err(PolicyError::PopNotWanted),
        None if !no_pop => Err(PolicyError::PopMissing),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        Claim, Counter, FUTURE, OLD, OLD_NO_SEC, SEC0, SEC1, SEC1_NO_POP, SEC2, info,
    };
    use super::*;
    use PolicyError as E;

    fn verdict(pop: &[u8], claim: Claim) -> Result<SessionSecurity, PolicyError> {
        let mut auth = Sec1Only::new(pop).unwrap();
        let handshake = auth.begin(&info(claim), &mut Counter(0))?;
        Ok(auth.security(&handshake))
    }

    #[test]
    fn security_1_and_nothing_else() {
        for pop in [&b"abcd1234"[..], b""] {
            assert_eq!(verdict(pop, SEC1), Ok(SessionSecurity::Sec1));
            assert_eq!(verdict(pop, OLD), Ok(SessionSecurity::Sec1));
            for weaker in [SEC0, OLD_NO_SEC] {
                assert_eq!(verdict(pop, weaker), Err(E::SecurityDowngrade { offered: 0 }));
            }
            let other = E::SchemeMismatch {
                offered: 2,
                wanted: 1,
            };
            assert_eq!(verdict(pop, SEC2), Err(other));
            assert_eq!(verdict(pop, FUTURE), Err(E::UnknownScheme(3)));
        }
    }

    #[test]
    fn a_pop_that_is_held_is_used() {
        assert_eq!(verdict(b"abcd1234", SEC1_NO_POP), Err(E::PopNotWanted));
        assert_eq!(verdict(b"", SEC1_NO_POP), Ok(SessionSecurity::Sec1));
    }

    #[test]
    fn credentials_are_bounded_and_not_shown() {
        assert!(Sec1Only::new(&[b'x'; 65]).is_err());
        let shown = std::format!("{:?}", Sec1Only::new(b"abcd1234").unwrap());
        assert!(
            !shown.contains("abcd1234") && !shown.contains("97, 98"),
            "{shown}"
        );
    }
}
