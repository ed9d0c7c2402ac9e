//! `prov-scan`.

use super::{contents, fields, rule};
use crate::wire::{Fields, Kind, Shape, Table, Value, read};
use crate::{Command, Malformed};

/// A reply on `prov-scan`, of Wi-Fi and of Thread alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanReply<'b> {
    /// `msg`.
    pub msg: i32,
    /// The device's verdict.
    pub status: i32,
    /// Field number of the content, 0 = none.
    pub case: u32,
    /// The scan is over, if the content is a scan status.
    pub finished: bool,
    /// How many networks have been found, if the content is a scan status.
    pub count: u32,
    /// The reply from the first field with this content on.
    content: &'b [u8],
}

static SCAN_STATUS: Shape = fields(&[rule(1, Kind::Bool(3)), rule(2, Kind::Int(4))]);
static SCAN: Table<5> = Table::new(Shape {
    rules: &[
        rule(1, Kind::Int(0)),
        rule(2, Kind::Int(1)),
        rule(13, Kind::Message(&SCAN_STATUS)),
        rule(19, Kind::Message(&SCAN_STATUS)),
    ],
    oneof: contents(2, 5),
});

impl<'b> ScanReply<'b> {
    /// Reads a reply, up to its entries.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no message of this endpoint.
    pub fn read(reply: &'b [u8]) -> Result<Self, Malformed> {
        let [msg, status, case, finished, count] = read(&SCAN, reply)?;
        Ok(Self {
            msg: msg.signed(),
            status: status.signed(),
            case: case.int,
            finished: finished.int != 0,
            count: count.int,
            content: case.bytes,
        })
    }

    /// The entries, if the content is a page of results: one encoded [`WifiEntry`] or [`ThreadEntry`] each.
    #[must_use]
    pub fn entries(&self) -> Entries<'b> {
        let is_page = [Command::SCAN_WIFI_RESULT, Command::SCAN_THREAD_RESULT]
            .iter()
            .any(|command| command.reply_field() == self.case);
        Entries {
            case: self.case,
            replies: Fields::new(if is_page { self.content } else { &[] }),
            entries: Fields::new(&[]),
        }
    }
}

/// The entries of a scan reply, read one by one: a reply that claims thousands costs nothing.
#[derive(Debug, Clone)]
pub struct Entries<'b> {
    case: u32,
    /// A content that occurs twice is merged, which for a list means: both lists, one after the other.
    replies: Fields<'b>,
    entries: Fields<'b>,
}

impl<'b> Iterator for Entries<'b> {
    type Item = Result<&'b [u8], Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.entries.next() {
                Some(Ok((1, Value::Bytes(entry)))) => return Some(Ok(entry)),
                Some(Ok((1, _)) | Err(Malformed)) => return Some(Err(Malformed)),
                Some(Ok(_)) => {}
                None => match self.replies.next()? {
                    Ok((number, Value::Bytes(content))) if number == self.case => {
                        self.entries = Fields::new(content);
                    }
                    Ok(_) => {}
                    Err(Malformed) => return Some(Err(Malformed)),
                },
            }
        }
    }
}

/// One access point: `WiFiScanResult`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WifiEntry<'b> {
    /// Network name.
    pub ssid: &'b [u8],
    /// Channel.
    pub channel: u32,
    /// Signal strength in dBm.
    pub rssi: i32,
    /// Access point address.
    pub bssid: &'b [u8],
    /// `WifiAuthMode`.
    pub auth: i32,
}

static WIFI_ENTRY: Table<5> = Table::new(fields(&[
    rule(1, Kind::Bytes(0)),
    rule(2, Kind::Int(1)),
    rule(3, Kind::Int(2)),
    rule(4, Kind::Bytes(3)),
    rule(5, Kind::Int(4)),
]));

impl<'b> WifiEntry<'b> {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no such message.
    pub fn read(entry: &'b [u8]) -> Result<Self, Malformed> {
        let [ssid, channel, rssi, bssid, auth] = read(&WIFI_ENTRY, entry)?;
        Ok(Self {
            ssid: ssid.bytes,
            channel: channel.int,
            rssi: rssi.signed(),
            bssid: bssid.bytes,
            auth: auth.signed(),
        })
    }
}

/// One Thread network: `ThreadScanResult`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadEntry<'b> {
    /// PAN id.
    pub pan_id: u32,
    /// Channel.
    pub channel: u32,
    /// Signal strength in dBm.
    pub rssi: i32,
    /// Link quality.
    pub lqi: u32,
    /// Extended address.
    pub ext_addr: &'b [u8],
    /// Network name.
    pub network_name: &'b [u8],
    /// Extended PAN id.
    pub ext_pan_id: &'b [u8],
}

static THREAD_ENTRY: Table<7> = Table::new(fields(&[
    rule(1, Kind::Int(0)),
    rule(2, Kind::Int(1)),
    rule(3, Kind::Int(2)),
    rule(4, Kind::Int(3)),
    rule(5, Kind::Bytes(4)),
    rule(6, Kind::Bytes(5)),
    rule(7, Kind::Bytes(6)),
]));

impl<'b> ThreadEntry<'b> {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`Malformed`] for anything that is no such message.
    pub fn read(entry: &'b [u8]) -> Result<Self, Malformed> {
        let [pan_id, channel, rssi, lqi, ext_addr, network_name, ext_pan_id] = read(&THREAD_ENTRY, entry)?;
        Ok(Self {
            pan_id: pan_id.int,
            channel: channel.int,
            rssi: rssi.signed(),
            lqi: lqi.int,
            ext_addr: ext_addr.bytes,
            network_name: network_name.bytes,
            ext_pan_id: ext_pan_id.bytes,
        })
    }
}
