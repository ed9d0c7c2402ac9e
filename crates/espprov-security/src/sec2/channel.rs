//! The record cipher of security 2.

use super::{KEY_LEN, NONCE_LEN, OLD_NONCE_LEN, TAG_LEN};
use crate::aes256::Aes256;
use crate::{Channel, ChannelError};
use aes::cipher::consts::{U12, U16};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{AesGcm, KeyInit};
use core::fmt;

/// AES-256-GCM with the usual nonce.
type Aes256Gcm = AesGcm<Aes256, U12>;
/// AES-256-GCM with a 16-byte IV, from which GHASH makes the first counter block.
type Aes256Gcm16 = AesGcm<Aes256, U16>;

/// AES-256-GCM, no additional data, the tag after the ciphertext. One nonce state for both directions.
pub struct GcmChannel {
    cipher: Cipher,
}

enum Cipher {
    /// Patch level 1: 8 random bytes and a 32-bit counter that moves with every record of either direction.
    Counter {
        gcm: Aes256Gcm,
        prefix: [u8; 8],
        /// `None` when the last value has been used.
        counter: Option<u32>,
    },
    /// Patch level 0: the same nonce for every record.
    DangerousFixed {
        gcm: Aes256Gcm16,
        nonce: [u8; OLD_NONCE_LEN],
    },
}

impl GcmChannel {
    /// Patch level 1. The last four bytes of `nonce` are the counter, big-endian; a session starts it at 1.
    #[must_use]
    pub fn counter(key: &[u8; KEY_LEN], nonce: &[u8; NONCE_LEN]) -> Self {
        let [prefix @ .., c0, c1, c2, c3] = *nonce;
        Self {
            cipher: Cipher::Counter {
                gcm: Aes256Gcm::new(key.into()),
                prefix,
                counter: Some(u32::from_be_bytes([c0, c1, c2, c3])),
            },
        }
    }

    /// Patch level 0: ONE nonce for all records. Who records two of them learns the xor of their plaintexts
    /// and can then compute the authentication key and forge at will; a repeated request is accepted. There
    /// only to reach firmware that has nothing better.
    #[must_use]
    pub fn dangerous_fixed_nonce(key: &[u8; KEY_LEN], nonce: &[u8; OLD_NONCE_LEN]) -> Self {
        Self {
            cipher: Cipher::DangerousFixed {
                gcm: Aes256Gcm16::new(key.into()),
                nonce: *nonce,
            },
        }
    }

    /// Every record under the same nonce (patch level 0)?
    #[must_use]
    pub fn is_nonce_reused(&self) -> bool {
        matches!(self.cipher, Cipher::DangerousFixed { .. })
    }
}

impl fmt::Debug for GcmChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GcmChannel")
            .field("nonce_reused", &self.is_nonce_reused())
            .finish_non_exhaustive()
    }
}

fn nonce(prefix: [u8; 8], counter: Option<u32>) -> Result<([u8; NONCE_LEN], Option<u32>), ChannelError> {
    let counter = counter.ok_or(ChannelError::NonceExhausted)?;
    let mut nonce = [0; NONCE_LEN];
    let bytes = prefix.iter().copied().chain(counter.to_be_bytes());
    for (to, from) in nonce.iter_mut().zip(bytes) {
        *to = from;
    }
    Ok((nonce, counter.checked_add(1)))
}

impl Channel for GcmChannel {
    fn overhead(&self) -> usize {
        TAG_LEN
    }

    fn seal(&mut self, buf: &mut [u8], len: usize) -> Result<usize, ChannelError> {
        let needed = len.saturating_add(TAG_LEN);
        let record = buf
            .get_mut(..needed)
            .ok_or(ChannelError::BufferTooShort { needed })?;
        let (text, tag_out) = record
            .split_at_mut_checked(len)
            .ok_or(ChannelError::BufferTooShort { needed })?;
        // The only error of sealing is a length beyond GCM's 64 GB.
        let too_long = |_| ChannelError::NonceExhausted;
        let tag = match &mut self.cipher {
            Cipher::Counter { gcm, prefix, counter } => {
                let (nonce, next) = nonce(*prefix, *counter)?;
                let tag = gcm
                    .encrypt_inout_detached(&nonce.into(), &[], text.into())
                    .map_err(too_long)?;
                *counter = next;
                tag
            }
            Cipher::DangerousFixed { gcm, nonce } => gcm
                .encrypt_inout_detached(&(*nonce).into(), &[], text.into())
                .map_err(too_long)?,
        };
        tag_out.copy_from_slice(&tag);
        Ok(needed)
    }

    /// A record that fails leaves the nonce where it was, as on the device.
    fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
        let len = buf
            .len()
            .checked_sub(TAG_LEN)
            .ok_or(ChannelError::RecordTooShort)?;
        let (text, tag) = buf
            .split_at_mut_checked(len)
            .ok_or(ChannelError::RecordTooShort)?;
        let tag: [u8; TAG_LEN] = (&*tag).try_into().map_err(|_| ChannelError::RecordTooShort)?;
        let forged = |_| ChannelError::Forged;
        match &mut self.cipher {
            Cipher::Counter { gcm, prefix, counter } => {
                let (nonce, next) = nonce(*prefix, *counter)?;
                gcm.decrypt_inout_detached(&nonce.into(), &[], (&mut *text).into(), &tag.into())
                    .map_err(forged)?;
                *counter = next;
            }
            Cipher::DangerousFixed { gcm, nonce } => gcm
                .decrypt_inout_detached(&(*nonce).into(), &[], (&mut *text).into(), &tag.into())
                .map_err(forged)?,
        }
        Ok(text)
    }
}
