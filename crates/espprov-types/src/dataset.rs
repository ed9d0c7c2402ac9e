//! Thread operational datasets.

use crate::hex::{self, HexError};
use crate::{Secret, ThreadName};
use core::fmt;
use zeroize::Zeroizing;

/// A Thread operational dataset as MeshCoP TLVs (Thread specification § 8.10): what a device needs to attach. It
/// contains the network key, so the whole is a secret.
///
/// ```
/// use espprov_types::ThreadDataset;
///
/// let dataset = ThreadDataset::minimal(15, [0x11; 8], &[0x42; 16], 0x1234);
/// assert_eq!(dataset.channel(), Some(15));
/// assert_eq!(dataset.pan_id(), Some(0x1234));
/// assert_eq!(format!("{dataset:?}"), "ThreadDataset(..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ThreadDataset(Secret<{ Self::MAX_LEN }>);

/// TLV types with the lengths the specification gives them.
mod tlv {
    pub(super) const CHANNEL: u8 = 0;
    pub(super) const PAN_ID: u8 = 1;
    pub(super) const EXT_PAN_ID: u8 = 2;
    pub(super) const NETWORK_NAME: u8 = 3;
    pub(super) const PSKC: u8 = 4;
    pub(super) const NETWORK_KEY: u8 = 5;
    pub(super) const MESH_LOCAL_PREFIX: u8 = 7;
    pub(super) const ACTIVE_TIMESTAMP: u8 = 14;

    /// Whether a value of this length may stand in a TLV of this type. Unknown types may have any.
    pub(super) const fn length_fits(kind: u8, len: usize) -> bool {
        match kind {
            CHANNEL => len == 3,
            PAN_ID => len == 2,
            EXT_PAN_ID | MESH_LOCAL_PREFIX | ACTIVE_TIMESTAMP => len == 8,
            NETWORK_NAME => len <= 16,
            PSKC | NETWORK_KEY => len == 16,
            _ => true,
        }
    }
}

impl ThreadDataset {
    /// Longest dataset in bytes.
    pub const MAX_LEN: usize = 254;

