//! The endpoint `prov-scan`.

use crate::handler::{Answer, Radio, command, too_long, until_nul};
use crate::{Application, Quirks, Refusal, ScanProgress, ThreadScanParams, WifiScanParams};
use core::ops::Range;
use espprov_proto::wire::{Item, List};
use espprov_proto::{Command, Scan, ScanContent, ScanRequest};
use espprov_types::StatusCode;

/// `msg` of the last message that `wifi_provisioning` knows: the reply with results.
const LAST_WIFI: i32 = 5;

/// Does what one decrypted request asks.
pub(crate) fn handle<A: Application>(
    app: &mut A,
    quirks: &Quirks,
    request: &[u8],
) -> Result<Answer, Refusal> {
    let request = ScanRequest::read(request).map_err(|_| Refusal::Malformed)?;
    let command = command(quirks, request.msg, LAST_WIFI)?;
    // The content of another command does not count.
    let content = request.content.filter(|_| request.case == command.field());
    Ok(match command {
        Command::SCAN_WIFI_START => {
            let Some(ScanContent::WifiStart {
                blocking,
                passive,
                group_channels,
                period_ms,
            }) = content
            else {
                return Err(Refusal::MissingPayload);
            };
            let started = app.start_wifi_scan(WifiScanParams {
                blocking,
                passive,
                group_channels,
                period_ms,
            });
            started_answer(app, Radio::Wifi, started, blocking)
        }
        Command::SCAN_THREAD_START => {
            let Some(ScanContent::ThreadStart {
                blocking,
                channel_mask,
            }) = content
            else {
                return Err(Refusal::MissingPayload);
            };
            let started = app.start_thread_scan(ThreadScanParams {
                blocking,
                channel_mask,
            });
            started_answer(app, Radio::Thread, started, blocking)
        }
        Command::SCAN_WIFI_STATUS => Answer::ScanStatus(Radio::Wifi, progress(app, quirks, Radio::Wifi)),
        Command::SCAN_THREAD_STATUS => {
            Answer::ScanStatus(Radio::Thread, progress(app, quirks, Radio::Thread))
        }
        Command::SCAN_WIFI_RESULT => page(app, quirks, Radio::Wifi, content)?,
        Command::SCAN_THREAD_RESULT => page(app, quirks, Radio::Thread, content)?,
        _ => return Err(Refusal::UnknownMessage),
    })
}

fn started_answer<A: Application>(
    app: &mut A,
    radio: Radio,
    started: Result<(), StatusCode>,
    blocking: bool,
) -> Answer {
    if started.is_ok() && blocking {
        wait(app, radio)
    } else {
        Answer::Scan(radio.start(), started)
    }
}

/// The answer to a blocking start, if the scan is over by now.
pub(crate) fn wait<A: Application>(app: &mut A, radio: Radio) -> Answer {
    match app_progress(app, radio) {
        Ok(progress) if !progress.finished => Answer::Wait(radio),
        verdict => Answer::Scan(radio.start(), verdict.map(|_| ())),
    }
}

impl Radio {
    const fn start(self) -> Command<Scan> {
        match self {
            Self::Wifi => Command::SCAN_WIFI_START,
            Self::Thread => Command::SCAN_THREAD_START,
        }
    }

    const fn status(self) -> Command<Scan> {
        match self {
            Self::Wifi => Command::SCAN_WIFI_STATUS,
            Self::Thread => Command::SCAN_THREAD_STATUS,
        }
    }

    const fn result(self) -> Command<Scan> {
        match self {
            Self::Wifi => Command::SCAN_WIFI_RESULT,
            Self::Thread => Command::SCAN_THREAD_RESULT,
        }
    }
}

fn app_progress<A: Application>(app: &mut A, radio: Radio) -> Result<ScanProgress, StatusCode> {
    match radio {
        Radio::Wifi => app.wifi_scan_progress(),
        Radio::Thread => app.thread_scan_progress(),
    }
}

fn progress<A: Application>(app: &mut A, quirks: &Quirks, radio: Radio) -> Result<ScanProgress, StatusCode> {
    let progress = app_progress(app, radio)?;
    Ok(ScanProgress {
        count: progress.count.min(quirks.max_scan_results),
        ..progress
    })
}

/// The indices of a page, or a refusal when it is not inside the list. An empty page is fine up to the
/// capacity of the list. A device without this radio answers with a status and no entries.
fn page<A: Application>(
    app: &mut A,
    quirks: &Quirks,
    radio: Radio,
    content: Option<ScanContent>,
) -> Result<Answer, Refusal> {
    let Some(ScanContent::Page { start_index, count }) = content else {
        return Err(Refusal::MissingPayload);
    };
    let capacity = quirks.max_scan_results;
    let end = start_index.checked_add(count).filter(|&end| end <= capacity);
    let (Some(end), true) = (end, start_index < capacity) else {
        return Err(Refusal::PageOutOfRange);
    };
    let found = match progress(app, quirks, radio) {
        Ok(progress) => progress.count,
        Err(code) => return Ok(Answer::Scan(radio.result(), Err(code))),
    };
    if count > 0 && end > found {
        return Err(Refusal::PageOutOfRange);
    }
    Ok(Answer::Page(radio, start_index..end))
}

/// Writes how far a scan is.
pub(crate) fn write_status(
    radio: Radio,
    progress: Result<ScanProgress, StatusCode>,
    out: &mut [u8],
) -> Result<usize, Refusal> {
    let (status, finished, count) = match progress {
        Ok(progress) => (0, progress.finished, progress.count),
        Err(code) => (code.to_wire(), false, 0),
    };
    let content = [(1, Item::Uint(finished.into())), (2, Item::Uint(count))];
    radio
        .status()
        .write_reply(status, &content, out)
        .map_err(too_long)
}

