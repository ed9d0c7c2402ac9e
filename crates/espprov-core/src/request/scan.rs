//! Endpoint `prov-scan`: start a scan, ask how far it is, fetch its results page by page.

use super::thread::narrow;
use super::{Request, octets, sealed::Sealed};
use crate::ReplyError;
use alloc::vec::Vec;
use espprov_proto::scan::{
    CmdScanThreadResult, CmdScanThreadStart, CmdScanThreadStatus, CmdScanWifiResult, CmdScanWifiStart,
    CmdScanWifiStatus, NetworkScanMsgType as Msg, NetworkScanPayload, network_scan_payload::Payload,
};
use espprov_proto::{EncodeError, count_scan_entries, decode, encode};
use espprov_transport::Endpoint;
use espprov_types::{AccessPoint, AuthMode, Bssid, Ssid, StatusCode, ThreadName, ThreadNetwork};

/// Starts a Wi-Fi scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartWifiScan {
    /// Answer only when the scan is over (seconds), instead of at once.
    pub blocking: bool,
    /// Listen only, send no probe requests.
    pub passive: bool,
    /// Channels per group, serving the SoftAP in between; 0 = all in one go.
    pub group_channels: u32,
    /// Dwell time per channel in milliseconds; 120 is usual.
    pub period_ms: u32,
}

/// Starts a Thread scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartThreadScan {
    /// Answer only when the scan is over, instead of at once.
    pub blocking: bool,
    /// Bit n = channel n; 0 = all.
    pub channel_mask: u32,
}

/// Asks how far the scan is: `Wifi` or `Thread`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanStatus {
    /// The Wi-Fi scan.
    Wifi,
    /// The Thread scan.
    Thread,
}

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanProgress {
    /// The scan is over.
    pub finished: bool,
    /// Networks found; at most 255 (the firmware's own limit).
    pub count: u8,
}

/// A part of the result list. Never reach past [`ScanProgress::count`]: devices drop the link then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanPage {
    /// First entry, from 0.
    pub start: u8,
    /// Entries wanted.
    pub count: u8,
}

/// Fetches Wi-Fi scan results, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WifiScanPage(pub ScanPage);

/// Fetches Thread scan results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadScanPage(pub ScanPage);

fn send(msg: Msg, payload: Payload, out: &mut [u8]) -> Result<usize, EncodeError> {
    encode(
        &NetworkScanPayload {
            msg: msg as i32,
            status: 0,
            payload: Some(payload),
        },
        out,
    )
}

/// Messages with empty content may arrive with the oneof absent: `msg` decides.
fn receive(reply: &[u8], expected: Msg) -> Result<Option<Payload>, ReplyError> {
    let message: NetworkScanPayload = decode(reply).map_err(|_| ReplyError::Malformed)?;
    if message.msg != expected as i32 {
        return Err(ReplyError::UnexpectedMessage);
    }
    StatusCode::check(message.status)?;
    Ok(message.payload)
}

impl Sealed for StartWifiScan {}

impl Request for StartWifiScan {
    type Response<'b> = ();

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::PROV_SCAN
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let Self {
            blocking,
            passive,
            group_channels,
            period_ms,
        } = *self;
        let start = CmdScanWifiStart {
            blocking,
            passive,
            group_channels,
            period_ms,
        };
        send(Msg::TypeCmdScanWifiStart, Payload::CmdScanWifiStart(start), out)
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        receive(reply, Msg::TypeRespScanWifiStart).map(drop)
    }
}

impl Sealed for StartThreadScan {}

impl Request for StartThreadScan {
    type Response<'b> = ();

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::PROV_SCAN
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let Self {
            blocking,
            channel_mask,
        } = *self;
        let start = CmdScanThreadStart {
            blocking,
            channel_mask,
        };
        send(
            Msg::TypeCmdScanThreadStart,
            Payload::CmdScanThreadStart(start),
            out,
        )
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        receive(reply, Msg::TypeRespScanThreadStart).map(drop)
    }
}

impl Sealed for ScanStatus {}

impl Request for ScanStatus {
    type Response<'b> = ScanProgress;

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::PROV_SCAN
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        match self {
            Self::Wifi => send(
                Msg::TypeCmdScanWifiStatus,
                Payload::CmdScanWifiStatus(CmdScanWifiStatus {}),
                out,
            ),
            Self::Thread => send(
                Msg::TypeCmdScanThreadStatus,
                Payload::CmdScanThreadStatus(CmdScanThreadStatus {}),
                out,
            ),
        }
    }

    fn decode(&self, reply: &[u8]) -> Result<ScanProgress, ReplyError> {
        let expected = match self {
            Self::Wifi => Msg::TypeRespScanWifiStatus,
            Self::Thread => Msg::TypeRespScanThreadStatus,
        };
        let (finished, count) = match (self, receive(reply, expected)?) {
            (Self::Wifi, Some(Payload::RespScanWifiStatus(s))) => (s.scan_finished, s.result_count),
            (Self::Thread, Some(Payload::RespScanThreadStatus(s))) => (s.scan_finished, s.result_count),
            // All fields zero: not finished, nothing found yet.
            (_, None) => (false, 0),
            _ => return Err(ReplyError::MissingPayload),
        };
        let count = u8::try_from(count).map_err(|_| ReplyError::FieldOutOfRange)?;
        Ok(ScanProgress { finished, count })
    }
}

