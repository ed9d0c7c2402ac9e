//! Bytes that must not be seen.

use core::fmt;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret of at most `N` bytes: a proof of possession, a password, a passphrase, a Thread dataset.
///
/// `Debug` shows neither the bytes nor their number, there is no `Display`, comparing takes the same time
/// wherever the difference is, and dropping overwrites the memory. What [`expose`](Self::expose) lends is the
/// caller's to guard. Moving a value can leave a copy on the stack, as with every value in Rust: keep secrets
/// behind a reference where that matters.
#[derive(Clone)]
pub struct Secret<const N: usize> {
    // Zero from `len` on, always: comparing looks at the whole array.
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Secret<N> {
    /// Copies the bytes in.
    ///
    /// # Errors
    /// [`TooLong`] for more than `N` bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, TooLong> {
        let mut secret = Self::empty();
        secret
            .bytes
            .get_mut(..bytes.len())
            .ok_or(TooLong)?
            .copy_from_slice(bytes);
        secret.len = bytes.len();
        Ok(secret)
    }

    /// A secret without bytes, such as the empty PoP.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }

    /// Lets `fill` write the bytes and say how many they are, so that they pass through no other buffer.
    /// `None` if `fill` gives up or claims more than there is room for.
    pub fn fill_with(fill: impl FnOnce(&mut [u8; N]) -> Option<usize>) -> Option<Self> {
        let mut secret = Self::empty();
        let len = fill(&mut secret.bytes)?;
        secret.bytes.get_mut(len..)?.fill(0);
        secret.len = len;
        Some(secret)
    }

    /// The bytes. Whoever calls this takes care that they reach no log, error or trace.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// How many bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// No bytes at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<const N: usize> Default for Secret<N> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<const N: usize> TryFrom<&[u8]> for Secret<N> {
    type Error = TooLong;

    fn try_from(bytes: &[u8]) -> Result<Self, TooLong> {
        Self::new(bytes)
    }
}

impl<const N: usize> ConstantTimeEq for Secret<N> {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.bytes.ct_eq(&other.bytes) & self.len.ct_eq(&other.len)
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<const N: usize> Zeroize for Secret<N> {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
        self.len.zeroize();
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

/// More bytes than the secret has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret is too long")
    }
}

impl core::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn length_is_checked() {
        assert_eq!(Secret::<4>::new(b"abcd").unwrap().expose(), b"abcd");
        assert_eq!(Secret::<4>::new(b"abcde"), Err(TooLong));
        assert!(Secret::<4>::new(b"").unwrap().is_empty());
        assert!(Secret::<4>::fill_with(|_| Some(5)).is_none());
    }

    #[test]
    fn equality_sees_bytes_and_length() {
        let secret = |bytes: &[u8]| Secret::<4>::new(bytes).unwrap();
        assert_eq!(secret(b"abc"), secret(b"abc"));
        assert_ne!(secret(b"abc"), secret(b"abd"));
        assert_ne!(
            secret(b"abc"),
            secret(b"abc\0"),
            "the padding is no part of the secret"
        );
        let leftovers = Secret::<4>::fill_with(|buf| {
            buf.copy_from_slice(b"abcX");
            Some(3)
        });
        assert_eq!(leftovers, Some(secret(b"abc")));
    }

    #[test]
    fn debug_shows_nothing() {
        let shown = format!(
            "{:?} {:#?}",
            Secret::<16>::new(b"abcd1234").unwrap(),
            Secret::<2>::empty()
        );
        assert_eq!(shown, "Secret(..) Secret(..)");
    }

    #[test]
    fn zeroize_clears_all() {
        let mut secret = Secret::<8>::new(b"abcd1234").unwrap();
        secret.zeroize();
        assert_eq!(secret.bytes, [0; 8]);
        assert!(secret.is_empty());
        const fn wiped_when_dropped<T: ZeroizeOnDrop>() {}
        wiped_when_dropped::<Secret<8>>();
    }
}
