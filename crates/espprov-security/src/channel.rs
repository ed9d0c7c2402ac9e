//! The record layer: what happens to every byte after the handshake.

use crate::ChannelError;

/// A record cipher. Both directions advance ONE state, so records must be sealed and opened in the order of
/// the exchanges; a lost record desynchronises the two sides for good.
pub trait Channel {
    /// Bytes that [`seal`](Self::seal) adds.
    fn overhead(&self) -> usize;

    /// Whether records are enciphered. Only a channel without any cipher says no: secrets must not travel over
    /// it unless the user insists.
    fn is_encrypted(&self) -> bool {
        true
    }

    /// Encrypts `buf[..len]` in place (with room for [`overhead`](Self::overhead) after it) and returns the
    /// sealed length.
    ///
    /// # Errors
    /// Buffer too short (state unchanged), or the nonce counter is used up.
    fn seal(&mut self, buf: &mut [u8], len: usize) -> Result<usize, ChannelError>;

    /// Decrypts a whole record in place and returns its plaintext.
    ///
    /// # Errors
    /// Authentication failed, record too short, or the nonce counter is used up.
    fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError>;
}

/// No cipher: security 0, and devices that register no security at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plain;

impl Channel for Plain {
    fn overhead(&self) -> usize {
        0
    }

    fn is_encrypted(&self) -> bool {
        false
    }

    fn seal(&mut self, buf: &mut [u8], len: usize) -> Result<usize, ChannelError> {
        if len > buf.len() {
            return Err(ChannelError::BufferTooShort { needed: len });
        }
        Ok(len)
    }

    fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
        Ok(buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_records_are_what_they_hold() {
        let mut buf = *b"four";
        assert!(!Plain.is_encrypted());
        assert_eq!(Plain.overhead(), 0);
        assert_eq!(Plain.seal(&mut buf, 3), Ok(3));
        assert_eq!(Plain.seal(&mut buf, 4), Ok(4));
        let needed = 5;
        assert_eq!(
            Plain.seal(&mut buf, needed),
            Err(ChannelError::BufferTooShort { needed })
        );
        assert_eq!(Plain.open(&mut buf), Ok(&b"four"[..]));
        assert_eq!(buf, *b"four");
    }

    /// Whoever brings a cipher of their own need not say that it is one.
    #[test]
    fn a_channel_is_encrypted_unless_it_says_otherwise() {
        struct Own;
        impl Channel for Own {
            fn overhead(&self) -> usize {
                0
            }
            fn seal(&mut self, _: &mut [u8], len: usize) -> Result<usize, ChannelError> {
                Ok(len)
            }
            fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
                Ok(buf)
            }
        }
        assert!(Own.is_encrypted());
    }
}
