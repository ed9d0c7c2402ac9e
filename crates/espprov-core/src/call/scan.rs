//! Which networks does the device hear?

use super::task::Question;
use super::{Desk, IntoResult, Task, Thread, Ticket, Want, Wifi};
use crate::deadlines::Time;
use crate::request::{
    GetWifiStatus, Request, ScanEntries, ScanPage, ScanProgress, ScanStatus, StartThreadScan, StartWifiScan,
    ThreadScanPage, WifiScanPage,
};
use crate::{Deadlines, Event, Misuse, Phase, ProvisionError, ReplyError};
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
    /// Reads a page, behind what there is already; how many entries were left out.
    fn append(page: ScanPage, reply: &[u8], networks: &mut Vec<Self::Network>) -> Result<u8, ReplyError>;
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

    fn append(page: ScanPage, reply: &[u8], networks: &mut Vec<AccessPoint>) -> Result<u8, ReplyError> {
        WifiScanPage(page).append(reply, networks)
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

    fn append(page: ScanPage, reply: &[u8], networks: &mut Vec<ThreadNetwork>) -> Result<u8, ReplyError> {
        ThreadScanPage(page).append(reply, networks)
    }

    fn mark(_: &mut [ThreadNetwork], _: &WifiConnection) {}
}

/// [`ScanWifi`] or [`ScanThread`]: start, ask until it is over, fetch page by page.
pub struct Scan<R: Radio> {
    ticket: Ticket,
    start: R::Start,
    page: R::Page,
    course: Course,
    networks: Vec<R::Network>,
}

/// Where a scan is. One for all networks.
struct Course {
    /// Entries per page, if the caller says.
    page_len: Option<u8>,
    /// Ask afterwards which network the device is on.
    mark: bool,
    /// When everything must be over: from the start of the scan, not of the way there.
    until: Time,
    step: Step,
    found: u8,
    /// The page under way, or the next.
    page: ScanPage,
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

/// What was read in an answer.
enum Told {
    /// Nothing that matters.
    Done,
    Progress(ScanProgress),
    /// A page: so many entries, and so many of them left out.
    Page {
        got: u8,
        skipped: u8,
    },
}

impl<R: Radio> Scan<R> {
    /// The call, not yet begun.
    #[must_use]
    pub fn new(options: &ScanOptions) -> Self {
        let page = ScanPage { start: 0, count: 0 };
        Self {
            ticket: Ticket::NEW,
            start: R::start(options),
            page: R::page(page),
            course: Course {
                page_len: options.page,
                mark: R::MARKS && options.mark_active,
                until: Time::NEVER,
                step: Step::Approach,
                found: 0,
                page,
            },
            networks: Vec::new(),
        }
    }

    /// Reads what answers this step.
    fn read(&mut self, reply: &[u8]) -> Result<Told, ReplyError> {
        match self.course.step {
            Step::Start => self.start.decode(reply)?,
            Step::Status => return R::STATUS.decode(reply).map(Told::Progress),
            Step::Page => {
                let before = self.networks.len();
                let skipped = R::append(self.course.page, reply, &mut self.networks)?;
                let got = self.networks.len().saturating_sub(before);
                let got = u8::try_from(got).unwrap_or(u8::MAX).saturating_add(skipped);
                return Ok(Told::Page { got, skipped });
            }
            Step::Active => {
                if let WifiStatus::Connected(on) = GetWifiStatus.decode(reply)? {
                    R::mark(&mut self.networks, &on);
                }
            }
            Step::Approach | Step::Pause | Step::Over => {}
        }
        Ok(Told::Done)
    }
}

impl<E, R: Radio> Task<E> for Scan<R> {
    fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        let (question, limit): (&dyn Question, Time) = match self.course.step {
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
        self.course.until
    }

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        if self.course.step == Step::Approach {
            R::fit(&mut self.start, desk.limits.scan);
        }
        let told = answer.and_then(|reply| {
            let told = self.read(reply);
            desk.read(told)
        });
        let over = self.course.handle(desk, told)?;
        self.page = R::page(self.course.page);
        Ok(over)
    }
}

