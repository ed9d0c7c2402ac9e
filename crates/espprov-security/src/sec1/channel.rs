//! The record cipher of security 1.

use super::{KEY_LEN, RANDOM_LEN};
use crate::aes256::Aes256;
use crate::{Channel, ChannelError};
use core::fmt;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};

/// AES-256-CTR, one keystream for both directions. No authentication: [`open`](Channel::open) accepts
/// whatever comes.
pub struct CtrChannel {
    cipher: Ctr128BE<Aes256>,
}

impl CtrChannel {
    /// The keystream from its beginning. A session spends the first 64 bytes on the two verify messages:
    /// seal them (or any 64 bytes) first to stand where the records begin.
    #[must_use]
    pub fn new(key: &[u8; KEY_LEN], device_random: &[u8; RANDOM_LEN]) -> Self {
        Self {
            cipher: Ctr128BE::new(key.into(), device_random.into()),
        }
    }

    /// Enciphers or deciphers in place.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) -> Result<(), ChannelError> {
        self.cipher
            .try_apply_keystream(bytes)
            .map_err(|_| ChannelError::NonceExhausted)
    }

    /// Back to the beginning of the keystream.
    pub(super) fn rewind(&mut self) {
        // Position 0 always exists.
        let _ = self.cipher.try_seek(0_u32);
    }
}

impl fmt::Debug for CtrChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CtrChannel").finish_non_exhaustive()
    }
}

impl Channel for CtrChannel {
    fn overhead(&self) -> usize {
        0
    }

    fn seal(&mut self, buf: &mut [u8], len: usize) -> Result<usize, ChannelError> {
        let record = buf
            .get_mut(..len)
            .ok_or(ChannelError::BufferTooShort { needed: len })?;
        self.apply(record)?;
        Ok(len)
    }

    fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
        self.apply(buf)?;
        Ok(buf)
    }
}
