//! Endpoint `prov-scan`: start a scan, ask how far it is, fetch its results page by page.

use super::thread::narrow;
use super::{Request, asked, octets};
use crate::ReplyError;
use alloc::vec::Vec;
use espprov_proto::wire::Item;
use espprov_proto::{Command, EncodeError, Scan, ScanReply, ThreadEntry, WifiEntry};
use espprov_types::{AccessPoint, AuthMode, Bssid, Ssid, StatusCode, ThreadName, ThreadNetwork};

/// Starts a Wi-Fi scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct StartThreadScan {
    /// Answer only when the scan is over, instead of at once.
    pub blocking: bool,
    /// Bit n = channel n; 0 = all.
    pub channel_mask: u32,
}

/// Asks how far the scan is: `Wifi` or `Thread`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScanStatus {
    /// The Wi-Fi scan.
    Wifi,
    /// The Thread scan.
    Thread,
}

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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

/// The entries of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanEntries<N> {
    /// Those that could be read, as the device sent them.
    pub networks: Vec<N>,
    /// Those that could not: a name that is too long, an identifier of the wrong length.
    pub skipped: u8,
}

impl StartWifiScan {
    /// An active scan that is answered when it is over, with the usual dwell time and without groups.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            blocking: true,
            passive: false,
            group_channels: 0,
            period_ms: 120,
        }
    }
}

impl Default for StartWifiScan {
    fn default() -> Self {
        Self::new()
    }
}

impl StartThreadScan {
    /// A scan of all channels that is answered when it is over.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            blocking: true,
            channel_mask: 0,
        }
    }
}

impl Default for StartThreadScan {
    fn default() -> Self {
        Self::new()
    }
}

/// Messages with empty content may arrive with the oneof absent: `msg` decides.
fn receive(reply: &[u8], command: Command<Scan>) -> Result<ScanReply<'_>, ReplyError> {
    let reply = ScanReply::read(reply)?;
    if reply.msg != command.reply() {
        return Err(ReplyError::UnexpectedMessage);
    }
    StatusCode::check(reply.status)?;
    Ok(reply)
}

/// The same where the content matters: an absent one reads as zeros, another one is no answer.
fn content(reply: &[u8], command: Command<Scan>) -> Result<ScanReply<'_>, ReplyError> {
    let reply = receive(reply, command)?;
    if reply.case == 0 || reply.case == command.reply_field() {
        Ok(reply)
    } else {
        Err(ReplyError::MissingPayload)
    }
}

impl Request for StartWifiScan {
    type Response<'b> = ();

    asked!(PROV_SCAN, Scan);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let Self {
            blocking,
            passive,
            group_channels,
            period_ms,
        } = *self;
        let content = [
            (1, Item::Uint(blocking.into())),
            (2, Item::Uint(passive.into())),
            (3, Item::Uint(group_channels)),
            (4, Item::Uint(period_ms)),
        ];
        Command::SCAN_WIFI_START.write(&content, out)
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        receive(reply, Command::SCAN_WIFI_START).map(drop)
    }
}

impl Request for StartThreadScan {
    type Response<'b> = ();

    asked!(PROV_SCAN, Scan);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let Self {
            blocking,
            channel_mask,
        } = *self;
        let content = [(1, Item::Uint(blocking.into())), (2, Item::Uint(channel_mask))];
        Command::SCAN_THREAD_START.write(&content, out)
    }

    fn decode(&self, reply: &[u8]) -> Result<(), ReplyError> {
        receive(reply, Command::SCAN_THREAD_START).map(drop)
    }
}

impl ScanStatus {
    const fn command(self) -> Command<Scan> {
        match self {
            Self::Wifi => Command::SCAN_WIFI_STATUS,
            Self::Thread => Command::SCAN_THREAD_STATUS,
        }
    }
}

impl Request for ScanStatus {
    type Response<'b> = ScanProgress;

    asked!(PROV_SCAN, Scan);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.command().write(&[], out)
    }

    fn decode(&self, reply: &[u8]) -> Result<ScanProgress, ReplyError> {
        // Without content: not finished, nothing found yet.
        let reply = content(reply, self.command())?;
        Ok(ScanProgress {
            finished: reply.finished,
            count: u8::try_from(reply.count).map_err(|_| ReplyError::FieldOutOfRange)?,
        })
    }
}

impl ScanPage {
    fn encode(self, command: Command<Scan>, out: &mut [u8]) -> Result<usize, EncodeError> {
        let content = [
            (1, Item::Uint(self.start.into())),
            (2, Item::Uint(self.count.into())),
        ];
        command.write(&content, out)
    }

    /// Reads the entries one by one. A device that sends more than was asked for is not to be believed, and its
    /// surplus is not kept; one entry out of the ordinary costs that entry.
    fn append<N>(
        self,
        reply: &[u8],
        command: Command<Scan>,
        networks: &mut Vec<N>,
        read: fn(&[u8]) -> Result<N, ReplyError>,
    ) -> Result<u8, ReplyError> {
        let room = networks.try_reserve_exact(self.count.into());
        room.map_err(|_| ReplyError::OutOfMemory)?;
        self.read(reply, command, &mut |entry| {
            networks.push(read(entry)?);
            Ok(())
        })
    }

