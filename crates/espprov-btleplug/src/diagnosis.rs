//! What an error of the platform's Bluetooth stack means.
//!
//! btleplug hands the platform's errors through: BlueZ's as D-Bus errors inside a boxed error, Windows' and
//! macOS' as text. What they say is read here, in one place, from their text.

/// The meaning of a platform error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Diagnosis {
    /// The device answered with this ATT error, or (`0x0e`) the platform lost the device in mid-procedure.
    Att(u8),
    /// The device refused, and the platform does not say how.
    Refused,
    /// The link must be encrypted or the device paired.
    NeedsPairing,
    /// There is no connection (any more).
    NotConnected,
    /// The platform does not know the device (any more).
    UnknownDevice,
    /// The platform gave up waiting.
    TimedOut,
    /// Another operation of the same kind is under way.
    Busy,
    /// Bluetooth is off.
    Off,
    /// This program may not use Bluetooth.
    Forbidden,
    /// There is no Bluetooth service to talk to.
    NoDaemon,
    /// There is no adapter.
    NoAdapter,
    /// The platform tried Bluetooth Classic with a device that offers both.
    Classic,
    /// Something else, in the platform's words.
    Other(Box<str>),
}

/// Texts to look for, lower case, in this order. BlueZ gives a message and a name (`org.bluez.Error.…`); some
/// failures of the ATT protocol have a name of their own there.
const SIGNS: &[(&str, Diagnosis)] = &[
    // Before all others: BlueZ appends the reason, such as "page-timeout" or "profile-unavailable".
    ("br-connection-", Diagnosis::Classic),
    ("not paired", Diagnosis::NeedsPairing),
    ("error.notauthorized", Diagnosis::NeedsPairing),
    ("insufficient authentication", Diagnosis::NeedsPairing),
    ("insufficient encryption", Diagnosis::NeedsPairing),
    ("authentication is insufficient", Diagnosis::NeedsPairing),
    ("encryption is insufficient", Diagnosis::NeedsPairing),
    ("error.authenticationfailed", Diagnosis::NeedsPairing),
    ("peer removed pairing", Diagnosis::NeedsPairing),
    ("invalid length", Diagnosis::Att(0x0d)),
    ("length is invalid", Diagnosis::Att(0x0d)),
    ("error.invalidvaluelength", Diagnosis::Att(0x0d)),
    ("error.invalidoffset", Diagnosis::Att(0x07)),
    ("read not permitted", Diagnosis::Att(0x02)),
    ("reading is not permitted", Diagnosis::Att(0x02)),
    ("write not permitted", Diagnosis::Att(0x03)),
    ("writing is not permitted", Diagnosis::Att(0x03)),
    ("resources are insufficient", Diagnosis::Att(0x11)),
    ("the command's pdu was invalid", Diagnosis::Att(0x04)),
    ("unlikely error", Diagnosis::Att(0x0e)),
    ("unknown att error", Diagnosis::Refused),
    ("protocolerror", Diagnosis::Refused),
    ("protocol error", Diagnosis::Refused),
    ("error.notready", Diagnosis::Off),
    ("resource not ready", Diagnosis::Off),
    ("powered off", Diagnosis::Off),
    ("not powered", Diagnosis::Off),
    ("error.accessdenied", Diagnosis::Forbidden),
    ("access is denied", Diagnosis::Forbidden),
    ("permission denied", Diagnosis::Forbidden),
    ("unauthorized", Diagnosis::Forbidden),
    ("error.serviceunknown", Diagnosis::NoDaemon),
    ("error.namehasnoowner", Diagnosis::NoDaemon),
    ("error.spawn", Diagnosis::NoDaemon),
    ("not provided by any .service files", Diagnosis::NoDaemon),
    ("error.filenotfound", Diagnosis::NoDaemon),
    ("error.noserver", Diagnosis::NoDaemon),
    ("failed to connect to socket", Diagnosis::NoDaemon),
    // It went away with our question, or the bus did.
    ("recipient disconnected", Diagnosis::NoDaemon),
    ("dbus.error.disconnected", Diagnosis::NoDaemon),
    ("failed to send message", Diagnosis::NoDaemon),
    ("no bluetooth adapter", Diagnosis::NoAdapter),
    ("error.unknownobject", Diagnosis::UnknownDevice),
    ("error.unknownmethod", Diagnosis::UnknownDevice),
    ("error.doesnotexist", Diagnosis::UnknownDevice),
    ("device not found", Diagnosis::UnknownDevice),
    ("error.noreply", Diagnosis::TimedOut),
    ("error.timeout", Diagnosis::TimedOut),
    ("timed out", Diagnosis::TimedOut),
    ("error.inprogress", Diagnosis::Busy),
    ("in progress", Diagnosis::Busy),
    ("error.notconnected", Diagnosis::NotConnected),
    ("not connected", Diagnosis::NotConnected),
    ("connection-abort", Diagnosis::NotConnected),
    ("connection abort", Diagnosis::NotConnected),
    ("disconnected", Diagnosis::NotConnected),
    ("connection reset", Diagnosis::NotConnected),
    ("canceled", Diagnosis::NotConnected),
    ("unreachable", Diagnosis::NotConnected),
    // BlueZ removed the device's attributes: it has gone.
    ("with uuid", Diagnosis::NotConnected),
];

