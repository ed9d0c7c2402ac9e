//! The envelope of every handshake message: `SessionData`, and the checks all schemes share.

#[cfg(any(feature = "sec1", feature = "sec2"))]
use crate::Field;
use crate::HandshakeError;
use espprov_proto::wire;
pub(crate) use espprov_proto::wire::Item;
pub(crate) use espprov_proto::{Scheme, Step};
use espprov_proto::{SessionMessage, write_session};

/// Success, as `status`.
const SUCCESS: i32 = 0;

/// Reads the answer that is due from a device of `scheme`: the byte strings it holds. Unknown fields are ignored.
pub(crate) fn response(bytes: &[u8], scheme: Scheme, due: Step) -> Result<[&[u8]; 2], HandshakeError> {
    let message = SessionMessage::response(scheme, bytes).map_err(|_| HandshakeError::Malformed)?;
    check_scheme(&message, scheme)?;
    if message.msg != due as i32 {
        return Err(HandshakeError::UnexpectedMessage);
    }
    if message.payload != payload(due) {
        return Err(HandshakeError::PayloadMismatch);
    }
    if message.status != SUCCESS {
        return Err(HandshakeError::DeviceStatus(message.status));
    }
    Ok(message.fields)
}

/// Reads a command to a device of `scheme`: which one, and the byte strings it holds.
pub(crate) fn command(bytes: &[u8], scheme: Scheme) -> Result<(Step, [&[u8]; 2]), HandshakeError> {
    let message = SessionMessage::command(scheme, bytes).map_err(|_| HandshakeError::Malformed)?;
    check_scheme(&message, scheme)?;
    let step = match message.msg {
        0 => Step::Command0,
        2 if scheme != Scheme::Sec0 => Step::Command1,
        _ => return Err(HandshakeError::UnexpectedMessage),
    };
    if message.payload != payload(step) {
        return Err(HandshakeError::PayloadMismatch);
    }
    Ok((step, message.fields))
}

fn check_scheme(message: &SessionMessage<'_>, scheme: Scheme) -> Result<(), HandshakeError> {
    if message.sec_ver != scheme as i32 {
        return Err(HandshakeError::SchemeMismatch);
    }
    if message.proto != u32::from(scheme as u8).saturating_add(10) {
        return Err(HandshakeError::PayloadMismatch);
    }
    Ok(())
}

/// Field number of this message in its scheme's payload.
fn payload(step: Step) -> u32 {
    u32::from(step as u8).saturating_add(20)
}

/// Writes a message at the start of `out` and returns its length.
pub(crate) fn send(
    scheme: Scheme,
    step: Step,
    content: &[wire::Field<'_>],
    out: &mut [u8],
) -> Result<usize, HandshakeError> {
    write_session(scheme, step, content, out)
        .map_err(|error| HandshakeError::BufferTooShort { needed: error.needed })
}

/// Writes an answer of the device: the status and two byte strings, the first of them with this field number.
pub(crate) fn answer(
    scheme: Scheme,
    step: Step,
    number: u32,
    fields: [&[u8]; 2],
    out: &mut [u8],
) -> Result<usize, HandshakeError> {
    let [first, second] = fields;
    let content = [
        (1, Item::Int(SUCCESS)),
        (number, Item::Bytes(first)),
        (number.saturating_add(1), Item::Bytes(second)),
    ];
    send(scheme, step, &content, out)
}

/// A field of exactly `N` bytes, where it stands: a copy is made where one is needed.
#[cfg(any(feature = "sec1", feature = "sec2"))]
pub(crate) fn exactly<const N: usize>(bytes: &[u8], field: Field) -> Result<&[u8; N], HandshakeError> {
    bytes.try_into().map_err(|_| HandshakeError::WrongLength(field))
}