    /// Takes TLVs whose structure holds: each whole, and those with a fixed length of that length. Whether the
    /// dataset is complete is for the device to say.
    ///
    /// # Errors
    /// [`DatasetError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DatasetError> {
        let dataset = Self::from_raw(bytes)?;
        if bytes.is_empty() {
            return Err(DatasetError::Empty);
        }
        for entry in Tlvs(bytes) {
            let (kind, value) = entry.ok_or(DatasetError::Truncated)?;
            if !tlv::length_fits(kind, value.len()) {
                return Err(DatasetError::WrongLength { tlv: kind });
            }
        }
        Ok(dataset)
    }

    /// Takes any bytes, for callers who insist: firmware accepts what it does not understand and fails later.
    ///
    /// # Errors
    /// [`DatasetError::TooLong`] for more than 254 bytes.
    pub fn from_raw(bytes: &[u8]) -> Result<Self, DatasetError> {
        Secret::new(bytes).map(Self).map_err(|_| DatasetError::TooLong)
    }

    /// As [`from_bytes`](Self::from_bytes), from hex text; white space around it is dropped.
    ///
    /// # Errors
    /// [`DatasetError`].
    pub fn from_hex(text: &str) -> Result<Self, DatasetError> {
        let mut failed = HexError::TooLong;
        let bytes = Secret::<{ Self::MAX_LEN }>::fill_with(|buf| {
            hex::decode(text.trim(), buf)
                .inspect_err(|&error| failed = error)
                .ok()
        });
        match (bytes, failed) {
            (Some(bytes), _) => Self::from_bytes(bytes.expose()),
            (None, HexError::TooLong) => Err(DatasetError::TooLong),
            (None, error) => Err(DatasetError::Hex(error)),
        }
    }

    /// As [`from_bytes`](Self::from_bytes), from the text that tools print and people copy: hex of either case, in one
    /// line or several, with `hex:` or `0x` before it, with blanks, colons or dashes between the bytes, between
    /// quotation marks or with the separator of a spreadsheet behind it. The prompt line and the `Done` of `ot-ctl`
    /// are passed over.
    ///
    /// ```
    /// use espprov_types::ThreadDataset;
    /// let printed = "> dataset active -x\r\n01021234\r\nDone\r\n> ";
    /// assert_eq!(ThreadDataset::parse(printed)?.pan_id(), Some(0x1234));
    /// assert_eq!(ThreadDataset::parse("\"hex:01:02:12:34\";")?.pan_id(), Some(0x1234));
    /// # Ok::<(), espprov_types::DatasetError>(())
    /// ```
    ///
    /// # Errors
    /// [`DatasetError`].
    pub fn parse(text: &str) -> Result<Self, DatasetError> {
        // Twice as many digits as bytes, in a buffer that is wiped.
        let mut len = 0_usize;
        let mut full = false;
        let mut digits = Zeroizing::new([0_u8; Self::MAX_LEN * 2]);
        for line in text.split(['\n', '\r']) {
            let line = line.trim_matches(is_wrapping);
            if line.starts_with('>') || line.eq_ignore_ascii_case("done") {
                continue;
            }
            let line = ["0x", "0X", "hex:"]
                .into_iter()
                .find_map(|prefix| line.strip_prefix(prefix))
                .unwrap_or(line);
            for byte in line.bytes().filter(|byte| !b" \t:-".contains(byte)) {
                match digits.get_mut(len) {
                    Some(slot) => *slot = byte,
                    None => full = true,
                }
                len = len.saturating_add(1);
            }
        }
        if full {
            return Err(DatasetError::TooLong);
        }
        let digits = core::str::from_utf8(digits.get(..len).unwrap_or_default());
        // What is no text is no digit either.
        let digits = digits.map_err(|error| {
            DatasetError::Hex(HexError::InvalidDigit {
                at: error.valid_up_to(),
            })
        })?;
        Self::from_hex(digits)
    }

    /// The least a device can attach with: what a scan shows of a network, and its key.
    #[must_use]
    pub fn minimal(channel: u16, ext_pan_id: [u8; 8], network_key: &[u8; 16], pan_id: u16) -> Self {
        let [channel_high, channel_low] = channel.to_be_bytes();
        // Channel page 0: 2.4 GHz, the only one Thread uses.
        let parts: [(u8, &[u8]); 4] = [
            (tlv::CHANNEL, &[0, channel_high, channel_low]),
            (tlv::EXT_PAN_ID, &ext_pan_id),
            (tlv::NETWORK_KEY, network_key),
            (tlv::PAN_ID, &pan_id.to_be_bytes()),
        ];
        let dataset = Secret::fill_with(|buf| {
            let mut len = 0_usize;
            for (kind, value) in parts {
                let header = [kind, u8::try_from(value.len()).ok()?];
                for piece in [&header[..], value] {
                    let end = len.checked_add(piece.len())?;
                    buf.get_mut(len..end)?.copy_from_slice(piece);
                    len = end;
                }
            }
            Some(len)
        });
        // 37 bytes always fit.
        Self(dataset.unwrap_or_default())
    }

    /// The TLVs. They contain the network key.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// No bytes at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Radio channel, if there.
    #[must_use]
    pub fn channel(&self) -> Option<u16> {
        match self.find(tlv::CHANNEL)? {
            &[_page, high, low] => Some(u16::from_be_bytes([high, low])),
            _ => None,
        }
    }

    /// PAN id, if there.
    #[must_use]
    pub fn pan_id(&self) -> Option<u16> {
        self.find(tlv::PAN_ID)?.try_into().ok().map(u16::from_be_bytes)
    }

    /// Extended PAN id, if there.
    #[must_use]
    pub fn ext_pan_id(&self) -> Option<[u8; 8]> {
        self.find(tlv::EXT_PAN_ID)?.try_into().ok()
    }

    /// Network name, if there.
    #[must_use]
    pub fn network_name(&self) -> Option<ThreadName> {
        ThreadName::new(self.find(tlv::NETWORK_NAME)?)
    }

    /// A network key is there, without which no device attaches.
    #[must_use]
    pub fn has_network_key(&self) -> bool {
        self.find(tlv::NETWORK_KEY).is_some_and(|key| key.len() == 16)
    }

    fn find(&self, kind: u8) -> Option<&[u8]> {
        Tlvs(self.expose())
            .map_while(|entry| entry)
            .find_map(|(found, value)| (found == kind).then_some(value))
    }
}

