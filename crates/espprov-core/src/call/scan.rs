//! Which networks does the device hear?

use super::task::Question;
use super::{Desk, IntoResult, Task, Thread, Ticket, Want, Wifi};
use crate::deadlines::Time;
use crate::request::{
    GetWifiStatus, Request, ScanEntries, ScanPage, ScanStatus, StartThreadScan, StartWifiScan,
    ThreadScanPage, WifiScanPage,
};
use crate::{Deadlines, Event, Misuse, Phase, ProvisionError};
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use espprov_transport::ScanHint;
use espprov_types::{AccessPoint, ThreadNetwork, WifiConnection, WifiStatus};

/// An entry of a scan reply takes at most this many bytes (channels ≥ 128 and ten-byte rssi included).
const ENTRY: usize = 60;
/// What a scan reply takes around its entries.
const ENVELOPE: usize = 8;
/// Time between two questions whether a scan is over.
const POLL: Time = Time::millis(500);

/// How to scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanOptions {
    /// Let the device answer only when the scan is over; otherwise it is asked every half second.
    pub blocking: bool,
    /// Listen only.
    pub passive: bool,
    /// Entries per page; `None` = what the link and the buffer carry safely.
    pub page: Option<u8>,
    /// Ask afterwards which network the device is on, and mark it `active`. A device that is online takes
    /// the question as a sign that provisioning is over. If it does not answer, nothing is marked and the scan is
    /// none the worse ([`Event::ActiveUnknown`]).
    pub mark_active: bool,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            blocking: true,
            passive: false,
            page: None,
            mark_active: false,
        }
    }
}

/// Scans for Wi-Fi networks: access points as the device sent them, strongest first, duplicates included. Entries
/// that cannot be read are left out ([`Event::EntriesSkipped`]).
///
/// [`Deadlines::scan`] is for all of it, from the start of the scan to its last page.
pub type ScanWifi = Scan<Wifi>;

/// Scans for Thread networks, as [`ScanWifi`] does for Wi-Fi.
pub type ScanThread = Scan<Thread>;

/// Wi-Fi and Thread are scanned alike, with other messages.
#[expect(unnameable_types, reason = "as `Task`")]
pub trait Radio {
    type Network;
    type Start: for<'b> Request<Response<'b> = ()>;
    type Page: for<'b> Request<Response<'b> = ScanEntries<Self::Network>>;
    const STATUS: &'static ScanStatus;
    /// Whether the device can say which network it is on.
    const MARKS: bool;
    fn start(options: &ScanOptions) -> Self::Start;
    /// As this link would have it.
    fn fit(start: &mut Self::Start, hint: ScanHint);
    fn page(page: ScanPage) -> Self::Page;
    /// Marks what the device is on.
    fn mark(networks: &mut [Self::Network], on: &WifiConnection);
}

impl Radio for Wifi {
    type Network = AccessPoint;
    type Start = StartWifiScan;
    type Page = WifiScanPage;
    const STATUS: &'static ScanStatus = &ScanStatus::Wifi;
    const MARKS: bool = true;

    fn start(options: &ScanOptions) -> StartWifiScan {
        StartWifiScan {
            blocking: options.blocking,
            passive: options.passive,
            ..StartWifiScan::new()
        }
    }

    fn fit(start: &mut StartWifiScan, hint: ScanHint) {
        start.group_channels = hint.group_channels.into();
    }

    fn page(page: ScanPage) -> WifiScanPage {
        WifiScanPage(page)
    }

    fn mark(networks: &mut [AccessPoint], on: &WifiConnection) {
        mark_active(networks, on);
    }
}

impl Radio for Thread {
    type Network = ThreadNetwork;
    type Start = StartThreadScan;
    type Page = ThreadScanPage;
    const STATUS: &'static ScanStatus = &ScanStatus::Thread;
    const MARKS: bool = false;

    fn start(options: &ScanOptions) -> StartThreadScan {
        StartThreadScan {
            blocking: options.blocking,
            ..StartThreadScan::new()
        }
    }

    fn fit(_: &mut StartThreadScan, _: ScanHint) {}

    fn page(page: ScanPage) -> ThreadScanPage {
        ThreadScanPage(page)
    }

    fn mark(_: &mut [ThreadNetwork], _: &WifiConnection) {}
}

/// [`ScanWifi`] or [`ScanThread`]: start, ask until it is over, fetch page by page.
pub struct Scan<R: Radio> {
    ticket: Ticket,
    start: R::Start,
    page: R::Page,
    /// Entries per page, if the caller says.
    page_len: Option<u8>,
    /// Ask afterwards which network the device is on.
    mark: bool,
    /// When everything must be over: from the start of the scan, not of the way there.
    until: Time,
    step: Step,
    found: u8,
    next: u8,
    networks: Vec<R::Network>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// On the way there.
    Approach,
    Start,
    Status,
    Pause,
    Page,
    /// Which network is the device on?
    Active,
    Over,
}

impl<R: Radio> Scan<R> {
    /// The call, not yet begun.
    #[must_use]
    pub fn new(options: &ScanOptions) -> Self {
        Self {
            ticket: Ticket::NEW,
            start: R::start(options),
            page: R::page(ScanPage { start: 0, count: 0 }),
            page_len: options.page,
            mark: R::MARKS && options.mark_active,
            until: Time::NEVER,
            step: Step::Approach,
            found: 0,
            next: 0,
            networks: Vec::new(),
        }
    }

    /// Turns to the next page, or to what comes after the last one.
    fn turn(&mut self, page_len: u8) {
        // Never past the announced count: devices drop the link then.
        let count = page_len.min(self.found.saturating_sub(self.next));
        self.page = R::page(ScanPage {
            start: self.next,
            count,
        });
        self.step = match count {
            0 => self.after_the_last(),
            _ => Step::Page,
        };
    }

