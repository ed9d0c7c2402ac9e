//! Endpoint `prov-config`, Wi-Fi: set, apply, status.

use super::{Request, asked};
use crate::{ReplyError, WifiConfig};
use core::net::Ipv4Addr;
use espprov_proto::{
    Command, Config, ConfigReply, EncodeError, SetWifiConfigRef, WifiDetail, WifiStatusReply,
};
use espprov_types::{AuthMode, Bssid, Ssid, StatusCode, WifiConnection, WifiFailure, WifiStatus};

/// Hands Wi-Fi credentials to the device. They take effect with [`ApplyWifi`].
#[derive(Debug, Clone, Copy)]
pub struct SetWifi<'a>(pub &'a WifiConfig<'a>);

/// Makes the device join the network set before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApplyWifi;

/// Asks what became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GetWifiStatus;

/// Is a reply with this `msg` and content the answer to `command`?
pub(super) fn answers(command: Command<Config>, msg: i32, case: u32) -> Result<(), ReplyError> {
    if msg != command.reply() {
        Err(ReplyError::UnexpectedMessage)
    } else if case != command.reply_field() {
        Err(ReplyError::MissingPayload)
    } else {
        Ok(())
    }
}

/// Reads the answer to set or apply: the device's verdict.
pub(super) fn verdict(reply: &[u8], command: Command<Config>) -> Result<(), ReplyError> {
    let reply = ConfigReply::read(reply)?;
    answers(command, reply.msg, reply.case)?;
    Ok(StatusCode::check(reply.status)?)
}

impl Request for SetWifi<'_> {
    type Response<'b> = ();

    asked!(PROV_CONFIG, Set);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let config = self.0;
        SetWifiConfigRef {
            ssid: config.ssid(),
            passphrase: config.passphrase(),
            bssid: config.bssid().as_ref().map_or(&[], Bssid::as_bytes),
            channel: config.channel().map_or(0, i32::from),
        }
        .encode(out)
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        verdict(reply, Command::SET_WIFI_CONFIG)
    }
}

impl Request for ApplyWifi {
    type Response<'b> = ();

    asked!(PROV_CONFIG, Apply);

    /// `08 04`: devices ignore the payload field of apply; the vendor's client leaves it out.
    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        Command::APPLY_WIFI_CONFIG.write_bare(out)
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        verdict(reply, Command::APPLY_WIFI_CONFIG)
    }
}

impl Request for GetWifiStatus {
    type Response<'b> = WifiStatus;

    asked!(PROV_CONFIG, Status);

    /// `52 00`: the payload field is there because msg 0 alone would be an empty plaintext.
    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        Command::GET_WIFI_STATUS.write(&[], out)
    }

    fn decode(&self, reply: &[u8]) -> Result<WifiStatus, ReplyError> {
        let reply = WifiStatusReply::read(reply)?;
        answers(Command::GET_WIFI_STATUS, reply.msg, reply.case)?;
        StatusCode::check(reply.status)?;
        wifi_status(&reply)
    }
}

/// proto3 zero values are absent from the wire, so details are read from the oneof case, never from a
/// missing field.
fn wifi_status(reply: &WifiStatusReply<'_>) -> Result<WifiStatus, ReplyError> {
    Ok(match (reply.state, reply.detail) {
        (0, Some(WifiDetail::Connected(state))) => {
            let mut connection = WifiConnection::new(ssid(state.ssid)?);
            connection.ip = ipv4(state.ip4_addr);
            connection.bssid = Bssid::from_slice(state.bssid).ok();
            connection.channel = (state.channel != 0).then_some(state.channel);
            connection.auth = AuthMode::from_wire(state.auth_mode);
            WifiStatus::Connected(connection)
        }
        // "Connected" is what a missing field reads as: without its details it is not believed.
        (0, _) => return Err(ReplyError::MissingPayload),
        (1, Some(WifiDetail::AttemptFailed { attempts_remaining })) => WifiStatus::Connecting {
            attempts_remaining: Some(attempts_remaining),
        },
        (1, _) => WifiStatus::Connecting {
            attempts_remaining: None,
        },
        (2, _) => WifiStatus::Disconnected,
        (3, Some(WifiDetail::FailReason(reason))) => WifiStatus::Failed(match reason {
            0 => WifiFailure::AuthError,
            1 => WifiFailure::NetworkNotFound,
            other => WifiFailure::Unknown(Some(other)),
        }),
        (3, _) => WifiStatus::Failed(WifiFailure::Unknown(None)),
        _ => return Err(ReplyError::FieldOutOfRange),
    })
}

/// Four decimal numbers, as [`Ipv4Addr`]'s own parser takes them; that one needs twenty times the flash.
fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split(|byte| *byte == b'.');
    for octet in &mut octets {
        *octet = match *parts.next()? {
            [] | [b'0', _, ..] => return None,
            ref part => digits(part)?,
        };
    }
    parts.next().is_none().then_some(octets.into())
}

