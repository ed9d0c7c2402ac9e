//! The endpoint `prov-scan`.

use crate::handler::{Handled, Radio, encode_reply, status_of, until_nul};
use crate::{Application, Quirks, Refusal, ThreadScanParams, WifiScanParams};
use alloc::vec::Vec;
use espprov_proto::scan::network_scan_payload::Payload;
use espprov_proto::scan::{
    NetworkScanMsgType as Msg, NetworkScanPayload, RespScanThreadResult, RespScanThreadStart,
    RespScanThreadStatus, RespScanWifiResult, RespScanWifiStart, RespScanWifiStatus, ThreadScanResult,
    WiFiScanResult,
};
use espprov_types::{AccessPoint, StatusCode, ThreadNetwork};

/// Answers one decrypted request.
pub(crate) fn handle<A: Application>(
    app: &mut A,
    quirks: &Quirks,
    request: &[u8],
    out: &mut [u8],
) -> Result<Handled, Refusal> {
    let request: NetworkScanPayload = espprov_proto::decode(request).map_err(|_| Refusal::Malformed)?;
    let msg = Msg::try_from(request.msg).map_err(|_| Refusal::UnknownMessage)?;
    if !quirks.thread_messages && request.msg > Msg::TypeRespScanWifiResult as i32 {
        return Err(Refusal::UnknownMessage);
    }
    match msg {
        Msg::TypeCmdScanWifiStart => {
            let Some(Payload::CmdScanWifiStart(start)) = request.payload else {
                return Err(Refusal::MissingPayload);
            };
            let params = WifiScanParams {
                blocking: start.blocking,
                passive: start.passive,
                group_channels: start.group_channels,
                period_ms: start.period_ms,
            };
            let started = app.start_wifi_scan(params);
            if started.is_ok() && start.blocking {
                return wait(app, Radio::Wifi, out);
            }
            start_reply(Radio::Wifi, started, out)
        }
        Msg::TypeCmdScanThreadStart => {
            let Some(Payload::CmdScanThreadStart(start)) = request.payload else {
                return Err(Refusal::MissingPayload);
            };
            let params = ThreadScanParams {
                blocking: start.blocking,
                channel_mask: start.channel_mask,
            };
            let started = app.start_thread_scan(params);
            if started.is_ok() && start.blocking {
                return wait(app, Radio::Thread, out);
            }
            start_reply(Radio::Thread, started, out)
        }
        Msg::TypeCmdScanWifiStatus => {
            let (status, scan_finished, result_count) = progress(app, quirks, Radio::Wifi);
            let resp = RespScanWifiStatus {
                scan_finished,
                result_count,
            };
            reply(
                Msg::TypeRespScanWifiStatus,
                status,
                Payload::RespScanWifiStatus(resp),
                out,
            )
        }
        Msg::TypeCmdScanThreadStatus => {
            let (status, scan_finished, result_count) = progress(app, quirks, Radio::Thread);
            let resp = RespScanThreadStatus {
                scan_finished,
                result_count,
            };
            reply(
                Msg::TypeRespScanThreadStatus,
                status,
                Payload::RespScanThreadStatus(resp),
                out,
            )
        }
        Msg::TypeCmdScanWifiResult => {
            let Some(Payload::CmdScanWifiResult(page)) = request.payload else {
                return Err(Refusal::MissingPayload);
            };
            let (status, range) = page_range(app, quirks, Radio::Wifi, page.start_index, page.count)?;
            let entries: Option<Vec<_>> = range
                .map(|index| app.wifi_scan_result(index).map(wifi_entry))
                .collect();
            let resp = RespScanWifiResult {
                entries: entries.ok_or(Refusal::PageOutOfRange)?,
            };
            reply(
                Msg::TypeRespScanWifiResult,
                status,
                Payload::RespScanWifiResult(resp),
                out,
            )
        }
        Msg::TypeCmdScanThreadResult => {
            let Some(Payload::CmdScanThreadResult(page)) = request.payload else {
                return Err(Refusal::MissingPayload);
            };
            let (status, range) = page_range(app, quirks, Radio::Thread, page.start_index, page.count)?;
            let entries: Option<Vec<_>> = range
                .map(|index| app.thread_scan_result(index).map(thread_entry))
                .collect();
            let resp = RespScanThreadResult {
                entries: entries.ok_or(Refusal::PageOutOfRange)?,
            };
            reply(
                Msg::TypeRespScanThreadResult,
                status,
                Payload::RespScanThreadResult(resp),
                out,
            )
        }
        Msg::TypeRespScanWifiStart
        | Msg::TypeRespScanWifiStatus
        | Msg::TypeRespScanWifiResult
        | Msg::TypeRespScanThreadStart
        | Msg::TypeRespScanThreadStatus
        | Msg::TypeRespScanThreadResult => Err(Refusal::UnknownMessage),
    }
}