impl Diagnosis {
    pub(crate) fn of(error: &btleplug::Error) -> Self {
        use btleplug::Error;
        match error {
            Error::PermissionDenied => Self::Forbidden,
            Error::DeviceNotFound => Self::UnknownDevice,
            Error::NotConnected => Self::NotConnected,
            Error::NoAdapterAvailable => Self::NoAdapter,
            Error::TimedOut(_) => Self::TimedOut,
            Error::NotSupported(text) | Error::RuntimeError(text) => Self::of_text(text),
            // A D-Bus error shows its name only in the debug form.
            Error::Other(inner) => match Self::of_text(&format!("{inner} {inner:?}")) {
                Self::Other(_) => Self::Other(inner.to_string().into()),
                known => known,
            },
            other => Self::of_text(&other.to_string()),
        }
    }

    /// Nothing is where the question went: no such handle, or no such attribute.
    pub(crate) const fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Att(0x01 | 0x0a))
    }

    fn of_text(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        if let Some(meaning) = hresult(&lower).and_then(Self::of_hresult) {
            return meaning;
        }
        if let Some(code) = att_code(&lower) {
            return Self::of_att(code);
        }
        SIGNS
            .iter()
            .find(|(sign, _)| lower.contains(sign))
            .map_or_else(|| Self::Other(text.into()), |(_, meaning)| meaning.clone())
    }
}

impl Diagnosis {
    /// Windows' number of an error, which is the same whatever language its text is in.
    fn of_hresult(code: u32) -> Option<Self> {
        // ATT errors have a range of their own (E_BLUETOOTH_ATT_…, 0x8065_0001 to 0x8065_0011).
        if let 0x8065_0001..=0x8065_00ff = code {
            let [.., att] = code.to_be_bytes();
            return Some(Self::of_att(att));
        }
        Some(match code {
            // E_ACCESSDENIED
            0x8007_0005 => Self::Forbidden,
            // ERROR_DEVICE_NOT_AVAILABLE, ERROR_NOT_READY: the radio is off
            0x8007_10df | 0x8007_0015 => Self::Off,
            // ERROR_DEVICE_NOT_CONNECTED, RO_E_CLOSED, ERROR_CONNECTION_ABORTED, ERROR_CANCELLED, ERROR_GEN_FAILURE
            0x8007_048f | 0x8000_0013 | 0x8007_04d4 | 0x8007_04c7 | 0x8007_001f => Self::NotConnected,
            // ERROR_NOT_FOUND, ERROR_DEV_NOT_EXIST, ERROR_NO_SUCH_DEVICE
            0x8007_0490 | 0x8007_0037 | 0x8007_01b1 => Self::UnknownDevice,
            // ERROR_SEM_TIMEOUT, ERROR_TIMEOUT, WAIT_TIMEOUT
            0x8007_0079 | 0x8007_05b4 | 0x8007_0102 => Self::TimedOut,
            // ERROR_BUSY, ERROR_IO_PENDING, E_ILLEGAL_METHOD_CALL (one is under way)
            0x8007_00aa | 0x8007_03e5 | 0x8000_000e => Self::Busy,
            // ERROR_SERVICE_NOT_ACTIVE, ERROR_SERVICE_DISABLED
            0x8007_0426 | 0x8007_0422 => Self::NoDaemon,
            // ERROR_NOT_AUTHENTICATED
            0x8007_04dc => Self::NeedsPairing,
            _ => return None,
        })
    }

