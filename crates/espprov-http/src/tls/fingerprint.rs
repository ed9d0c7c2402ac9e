//! A certificate, by its hash.

use core::fmt;
use core::str::FromStr;
use sha2::{Digest, Sha256};

/// SHA-256 of a certificate in DER: what browsers show and `openssl x509 -fingerprint -sha256` prints.
///
/// Read from 64 hexadecimal digits, with or without colons, in either case, and from a whole line of that tool.
///
/// ```
/// # #[cfg(feature = "tls")] {
/// use espprov_http::Fingerprint;
/// let line = "sha256 Fingerprint=E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55";
/// let pin: Fingerprint = line.parse().unwrap();
/// assert_eq!(pin, Fingerprint::of(b""));
/// assert_eq!(pin.to_string().get(..8), Some("E3:B0:C4"));
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

/// Not a [`Fingerprint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidFingerprint;

impl fmt::Display for InvalidFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SHA-256 fingerprint has 64 hexadecimal digits, with or without colons")
    }
}

impl core::error::Error for InvalidFingerprint {}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let text = text.trim();
        let text = match text.split_once('=') {
            Some((what, hex)) if what.to_ascii_lowercase().starts_with("sha256") => hex,
            _ => text,
        };
        let mut digits = text.bytes().filter(|&b| b != b':');
        let mut bytes = [0; 32];
        for byte in &mut bytes {
            for _ in 0..2 {
                let digit = digits.next().ok_or(InvalidFingerprint)?;
                let value = char::from(digit).to_digit(16).ok_or(InvalidFingerprint)?;
                *byte = *byte << 4 | u8::try_from(value).map_err(|_| InvalidFingerprint)?;
            }
        }
        match digits.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(InvalidFingerprint),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        // FIPS 180-4, "abc".
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let pin: Fingerprint = hex.parse().unwrap();
        assert_eq!(pin, Fingerprint::of(b"abc"));
        let shown = pin.to_string();
        assert!(
            shown.starts_with("BA:78:16:BF:") && shown.ends_with(":15:AD"),
            "{shown}"
        );
        assert_eq!(shown.len(), 95);
        for form in [
            shown.clone(),
            hex.to_uppercase(),
            format!(" {hex}\n"),
            format!("SHA256 Fingerprint={shown}"),
            format!("sha256 Fingerprint={shown}"),
        ] {
            assert_eq!(form.parse(), Ok(pin), "{form}");
        }
        for bad in [
            "",
            &hex[1..],
            &format!("{hex}0"),
            &hex.replace('b', "g"),
            &hex.replace('b', "é"),
            &format!("sha1 Fingerprint={hex}"),
        ] {
            assert_eq!(bad.parse::<Fingerprint>(), Err(InvalidFingerprint), "{bad}");
        }
    }
}