/// The reply to a blocking start, if the scan is over by now.
pub(crate) fn wait<A: Application>(app: &mut A, radio: Radio, out: &mut [u8]) -> Result<Handled, Refusal> {
    let progress = match radio {
        Radio::Wifi => app.wifi_scan_progress(),
        Radio::Thread => app.thread_scan_progress(),
    };
    match progress {
        Ok(progress) if !progress.finished => Ok(Handled::Wait(radio)),
        Ok(_) => start_reply(radio, Ok(()), out),
        Err(code) => start_reply(radio, Err(code), out),
    }
}

fn start_reply(radio: Radio, started: Result<(), StatusCode>, out: &mut [u8]) -> Result<Handled, Refusal> {
    let (msg, payload) = match radio {
        Radio::Wifi => (
            Msg::TypeRespScanWifiStart,
            Payload::RespScanWifiStart(RespScanWifiStart {}),
        ),
        Radio::Thread => (
            Msg::TypeRespScanThreadStart,
            Payload::RespScanThreadStart(RespScanThreadStart {}),
        ),
    };
    reply(msg, status_of(started), payload, out)
}

fn reply(msg: Msg, status: i32, payload: Payload, out: &mut [u8]) -> Result<Handled, Refusal> {
    let message = NetworkScanPayload {
        msg: msg as i32,
        status,
        payload: Some(payload),
    };
    encode_reply(&message, out)
}

/// Status, finished, number of results.
fn progress<A: Application>(app: &mut A, quirks: &Quirks, radio: Radio) -> (i32, bool, u32) {
    let progress = match radio {
        Radio::Wifi => app.wifi_scan_progress(),
        Radio::Thread => app.thread_scan_progress(),
    };
    match progress {
        Ok(progress) => (0, progress.finished, progress.count.min(quirks.max_scan_results)),
        Err(code) => (code.to_wire(), false, 0),
    }
}

/// The indices of a page, or a refusal when it is not inside the list. An empty page is fine up to the
/// capacity of the list. A device without this radio answers with a status and no entries.
fn page_range<A: Application>(
    app: &mut A,
    quirks: &Quirks,
    radio: Radio,
    start: u32,
    count: u32,
) -> Result<(i32, core::ops::Range<u32>), Refusal> {
    let capacity = quirks.max_scan_results;
    let end = start.checked_add(count).filter(|&end| end <= capacity);
    let (Some(end), true) = (end, start < capacity) else {
        return Err(Refusal::PageOutOfRange);
    };
    let (status, _, found) = progress(app, quirks, radio);
    if status != 0 {
        return Ok((status, 0..0));
    }
    if count > 0 && end > found {
        return Err(Refusal::PageOutOfRange);
    }
    Ok((0, start..end))
}

fn wifi_entry(ap: AccessPoint) -> WiFiScanResult {
    WiFiScanResult {
        ssid: until_nul(ap.ssid.as_bytes()).to_vec(),
        channel: ap.channel,
        rssi: ap.rssi,
        bssid: ap.bssid.as_bytes().to_vec(),
        auth: ap.auth.to_wire(),
    }
}

fn thread_entry(network: ThreadNetwork) -> ThreadScanResult {
    ThreadScanResult {
        pan_id: network.pan_id.into(),
        channel: network.channel.into(),
        rssi: network.rssi,
        lqi: network.lqi,
        ext_addr: network.ext_addr.to_vec(),
        network_name: until_nul(network.name.as_bytes()).to_vec(),
        ext_pan_id: network.ext_pan_id.to_vec(),
    }
}
