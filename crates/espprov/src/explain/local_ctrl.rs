//! Local control: what differs from provisioning, and what can go wrong with properties.

use super::{LinkError, provision};
use crate::error::{Class, Error, Stage};
use crate::text::clean;
use crate::{Caller, LinkKind, Place};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use espprov_core::{Phase, ProvisionError};
use espprov_local_ctrl::{NotSet, Property, ValueError};
use espprov_types::StatusCode;

/// An error of the driver while it speaks local control.
#[must_use]
pub fn local_control<E: LinkError>(error: &ProvisionError<E>, place: &Place) -> Error {
    let caller = place.caller;
    match error {
        ProvisionError::NoSuchEndpoint { phase: Phase::Info } => {
            no_local_control(place, "the device has no local control")
        }
        ProvisionError::Refused { phase: Phase::Info } => place.hung_up(no_local_control(
            place,
            "the device refused even to tell its version",
        )),
        ProvisionError::Reply { phase: Phase::Info, .. } => {
            no_local_control(place, "the answer is not that of a device with local control")
        }
        ProvisionError::Refused { phase: Phase::Handshake } => provision(error, place)
            .with_cause(
                "the device uses another security than was tried, or its session was taken over; older firmware does not say which it has",
            )
            .advise(caller, "name the scheme of the firmware with {security}; one without security is never tried by itself"),
        // What fits no reply is refused, or what is read instead of it is no answer.
        ProvisionError::Refused { phase: Phase::Query } | ProvisionError::Reply { phase: Phase::Query, .. }
            if matches!(place.kind, LinkKind::Ble | LinkKind::Sim) =>
        {
            provision(error, place).with_cause(
                "a property that is longer than one value of Bluetooth cannot be read over it, or the session was disturbed",
            )
            .advise(caller, "use HTTP for this device, or {again}")
        }
        ProvisionError::Status { phase: Phase::Query, code } => Error::new(
            Class::Refused,
            "device_status",
            format!("the device does not give its properties: {code}"),
        )
        .with_cause("its application failed, or its properties changed meanwhile")
        .advise(caller, "{again}; if it stays so, see the device's log")
        .with_retry(Some(Stage::Late)),
        error => provision(error, place),
    }
}

fn no_local_control(place: &Place, message: &'static str) -> Error {
    Error::new(Class::Link, "no_local_control", message)
        .with_cause(
            "it still waits for its network, its firmware has no local control, or something else answers there",
        )
        .with_help(place.caller.say(
            "{provision} first if that is what it waits for; then give the address that it has on its network",
        ))
}

/// No property of this name.
#[must_use]
pub fn no_such_property(caller: Caller, name: &str, there: &[Property]) -> Error {
    let names: Vec<String> = there.iter().map(|property| clean(&property.name)).collect();
    let error = Error::usage(
        "no_such_property",
        format!("the device has no property \"{}\"", clean(name)),
    );
    if names.is_empty() {
        return error
            .with_cause("it has none at all")
            .with_help("check that this is the right device");
    }
    error
        .with_cause(format!("it has: {}", names.join(", ")))
        .advise(caller, "check the name (it is case-sensitive) and {again}")
}

/// A property that is to be set twice in one request.
#[must_use]
pub fn property_twice(caller: Caller, name: &str) -> Error {
    Error::usage(
        "property_twice",
        format!("\"{}\" is to be set twice", clean(name)),
    )
    .with_cause("only one of the values can be in force afterwards")
    .advise(caller, "give one value and {again}")
}

/// A property that says of itself that it is read-only, on a device whose properties keep that convention.
#[must_use]
pub fn read_only(name: &str) -> Error {
    Error::usage("read_only", format!("\"{}\" is read-only", clean(name)))
        .with_cause("the device marks it so; nothing was sent")
        .with_help("set another property")
}

/// A text that is no value of the property's type.
#[must_use]
pub fn invalid_value(caller: Caller, name: &str, error: ValueError) -> Error {
    Error::usage("invalid_value", format!("no value for \"{}\"", clean(name)))
        .with_cause(format!("{error}"))
        .advise(caller, "give such a value, or {raw-value}")
}

/// A text for a property whose type is not known.
#[must_use]
pub fn unknown_type(caller: Caller, property: &Property) -> Error {
    Error::usage(
        "unknown_type",
        format!(
            "it is not known what text means to \"{}\" (type {}, {} bytes)",
            clean(&property.name),
            property.kind,
            property.value.len()
        ),
    )
    .with_cause("its type is not one of the vendor's example")
    .advise(caller, "{raw-value}")
}