/// Writes a page of results, one after the other.
pub(crate) fn write_page<A: Application>(
    app: &mut A,
    radio: Radio,
    range: Range<u32>,
    out: &mut [u8],
) -> Result<usize, Refusal> {
    let mut list = List::new(out);
    for index in range {
        match radio {
            Radio::Wifi => push_wifi(app, index, &mut list)?,
            Radio::Thread => push_thread(app, index, &mut list)?,
        }
    }
    let command = radio.result();
    list.finish(&[(1, Item::Int(command.reply()))], command.reply_field())
        .map_err(too_long)
}

fn push_wifi<A: Application>(app: &mut A, index: u32, list: &mut List<'_>) -> Result<(), Refusal> {
    let ap = app.wifi_scan_result(index).ok_or(Refusal::PageOutOfRange)?;
    let entry = [
        (1, Item::Bytes(until_nul(ap.ssid.as_bytes()))),
        (2, Item::Uint(ap.channel)),
        (3, Item::Int(ap.rssi)),
        (4, Item::Bytes(ap.bssid.as_bytes())),
        (5, Item::Int(ap.auth.to_wire())),
    ];
    list.push(1, &entry).map_err(too_long)
}

fn push_thread<A: Application>(app: &mut A, index: u32, list: &mut List<'_>) -> Result<(), Refusal> {
    let network = app.thread_scan_result(index).ok_or(Refusal::PageOutOfRange)?;
    let entry = [
        (1, Item::Uint(network.pan_id.into())),
        (2, Item::Uint(network.channel.into())),
        (3, Item::Int(network.rssi)),
        (4, Item::Uint(network.lqi)),
        (5, Item::Bytes(&network.ext_addr)),
        (6, Item::Bytes(until_nul(network.name.as_bytes()))),
        (7, Item::Bytes(&network.ext_pan_id)),
    ];
    list.push(1, &entry).map_err(too_long)
}

#[cfg(test)]
mod tests {
    use super::*;
    use espprov_types::{AccessPoint, AuthMode, Bssid, Ssid, ThreadName, ThreadNetwork};

    /// Hears one network of each kind.
    struct Radios;

    impl Application for Radios {
        fn wifi_scan_result(&mut self, index: u32) -> Option<AccessPoint> {
            let bssid = Bssid::new([1, 2, 3, 4, 5, 6]);
            let found = || AccessPoint::new(Ssid::new(b"ab").unwrap(), bssid, 6, -50, AuthMode::Owe);
            (index == 0).then(found)
        }

        fn thread_scan_result(&mut self, index: u32) -> Option<ThreadNetwork> {
            let ext_pan_id = [0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22];
            let mut found = ThreadNetwork::new(ThreadName::new(b"ab").unwrap(), 0x1234, ext_pan_id, 15);
            found.ext_addr = [1, 2, 3, 4, 5, 6, 7, 8];
            (found.rssi, found.lqi) = (-48, 200);
            (index == 0).then_some(found)
        }
    }

    /// -50 and -48 as protobuf has them: ten bytes each.
    const FF: [u8; 8] = [0xff; 8];

    #[test]
    fn pages_byte_for_byte() {
        let mut out = [0; 64];
        let len = write_page(&mut Radios, Radio::Wifi, 0..1, &mut out).unwrap();
        let entry = [
            &[0x0a, 2, b'a', b'b', 0x10, 6, 0x18, 0xce][..],
            &FF,
            &[1, 0x22, 6, 1, 2, 3, 4, 5, 6, 0x28, 9],
        ]
        .concat();
        assert_eq!(out[..len], [&[0x08, 5, 0x7a, 29, 0x0a, 27][..], &entry].concat());
        let len = write_page(&mut Radios, Radio::Thread, 0..1, &mut out).unwrap();
        let entry = [
            &[0x08, 0xb4, 0x24, 0x10, 15, 0x18, 0xd0][..],
            &FF,
            &[
                1, 0x20, 0xc8, 1, 0x2a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0x32, 2, b'a', b'b',
            ],
            &[0x3a, 8, 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22],
        ]
        .concat();
        assert_eq!(
            out[..len],
            [&[0x08, 11, 0xaa, 1, 45, 0x0a, 43][..], &entry].concat()
        );
        // No entry where there is none, and no reply with a hole in it.
        for radio in [Radio::Wifi, Radio::Thread] {
            let beyond = write_page(&mut Radios, radio, 0..2, &mut out);
            assert_eq!(beyond, Err(Refusal::PageOutOfRange));
        }
    }

    #[test]
    fn progress_byte_for_byte() {
        let mut out = [0; 16];
        let progress = Ok(ScanProgress::new(true, 7));
        let len = write_status(Radio::Wifi, progress, &mut out).unwrap();
        assert_eq!(out[..len], [0x08, 3, 0x6a, 4, 0x08, 1, 0x10, 7]);
        let len = write_status(Radio::Thread, progress, &mut out).unwrap();
        assert_eq!(out[..len], [0x08, 9, 0x9a, 1, 4, 0x08, 1, 0x10, 7]);
        let len = write_status(Radio::Wifi, Err(StatusCode::InternalError), &mut out).unwrap();
        assert_eq!(out[..len], [0x08, 3, 0x10, 5, 0x6a, 0]);
    }
}
