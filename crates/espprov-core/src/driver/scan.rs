//! Which networks does the device hear?

use super::task::{Desk, Question, Task, Want};
use super::{Deadlines, Event, Observer, Phase, ProvisionError, Provisioner};
use crate::auth::Authenticator;
use crate::request::{
    Request, ScanPage, ScanStatus, StartThreadScan, StartWifiScan, ThreadScanPage, WifiScanPage,
};
use alloc::vec::Vec;
use core::time::Duration;
use espprov_transport::{Clock, Reconnect};
use espprov_types::{AccessPoint, ThreadNetwork, WifiStatus};
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
    /// the question as a sign that provisioning is over.
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
    /// Scans for Wi-Fi networks: access points as the device sent them, strongest first, duplicates included.
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
        let mut scan = Scan::new(
            start,
            ScanStatus::Wifi,
            WifiScanPage,
            options.page,
            self.scan_end(),
        );
        self.run(&mut scan).await?;
        if options.mark_active
            && let WifiStatus::Connected(on) = self.wifi_status().await?
        {
            for network in &mut scan.networks {
                network.active = network.ssid == on.ssid && on.bssid.is_none_or(|b| b == network.bssid);
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
        let mut scan = Scan::new(
            start,
            ScanStatus::Thread,
            ThreadScanPage,
            options.page,
            self.scan_end(),
        );
        self.run(&mut scan).await?;
        Ok(scan.networks)
    }

    /// When a scan that begins now must have ended.
    fn scan_end(&self) -> Duration {
        let Deadlines { scan, .. } = self.engine.deadlines;
        self.clock.now().saturating_add(scan).min(self.engine.total)
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
    /// When the device's scan must be over.
    until: Duration,
    step: Step,
    found: u8,
    next: u8,
    networks: Vec<N>,
}

#[derive(Clone, Copy)]
enum Step {
    Start,
    Status,
    Pause,
    Page,
}

impl<S, P, N> Scan<S, P, N> {
    fn new(
        start: S,
        status: ScanStatus,
        request: fn(ScanPage) -> P,
        page_len: Option<u8>,
        until: Duration,
    ) -> Self {
        Self {
            start,
            status,
            request,
            page: request(ScanPage { start: 0, count: 0 }),
            page_len,
            until,
            step: Step::Start,
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
    P: for<'b> Request<Response<'b> = Vec<N>>,
{
    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        let (question, limit): (&dyn Question, _) = match self.step {
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

    fn handle(
        &mut self,
        desk: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        let reply = answer?;
        match self.step {
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
                let mut entries = desk.read(self.page.decode(reply))?;
                if entries.is_empty() {
                    return Ok(true); // the list shrank meanwhile
                }
                let got = u8::try_from(entries.len()).unwrap_or(u8::MAX);
                self.next = self.next.saturating_add(got);
                if self.networks.is_empty() {
                    self.networks = entries;
                } else {
                    let room = self.networks.try_reserve_exact(entries.len());
                    room.map_err(|_| ProvisionError::OutOfMemory { phase: Phase::Scan })?;
                    self.networks.append(&mut entries);
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