/// The device did not set what it was asked to. `names` are those of the changes, in their order.
#[must_use]
pub fn not_set(caller: Caller, error: &NotSet, names: &[&str]) -> Error {
    let NotSet::Refused(refused) = error else {
        return Error::new(
            Class::Refused,
            "properties_moved",
            "the device's properties have changed since they were listed; nothing was set",
        )
        .with_cause("its application added or removed some")
        .advise(caller, "{again}")
        .with_retry(Some(Stage::Early));
    };
    let code = refused.code;
    let cause: Cow<'static, str> = match code {
        StatusCode::InvalidArgument => "a value does not suit its property, or one is read-only".into(),
        StatusCode::InvalidProto => "the application does not allow it in its present state".into(),
        _ => "the application on the device failed".into(),
    };
    let list = |wanted: bool| {
        let now = refused.now.as_deref().unwrap_or_default();
        let those = names.iter().zip(now).filter(|(_, now)| **now == wanted);
        those
            .map(|(name, _)| format!("\"{}\"", clean(name)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if refused.is_partly_applied() {
        return Error::new(
            Class::Refused,
            "partly_set",
            format!(
                "the device refused ({code}), and yet has changed {}; not {}",
                list(true),
                list(false)
            ),
        )
        .with_cause(cause)
        .advise(
            caller,
            "see with {list-properties} what holds now, and set the rest anew",
        );
    }
    let (message, help) = match &refused.now {
        None => (
            format!("the device refused: {code}; what it changed before that could not be found out"),
            "see with {list-properties} what holds now",
        ),
        Some(_) => (
            format!("the device refused: {code}"),
            "check names and values with {list-properties}",
        ),
    };
    Error::new(Class::Refused, "not_set", message)
        .with_cause(cause)
        .advise(caller, help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use espprov_core::call::Dialogue;
    use espprov_local_ctrl::{Change, Protocol, Set};

    /// What comes of setting "a" and "b", both empty so far, if the device says this and they are that afterwards.
    fn refused(status: u8, after: Option<[&[u8]; 2]>) -> NotSet {
        let property = |index, name: &str| Property::new(index, name.into(), 3, vec![]);
        let (a, b) = (property(0, "a"), property(1, "b"));
        let changes = [
            Change {
                property: &a,
                value: b"x",
            },
            Change {
                property: &b,
                value: b"y",
            },
        ];
        let reply = |values: [&[u8]; 2]| {
            let mut list = vec![];
            for (name, value) in [b"a", b"b"].into_iter().zip(values) {
                let len = u8::try_from(value.len()).unwrap();
                list.extend([0x12, 7 + len, 0x12, 1, name[0], 0x18, 3, 0x2a, len]);
                list.extend(value);
            }
            let mut reply = vec![0x08, 5, 0x6a, u8::try_from(list.len()).unwrap()];
            reply.extend(list);
            reply
        };
        let mut set = Set::new(&Protocol::ESP_LOCAL_CTRL, &changes).unwrap();
        set.begin(4096).unwrap();
        assert_eq!(set.handle(&reply([b"", b""])), Ok(None));
        assert_eq!(set.handle(&[0x08, 7, 0x7a, 2, 0x08, status]), Ok(None));
        let end = match after {
            Some(values) => set.handle(&reply(values)).unwrap(),
            None => set.salvage(),
        };
        end.unwrap().unwrap_err()
    }

    #[test]
    fn a_refusal_says_what_holds_now() {
        for (error, code, words) in [
            (
                refused(4, Some([b"x", b""])),
                "partly_set",
                "has changed \"a\"; not \"b\"",
            ),
            (refused(4, Some([b"", b""])), "not_set", "the device refused"),
            (refused(5, None), "not_set", "could not be found out"),
            (NotSet::Moved, "properties_moved", "nothing was set"),
        ] {
            let error = not_set(Caller::Program, &error, &["a", "b"]);
            assert_eq!((error.class(), error.code()), (Class::Refused, code));
            assert!(error.message().contains(words), "{error}");
            assert!(!error.cause().is_empty() && !error.help().is_empty());
        }
    }

    #[test]
    fn names_off_the_device_are_cleaned() {
        let odd = Property::new(0, "a\u{1b}[31m".into(), 3, vec![]);
        let error = no_such_property(Caller::Command, "x\u{7}", &[odd]);
        assert!(
            !error.sentence().contains(['\u{1b}', '\u{7}']),
            "{}",
            error.sentence()
        );
    }
}
