//! Hex on the command line.

use crate::errors::Failure;
use crate::secret_input::SecretBytes;
use espprov_types::hex::HexError;
use zeroize::Zeroizing;

/// Bytes from hex. `0x` or `hex:` before it, and colons, dashes and white space between bytes, are fine. The value
/// may be a key: no error repeats it.
pub(crate) fn decode(text: &str, flag: &str) -> Result<SecretBytes, Failure> {
    let digits: Zeroizing<String> = Zeroizing::new(
        without_prefix(text)
            .chars()
            .filter(|c| !(matches!(c, ':' | '-') || c.is_whitespace()))
            .collect(),
    );
    let mut bytes = Zeroizing::new(vec![0; digits.len() / 2]);
    let invalid = |error: HexError| {
        Failure::usage("invalid_hex", format!("{flag}: {error}"))
            .with_cause("a byte is two hex digits, 0 to 9 and a to f")
            .with_help(format!("correct the value of {flag}"))
    };
    espprov_types::hex::decode(&digits, &mut bytes).map_err(invalid)?;
    Ok(bytes)
}

fn without_prefix(text: &str) -> &str {
    let text = text.trim();
    ["0x", "0X", "hex:"]
        .into_iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text)
}

/// A value of exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(bytes: &[u8], flag: &str) -> Result<[u8; N], Failure> {
    bytes.try_into().map_err(|_| {
        Failure::usage(
            "invalid_hex",
            format!("{flag} takes {} hex digits, not {}", N * 2, bytes.len() * 2),
        )
        .with_cause("the value is cut off, or belongs to another option")
        .with_help(format!("correct the value of {flag}"))
    })
}

/// Text that came as bytes.
pub(crate) fn text<'a>(bytes: &'a SecretBytes, flag: &str) -> Result<&'a str, Failure> {
    core::str::from_utf8(bytes).map_err(|_| {
        Failure::usage("invalid_hex", format!("{flag}: not hex"))
            .with_cause("what was given is not even text")
            .with_help(format!("correct the value of {flag}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for text in ["0x00:FF 10", "hex:00ff10", " 00-ff-10\n", "00FF10"] {
            assert_eq!(decode(text, "--hex").unwrap().as_slice(), [0, 255, 16], "{text}");
        }
    }

    #[test]
    fn errors_do_not_repeat_the_value() {
        for bad in ["abc", "zz", "é1"] {
            let failure = decode(bad, "--network-key").unwrap_err();
            assert_eq!(failure.code(), "invalid_hex");
            assert!(!format!("{failure:?}").contains(bad), "{failure:?}");
        }
    }
}
