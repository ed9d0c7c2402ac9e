//! The JSON document of a payload.

use super::{PayloadError, PayloadField, SetupNetwork, SetupPayload, SetupTransport};
use crate::json::{Event, Reader};
use crate::{Secret, ShortStr};

/// Reads the document that begins with `text`. What follows it is not looked at.
pub(super) fn document(text: &[u8]) -> Result<SetupPayload, PayloadError> {
    let mut reader = Reader::new(text);
    if !matches!(reader.next_event()?, Event::ObjectStart) {
        return Err(PayloadError::NotAPayload);
    }
    let mut name = None;
    let mut transport = None;
    let mut payload = SetupPayload::new("", SetupTransport::Ble)?;
    while let Event::Key(key) = reader.next_event()? {
        let Some(field) = PayloadField::ALL.into_iter().find(|field| key.is(field.key())) else {
            reader.skip_value()?;
            continue;
        };
        let value = match (reader.next_event()?, field) {
            (Event::Null, _) => continue,
            (Event::String(text), _) => text,
            (Event::Number(number), PayloadField::Security) => {
                payload.security = Some(scheme_number(number.as_str())?);
                continue;
            }
            _ => return Err(PayloadError::WrongType(field)),
        };
        let too_long = PayloadError::TooLong(field);
        match field {
            PayloadField::Version if value.is("v1") => {}
            PayloadField::Version => return Err(PayloadError::UnknownVersion),
            PayloadField::Name => name = Some(value.decode().ok_or(too_long)?),
            PayloadField::Username => payload.username = Some(value.decode().ok_or(too_long)?),
            PayloadField::Pop => {
                payload.pop = Some(Secret::fill_with(|buf| value.decode_bytes(buf)).ok_or(too_long)?);
            }
            PayloadField::Password => {
                payload.password = Some(Secret::fill_with(|buf| value.decode_bytes(buf)).ok_or(too_long)?);
            }
            PayloadField::Transport => {
                transport = Some(if value.is_ignore_ascii_case("ble") {
                    SetupTransport::Ble
                } else if value.is_ignore_ascii_case("softap") {
                    SetupTransport::SoftAp
                } else {
                    return Err(PayloadError::UnknownTransport);
                });
            }
            PayloadField::Security => {
                let number: ShortStr<3> = value.decode().ok_or(PayloadError::UnknownSecurity)?;
                payload.security = Some(scheme_number(&number)?);
            }
            PayloadField::Network => {
                payload.network = if value.is_ignore_ascii_case("wifi") {
                    SetupNetwork::Wifi
                } else if value.is_ignore_ascii_case("thread") {
                    SetupNetwork::Thread
                } else {
                    return Err(PayloadError::UnknownNetwork);
                };
            }
        }
    }
    payload.name = name.ok_or(PayloadError::Missing(PayloadField::Name))?;
    payload.transport = transport.ok_or(PayloadError::Missing(PayloadField::Transport))?;
    Ok(payload)
}

/// Schemes 0 to 2: a payload that names another one cannot be served.
fn scheme_number(text: &str) -> Result<u8, PayloadError> {
    match text {
        "0" => Ok(0),
        "1" => Ok(1),
        "2" => Ok(2),
        _ => Err(PayloadError::UnknownSecurity),
    }
}
