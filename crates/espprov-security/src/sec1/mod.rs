//! Security 1: X25519, a proof of possession (PoP) mixed into the key, AES-256-CTR.
//!
//! What it gives: whoever only listens learns nothing, and who does not know the PoP cannot start a session with the
//! device. What it lacks, so prefer security 2 where the device offers it:
//!
//! * **Protection of the PoP against impostors.** The client proves itself first. Whoever answers its command 0 in
//!   the device's place chose one of the two keys, so they can compute the X25519 secret, and `client_verify` then tells for
//!   every guess of the PoP whether it is right: offline, as fast as SHA-256 and one AES block go. Eight hex digits
//!   last seconds. With the PoP they can pose as the device to the client, and as a client to the device. Every session
//!   with a PoP says so in [`Notices::guessable_pop`](crate::Notices::guessable_pop).
//! * **Any proof, without a PoP.** Then whoever answers is the device
//!   ([`Notices::unauthenticated`](crate::Notices::unauthenticated)).
//! * **A message authentication code.** Someone in the middle who lets a handshake pass can flip any bit of any
//!   record afterwards without being noticed, and the flipped bit arrives as exactly that bit of the plaintext.
//!   Treat every decrypted byte as untrusted.
//!
//! The key is `X25519(own private, peer public) xor SHA-256(PoP)`, without the second half for an empty PoP.
//! One keystream, its first counter block chosen by the device, runs through the whole session, beginning
//! with the two verify messages: a record that is lost or repeated desynchronises the two sides for good.

mod channel;
mod client;
mod device;

pub use channel::CtrChannel;
pub use client::Client;
pub use device::Device;

use crate::HandshakeError;
use crate::digest::hash;
use crate::wire::Scheme;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

const SCHEME: Scheme = Scheme::Sec1;

/// Bytes of an X25519 private or public key.
pub const KEY_LEN: usize = 32;
/// Bytes of the first counter block.
pub const RANDOM_LEN: usize = 16;

/// What a PoP adds to the key: nothing, that is zeros, for the empty one.
#[derive(Clone)]
struct PopMask(Zeroizing<[u8; KEY_LEN]>);

impl PopMask {
    fn new(pop: &[u8]) -> Self {
        let mut mask = Zeroizing::new([0; KEY_LEN]);
        if !pop.is_empty() {
            hash::<Sha256>(&[pop], (&mut *mask).into());
        }
        Self(mask)
    }
}

/// The cipher key of a session.
fn session_key(
    private: &[u8; KEY_LEN],
    peer: &[u8; KEY_LEN],
    pop: &PopMask,
) -> Result<Zeroizing<[u8; KEY_LEN]>, HandshakeError> {
    let mut key = Zeroizing::new(x25519(private, peer));
    if bool::from(key.ct_eq(&[0; KEY_LEN])) {
        return Err(HandshakeError::WeakSharedSecret);
    }
    for (byte, mask) in key.iter_mut().zip(pop.0.iter()) {
        *byte ^= mask;
    }
    Ok(key)
}

fn public_key(private: &[u8; KEY_LEN]) -> [u8; KEY_LEN] {
    x25519(private, &x25519_dalek::X25519_BASEPOINT_BYTES)
}

/// The one place where the curve is computed, so that it is compiled once.
#[inline(never)]
fn x25519(private: &[u8; KEY_LEN], point: &[u8; KEY_LEN]) -> [u8; KEY_LEN] {
    x25519_dalek::x25519(*private, *point)
}

/// Compares what a verify message deciphers to with the key it must be, in constant time.
fn check_verify(deciphered: &mut [u8; KEY_LEN], public: &[u8; KEY_LEN]) -> Result<(), HandshakeError> {
    let right = bool::from(deciphered.ct_eq(public));
    deciphered.zeroize();
    if right {
        Ok(())
    } else {
        Err(HandshakeError::WrongProof)
    }
}

#[cfg(test)]
mod tests;
