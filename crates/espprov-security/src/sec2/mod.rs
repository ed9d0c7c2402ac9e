//! Security 2: SRP6a over the 3072-bit group of RFC 5054, then AES-256-GCM.
//!
//! Both sides prove that they know the password (the device: its verifier) without showing it, and records
//! are encrypted and authenticated. A recorded handshake gives no way to test guesses of the password.
//!
//! # Patch levels
//! Firmware since 2025 (`sec_patch_ver` 1) counts its nonce up with every record. Older firmware uses ONE
//! nonce for a whole session: who records two records learns the xor of their plaintexts, and can compute
//! the authentication key and forge records from then on; a repeated request is accepted. Such devices are
//! supported, because they exist, and every such session says so in
//! [`Notices::nonce_reuse`](crate::Notices::nonce_reuse). Keep such sessions short and update the firmware.
//!
//! The length of the nonce tells the two apart, not the unauthenticated `sec_patch_ver`: see
//! [`Client::new`].

mod channel;
mod client;
mod device;
mod group;
mod mont;
mod srp;
mod verifier;

pub use channel::GcmChannel;
pub use client::Client;
pub use device::{Device, Patch};
pub use verifier::{MAX_SALT_LEN, Verifier, VerifierError};

use crate::wire::Scheme;

const SCHEME: Scheme = Scheme::Sec2;

/// Bytes of the record key: the first half of K.
pub const KEY_LEN: usize = 32;
/// Bytes of a, the client's ephemeral private number, and of b, the device's.
pub const PRIVATE_LEN: usize = 32;
/// Bytes of the nonce since patch level 1: 8 random ones and the counter.
pub const NONCE_LEN: usize = 12;
/// Bytes of the nonce at patch level 0.
pub const OLD_NONCE_LEN: usize = 16;
/// Bytes of a record's tag.
pub const TAG_LEN: usize = 16;
/// Bytes of A, and the most that B and a verifier may have.
pub const PUBLIC_LEN: usize = group::LEN;
/// Bytes of M1 and M2.
pub const PROOF_LEN: usize = 64;

/// The record key out of K.
fn record_key(key: &srp::Secret512) -> zeroize::Zeroizing<[u8; KEY_LEN]> {
    let mut record_key = zeroize::Zeroizing::new([0; KEY_LEN]);
    for (to, from) in record_key.iter_mut().zip(key.iter()) {
        *to = *from;
    }
    record_key
}

#[cfg(test)]
mod tests;