    const fn after_the_last(&self) -> Step {
        if self.mark { Step::Active } else { Step::Over }
    }

    /// Keeps the entries of a page; how many it had.
    fn keep<E>(
        &mut self,
        desk: &mut Desk<'_>,
        entries: ScanEntries<R::Network>,
    ) -> Result<u8, ProvisionError<E>> {
        let ScanEntries {
            mut networks,
            skipped,
        } = entries;
        if skipped > 0 {
            desk.event(&Event::EntriesSkipped { count: skipped });
        }
        let got = u8::try_from(networks.len())
            .unwrap_or(u8::MAX)
            .saturating_add(skipped);
        if self.networks.is_empty() {
            self.networks = networks;
        } else {
            let room = self.networks.try_reserve_exact(networks.len());
            room.map_err(|_| ProvisionError::OutOfMemory { phase: Phase::Scan })?;
            self.networks.append(&mut networks);
        }
        Ok(got)
    }
}

impl<E, R: Radio> Task<E> for Scan<R> {
    fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        let (question, limit): (&dyn Question, Time) = match self.step {
            Step::Approach => return Want::Session,
            Step::Pause => return Want::Pause(POLL),
            Step::Start => (&self.start, deadlines.scan.into()),
            Step::Status => (R::STATUS, deadlines.exchange.into()),
            Step::Page => (&self.page, deadlines.exchange.into()),
            Step::Active | Step::Over => (&GetWifiStatus, deadlines.exchange.into()),
        };
        Want::Answer { question, limit }
    }

    fn deadline(&self, _: &Deadlines) -> Time {
        self.until
    }

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        if self.step == Step::Active {
            match answer.and_then(|reply| desk.read(GetWifiStatus.decode(reply))) {
                Ok(WifiStatus::Connected(on)) => R::mark(&mut self.networks, &on),
                Ok(_) => {}
                // The scan is none the worse.
                Err::<_, ProvisionError<E>>(_) => desk.event(&Event::ActiveUnknown),
            }
            self.step = Step::Over;
            return Ok(true);
        }
        let reply = match answer {
            // Asked once more in another session: the device keeps the list, not the session.
            Err(ProvisionError::SessionTaken { .. }) if desk.may_go_on => return Ok(false),
            answer => answer?,
        };
        match self.step {
            Step::Approach => {
                R::fit(&mut self.start, desk.limits.scan);
                self.until = desk.now.plus(desk.deadlines.scan.into()).min(desk.total);
                self.step = Step::Start;
            }
            Step::Start => {
                desk.read(self.start.decode(reply))?;
                self.step = Step::Status;
            }
            Step::Pause => self.step = Step::Status,
            Step::Status => {
                let progress = desk.read(R::STATUS.decode(reply))?;
                if progress.finished {
                    self.found = progress.count;
                    let page_len = self.page_len.unwrap_or_else(|| fitting_page(desk)).max(1);
                    self.page_len = Some(page_len);
                    self.turn(page_len);
                } else {
                    desk.event(&Event::Scanning {
                        found: progress.count,
                    });
                    if desk.now.plus(POLL) > self.until {
                        return Err(ProvisionError::Deadline { phase: Phase::Scan });
                    }
                    self.step = Step::Pause;
                }
            }
            Step::Page => {
                let entries = desk.read(self.page.decode(reply))?;
                let got = self.keep(desk, entries)?;
                self.next = self.next.saturating_add(got);
                if got == 0 {
                    self.step = self.after_the_last(); // the list shrank meanwhile
                } else {
                    self.turn(self.page_len.unwrap_or(1));
                }
            }
            Step::Active | Step::Over => {}
        }
        Ok(self.step == Step::Over)
    }
}

impl<R: Radio> IntoResult for Scan<R> {
    type Output = Vec<R::Network>;

    fn take_result(&mut self) -> Result<Vec<R::Network>, Misuse> {
        match self.step {
            Step::Over => Ok(mem::take(&mut self.networks)),
            _ => Err(Misuse::NotOver),
        }
    }
}

impl<R: Radio> fmt::Debug for Scan<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan")
            .field("of", R::STATUS)
            .field("step", &self.step)
            .field("found", &self.found)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// Marks what the device is on. What can be relied on is the name and the channel: firmware cuts a BSSID at a zero.
fn mark_active(networks: &mut [AccessPoint], on: &WifiConnection) {
    let same_name = |network: &AccessPoint| on.ssid.is_hidden() || network.ssid == on.ssid;
    let same_bssid = |network: &AccessPoint| on.bssid == Some(network.bssid);
    let same_channel = |network: &AccessPoint| {
        on.channel
            .is_none_or(|channel| u32::try_from(channel) == Ok(network.channel))
    };
    let exact = networks.iter().any(|n| same_name(n) && same_bssid(n));
    // Without either there is nothing to go by.
    let by_channel = !on.ssid.is_hidden() && networks.iter().any(|n| same_name(n) && same_channel(n));
    for network in networks {
        network.active = same_name(network)
            && if exact {
                same_bssid(network)
            } else if by_channel {
                same_channel(network)
            } else {
                !on.ssid.is_hidden()
            };
    }
}

/// Entries that one reply carries on this link, within this buffer.
fn fitting_page(desk: &Desk<'_>) -> u8 {
    let fitting = desk
        .reply_room
        .saturating_sub(ENVELOPE)
        .checked_div(ENTRY)
        .unwrap_or_default();
    u8::try_from(fitting)
        .unwrap_or(u8::MAX)
        .min(desk.limits.scan.page)
}

#[cfg(test)]
mod tests;
