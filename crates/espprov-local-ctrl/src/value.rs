//! What the bytes of a value mean, where the application follows a convention that is known.

use crate::Property;
use alloc::vec::Vec;
use core::fmt;

/// How a value is to be read. The protocol has no types of its own: `type` is a number of the application's. These are those of
/// the vendor's example, and the JSON of RainMaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// `type` 0, 8 bytes: microseconds, little-endian.
    Timestamp,
    /// `type` 1, 4 bytes: a signed number, little-endian.
    Int,
    /// `type` 2, 1 byte.
    Bool,
    /// `type` 3: text. RainMaker's `config` and `params` are, too.
    Text,
}

/// A value that could be read.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Microseconds.
    Timestamp(i64),
    /// A number.
    Int(i32),
    /// Yes or no.
    Bool(bool),
    /// Text.
    Text(&'a str),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timestamp(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

impl fmt::Debug for Value<'_> {
    /// The value may be a secret of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timestamp(_) => "Timestamp(..)",
            Self::Int(_) => "Int(..)",
            Self::Bool(_) => "Bool(..)",
            Self::Text(_) => "Text(..)",
        })
    }
}

/// A text that is no value of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueError(pub Type);

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Type::Timestamp => "a timestamp is a whole number of microseconds",
            Type::Int => "a number is a whole one from -2147483648 to 2147483647",
            Type::Bool => "yes or no is true or false",
            Type::Text => "a text is any",
        })
    }
}

impl core::error::Error for ValueError {}

impl Type {
    /// The bytes of a value, from text.
    ///
    /// # Errors
    /// [`ValueError`] for anything else than such a value.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, ValueError> {
        let error = ValueError(self);
        Ok(match self {
            Self::Timestamp => {
                let value: i64 = text.parse().map_err(|_| error)?;
                value.to_le_bytes().to_vec()
            }
            Self::Int => {
                let value: i32 = text.parse().map_err(|_| error)?;
                value.to_le_bytes().to_vec()
            }
            Self::Bool => match text {
                "true" | "1" => [1].to_vec(),
                "false" | "0" => [0].to_vec(),
                _ => return Err(error),
            },
            Self::Text => text.as_bytes().to_vec(),
        })
    }
}

impl Property {
    /// How its value is to be read, as far as `type` and length say. A property with another type, or another length than
    /// values of its type have, follows some other convention.
    #[must_use]
    pub fn value_type(&self) -> Option<Type> {
        match (self.kind, self.value.len()) {
            (0, 8) => Some(Type::Timestamp),
            (1, 4) => Some(Type::Int),
            (2, 1) => Some(Type::Bool),
            (3, _) => Some(Type::Text),
            _ if self.is_rainmaker() => Some(Type::Text),
            _ => None,
        }
    }

    /// Its value, if it can be read.
    #[must_use]
    pub fn typed(&self) -> Option<Value<'_>> {
        let bytes = self.value.as_slice();
        Some(match self.value_type()? {
            Type::Timestamp => Value::Timestamp(i64::from_le_bytes(bytes.try_into().ok()?)),
            Type::Int => Value::Int(i32::from_le_bytes(bytes.try_into().ok()?)),
            Type::Bool => Value::Bool(*bytes.first()? != 0),
            Type::Text => Value::Text(core::str::from_utf8(bytes).ok()?),
        })
    }

    fn is_rainmaker(&self) -> bool {
        matches!((self.name.as_str(), self.kind), ("config", 1) | ("params", 2))
    }
}

/// Whose conventions a device's application follows, as far as its whole table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Convention {
    /// The vendor's example: types 0 to 3, flag bit 0 is read-only.
    Example,
    /// ESP RainMaker: two properties, `config` (read-only) and `params`.
    RainMaker,
}

impl Convention {
    /// The convention that all of these keep. One property that does not is enough for `None`: then nobody knows what a flag
    /// means.
    #[must_use]
    pub fn of(properties: &[Property]) -> Option<Self> {
        if let [first, second] = properties
            && first.is_rainmaker()
            && second.is_rainmaker()
        {
            return Some(Self::RainMaker);
        }
        let fits = |property: &Property| {
            property.kind <= 3 && property.flags <= Property::READ_ONLY && property.value_type().is_some()
        };
        (!properties.is_empty() && properties.iter().all(fits)).then_some(Self::Example)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn property(name: &str, kind: u32, value: &[u8]) -> Property {
        Property::new(0, name.into(), kind, value.to_vec())
    }

    #[test]
    fn values_are_read_by_type_and_length() {
        for (kind, value, expected) in [
            (0, &[0x40, 0x42, 0x0f, 0, 0, 0, 0, 0][..], Some("1000000")),
            (1, &[0x15, 0xcd, 0x5b, 0x07], Some("123456789")),
            (1, &[0xff; 4], Some("-1")),
            (2, &[0], Some("false")),
            (2, &[2], Some("true")),
            (3, b"", Some("")),
            (3, "é".as_bytes(), Some("é")),
            (3, &[0xff], None),
            (0, &[0; 4], None),
            (1, &[0; 8], None),
            (2, &[], None),
            (4, b"text", None),
        ] {
            let property = property("any", kind, value);
            let read = property.typed().map(|value| value.to_string());
            assert_eq!(read.as_deref(), expected, "{kind} {value:?}");
            // What was read can be written.
            if let (Some(kind), Some(text), true) = (property.value_type(), read, value != [2]) {
                assert_eq!(kind.encode(&text).as_deref(), Ok(value));
            }
        }
        let shown = std::format!("{:?}", property("any", 3, b"hunter22").typed());
        assert_eq!(shown, "Some(Text(..))");
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for (kind, text) in [
            (Type::Int, "2147483648"),
            (Type::Int, "1.0"),
            (Type::Int, ""),
            (Type::Timestamp, "now"),
            (Type::Bool, "yes"),
            (Type::Bool, "False"),
            (Type::Bool, ""),
        ] {
            let refused = kind.encode(text);
            assert_eq!(refused, Err(ValueError(kind)), "{text}");
            assert!(!ValueError(kind).to_string().is_empty());
        }
        assert_eq!(Type::Int.encode("-2147483648"), Ok([0, 0, 0, 0x80].to_vec()));
        assert_eq!(Type::Bool.encode("0"), Ok([0].to_vec()));
    }

    #[test]
    fn a_convention_is_known_by_the_whole_table() {
        let mut example = [property("a", 1, &[0; 4]), property("b", 3, b"x")].to_vec();
        assert_eq!(Convention::of(&example), Some(Convention::Example));
        example[0].flags = 1;
        assert_eq!(Convention::of(&example), Some(Convention::Example));
        for odd in [
            property("c", 4, b""),
            property("c", 1, b"{}"),
            Property {
                flags: 2,
                ..property("c", 3, b"")
            },
        ] {
            let mut table = example.clone();
            table.push(odd);
            assert_eq!(Convention::of(&table), None);
        }
        let rainmaker = [property("config", 1, b"{}"), property("params", 2, b"{}")];
        assert_eq!(Convention::of(&rainmaker), Some(Convention::RainMaker));
        assert_eq!(rainmaker[0].typed(), Some(Value::Text("{}")));
        assert_eq!(Convention::of(&[]), None);
    }
}
