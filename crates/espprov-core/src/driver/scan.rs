//! Which networks does the device hear?

use super::{Event, Observer, Phase, ProvisionError, Provisioner};
use crate::auth::Authenticator;
use crate::request::{
    GetWifiStatus, Request, ScanPage, ScanProgress, ScanStatus, StartThreadScan, StartWifiScan,
    ThreadScanPage, WifiScanPage,
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
        self.begin();
        let start = StartWifiScan {
            blocking: options.blocking,
            passive: options.passive,
            group_channels: self.transport.limits().scan.group_channels.into(),
            period_ms: PERIOD_MS,
        };
        let mut networks = self
            .scan(&start, ScanStatus::Wifi, options.page, WifiScanPage)
            .await?;
        if options.mark_active
            && let WifiStatus::Connected(on) = self.wifi_status().await?
        {
            for network in &mut networks {
                network.active = network.ssid == on.ssid && on.bssid.is_none_or(|b| b == network.bssid);
            }
        }
        Ok(networks)
    }

    /// Scans for Thread networks.
    ///
    /// # Errors
    /// As [`scan_wifi`](Self::scan_wifi).
    pub async fn scan_thread(
        &mut self,
        options: &ScanOptions,
    ) -> Result<Vec<ThreadNetwork>, ProvisionError<T::Error>> {
        self.begin();
        let start = StartThreadScan {
            blocking: options.blocking,
            channel_mask: 0,
        };
        self.scan(&start, ScanStatus::Thread, options.page, ThreadScanPage)
            .await
    }

    /// State of the device's Wi-Fi station. A device that is online takes the question as a sign that
    /// provisioning is over, and stops about a second later.
    ///
    /// # Errors
    /// The link or the session failed.
    pub async fn wifi_status(&mut self) -> Result<WifiStatus, ProvisionError<T::Error>> {
        self.begin();
        self.ask(&GetWifiStatus, Phase::Status, self.deadlines.exchange, |status| {
            status
        })
        .await
    }

    async fn scan<S, P, N>(
        &mut self,
        start: &S,
        status: ScanStatus,
        page: Option<u8>,
        request: impl Fn(ScanPage) -> P,
    ) -> Result<Vec<N>, ProvisionError<T::Error>>
    where
        S: for<'b> Request<Response<'b> = ()>,
        P: for<'b> Request<Response<'b> = Vec<N>>,
    {
        let until = self
            .clock
            .now()
            .saturating_add(self.deadlines.scan)
            .min(self.until);
        self.ask(start, Phase::Scan, self.deadlines.scan, |()| ()).await?;
        let found = loop {
            let ScanProgress { finished, count } = self
                .ask(&status, Phase::Scan, self.deadlines.exchange, |progress| progress)
                .await?;
            if finished {
                break count;
            }
            self.observer.event(&Event::Scanning { found: count });
            if self.clock.now().saturating_add(POLL) > until {
                return Err(ProvisionError::Deadline { phase: Phase::Scan });
            }
            self.clock.sleep(POLL).await;
        };
        let page = page.unwrap_or_else(|| self.scan_page()).max(1);
        let mut networks = Vec::new();
        let mut next = 0;
        while next < found {
            // Never past the announced count: devices drop the link then.
            let count = page.min(found.saturating_sub(next));
            let entries = self
                .ask(
                    &request(ScanPage { start: next, count }),
                    Phase::Scan,
                    self.deadlines.exchange,
                    |e| e,
                )
                .await?;
            if entries.is_empty() {
                break; // the list shrank meanwhile
            }
            next = next.saturating_add(u8::try_from(entries.len()).unwrap_or(u8::MAX));
            networks.extend(entries);
        }
        Ok(networks)
    }

    /// Entries that one reply carries on this link, within this buffer.
    fn scan_page(&mut self) -> u8 {
        let fitting = self
            .reply_room()
            .saturating_sub(ENVELOPE)
            .checked_div(ENTRY)
            .unwrap_or_default();
        u8::try_from(fitting)
            .unwrap_or(u8::MAX)
            .min(self.transport.limits().scan.page)
    }
}
