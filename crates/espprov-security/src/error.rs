//! Errors, grouped by fault.

use core::fmt;

/// Why a handshake failed. Refine the grouping in `is_*` methods as variants come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The caller's buffer is too short.
    BufferTooShort {
        /// Bytes it should have had.
        needed: usize,
    },
    /// An earlier error ended this handshake.
    Poisoned,
    /// [`into_channel`](crate::Handshake::into_channel) before the end.
    NotFinished,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooShort { needed } => write!(f, "buffer too short: {needed} bytes needed"),
            Self::Poisoned => f.write_str("the handshake failed earlier"),
            Self::NotFinished => f.write_str("the handshake is not finished"),
        }
    }
}

impl core::error::Error for HandshakeError {}

/// Why a record could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelError {
    /// The caller's buffer is too short; the cipher state is unchanged.
    BufferTooShort {
        /// Bytes it should have had.
        needed: usize,
    },
    /// The record fails authentication: changed, repeated or out of order.
    Forged,
    /// The record is shorter than its tag.
    RecordTooShort,
    /// The nonce counter is used up: a new session is needed.
    NonceExhausted,
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooShort { needed } => write!(f, "buffer too short: {needed} bytes needed"),
            Self::Forged => f.write_str("record failed authentication"),
            Self::RecordTooShort => f.write_str("record shorter than its authentication tag"),
            Self::NonceExhausted => f.write_str("nonce counter used up"),
        }
    }
}

impl core::error::Error for ChannelError {}