/// A decimal number up to 255.
fn digits(text: &[u8]) -> Option<u8> {
    text.iter().try_fold(0_u8, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

fn ssid(bytes: &[u8]) -> Result<Ssid, ReplyError> {
    Ssid::from_scan(bytes).map_err(|_| ReplyError::FieldOutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;
    use proptest::prelude::*;

    #[test]
    fn the_character_after_nine_is_no_digit() {
        for text in ["1:.0.0.1", ":.0.0.1", "10.0.0.1:"] {
            assert_eq!(ipv4(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn addresses_are_read_as_the_standard_library_reads_them(text in "[0-9.]{0,16}|([0-9]{1,4}[.]){0,4}[0-9]{0,3}|\\PC{0,12}") {
            prop_assert_eq!(ipv4(text.as_bytes()), text.parse().ok());
        }
    }

    #[test]
    fn every_octet_is_read() {
        for octet in 0..=999 {
            let text = std::format!("0.{octet}.10.255");
            assert_eq!(ipv4(text.as_bytes()), text.parse().ok(), "{text}");
        }
    }

    // The replies are those of the vendor's device code, as recorded in tests/vectors/vendor.

    #[test]
    fn recorded_status_replies() {
        let read = |h| GetWifiStatus.decode(&hex(h));
        assert_eq!(
            read("08015a021001"),
            Ok(WifiStatus::Connecting {
                attempts_remaining: None
            })
        );
        assert_eq!(
            read("08015a06100162020802"),
            Ok(WifiStatus::Connecting {
                attempts_remaining: Some(2)
            })
        );
        let connected =
            read("08015a235a210a0c3139322e3136382e312e373710071a05666c616b792206240ac40007002801");
        let Ok(WifiStatus::Connected(c)) = connected else {
            panic!("{connected:?}")
        };
        assert_eq!(c.ip, Some([192, 168, 1, 77].into()));
        assert_eq!(
            (c.ssid.as_bytes(), c.channel, c.auth),
            (&b"flaky"[..], Some(1), AuthMode::Wpa2Wpa3Psk)
        );
    }

    #[test]
    fn failure_reason_zero_is_read_from_the_case() {
        // ConnectionFailed with wifi_fail_reason = 0, present as an oneof case.
        assert_eq!(
            GetWifiStatus.decode(&hex("08015a0410035000")),
            Ok(WifiStatus::Failed(WifiFailure::AuthError))
        );
        assert_eq!(
            GetWifiStatus.decode(&hex("08015a021003")),
            Ok(WifiStatus::Failed(WifiFailure::Unknown(None)))
        );
    }

    #[test]
    fn every_state_has_its_meaning() {
        use WifiStatus::{Disconnected, Failed};
        for (reply, expected) in [
            ("08015a021002", Ok(Disconnected)),
            ("08015a0410035001", Ok(Failed(WifiFailure::NetworkNotFound))),
            ("08015a0410035007", Ok(Failed(WifiFailure::Unknown(Some(7))))),
            ("08015a021004", Err(ReplyError::FieldOutOfRange)),
            (
                "08015a020804",
                Err(ReplyError::Status(StatusCode::InvalidArgument)),
            ),
        ] {
            assert_eq!(GetWifiStatus.decode(&hex(reply)), expected, "{reply}");
        }
        // The recorded connection without its last field: a channel of 0 is none.
        let reply = hex("08015a215a1f0a0c3139322e3136382e312e373710071a05666c616b792206240ac4000700");
        let Ok(WifiStatus::Connected(connection)) = GetWifiStatus.decode(&reply) else {
            panic!("connected")
        };
        assert_eq!(connection.channel, None);
        assert_eq!(connection.bssid, Some(Bssid::new([0x24, 0x0a, 0xc4, 0, 7, 0])));
    }

    #[test]
    fn no_state_at_all_is_not_connected() {
        for reply in ["08015a00", "08015a025000", "08015a0462020801"] {
            assert_eq!(
                GetWifiStatus.decode(&hex(reply)),
                Err(ReplyError::MissingPayload),
                "{reply}"
            );
        }
    }

    #[test]
    fn requests_are_byte_exact() {
        let mut out = [0; 64];
        let n = GetWifiStatus.encode(&mut out).unwrap();
        assert_eq!(out[..n], hex("5200"));
        let n = ApplyWifi.encode(&mut out).unwrap();
        assert_eq!(out[..n], hex("0804"));
        let config = WifiConfig::unchecked(b"flaky", b"x");
        let n = SetWifi(&config).encode(&mut out).unwrap();
        assert_eq!(out[..n], hex("0802620a0a05666c616b79120178"));
        let config = WifiConfig::unchecked(b"Home", b"abcd")
            .with_bssid(Bssid::new([1, 2, 3, 4, 5, 6]))
            .with_channel(11);
        let n = SetWifi(&config).encode(&mut out).unwrap();
        assert_eq!(
            out[..n],
            hex("080262160a04486f6d65120461626364 1a06010203040506 200b"
                .replace(' ', "")
                .as_str())
        );
    }

    #[test]
    fn verdicts_and_strangers() {
        let config = WifiConfig::unchecked(b"a", b"");
        assert_eq!(SetWifi(&config).decode(&hex("08036a00")), Ok(()));
        assert_eq!(
            SetWifi(&config).decode(&hex("08036a020804")),
            Err(ReplyError::Status(StatusCode::InvalidArgument))
        );
        assert_eq!(
            SetWifi(&config).decode(&hex("08057a00")),
            Err(ReplyError::UnexpectedMessage)
        );
        assert_eq!(ApplyWifi.decode(&hex("0805")), Err(ReplyError::MissingPayload));
        assert_eq!(ApplyWifi.decode(&hex("ff")), Err(ReplyError::Malformed));
    }
}