    /// The same for whatever a network is; how many entries were left out.
    fn read(
        self,
        reply: &[u8],
        command: Command<Scan>,
        keep: &mut dyn FnMut(&[u8]) -> Result<(), ReplyError>,
    ) -> Result<u8, ReplyError> {
        let mut left = self.count;
        let mut skipped = 0_u8;
        for entry in content(reply, command)?.entries() {
            left = left.checked_sub(1).ok_or(ReplyError::TooManyEntries)?;
            match keep(entry?) {
                Err(ReplyError::FieldOutOfRange) => skipped = skipped.saturating_add(1),
                kept => kept?,
            }
        }
        Ok(skipped)
    }
}

impl Request for WifiScanPage {
    type Response<'b> = ScanEntries<AccessPoint>;

    asked!(PROV_SCAN, Scan);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.0.encode(Command::SCAN_WIFI_RESULT, out)
    }

    fn decode(&self, reply: &[u8]) -> Result<ScanEntries<AccessPoint>, ReplyError> {
        let mut networks = Vec::new();
        let skipped = self.append(reply, &mut networks)?;
        Ok(ScanEntries { networks, skipped })
    }
}

impl WifiScanPage {
    /// Reads a page, behind what there is already; how many entries were left out.
    pub(crate) fn append(self, reply: &[u8], networks: &mut Vec<AccessPoint>) -> Result<u8, ReplyError> {
        self.0
            .append(reply, Command::SCAN_WIFI_RESULT, networks, access_point)
    }
}

fn access_point(entry: &[u8]) -> Result<AccessPoint, ReplyError> {
    let entry = WifiEntry::read(entry)?;
    let ssid = Ssid::from_scan(entry.ssid).map_err(|_| ReplyError::FieldOutOfRange)?;
    let bssid = Bssid::from_slice(entry.bssid).map_err(|_| ReplyError::FieldOutOfRange)?;
    let auth = AuthMode::from_wire(entry.auth);
    Ok(AccessPoint::new(ssid, bssid, entry.channel, entry.rssi, auth))
}

impl Request for ThreadScanPage {
    type Response<'b> = ScanEntries<ThreadNetwork>;

    asked!(PROV_SCAN, Scan);

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.0.encode(Command::SCAN_THREAD_RESULT, out)
    }

    fn decode(&self, reply: &[u8]) -> Result<ScanEntries<ThreadNetwork>, ReplyError> {
        let mut networks = Vec::new();
        let skipped = self.append(reply, &mut networks)?;
        Ok(ScanEntries { networks, skipped })
    }
}

impl ThreadScanPage {
    /// Reads a page, behind what there is already; how many entries were left out.
    pub(crate) fn append(self, reply: &[u8], networks: &mut Vec<ThreadNetwork>) -> Result<u8, ReplyError> {
        self.0
            .append(reply, Command::SCAN_THREAD_RESULT, networks, thread_network)
    }
}

