//! Bytes as hexadecimal text: datasets, keys and salts on command lines, replies on screens.

use core::fmt;

/// Decodes hex text of either case into the front of `out` and returns how many bytes it made.
///
/// No separators, no `0x`: callers who tolerate those strip them first.
///
/// # Errors
/// [`HexError`]; `out` may then hold a part of the bytes.
pub fn decode(text: &str, out: &mut [u8]) -> Result<usize, HexError> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut written = 0_usize;
    for (index, &[high, low]) in pairs.iter().enumerate() {
        let at = index.saturating_mul(2);
        let high = digit(high).ok_or(HexError::InvalidDigit { at })?;
        let low = digit(low).ok_or(HexError::InvalidDigit {
            at: at.saturating_add(1),
        })?;
        *out.get_mut(index).ok_or(HexError::TooLong)? = high << 4 | low;
        written = index.saturating_add(1);
    }
    match rest {
        [] => Ok(written),
        [last, ..] if digit(*last).is_none() => Err(HexError::InvalidDigit {
            at: text.len().saturating_sub(1),
        }),
        _ => Err(HexError::OddLength),
    }
}

/// Decodes exactly `N` bytes.
///
/// # Errors
/// [`HexError`]; `TooShort` and `TooLong` for another number of bytes.
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let mut out = [0; N];
    if decode(text, &mut out)? == N {
        Ok(out)
    } else {
        Err(HexError::TooShort)
    }
}

const fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(c.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(c.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

/// Shows bytes as lower-case hex: `write!(f, "{}", Hex(&bytes))`; `{:X}` gives capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::UpperHex for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

/// Why text is not the hex that was asked for. Offsets count bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HexError {
    /// A byte takes two digits, and one digit is left over.
    OddLength,
    /// Not a hex digit.
    InvalidDigit {
        /// Where, counted in bytes from 0.
        at: usize,
    },
    /// More bytes than there is room for.
    TooLong,
    /// Fewer bytes than asked for.
    TooShort,
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OddLength => f.write_str("hex needs an even number of digits"),
            Self::InvalidDigit { at } => write!(f, "no hex digit at offset {at}"),
            Self::TooLong => f.write_str("too many hex digits"),
            Self::TooShort => f.write_str("too few hex digits"),
        }
    }
}

impl core::error::Error for HexError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{format, string::String, vec::Vec};

    #[test]
    fn errors_say_where() {
        let mut out = [0; 4];
        assert_eq!(decode("", &mut out), Ok(0));
        assert_eq!(decode("0aFf", &mut out), Ok(2));
        assert_eq!(out, [0x0a, 0xff, 0, 0]);
        assert_eq!(decode("0a0", &mut out), Err(HexError::OddLength));
        assert_eq!(decode("0a0g", &mut out), Err(HexError::InvalidDigit { at: 3 }));
        assert_eq!(decode("g00a", &mut out), Err(HexError::InvalidDigit { at: 0 }));
        assert_eq!(decode("0ax", &mut out), Err(HexError::InvalidDigit { at: 2 }));
        assert_eq!(decode("+f", &mut out), Err(HexError::InvalidDigit { at: 0 }));
        assert_eq!(decode("0001020304", &mut out), Err(HexError::TooLong));
        assert_eq!(decode_array::<2>("00ff"), Ok([0, 255]));
        assert_eq!(decode_array::<2>("00"), Err(HexError::TooShort));
        assert_eq!(decode_array::<2>("000102"), Err(HexError::TooLong));
    }

    #[test]
    fn shown_in_both_cases() {
        assert_eq!(format!("{0} {0:x} {0:X}", Hex(&[0, 0xab])), "00ab 00ab 00AB");
    }

    proptest! {
        #[test]
        fn agrees_with_from_str_radix(bytes: Vec<u8>, text in "[0-9a-fA-F]{0,40}") {
            let shown = format!("{}", Hex(&bytes));
            let mut out = [0; 256];
            let len = decode(&shown, &mut out).unwrap();
            prop_assert_eq!(&out[..len], &bytes[..]);
            let digits: String = text.chars().take(text.len() / 2 * 2).collect();
            let len = decode(&digits, &mut out).unwrap();
            for (i, byte) in out[..len].iter().enumerate() {
                prop_assert_eq!(*byte, u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap());
            }
        }

        #[test]
        fn any_text_is_survived(text: String) {
            let _ = decode(&text, &mut [0; 8]);
        }
    }
}