impl Course {
    fn handle<E>(
        &mut self,
        desk: &mut Desk<'_>,
        told: Result<Told, ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        let told = match told {
            // The scan is none the worse.
            Err(_) if self.step == Step::Active => {
                desk.event(&Event::ActiveUnknown);
                Told::Done
            }
            // Asked once more in another session: the device keeps the list, not the session.
            Err(ProvisionError::SessionTaken { .. }) if desk.may_go_on => return Ok(false),
            told => told?,
        };
        self.step = match (self.step, told) {
            (_, Told::Progress(progress)) if progress.finished => {
                self.found = progress.count;
                self.page_len = Some(self.page_len.unwrap_or_else(|| fitting_page(desk)).max(1));
                self.turn()
            }
            (_, Told::Progress(progress)) => {
                desk.event(&Event::Scanning {
                    found: progress.count,
                });
                if desk.now.plus(POLL) > self.until {
                    return Err(ProvisionError::Deadline { phase: Phase::Scan });
                }
                Step::Pause
            }
            (_, Told::Page { got, skipped }) => {
                if skipped > 0 {
                    desk.event(&Event::EntriesSkipped { count: skipped });
                }
                self.page.start = self.page.start.saturating_add(got);
                match got {
                    0 => self.after_the_last(), // the list shrank meanwhile
                    _ => self.turn(),
                }
            }
            (Step::Approach, _) => {
                self.until = desk.now.plus(desk.deadlines.scan.into()).min(desk.total);
                Step::Start
            }
            (Step::Start | Step::Pause, _) => Step::Status,
            _ => Step::Over,
        };
        Ok(self.step == Step::Over)
    }

    /// Turns to the next page, or to what comes after the last one.
    fn turn(&mut self) -> Step {
        // Never past the announced count: devices drop the link then.
        let left = self.found.saturating_sub(self.page.start);
        self.page.count = self.page_len.unwrap_or(1).min(left);
        match self.page.count {
            0 => self.after_the_last(),
            _ => Step::Page,
        }
    }

    const fn after_the_last(&self) -> Step {
        if self.mark { Step::Active } else { Step::Over }
    }
}

impl<R: Radio> IntoResult for Scan<R> {
    type Output = Vec<R::Network>;

    fn take_result(&mut self) -> Result<Vec<R::Network>, Misuse> {
        match self.course.step {
            Step::Over => Ok(mem::take(&mut self.networks)),
            _ => Err(Misuse::NotOver),
        }
    }
}

impl<R: Radio> fmt::Debug for Scan<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan")
            .field("of", R::STATUS)
            .field("step", &self.course.step)
            .field("found", &self.course.found)
            .field("page", &self.course.page)
            .finish_non_exhaustive()
    }
}

/// Marks what the device is on: what is most like it. What can be relied on is the name and the channel: firmware cuts a BSSID
/// at a zero.
fn mark_active(networks: &mut [AccessPoint], on: &WifiConnection) {
    let most = networks.iter().map(|network| likeness(network, on)).max();
    for network in networks {
        let likeness = likeness(network, on);
        network.active = likeness > 0 && Some(likeness) == most;
    }
}

/// How much a network is like what the device is on: 3 for the BSSID, 2 for the channel, 1 for nothing but the name; 0 is another one,
/// or without either there is nothing to go by.
#[inline(never)] // once, though it is asked for twice
fn likeness(network: &AccessPoint, on: &WifiConnection) -> u8 {
    let named = !on.ssid.is_hidden();
    if named && network.ssid != on.ssid {
        0
    } else if on.bssid == Some(network.bssid) {
        3
    } else if !named {
        0
    } else if on
        .channel
        .is_none_or(|channel| u32::try_from(channel) == Ok(network.channel))
    {
        2
    } else {
        1
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