/// What stands around a value in a table or a script.
fn is_wrapping(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '\u{feff}')
}

impl fmt::Debug for ThreadDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadDataset(..)")
    }
}

/// Type, length, value, until the end: `Some(None)` where an entry is cut off, and nothing after it.
struct Tlvs<'a>(&'a [u8]);

impl<'a> Iterator for Tlvs<'a> {
    type Item = Option<(u8, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = match core::mem::take(&mut self.0) {
            [] => return None,
            [kind, len, rest @ ..] => rest.split_at_checked(usize::from(*len)).map(|(value, rest)| {
                self.0 = rest;
                (*kind, value)
            }),
            [_] => None,
        };
        Some(entry)
    }
}

/// Why bytes are no dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatasetError {
    /// No bytes.
    Empty,
    /// More than 254 bytes.
    TooLong,
    /// The last TLV is cut off.
    Truncated,
    /// A TLV whose type has another length.
    WrongLength {
        /// Its type.
        tlv: u8,
    },
    /// The text is not hex.
    Hex(HexError),
}

impl fmt::Display for DatasetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the Thread dataset is empty"),
            Self::TooLong => f.write_str("a Thread dataset has at most 254 bytes"),
            Self::Truncated => f.write_str("the Thread dataset is cut off"),
            Self::WrongLength { tlv } => {
                write!(f, "TLV {tlv} of the Thread dataset has the wrong length")
            }
            Self::Hex(_) => f.write_str("the Thread dataset is not hex"),
        }
    }
}

