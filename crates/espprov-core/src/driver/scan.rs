//! Which networks does the device hear?

use super::task::{Desk, Once, Question, Task, Want};
use super::{Deadlines, Event, Observer, Phase, ProvisionError, Provisioner};
use crate::auth::Authenticator;
use crate::request::{
    GetWifiStatus, Request, ScanEntries, ScanPage, ScanStatus, StartThreadScan, StartWifiScan,
    ThreadScanPage, WifiScanPage,
};
use alloc::vec::Vec;
use core::time::Duration;
use espprov_transport::{Clock, Reconnect};
use espprov_types::{AccessPoint, ThreadNetwork, WifiConnection, WifiStatus};
use rand_core::TryCryptoRng;

/// An entry of a scan reply takes at most this many bytes (channels ≥ 128 and ten-byte rssi included).
const ENTRY: usize = 60;
/// What a scan reply takes around its entries.
const ENVELOPE: usize = 8;
/// Time between two questions whether a scan is over.
const POLL: Duration = Duration::from_millis(500);
/// Active dwell time per channel.
const PERIOD_MS: u32 = 120;

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

impl<T, A, R, C, B, O> Provisioner<T, A, R, C, B, O>
where
    T: Reconnect,
    A: Authenticator,
    R: TryCryptoRng,
    C: Clock,
    B: AsMut<[u8]>,
    O: Observer,
{
    /// Scans for Wi-Fi networks: access points as the device sent them, strongest first, duplicates included. Entries
    /// that cannot be read are left out ([`Event::EntriesSkipped`]).
    ///
    /// [`Deadlines::scan`](super::Deadlines::scan) is for all of it, from the start of the scan to its last page.
    ///
    /// # Errors
    /// The link, the session or the scan failed, or it was not over in time.
    pub async fn scan_wifi(
        &mut self,
        options: &ScanOptions,
    ) -> Result<Vec<AccessPoint>, ProvisionError<T::Error>> {
        let start = StartWifiScan {
            blocking: options.blocking,
            passive: options.passive,
            group_channels: self.transport.limits().scan.group_channels.into(),
            period_ms: PERIOD_MS,
        };
        let mut scan = Scan::new(start, ScanStatus::Wifi, WifiScanPage, options.page);
        self.run(&mut scan).await?;
        if options.mark_active {
            let mut status = Within {
                once: Once::new(GetWifiStatus, Phase::Status),
                until: scan.until,
            };
            match (self.run(&mut status).await, status.once.answer) {
                (Ok(()), Some(WifiStatus::Connected(on))) => mark_active(&mut scan.networks, &on),
                (Ok(()), _) => {}
                (Err(_), _) => self.engine.event(&Event::ActiveUnknown),
            }
        }
        Ok(scan.networks)
    }

    /// Scans for Thread networks.
    ///
    /// # Errors
    /// As [`scan_wifi`](Self::scan_wifi).
    pub async fn scan_thread(
        &mut self,
        options: &ScanOptions,
    ) -> Result<Vec<ThreadNetwork>, ProvisionError<T::Error>> {
        let start = StartThreadScan {
            blocking: options.blocking,
            channel_mask: 0,
        };
        let mut scan = Scan::new(start, ScanStatus::Thread, ThreadScanPage, options.page);
        self.run(&mut scan).await?;
        Ok(scan.networks)
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

/// One question, within what is left of a time.
struct Within<Q, U> {
    once: Once<Q, U>,
    until: Duration,
}

impl<E, Q, U> Task<E> for Within<Q, U>
where
    Once<Q, U>: Task<E>,
{
    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        self.once.want(deadlines)
    }

    fn deadline(&self, _: &Deadlines) -> Duration {
        self.until
    }

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        self.once.handle(desk, answer)
    }
}