    const fn of_att(code: u8) -> Self {
        match code {
            0x05 | 0x08 | 0x0c | 0x0f => Self::NeedsPairing,
            code => Self::Att(code),
        }
    }
}

/// `… HRESULT(0x80070005) …`, `… (0x80070005)`: the first number of eight digits that is an error.
fn hresult(lower: &str) -> Option<u32> {
    lower.split("0x").skip(1).find_map(|rest| {
        let digits = rest.get(..8)?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        let ends = !rest.as_bytes().get(8).is_some_and(u8::is_ascii_hexdigit);
        (ends && code & 0x8000_0000 != 0).then_some(code)
    })
}

/// `… ATT error: 0x0e …`
fn att_code(lower: &str) -> Option<u8> {
    let (_, rest) = lower.split_once("att error: 0x")?;
    u8::from_str_radix(rest.get(..2)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use btleplug::Error;

    /// Prints as BlueZ's errors do: the name only in the debug form.
    struct Bluez(&'static str, &'static str);
    impl core::fmt::Debug for Bluez {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write!(f, "DbusError(D-Bus error: {} ({}))", self.1, self.0)
        }
    }
    impl core::fmt::Display for Bluez {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str(self.1)
        }
    }
    impl core::error::Error for Bluez {}

    fn bluez(name: &'static str, message: &'static str) -> Diagnosis {
        Diagnosis::of(&Error::Other(Box::new(Bluez(name, message))))
    }

    #[test]
    fn bluez_errors() {
        let rows = [
            (
                "org.bluez.Error.Failed",
                "Operation failed with ATT error: 0x04",
                Diagnosis::Att(4),
            ),
            (
                "org.bluez.Error.Failed",
                "Operation failed with ATT error: 0x0e",
                Diagnosis::Att(14),
            ),
            (
                "org.bluez.Error.Failed",
                "Operation failed with ATT error: 0x0F",
                Diagnosis::NeedsPairing,
            ),
            (
                "org.bluez.Error.InvalidArguments",
                "Invalid Length",
                Diagnosis::Att(13),
            ),
            ("org.bluez.Error.InvalidValueLength", "", Diagnosis::Att(13)),
            (
                "org.bluez.Error.NotPermitted",
                "Not paired",
                Diagnosis::NeedsPairing,
            ),
            (
                "org.bluez.Error.NotPermitted",
                "Write not permitted",
                Diagnosis::Att(3),
            ),
            (
                "org.bluez.Error.NotAuthorized",
                "Operation Not Authorized",
                Diagnosis::NeedsPairing,
            ),
            ("org.bluez.Error.NotReady", "Resource Not Ready", Diagnosis::Off),
            ("org.bluez.Error.Failed", "Not connected", Diagnosis::NotConnected),
            (
                "org.bluez.Error.Failed",
                "le-connection-abort-by-local",
                Diagnosis::NotConnected,
            ),
            (
                "org.bluez.Error.Failed",
                "Software caused connection abort",
                Diagnosis::NotConnected,
            ),
            (
                "org.bluez.Error.InProgress",
                "Operation already in progress",
                Diagnosis::Busy,
            ),
            (
                "org.freedesktop.DBus.Error.UnknownObject",
                "Method \"Connect\" with signature \"\" on interface \"org.bluez.Device1\" doesn't exist",
                Diagnosis::UnknownDevice,
            ),
            (
                "org.freedesktop.DBus.Error.ServiceUnknown",
                "The name org.bluez was not provided by any .service files",
                Diagnosis::NoDaemon,
            ),
            (
                "org.freedesktop.DBus.Error.FileNotFound",
                "Failed to connect to socket /run/dbus/system_bus_socket: No such file or directory",
                Diagnosis::NoDaemon,
            ),
            (
                "org.freedesktop.DBus.Error.AccessDenied",
                "Rejected send message, 2 matched rules",
                Diagnosis::Forbidden,
            ),
            (
                "org.freedesktop.DBus.Error.NoReply",
                "Did not receive a reply",
                Diagnosis::TimedOut,
            ),
            (
                "org.freedesktop.DBus.Error.NoReply",
                "Message recipient disconnected from message bus without replying",
                Diagnosis::NoDaemon,
            ),
            (
                "org.freedesktop.DBus.Error.Disconnected",
                "Connection is closed",
                Diagnosis::NoDaemon,
            ),
        ];
        for (name, message, expected) in rows {
            assert_eq!(bluez(name, message), expected, "{name}: {message}");
        }
    }

    #[test]
    fn other_platforms() {
        let text = |text: &str| Diagnosis::of(&Error::RuntimeError(text.into()));
        assert_eq!(text("Authentication is insufficient."), Diagnosis::NeedsPairing);
        assert_eq!(text("Unknown ATT error."), Diagnosis::Refused);
        assert_eq!(text("The value's length is invalid."), Diagnosis::Att(13));
        assert_eq!(
            text("The specified device has disconnected from us."),
            Diagnosis::NotConnected
        );
        assert_eq!(Diagnosis::of(&Error::PermissionDenied), Diagnosis::Forbidden);
        let windows = Error::NotSupported("ProtocolError".into());
        assert_eq!(Diagnosis::of(&windows), Diagnosis::Refused);
    }

    /// A localised Windows says the same in its own language: the number counts.
    #[test]
    fn windows_errors_by_number() {
        let rows = [
            ("Zugriff verweigert (0x80070005)", Diagnosis::Forbidden),
            (
                "Error { code: HRESULT(0x80070005), message: \"Acc\u{e8}s refus\u{e9}.\" }",
                Diagnosis::Forbidden,
            ),
            (
                "Error { code: HRESULT(0x800710DF), message: \"Das Ger\u{e4}t ist nicht einsatzbereit.\" }",
                Diagnosis::Off,
            ),
            ("HRESULT(0x80000013)", Diagnosis::NotConnected),
            ("HRESULT(0x80650004)", Diagnosis::Att(4)),
            ("HRESULT(0x8065000F)", Diagnosis::NeedsPairing),
            ("HRESULT(0x8007048F) unreachable?", Diagnosis::NotConnected),
            ("HRESULT(0x80070490)", Diagnosis::UnknownDevice),
            ("HRESULT(0x800705B4)", Diagnosis::TimedOut),
        ];
        for (text, expected) in rows {
            assert_eq!(
                Diagnosis::of(&Error::RuntimeError(text.into())),
                expected,
                "{text}"
            );
            let boxed = Error::Other(text.into());
            assert_eq!(Diagnosis::of(&boxed), expected, "{text}");
        }
        // Numbers that are no errors, or not Windows'.
        for text in ["0x00000005", "address 0x80070005ff", "0x8007", "0x8007zzzz"] {
            let found = Diagnosis::of(&Error::RuntimeError(text.into()));
            assert!(matches!(found, Diagnosis::Other(_)), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_device_of_both_kinds() {
        for reason in [
            "br-connection-profile-unavailable",
            "br-connection-page-timeout",
            "br-connection-canceled",
            "br-connection-busy",
        ] {
            assert_eq!(
                bluez("org.bluez.Error.Failed", reason),
                Diagnosis::Classic,
                "{reason}"
            );
        }
    }

    #[test]
    fn the_unknown_keeps_its_words() {
        let odd = Diagnosis::of(&Error::RuntimeError("the moon is full".into()));
        assert_eq!(odd, Diagnosis::Other("the moon is full".into()));
        // Cut short or not hexadecimal: no code.
        for text in ["ATT error: 0x", "ATT error: 0x0", "ATT error: 0xzz"] {
            let found = Diagnosis::of(&Error::RuntimeError(text.into()));
            assert!(matches!(found, Diagnosis::Other(_)), "{text}");
        }
    }
}
