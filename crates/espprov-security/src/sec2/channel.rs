//! The record cipher of security 2.

use super::{KEY_LEN, NONCE_LEN, OLD_NONCE_LEN, TAG_LEN};
use crate::aes256::Aes256;
use crate::{Channel, ChannelError};
use aes::Block;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use core::fmt;
use ghash::{GHash, universal_hash::UniversalHash};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// The longest text under one nonce: its blocks are counted in 32 bits, and two numbers are taken.
const LONGEST: u64 = (1 << 36) - 32;

/// AES-256-GCM (NIST SP 800-38D), no additional data, the tag after the ciphertext. One nonce state for both directions.
///
/// Patch levels differ in how the first counter block comes about and in nothing else. A library for the whole of GCM has
/// a type for each length of nonce, and firmware would link all of it twice.
pub struct GcmChannel {
    aes: Aes256,
    /// With its key, and nothing hashed.
    hash: GHash,
    nonce: Nonce,
}

enum Nonce {
    /// Patch level 1: 8 random bytes and a 32-bit counter that moves with every record of either direction.
    Counter {
        prefix: [u8; 8],
        /// `None` when the last value has been used.
        counter: Option<u32>,
    },
    /// Patch level 0: the same first block for every record.
    DangerousFixed { first: Block },
}

impl GcmChannel {
    /// Patch level 1. The last four bytes of `nonce` are the counter, big-endian; a session starts it at 1.
    #[must_use]
    pub fn counter(key: &[u8; KEY_LEN], nonce: &[u8; NONCE_LEN]) -> Self {
        let [prefix @ .., c0, c1, c2, c3] = *nonce;
        let counter = Some(u32::from_be_bytes([c0, c1, c2, c3]));
        Self::new(key, Nonce::Counter { prefix, counter })
    }

    /// Patch level 0: ONE nonce for all records. Who records two of them learns the xor of their plaintexts
    /// and can then compute the authentication key and forge at will; a repeated request is accepted. There
    /// only to reach firmware that has nothing better.
    #[must_use]
    pub fn dangerous_fixed_nonce(key: &[u8; KEY_LEN], nonce: &[u8; OLD_NONCE_LEN]) -> Self {
        let first = Block::default();
        let mut channel = Self::new(key, Nonce::DangerousFixed { first });
        let first = channel.hashed(nonce);
        channel.nonce = Nonce::DangerousFixed { first };
        channel
    }

    fn new(key: &[u8; KEY_LEN], nonce: Nonce) -> Self {
        let aes = Aes256::new(key.into());
        let mut hash_key = Block::default();
        aes.encrypt_block(&mut hash_key);
        let hash = GHash::new(&hash_key);
        hash_key.zeroize();
        Self { aes, hash, nonce }
    }

    /// Every record under the same nonce (patch level 0)?
    #[must_use]
    pub fn is_nonce_reused(&self) -> bool {
        matches!(self.nonce, Nonce::DangerousFixed { .. })
    }

    /// The first counter block of a record with this much text.
    fn first(&self, text: &[u8]) -> Result<Block, ChannelError> {
        if text.len() as u64 > LONGEST {
            return Err(ChannelError::NonceExhausted);
        }
        match self.nonce {
            Nonce::Counter { prefix, counter } => {
                let counter = counter.ok_or(ChannelError::NonceExhausted)?;
                let parts = prefix
                    .iter()
                    .copied()
                    .chain(counter.to_be_bytes())
                    .chain([0, 0, 0, 1]);
                let mut first = Block::default();
                for (to, from) in first.iter_mut().zip(parts) {
                    *to = from;
                }
                Ok(first)
            }
            Nonce::DangerousFixed { first } => Ok(first),
        }
    }

    /// A record was sealed or opened.
    fn advance(&mut self) {
        if let Nonce::Counter { counter, .. } = &mut self.nonce {
            *counter = counter.and_then(|counter| counter.checked_add(1));
        }
    }

    /// GHASH of these bytes and their length, in bits, behind a length of no additional data.
    fn hashed(&self, bytes: &[u8]) -> Block {
        let mut hash = self.hash.clone();
        hash.update_padded(bytes);
        let bits = (bytes.len() as u128).wrapping_mul(8);
        hash.update(&[bits.to_be_bytes().into()]);
        hash.finalize()
    }

    /// The tag of this ciphertext.
    fn tag(&self, first: &Block, text: &[u8]) -> Block {
        let mut tag = *first;
        self.aes.encrypt_block(&mut tag);
        xor(&mut tag, &self.hashed(text));
        tag
    }

    /// Enciphers, or deciphers, with the counter blocks after the first.
    fn apply(&self, first: &Block, text: &mut [u8]) {
        let mut block = *first;
        for part in text.chunks_mut(block.len()) {
            if let Some(number) = block.last_chunk_mut() {
                *number = u32::from_be_bytes(*number).wrapping_add(1).to_be_bytes();
            }
            let mut stream = block;
            self.aes.encrypt_block(&mut stream);
            xor(part, &stream);
        }
    }
}

fn xor(bytes: &mut [u8], with: &[u8]) {
    for (byte, with) in bytes.iter_mut().zip(with) {
        *byte ^= with;
    }
}

impl fmt::Debug for GcmChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GcmChannel")
            .field("nonce_reused", &self.is_nonce_reused())
            .finish_non_exhaustive()
    }
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
        let (text, tag) = record
            .split_at_mut_checked(len)
            .ok_or(ChannelError::BufferTooShort { needed })?;
        let first = self.first(text)?;
        self.apply(&first, text);
        tag.copy_from_slice(&self.tag(&first, text));
        self.advance();
        Ok(needed)
    }

    /// A record that fails leaves the nonce where it was, as on the device.
    fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
        let (text, tag) = buf
            .split_last_chunk_mut::<TAG_LEN>()
            .ok_or(ChannelError::RecordTooShort)?;
        let first = self.first(text)?;
        if !bool::from(self.tag(&first, text).as_slice().ct_eq(tag)) {
            return Err(ChannelError::Forged);
        }
        self.apply(&first, text);
        self.advance();
        Ok(text)
    }
}
