//! What a device stores instead of a password.

use super::group::{self, GROUP};
use super::srp::{self, InnerForm};
use crate::HandshakeError;
use crate::entropy::repeats;
use crate::stack::wiped_after;
use alloc::vec::Vec;
use core::fmt;
use rand_core::TryCryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Longest salt that [`Verifier`] takes, in bytes. 16 is usual.
pub const MAX_SALT_LEN: usize = 128;

/// Salt and verifier: what a device is built with so that it can check a user name and password without
/// holding them. Whoever has both can test guesses of the password offline, so keep them as you would keep
/// a password hash: `Debug` does not show them, the verifier is wiped on drop and compared in constant time.
#[derive(Clone)]
pub struct Verifier {
    salt: Vec<u8>,
    verifier: Zeroizing<Vec<u8>>,
}

impl PartialEq for Verifier {
    fn eq(&self, other: &Self) -> bool {
        (self.salt.ct_eq(&other.salt) & self.verifier.ct_eq(&other.verifier)).into()
    }
}

impl Eq for Verifier {}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

/// Why salt and verifier cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifierError {
    /// The user name is empty: devices refuse it.
    EmptyUsername,
    /// The salt is empty or longer than [`MAX_SALT_LEN`].
    SaltLength,
    /// The verifier is empty or longer than 384 bytes.
    VerifierLength,
    /// The verifier is not a number in 1..N.
    VerifierRange,
}

impl fmt::Display for VerifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyUsername => "the user name is empty",
            Self::SaltLength => "the salt must have 1 to 128 bytes",
            Self::VerifierLength => "the verifier must have 1 to 384 bytes",
            Self::VerifierRange => "the verifier is not a residue of the 3072-bit group",
        })
    }
}

impl core::error::Error for VerifierError {}

impl Verifier {
    /// Takes stored values. `verifier` is big-endian, up to 384 bytes; fewer, with leading zeros dropped,
    /// are as good.
    ///
    /// # Errors
    /// [`VerifierError`] when a length or the range is wrong.
    pub fn new(salt: &[u8], verifier: &[u8]) -> Result<Self, VerifierError> {
        check_salt(salt)?;
        if verifier.is_empty() {
            return Err(VerifierError::VerifierLength);
        }
        let padded = group::pad(verifier).ok_or(VerifierError::VerifierLength)?;
        if GROUP.is_zero(&padded) || !GROUP.is_canonical(&padded) {
            return Err(VerifierError::VerifierRange);
        }
        Ok(Self {
            salt: salt.to_vec(),
            verifier: Zeroizing::new(verifier.to_vec()),
        })
    }

    /// Makes the verifier of a user name and password: v = g^x, x = H(salt ǀ H(username ǀ ":" ǀ password)),
    /// every byte of the inner digest included, always 384 bytes.
    ///
    /// # Errors
    /// [`VerifierError`] when the user name is empty or the salt's length is wrong.
    pub fn generate(username: &[u8], password: &[u8], salt: &[u8]) -> Result<Self, VerifierError> {
        if username.is_empty() {
            return Err(VerifierError::EmptyUsername);
        }
        check_salt(salt)?;
        let verifier = wiped_after(|| {
            let inner = srp::inner_digest(username, password);
            let x = srp::private_x(salt, &inner, InnerForm::Full);
            let mut verifier = Zeroizing::new(alloc::vec![0; group::LEN]);
            srp::verifier(&x, &mut verifier);
            verifier
        });
        Ok(Self {
            salt: salt.to_vec(),
            verifier,
        })
    }

    /// A random salt. It never begins with 00: several clients drop leading zeros and then fail.
    ///
    /// # Errors
    /// [`HandshakeError::Entropy`] when `rng` fails, gives nothing but zeros, or (from 16 bytes on) repeats itself.
    pub fn generate_salt(len: usize, rng: &mut impl TryCryptoRng) -> Result<Vec<u8>, HandshakeError> {
        let mut salt = alloc::vec![0; len];
        // A working source passes at once; 16 zeros in a row are one in 2^128.
        for _ in 0..16 {
            rng.try_fill_bytes(&mut salt)
                .map_err(|_| HandshakeError::Entropy)?;
            if salt.first() != Some(&0) {
                let stuck = len >= 16 && repeats(&salt);
                return if stuck {
                    Err(HandshakeError::Entropy)
                } else {
                    Ok(salt)
                };
            }
        }
        Err(HandshakeError::Entropy)
    }

    /// The salt, as sent to clients.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// The verifier, big-endian, at most 384 bytes.
    #[must_use]
    pub fn verifier(&self) -> &[u8] {
        &self.verifier
    }
}

fn check_salt(salt: &[u8]) -> Result<(), VerifierError> {
    if salt.is_empty() || salt.len() > MAX_SALT_LEN {
        Err(VerifierError::SaltLength)
    } else {
        Ok(())
    }
}
