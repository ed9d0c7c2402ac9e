//! Encoding into the caller's buffer and decoding from a slice, without naming prost to callers.

use core::fmt;

#[cfg(feature = "messages")]
/// A message that [`encode`] can write. Implemented by every generated message.
pub trait Encode: prost::Message {}
#[cfg(feature = "messages")]
impl<M: prost::Message> Encode for M {}

#[cfg(feature = "messages")]
/// A message that [`decode`] can read. Implemented by every generated message.
pub trait Decode: prost::Message + Default {}
#[cfg(feature = "messages")]
impl<M: prost::Message + Default> Decode for M {}

/// The bytes are not a protobuf message of the expected shape. Says no more, because the bytes may be
/// decrypted secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed protobuf message")
    }
}

impl core::error::Error for Malformed {}

/// The message does not fit into the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodeError {
    /// Bytes the encoded message takes.
    pub needed: usize,
    /// Bytes the buffer has.
    pub available: usize,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "message of {} bytes does not fit into a buffer of {}",
            self.needed, self.available
        )
    }
}

impl core::error::Error for EncodeError {}

#[cfg(feature = "messages")]
/// Decodes one message. Unknown fields are ignored; memory use is bounded by the length of `bytes`.
///
/// # Errors
/// [`Malformed`] for anything that is not this message.
pub fn decode<M: Decode>(bytes: &[u8]) -> Result<M, Malformed> {
    M::decode(bytes).map_err(|_| Malformed)
}

#[cfg(feature = "messages")]
/// Bytes that [`encode`] will write for `message`.
pub fn encoded_len<M: Encode>(message: &M) -> usize {
    message.encoded_len()
}

#[cfg(feature = "messages")]
/// Encodes `message` at the start of `out` and returns its length.
///
/// # Errors
/// [`EncodeError`] when `out` is too short; `out` is untouched then.
pub fn encode<M: Encode>(message: &M, out: &mut [u8]) -> Result<usize, EncodeError> {
    let needed = message.encoded_len();
    let available = out.len();
    let mut target = out.get_mut(..needed).ok_or(EncodeError { needed, available })?;
    message
        .encode(&mut target)
        .map_err(|_| EncodeError { needed, available })?;
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn errors_say_how_much_is_missing_and_nothing_of_the_content() {
        assert_eq!(Malformed.to_string(), "malformed protobuf message");
        let error = EncodeError {
            needed: 60,
            available: 8,
        };
        assert_eq!(
            error.to_string(),
            "message of 60 bytes does not fit into a buffer of 8"
        );
    }

    #[cfg(feature = "messages")]
    #[test]
    fn messages_go_into_the_buffer_or_leave_it_alone() {
        let message = crate::config::RespSetWifiConfig { status: 4 };
        assert_eq!(encoded_len(&message), 2);
        let mut out = [0xee; 3];
        assert_eq!(encode(&message, &mut out), Ok(2));
        assert_eq!(out, [0x08, 0x04, 0xee]);
        let mut short = [0xee; 1];
        let error = EncodeError {
            needed: 2,
            available: 1,
        };
        assert_eq!(encode(&message, &mut short), Err(error));
        assert_eq!(short, [0xee]);
        assert_eq!(decode(&[0x08, 0x04]), Ok(message));
        assert_eq!(
            decode::<crate::config::RespSetWifiConfig>(&[0x08]),
            Err(Malformed)
        );
    }
}