/// Start, ask until it is over, fetch page by page.
struct Scan<S, P, N> {
    start: S,
    status: ScanStatus,
    /// Makes the request for a page.
    request: fn(ScanPage) -> P,
    page: P,
    /// Entries per page, if the caller says.
    page_len: Option<u8>,
    /// When everything must be over: from the start of the scan, not of the way there.
    until: Duration,
    step: Step,
    found: u8,
    next: u8,
    networks: Vec<N>,
}

#[derive(Clone, Copy)]
enum Step {
    /// On the way there.
    Approach,
    Start,
    Status,
    Pause,
    Page,
}

impl<S, P, N> Scan<S, P, N> {
    fn new(start: S, status: ScanStatus, request: fn(ScanPage) -> P, page_len: Option<u8>) -> Self {
        Self {
            start,
            status,
            request,
            page: request(ScanPage { start: 0, count: 0 }),
            page_len,
            until: Duration::MAX,
            step: Step::Approach,
            found: 0,
            next: 0,
            networks: Vec::new(),
        }
    }

    /// Turns to the next page; `true` if there is none.
    fn turn(&mut self, page_len: u8) -> bool {
        // Never past the announced count: devices drop the link then.
        let count = page_len.min(self.found.saturating_sub(self.next));
        self.page = (self.request)(ScanPage {
            start: self.next,
            count,
        });
        count == 0
    }
}

impl<E, S, P, N> Task<E> for Scan<S, P, N>
where
    S: for<'b> Request<Response<'b> = ()>,
    P: for<'b> Request<Response<'b> = ScanEntries<N>>,
{
    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        let (question, limit): (&dyn Question, _) = match self.step {
            Step::Approach => return Want::Session,
            Step::Pause => return Want::Pause(POLL),
            Step::Start => (&self.start, deadlines.scan),
            Step::Status => (&self.status, deadlines.exchange),
            Step::Page => (&self.page, deadlines.exchange),
        };
        Want::Answer {
            question,
            phase: Phase::Scan,
            limit,
        }
    }

    fn deadline(&self, _: &Deadlines) -> Duration {
        self.until
    }

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        let reply = match answer {
            // Asked once more in another session: the device keeps the list, not the session.
            Err(ProvisionError::SessionTaken { .. }) if desk.may_go_on => return Ok(false),
            answer => answer?,
        };
        match self.step {
            Step::Approach => {
                self.until = desk.now.saturating_add(desk.deadlines.scan).min(desk.total);
                self.step = Step::Start;
            }
            Step::Start => {
                desk.read(self.start.decode(reply))?;
                self.step = Step::Status;
            }
            Step::Pause => self.step = Step::Status,
            Step::Status => {
                let progress = desk.read(self.status.decode(reply))?;
                if progress.finished {
                    self.found = progress.count;
                    self.step = Step::Page;
                    let page_len = self.page_len.unwrap_or_else(|| fitting_page(desk)).max(1);
                    self.page_len = Some(page_len);
                    return Ok(self.turn(page_len));
                }
                desk.event(&Event::Scanning {
                    found: progress.count,
                });
                if desk.now.saturating_add(POLL) > self.until {
                    return Err(ProvisionError::Deadline { phase: Phase::Scan });
                }
                self.step = Step::Pause;
            }
            Step::Page => {
                let ScanEntries {
                    mut networks,
                    skipped,
                } = desk.read(self.page.decode(reply))?;
                if skipped > 0 {
                    desk.event(&Event::EntriesSkipped { count: skipped });
                }
                let got = u8::try_from(networks.len())
                    .unwrap_or(u8::MAX)
                    .saturating_add(skipped);
                if got == 0 {
                    return Ok(true); // the list shrank meanwhile
                }
                self.next = self.next.saturating_add(got);
                if self.networks.is_empty() {
                    self.networks = networks;
                } else {
                    let room = self.networks.try_reserve_exact(networks.len());
                    room.map_err(|_| ProvisionError::OutOfMemory { phase: Phase::Scan })?;
                    self.networks.append(&mut networks);
                }
                return Ok(self.turn(self.page_len.unwrap_or(1)));
            }
        }
        Ok(false)
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
