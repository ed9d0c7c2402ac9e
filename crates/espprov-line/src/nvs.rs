//! Key and value for a device's flash, in the CSV of ESP-IDF's NVS partition generator.

use core::fmt::Write;
use espprov_types::hex::Hex;

/// A value as the generator takes it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// Bytes, written as hex.
    Bytes(&'a [u8]),
}

/// A file with one namespace and its entries, in this order. Keys have at most 15 characters.
///
/// ```
/// use espprov_line::nvs::{Value, csv};
///
/// let file = csv("espprov", &[("pop", Value::Text("abcd1234")), ("salt", Value::Bytes(&[1, 255]))]);
/// assert_eq!(file, "key,type,encoding,value\nespprov,namespace,,\npop,data,string,abcd1234\nsalt,data,hex2bin,01ff\n");
/// ```
#[must_use]
pub fn csv(namespace: &str, entries: &[(&str, Value<'_>)]) -> String {
    let mut file = format!("key,type,encoding,value\n{namespace},namespace,,\n");
    for (key, value) in entries {
        // Writing into a string does not fail.
        let _ = match value {
            Value::Text(text) => writeln!(file, "{key},data,string,{}", field(text)),
            Value::Bytes(bytes) => writeln!(file, "{key},data,hex2bin,{}", Hex(bytes)),
        };
    }
    file
}

/// A field of a CSV file, in quotation marks where it must be.
pub(crate) fn field(text: &str) -> String {
    if text.contains(['"', ',', ';', '\n', '\r']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
