//! The properties of a device on its network: `[[property]]`.

use espprov_local_ctrl::device::Rejected;
use espprov_types::hex;
use serde::Deserialize;

/// Longest value; the device's buffer has room for it under every scheme.
const VALUE_MAX: usize = 4096;

/// A property that clients list, read and set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawProperty")]
#[non_exhaustive]
pub struct SimProperty {
    /// Its name.
    pub name: String,
    /// Its `type`.
    pub kind: u32,
    /// Its `flags`; bit 0 is read-only.
    pub flags: u32,
    /// The length of its value, if that is fixed.
    pub size: Option<usize>,
    /// Its value to begin with; `None`: the device's clock, in microseconds.
    pub value: Option<Vec<u8>>,
    /// Setting it comes to this, whatever the value.
    pub refuses: Option<Rejected>,
}

impl SimProperty {
    /// Whether the flag for read-only is set, which this device goes by.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.flags & 1 != 0
    }

    /// The table of the vendor's example, for a scenario that has none.
    pub(crate) fn example() -> Vec<Self> {
        let property = |name: &str, kind, flags, size, value: Option<&[u8]>| Self {
            name: name.to_owned(),
            kind,
            flags,
            size,
            value: value.map(<[u8]>::to_vec),
            refuses: None,
        };
        let number = 123_456_789_i32.to_le_bytes();
        vec![
            property("timestamp (us)", 0, 1, Some(8), None),
            property("property1", 1, 0, Some(4), Some(&number)),
            property("property2", 2, 1, Some(1), Some(&[0])),
            property("property3", 3, 0, None, Some(b"")),
        ]
    }
}

/// `type` by its name in the vendor's example, or as a number.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a type is timestamp, int, bool, text, or a number from 0"
)]
enum RawType {
    Name(TypeName),
    Number(u32),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TypeName {
    Timestamp = 0,
    Int = 1,
    Bool = 2,
    Text = 3,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a value is a number, true or false, or text")]
enum RawValue {
    Bool(bool),
    Number(i64),
    Text(String),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawRefusal {
    Argument,
    State,
    Failure,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProperty {
    name: String,
    #[serde(rename = "type")]
    kind: RawType,
    #[serde(default)]
    flags: u32,
    #[serde(default)]
    read_only: bool,
    size: Option<usize>,
    value: Option<RawValue>,
    value_hex: Option<String>,
    refuses: Option<RawRefusal>,
}

impl TryFrom<RawProperty> for SimProperty {
    type Error = &'static str;

    fn try_from(raw: RawProperty) -> Result<Self, &'static str> {
        if raw.name.is_empty() || raw.name.contains('\0') || raw.name.len() > 64 {
            return Err("a property's name is 1 to 64 bytes of text");
        }
        let kind = match raw.kind {
            RawType::Name(name) => name as u32,
            RawType::Number(number) => number,
        };
        let value = match (raw.value, raw.value_hex) {
            (Some(_), Some(_)) => return Err("a property has `value` or `value_hex`"),
            (Some(value), None) => Some(encode(kind, value)?),
            (None, Some(digits)) => {
                let mut bytes = vec![0; digits.len() / 2];
                let len = hex::decode(&digits, &mut bytes).map_err(|_| "value_hex is pairs of hex digits")?;
                bytes.truncate(len);
                Some(bytes)
            }
            // A timestamp without a value is the clock's.
            (None, None) if kind == TypeName::Timestamp as u32 => None,
            (None, None) => Some(vec![0; natural(kind).or(raw.size).unwrap_or(0).min(VALUE_MAX)]),
        };
        let size = raw.size.or(natural(kind));
        let len = value.as_ref().map_or(8, Vec::len);
        if size.is_some_and(|size| size != len) {
            return Err("a property's value has the length that its type or `size` says");
        }
        if len > VALUE_MAX {
            return Err("a property's value has at most 4096 bytes");
        }
        Ok(Self {
            name: raw.name,
            kind,
            flags: raw.flags | u32::from(raw.read_only),
            size,
            value,
            refuses: raw.refuses.map(|refusal| match refusal {
                RawRefusal::Argument => Rejected::InvalidArgument,
                RawRefusal::State => Rejected::InvalidState,
                RawRefusal::Failure => Rejected::Failed,
            }),
        })
    }
}

/// The length of a value of this type, where the vendor's example fixes it.
const fn natural(kind: u32) -> Option<usize> {
    match kind {
        0 => Some(8),
        1 => Some(4),
        2 => Some(1),
        _ => None,
    }
}

/// The bytes of a value of this type.
fn encode(kind: u32, value: RawValue) -> Result<Vec<u8>, &'static str> {
    Ok(match (kind, value) {
        (0, RawValue::Number(number)) => number.to_le_bytes().to_vec(),
        (1, RawValue::Number(number)) => i32::try_from(number)
            .map_err(|_| "an int has 32 bits")?
            .to_le_bytes()
            .to_vec(),
        (2, RawValue::Bool(value)) => vec![value.into()],
        (0..=2, _) => return Err("a timestamp and an int have a number as value, a bool has true or false"),
        (_, RawValue::Text(text)) => text.into_bytes(),
        _ => return Err("a property of this type has text as value, or `value_hex`"),
    })
}