impl core::error::Error for DatasetError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Hex(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;
    use std::{format, vec::Vec};

    const KEY: [u8; 16] = [
        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
    ];

    #[test]
    fn minimal_is_what_the_vendor_client_sends() {
        // As recorded; `tests/tests/vendor_types.rs` holds it to the recording.
        let sent = "000300000f0208111111112222222205100123456789abcdef0123456789abcdef01021234";
        let dataset =
            ThreadDataset::minimal(15, [0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22], &KEY, 0x1234);
        assert_eq!(hex::Hex(dataset.expose()).to_string(), sent);
        assert_eq!(ThreadDataset::from_hex(sent), Ok(dataset.clone()));
        assert_eq!(dataset.channel(), Some(15));
        assert_eq!(dataset.pan_id(), Some(0x1234));
        assert_eq!(
            dataset.ext_pan_id(),
            Some([0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22])
        );
        assert_eq!(dataset.network_name(), None);
        assert!(dataset.has_network_key());
    }

    #[test]
    fn structure_is_checked() {
        let parse = ThreadDataset::from_bytes;
        assert_eq!(parse(&[]), Err(DatasetError::Empty));
        assert_eq!(parse(&[3]), Err(DatasetError::Truncated));
        assert_eq!(parse(&[3, 2, b'a']), Err(DatasetError::Truncated));
        assert_eq!(parse(&[1, 2, 0, 1, 9]), Err(DatasetError::Truncated));
        assert_eq!(
            parse(&[5, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            Err(DatasetError::WrongLength { tlv: 5 })
        );
        assert_eq!(parse(&[0; 255]), Err(DatasetError::TooLong));
        assert_eq!(
            parse(b"\x03\x04Home").unwrap().network_name(),
            ThreadName::new(b"Home")
        );
        assert_eq!(parse(b"\xc8\x00").unwrap().len(), 2, "unknown types pass");
        assert_eq!(
            ThreadDataset::from_raw(&[3]).unwrap().expose(),
            &[3],
            "unless the caller insists"
        );
    }

    #[test]
    fn hex_text() {
        assert_eq!(
            ThreadDataset::from_hex(" 01021234\n").unwrap().pan_id(),
            Some(0x1234)
        );
        assert_eq!(
            ThreadDataset::from_hex("0102123"),
            Err(DatasetError::Hex(HexError::OddLength))
        );
        assert_eq!(
            ThreadDataset::from_hex(&"00".repeat(255)),
            Err(DatasetError::TooLong)
        );
        assert_eq!(ThreadDataset::from_hex(""), Err(DatasetError::Empty));
    }

    #[test]
    fn text_of_tools() {
        let wanted = ThreadDataset::from_hex("0102123402081111222233334444").unwrap();
        for text in [
            "0102123402081111222233334444",
            // ot-ctl, with its prompt and without
            "0102123402081111222233334444\r\nDone\r\n",
            "> dataset active -x\n0102123402081111222233334444\nDone\n> ",
            // chip-tool
            "hex:0102123402081111222233334444",
            "0x0102123402081111222233334444",
            // spreadsheets
            "\u{feff}\"0102123402081111222233334444\";\r\n",
            "0102123402081111222233334444,",
            // dumps
            "01 02 12 34 02 08 11 11\n22 22 33 33 44 44",
            "01:02:12:34:02:08:11:11:22:22:33:33:44:44",
            "01-02-12-34-02-08-11-11-22-22-33-33-44-44\t",
        ] {
            assert_eq!(ThreadDataset::parse(text), Ok(wanted.clone()), "{text}");
        }
        assert_eq!(ThreadDataset::parse(""), Err(DatasetError::Empty));
        assert_eq!(ThreadDataset::parse("Done\n"), Err(DatasetError::Empty));
        assert_eq!(
            ThreadDataset::parse(&"00".repeat(255)),
            Err(DatasetError::TooLong)
        );
        for text in ["Error 23: NotFound", "0102zz", "01021", "é1"] {
            assert!(
                matches!(ThreadDataset::parse(text), Err(DatasetError::Hex(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let shown = format!("{:?}", ThreadDataset::minimal(11, [0; 8], &KEY, 1));
        assert_eq!(shown, "ThreadDataset(..)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>, text: std::string::String) {
            if let Ok(dataset) = ThreadDataset::from_raw(&bytes) {
                let _ = (dataset.channel(), dataset.pan_id(), dataset.ext_pan_id(), dataset.network_name());
            }
            let _ = ThreadDataset::from_bytes(&bytes);
            let _ = ThreadDataset::from_hex(&text);
            let _ = ThreadDataset::parse(&text);
        }

        #[test]
        fn whole_tlvs_pass_and_no_prefix_of_the_last(
            entries in prop::collection::vec((128_u8.., prop::collection::vec(any::<u8>(), 1..20)), 1..8),
            cut in 1_usize..20,
        ) {
            let mut bytes = Vec::new();
            let mut last = 0;
            for (kind, value) in &entries {
                last = bytes.len();
                bytes.push(*kind);
                bytes.push(u8::try_from(value.len()).unwrap());
                bytes.extend(value);
            }
            prop_assert!(ThreadDataset::from_bytes(&bytes).is_ok());
            bytes.truncate((bytes.len() - cut.min(bytes.len())).max(last + 1));
            prop_assert_eq!(ThreadDataset::from_bytes(&bytes), Err(DatasetError::Truncated));
        }
    }
}