impl ScanPage {
    /// A device that sends more than was asked for is not to be believed, and not to be decoded.
    fn check(self, reply: &[u8]) -> Result<(), ReplyError> {
        let entries = count_scan_entries(reply).map_err(|_| ReplyError::Malformed)?;
        if entries > usize::from(self.count) {
            Err(ReplyError::TooManyEntries)
        } else {
            Ok(())
        }
    }
}

impl Sealed for WifiScanPage {}

impl Request for WifiScanPage {
    type Response<'b> = Vec<AccessPoint>;

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::PROV_SCAN
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let ScanPage { start, count } = self.0;
        let result = CmdScanWifiResult {
            start_index: start.into(),
            count: count.into(),
        };
        send(
            Msg::TypeCmdScanWifiResult,
            Payload::CmdScanWifiResult(result),
            out,
        )
    }

    fn decode(&self, reply: &[u8]) -> Result<Vec<AccessPoint>, ReplyError> {
        self.0.check(reply)?;
        let entries = match receive(reply, Msg::TypeRespScanWifiResult)? {
            Some(Payload::RespScanWifiResult(result)) => result.entries,
            None => Vec::new(),
            _ => return Err(ReplyError::MissingPayload),
        };
        let read = |e: espprov_proto::scan::WiFiScanResult| {
            let ssid = Ssid::from_scan(&e.ssid).map_err(|_| ReplyError::FieldOutOfRange)?;
            let bssid = Bssid::from_slice(&e.bssid).map_err(|_| ReplyError::FieldOutOfRange)?;
            Ok(AccessPoint::new(
                ssid,
                bssid,
                e.channel,
                e.rssi,
                AuthMode::from_wire(e.auth),
            ))
        };
        entries.into_iter().map(read).collect()
    }
}

impl Sealed for ThreadScanPage {}

impl Request for ThreadScanPage {
    type Response<'b> = Vec<ThreadNetwork>;

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::PROV_SCAN
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let ScanPage { start, count } = self.0;
        let result = CmdScanThreadResult {
            start_index: start.into(),
            count: count.into(),
        };
        send(
            Msg::TypeCmdScanThreadResult,
            Payload::CmdScanThreadResult(result),
            out,
        )
    }

    fn decode(&self, reply: &[u8]) -> Result<Vec<ThreadNetwork>, ReplyError> {
        self.0.check(reply)?;
        let entries = match receive(reply, Msg::TypeRespScanThreadResult)? {
            Some(Payload::RespScanThreadResult(result)) => result.entries,
            None => Vec::new(),
            _ => return Err(ReplyError::MissingPayload),
        };
        let read = |e: espprov_proto::scan::ThreadScanResult| {
            Ok(ThreadNetwork {
                name: ThreadName::new(&e.network_name).ok_or(ReplyError::FieldOutOfRange)?,
                pan_id: narrow(e.pan_id)?,
                ext_pan_id: octets(&e.ext_pan_id)?,
                ext_addr: octets(&e.ext_addr)?,
                channel: narrow(e.channel)?,
                rssi: e.rssi,
                lqi: e.lqi,
            })
        };
        entries.into_iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_hex::hex;

    #[test]
    fn status_of_nothing_yet() {
        assert_eq!(
            ScanStatus::Wifi.decode(&hex("0803")),
            Ok(ScanProgress {
                finished: false,
                count: 0
            })
        );
        assert_eq!(
            ScanStatus::Wifi.decode(&hex("08036a0408011007")),
            Ok(ScanProgress {
                finished: true,
                count: 7
            })
        );
        // 256 results: more than any firmware can hold.
        assert_eq!(
            ScanStatus::Wifi.decode(&hex("08036a050801108002")),
            Err(ReplyError::FieldOutOfRange)
        );
        assert_eq!(
            ScanStatus::Thread.decode(&hex("0803")),
            Err(ReplyError::UnexpectedMessage)
        );
    }

    /// ssid "ab", channel 6, rssi -50, bssid 1..6, auth 9.
    const ENTRY: &str = "0a1b 0a026162 1006 18ceffffffffffffffff01 2206010203040506 2809";

    #[test]
    fn entries_are_read() {
        let entry = ENTRY.replace(' ', "");
        let reply = hex(&std::format!("08057a1d{entry}"));
        let page = WifiScanPage(ScanPage { start: 0, count: 1 })
            .decode(&reply)
            .unwrap();
        let ap = &page[0];
        assert_eq!((ap.ssid.as_bytes(), ap.channel, ap.rssi), (&b"ab"[..], 6, -50));
        assert_eq!(
            (ap.bssid.octets(), ap.auth),
            ([1, 2, 3, 4, 5, 6], AuthMode::Unknown(9))
        );
    }

    #[test]
    fn more_entries_than_asked_for() {
        let entry = ENTRY.replace(' ', "");
        let reply = hex(&std::format!("08057a3a{entry}{entry}"));
        let page = |count| WifiScanPage(ScanPage { start: 0, count });
        assert_eq!(page(2).decode(&reply).map(|aps| aps.len()), Ok(2));
        assert_eq!(page(1).decode(&reply), Err(ReplyError::TooManyEntries));
    }

    #[test]
    fn page_request_bytes() {
        let mut out = [0; 16];
        let n = WifiScanPage(ScanPage { start: 4, count: 4 })
            .encode(&mut out)
            .unwrap();
        assert_eq!(out[..n], hex("0804720408041004"));
    }
}