fn thread_network(entry: &[u8]) -> Result<ThreadNetwork, ReplyError> {
    let entry = ThreadEntry::read(entry)?;
    let mut network = ThreadNetwork::new(
        ThreadName::new(entry.network_name).ok_or(ReplyError::FieldOutOfRange)?,
        narrow(entry.pan_id)?,
        octets(entry.ext_pan_id)?,
        narrow(entry.channel)?,
    );
    network.ext_addr = octets(entry.ext_addr)?;
    network.rssi = entry.rssi;
    network.lqi = entry.lqi;
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;
    use std::borrow::ToOwned as _;

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
        let ap = &page.networks[0];
        assert_eq!((ap.ssid.as_bytes(), ap.channel, ap.rssi), (&b"ab"[..], 6, -50));
        assert_eq!((ap.bssid.octets(), ap.auth), ([1, 2, 3, 4, 5, 6], AuthMode::Owe));
    }

    #[test]
    fn more_entries_than_asked_for() {
        let entry = ENTRY.replace(' ', "");
        let reply = hex(&std::format!("08057a3a{entry}{entry}"));
        let page = |count| WifiScanPage(ScanPage { start: 0, count });
        assert_eq!(page(2).decode(&reply).map(|page| page.networks.len()), Ok(2));
        assert_eq!(page(1).decode(&reply), Err(ReplyError::TooManyEntries));
    }

    #[test]
    fn a_reply_of_nothing_but_entries_is_not_kept() {
        // 150 empty entries in a reply to a question for four.
        let mut reply = hex("08057aac02");
        reply.extend([0x0a, 0].repeat(150));
        let page = WifiScanPage(ScanPage { start: 0, count: 4 });
        assert_eq!(
            page.decode(&reply),
            Err(ReplyError::TooManyEntries),
            "nor counted"
        );
        let entry = hex(&ENTRY.replace(' ', ""));
        let mut reply = hex("08057ae90d");
        reply.extend(entry.repeat(61));
        assert_eq!(page.decode(&reply), Err(ReplyError::TooManyEntries));
    }

    #[test]
    fn the_faults_of_a_page_by_their_rank() {
        let entry = ENTRY.replace(' ', "");
        let page = WifiScanPage(ScanPage { start: 0, count: 1 });
        for (reply, error) in [
            ("08057a1dff".to_owned(), ReplyError::Malformed),
            (std::format!("08037a1d{entry}"), ReplyError::UnexpectedMessage),
            (
                std::format!("080510057a1d{entry}"),
                ReplyError::Status(StatusCode::InternalError),
            ),
            ("08056a00".to_owned(), ReplyError::MissingPayload),
            (
                std::format!("08057a1d{}", entry.replace("1006", "1506")),
                ReplyError::Malformed,
            ),
        ] {
            assert_eq!(page.decode(&hex(&reply)), Err(error), "{reply}");
        }
        assert_eq!(
            page.decode(&hex("0805")).map(|page| page.networks),
            Ok(Vec::new())
        );
    }

    #[test]
    fn an_odd_entry_costs_that_entry() {
        let good = hex(&ENTRY.replace(' ', ""));
        let page = WifiScanPage(ScanPage { start: 0, count: 3 });
        let long_name = [
            &[0x0a, 33][..],
            &[b'x'; 33],
            &hex("22060102030405 06".replace(' ', "").as_str()),
        ]
        .concat();
        for (what, odd) in [
            ("no BSSID", hex("0a026162")),
            ("a BSSID of five bytes", hex("0a02616222050102030405")),
            ("an SSID of 33 bytes", long_name),
            ("nothing at all", Vec::new()),
        ] {
            let odd = [&[0x0a, u8::try_from(odd.len()).unwrap()][..], &odd].concat();
            let entries = [&good[..], &odd, &good].concat();
            let mut reply = hex("08057a");
            reply.push(u8::try_from(entries.len()).unwrap());
            reply.extend(entries);
            let read = page.decode(&reply).unwrap();
            assert_eq!((read.networks.len(), read.skipped), (2, 1), "{what}");
        }
        // A Thread name of 17 bytes.
        let mut reply = hex("080baa01150a133211");
        reply.extend([b'x'; 17]);
        let page = ThreadScanPage(ScanPage { start: 0, count: 1 });
        let read = page.decode(&reply).unwrap();
        assert_eq!((read.networks.len(), read.skipped), (0, 1));
    }

    #[test]
    fn thread_entries_are_read() {
        let entry = "08b424100f18d0ffffffffffffffff0120c8012a080102030405060708320261623a081111111122222222";
        let reply = hex(&std::format!("080baa012d0a2b{entry}"));
        let page = ThreadScanPage(ScanPage { start: 0, count: 1 })
            .decode(&reply)
            .unwrap();
        let name = ThreadName::new(b"ab").unwrap();
        let mut expected =
            ThreadNetwork::new(name, 0x1234, [0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22], 15);
        expected.ext_addr = [1, 2, 3, 4, 5, 6, 7, 8];
        (expected.rssi, expected.lqi) = (-48, 200);
        assert_eq!((page.networks, page.skipped), (std::vec![expected], 0));
    }

    #[test]
    fn scans_are_started_as_asked_for() {
        let mut out = [0; 16];
        let wifi = StartWifiScan {
            blocking: true,
            passive: true,
            group_channels: 5,
            period_ms: 120,
        };
        let n = wifi.encode(&mut out).unwrap();
        assert_eq!(out[..n], hex("520808011001180520 78".replace(' ', "").as_str()));
        let thread = StartThreadScan {
            blocking: true,
            channel_mask: 0x800,
        };
        let n = thread.encode(&mut out).unwrap();
        assert_eq!(out[..n], hex("08068201050801108010"));
        let n = ScanStatus::Thread.encode(&mut out).unwrap();
        assert_eq!(out[..n], hex("0808920100"));
        // The answers differ, and one's is no answer to the other.
        assert_eq!(wifi.decode(&hex("08015a00")), Ok(()));
        assert_eq!(thread.decode(&hex("08078a0100")), Ok(()));
        assert_eq!(
            wifi.decode(&hex("08078a0100")),
            Err(ReplyError::UnexpectedMessage)
        );
        assert_eq!(
            thread.decode(&hex("08015a00")),
            Err(ReplyError::UnexpectedMessage)
        );
        let refused = ReplyError::Status(StatusCode::InternalError);
        assert_eq!(wifi.decode(&hex("080110055a00")), Err(refused));
    }

    #[test]
    fn page_request_bytes() {
        let mut out = [0; 16];
        let n = WifiScanPage(ScanPage { start: 4, count: 4 })
            .encode(&mut out)
            .unwrap();
        assert_eq!(out[..n], hex("0804720408041004"));
        let page = ThreadScanPage(ScanPage { start: 2, count: 3 });
        let n = page.encode(&mut out).unwrap();
        assert_eq!(out[..n], hex("080aa2010408021003"));
    }
}
