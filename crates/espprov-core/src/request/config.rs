//! Endpoint `prov-config`, Wi-Fi: set, apply, status.

use super::{Request, sealed::Sealed};
use crate::{ReplyError, WifiConfig};
use espprov_proto::config::{
    CmdGetWifiStatus, NetworkConfigMsgType as Msg, NetworkConfigPayload, RespGetWifiStatus,
    network_config_payload::Payload, resp_get_wifi_status::State,
};
use espprov_proto::{EncodeError, SetWifiConfigRef, decode, encode};
use espprov_transport::Endpoint;
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

/// Decodes a `prov-config` reply and checks that it answers `expected`.
pub(super) fn payload(reply: &[u8], expected: Msg) -> Result<Option<Payload>, ReplyError> {
    let message: NetworkConfigPayload = decode(reply).map_err(|_| ReplyError::Malformed)?;
    if message.msg == expected as i32 {
        Ok(message.payload)
    } else {
        Err(ReplyError::UnexpectedMessage)
    }
}

/// A request without content. Devices ignore the payload field of apply; the vendor's client leaves it out.
pub(super) fn bare(msg: Msg, payload: Option<Payload>, out: &mut [u8]) -> Result<usize, EncodeError> {
    encode(
        &NetworkConfigPayload {
            msg: msg as i32,
            payload,
        },
        out,
    )
}

impl Sealed for SetWifi<'_> {}

impl Request for SetWifi<'_> {
    type Response<'b> = ();

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::PROV_CONFIG
    }

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
        match payload(reply, Msg::TypeRespSetWifiConfig)? {
            Some(Payload::RespSetWifiConfig(response)) => Ok(StatusCode::check(response.status)?),
            _ => Err(ReplyError::MissingPayload),
        }
    }
}

impl Sealed for ApplyWifi {}

impl Request for ApplyWifi {
    type Response<'b> = ();

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::PROV_CONFIG
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        bare(Msg::TypeCmdApplyWifiConfig, None, out)
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        match payload(reply, Msg::TypeRespApplyWifiConfig)? {
            Some(Payload::RespApplyWifiConfig(response)) => Ok(StatusCode::check(response.status)?),
            _ => Err(ReplyError::MissingPayload),
        }
    }
}

impl Sealed for GetWifiStatus {}

impl Request for GetWifiStatus {
    type Response<'b> = WifiStatus;

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::PROV_CONFIG
    }

    /// `52 00`: the payload field is there because msg 0 alone would be an empty plaintext.
    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        bare(
            Msg::TypeCmdGetWifiStatus,
            Some(Payload::CmdGetWifiStatus(CmdGetWifiStatus {})),
            out,
        )
    }

    fn decode(&self, reply: &[u8]) -> Result<WifiStatus, ReplyError> {
        match payload(reply, Msg::TypeRespGetWifiStatus)? {
            Some(Payload::RespGetWifiStatus(response)) => wifi_status(response),
            _ => Err(ReplyError::MissingPayload),
        }
    }
}

/// proto3 zero values are absent from the wire, so details are read from the oneof case, never from a
/// missing field.
fn wifi_status(response: RespGetWifiStatus) -> Result<WifiStatus, ReplyError> {
    StatusCode::check(response.status)?;
    Ok(match (response.wifi_sta_state, response.state) {
        (0, Some(State::WifiConnected(state))) => {
            let mut connection = WifiConnection::new(ssid(&state.ssid)?);
            connection.ip = state.ip4_addr.parse().ok();
            connection.bssid = Bssid::from_slice(&state.bssid).ok();
            connection.channel = (state.channel != 0).then_some(state.channel);
            connection.auth = AuthMode::from_wire(state.auth_mode);
            WifiStatus::Connected(connection)
        }
        // "Connected" is what a missing field reads as: without its details it is not believed.
        (0, _) => return Err(ReplyError::MissingPayload),
        (1, Some(State::AttemptFailed(attempt))) => WifiStatus::Connecting {
            attempts_remaining: Some(attempt.attempts_remaining),
        },
        (1, _) => WifiStatus::Connecting {
            attempts_remaining: None,
        },
        (2, _) => WifiStatus::Disconnected,
        (3, Some(State::WifiFailReason(reason))) => WifiStatus::Failed(match reason {
            0 => WifiFailure::AuthError,
            1 => WifiFailure::NetworkNotFound,
            other => WifiFailure::Unknown(Some(other)),
        }),
        (3, _) => WifiStatus::Failed(WifiFailure::Unknown(None)),
        _ => return Err(ReplyError::FieldOutOfRange),
    })
}

fn ssid(bytes: &[u8]) -> Result<Ssid, ReplyError> {
    Ssid::from_scan(bytes).map_err(|_| ReplyError::FieldOutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_hex::hex;

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
