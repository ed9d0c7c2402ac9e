//! The text of a setup code.

use crate::json::Json;
use crate::values;
use alloc::string::String;
use espprov::{Caller, Error, explain};
use espprov_types::SetupPayload;
use wasm_bindgen::prelude::*;

/// A setup code, read; what is wrong with it, in words for this caller.
pub(crate) fn read(text: &str, caller: Caller) -> Result<SetupPayload, Error> {
    SetupPayload::parse(text).map_err(|error| explain::payload(caller, &error))
}

/// The document in the text of a setup code, or `{"error":…}`.
#[wasm_bindgen(js_name = parseSetupCode)]
#[must_use]
#[expect(unreachable_pub, reason = "exported to JavaScript")]
pub fn parse_setup_code(text: &str, page: bool) -> String {
    let caller = if page { Caller::Page } else { Caller::JavaScript };
    let mut out = String::new();
    match read(text, caller) {
        Ok(setup) if setup.write_json(&mut out).is_ok() => out,
        Ok(_) => error(&explain::payload(
            caller,
            &espprov_types::PayloadError::InvalidEncoding,
        )),
        Err(why) => error(&why),
    }
}

/// An error as a document of its own.
pub(crate) fn error(why: &Error) -> String {
    let mut json = Json::new();
    json.object(|json| {
        json.key("error").object(|json| values::error(json, why));
    });
    json.finish()
}
