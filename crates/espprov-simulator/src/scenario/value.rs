//! A scenario's document as serde wants it. The parser's tree is handed over as it is: with the way through toml's own deserializer, which
//! also knows dates and fractions, a page would download a third more with its simulated device.

use core::fmt::Display;
use core::ops::Range;
use core::slice;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeString, DeValue};

/// What is wrong with a value, and which part of the text that is.
pub(super) struct Wrong {
    pub(super) span: Option<Range<usize>>,
    pub(super) message: String,
}

impl Wrong {
    /// The innermost place is the one to show.
    fn at(mut self, span: Range<usize>) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl de::Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        Self {
            span: None,
            message: message.to_string(),
        }
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::fmt::Debug for Wrong {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Wrong {}

/// A value of the document.
#[derive(Clone, Copy)]
pub(super) struct Value<'d>(pub(super) &'d Spanned<DeValue<'d>>);

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0.get_ref() {
            DeValue::String(text) => visitor.visit_str(text),
            DeValue::Integer(number) => {
                let (digits, radix) = (number.as_str(), number.radix());
                // A seed may be any number of 64 bits.
                match (
                    i64::from_str_radix(digits, radix),
                    u64::from_str_radix(digits, radix),
                ) {
                    (Ok(number), _) => visitor.visit_i64(number),
                    (_, Ok(number)) => visitor.visit_u64(number),
                    _ => Err(de::Error::custom("a number has at most 64 bits")),
                }
            }
            DeValue::Boolean(yes) => visitor.visit_bool(*yes),
            DeValue::Array(items) => visitor.visit_seq(Items(items.iter())),
            DeValue::Table(table) => visitor.visit_map(Entries(table.iter(), None)),
            // Whoever asks takes anything at times, and could not say what is expected.
            other => Err(de::Error::custom(format_args!(
                "there is no {} in a scenario: a value is a whole number, true or false, or text",
                other.type_str()
            ))),
        }
        .map_err(|wrong: Wrong| wrong.at(self.0.span()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0.get_ref() {
            DeValue::String(text) => visitor.visit_enum(key(text)),
            other => Err(de::Error::invalid_type(
                Unexpected::Other(other.type_str()),
                &"a word",
            )),
        }
        .map_err(|wrong: Wrong| wrong.at(self.0.span()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

fn key(text: &str) -> StrDeserializer<'_, Wrong> {
    text.into_deserializer()
}

struct Items<'d>(slice::Iter<'d, Spanned<DeValue<'d>>>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        self.0
            .next()
            .map(|item| seed.deserialize(Value(item)))
            .transpose()
    }
}

type Entry<'d> = (&'d Spanned<DeString<'d>>, &'d Spanned<DeValue<'d>>);

/// The entries of a table, and the value whose key has been read.
struct Entries<'d, I>(I, Option<&'d Spanned<DeValue<'d>>>);

impl<'de, I: Iterator<Item = Entry<'de>>> MapAccess<'de> for Entries<'de, I> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((name, value)) = self.0.next() else {
            return Ok(None);
        };
        self.1 = Some(value);
        let read = seed.deserialize(key(name.get_ref()));
        read.map(Some).map_err(|wrong| wrong.at(name.span()))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Wrong> {
        let value = self.1.take();
        let value = value.ok_or_else(|| de::Error::custom("a value without a key"))?;
        // For what does not ask for a value of some kind, but judges a text itself.
        seed.deserialize(Value(value))
            .map_err(|wrong| wrong.at(value.span()))
    }
}
