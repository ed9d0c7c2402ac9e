//! The one trait an application implements.

use crate::Consequence;
use core::fmt;
use espprov_types::{AccessPoint, Bssid, Ssid, StatusCode, ThreadNetwork, ThreadStatus, WifiStatus};

/// What a device does when a client asks. Sans-IO like the rest: no method may block; a scan or a connection
/// attempt is started here and reported by the `*_status` and `*_progress` methods.
///
/// Every method has a default: a device without the feature, answering as vendor firmware built without it
/// (status [`StatusCode::InvalidArgument`]). The order that clients must keep (set, apply, reset …) is
/// [`Provisioning`](crate::Provisioning)'s business: embed one per radio.
///
/// A refused page (past the results) is found by the dispatcher from
/// [`wifi_scan_progress`](Self::wifi_scan_progress); results are asked for one by one.
pub trait Application {
    /// Starts a Wi-Fi scan and forgets the last one's results. While one is running: no effect, success.
    ///
    /// # Errors
    /// The status to report to the client; vendor firmware knows only [`StatusCode::InternalError`].
    fn start_wifi_scan(&mut self, params: WifiScanParams) -> Result<(), StatusCode> {
        let _ = params;
        Err(StatusCode::InvalidArgument)
    }

    /// How far the Wi-Fi scan is. Before any scan: finished, nothing found.
    ///
    /// # Errors
    /// The status to report to the client.
    fn wifi_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
        Err(StatusCode::InvalidArgument)
    }

    /// Result `index` of the Wi-Fi scan, strongest first.
    fn wifi_scan_result(&mut self, index: u32) -> Option<AccessPoint> {
        let _ = index;
        None
    }

    /// Starts a Thread scan and forgets the last one's results. While one is running: no effect, success.
    ///
    /// # Errors
    /// The status to report to the client.
    fn start_thread_scan(&mut self, params: ThreadScanParams) -> Result<(), StatusCode> {
        let _ = params;
        Err(StatusCode::InvalidArgument)
    }

    /// How far the Thread scan is. Before any scan: finished, nothing found.
    ///
    /// # Errors
    /// The status to report to the client.
    fn thread_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
        Err(StatusCode::InvalidArgument)
    }

    /// Result `index` of the Thread scan, strongest first.
    fn thread_scan_result(&mut self, index: u32) -> Option<ThreadNetwork> {
        let _ = index;
        None
    }

    /// Takes Wi-Fi credentials; they are used only by [`apply_wifi`](Self::apply_wifi). Lengths are checked
    /// already; an empty SSID or a passphrase of one byte must be accepted here and fail when applied.
    ///
    /// # Errors
    /// The status to report to the client.
    fn set_wifi(&mut self, config: &WifiConfigRequest<'_>) -> Result<(), StatusCode> {
        let _ = config;
        Err(StatusCode::InvalidArgument)
    }

    /// Starts to connect with what was set.
    ///
    /// # Errors
    /// The status to report to the client: [`StatusCode::InternalError`] when nothing was set, or while an
    /// earlier attempt is under way or has not been reset.
    fn apply_wifi(&mut self) -> Result<(), StatusCode> {
        Err(StatusCode::InvalidArgument)
    }

    /// State of the Wi-Fi station.
    ///
    /// # Errors
    /// The status to report to the client.
    fn wifi_status(&mut self) -> Result<WifiStatus, StatusCode> {
        Err(StatusCode::InvalidArgument)
    }

    /// Back to "ready" after a failed attempt.
    ///
    /// # Errors
    /// [`StatusCode::InternalError`] in any other state.
    fn reset_wifi(&mut self) -> Result<(), StatusCode> {
        Err(StatusCode::InvalidArgument)
    }

    /// Accept new credentials after a success.
    ///
    /// # Errors
    /// [`StatusCode::InternalError`] in any other state, or if the service stops by itself after a success.
    fn reprov_wifi(&mut self) -> Result<(), StatusCode> {
        Err(StatusCode::InvalidArgument)
    }

    /// Takes a Thread operational dataset: at most 254 bytes, of any content; malformed ones fail when applied.
    ///
    /// # Errors
    /// The status to report to the client.
    fn set_thread(&mut self, dataset: &[u8]) -> Result<(), StatusCode> {
        let _ = dataset;
        Err(StatusCode::InvalidArgument)
    }

    /// Starts to attach with what was set; see [`apply_wifi`](Self::apply_wifi).
    ///
    /// # Errors
    /// The status to report to the client.
    fn apply_thread(&mut self) -> Result<(), StatusCode> {
        Err(StatusCode::InvalidArgument)
    }

    /// State of the Thread interface.
    ///
    /// # Errors
    /// The status to report to the client.
    fn thread_status(&mut self) -> Result<ThreadStatus, StatusCode> {
        Err(StatusCode::InvalidArgument)
    }

    /// Back to "ready" after a failed attempt to attach.
    ///
    /// # Errors
    /// [`StatusCode::InternalError`] in any other state.
    fn reset_thread(&mut self) -> Result<(), StatusCode> {
        Err(StatusCode::InvalidArgument)
    }

    /// Accept another dataset after a success.
    ///
    /// # Errors
    /// [`StatusCode::InternalError`] in any other state.
    fn reprov_thread(&mut self) -> Result<(), StatusCode> {
        Err(StatusCode::InvalidArgument)
    }

    /// A client was told "connected" (or "attached"): vendor firmware stops the service about a second later.
    /// Called before the reply is on the wire.
    fn after_connected_status(&mut self) {}

    /// Somebody tried a wrong proof, the `count`th; what follows depends on [`Quirks::guesses`](crate::Quirks::guesses).
    /// Called before the answer is on the wire. An application can blink, log, or end provisioning here.
    fn after_wrong_proof(&mut self, count: u32, consequence: Consequence) {
        let _ = (count, consequence);
    }

    /// Name of the application's own endpoint number `index`, in creation order; `None` past the last.
    fn endpoint(&self, index: usize) -> Option<&str> {
        let _ = index;
        None
    }

    /// The 16-bit id that its BLE characteristic carries. `None`: counted from `ff54`.
    fn endpoint_id(&self, index: usize) -> Option<u16> {
        let _ = index;
        None
    }

    /// A request to an own endpoint: writes the reply into `reply` and returns its length, which may be 0.
    ///
    /// # Errors
    /// [`HandlerFailed`]: the request is refused at transport level.
    fn custom(&mut self, endpoint: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, HandlerFailed> {
        let _ = (endpoint, request, reply);
        Err(HandlerFailed)
    }
}

/// An application endpoint cannot answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandlerFailed;

impl fmt::Display for HandlerFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the endpoint's handler failed")
    }
}

impl core::error::Error for HandlerFailed {}

/// How a client wants Wi-Fi scanned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WifiScanParams {
    /// The client waits for the end. The dispatcher does the waiting; firmware need not care.
    pub blocking: bool,
    /// Listen only, send no probe requests.
    pub passive: bool,
    /// Channels to scan before the SoftAP is served for a moment; 0 = all in one go.
    pub group_channels: u32,
    /// Dwell time per channel in milliseconds.
    pub period_ms: u32,
}

/// How a client wants Thread networks scanned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThreadScanParams {
    /// The client waits for the end. The dispatcher does the waiting; firmware need not care.
    pub blocking: bool,
    /// Bit n = channel n; 0 = all.
    pub channel_mask: u32,
}

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanProgress {
    /// The scan is over, or never began.
    pub finished: bool,
    /// Results that can be read now. The dispatcher caps it at
    /// [`Quirks::max_scan_results`](crate::Quirks::max_scan_results).
    pub count: u32,
}

impl ScanProgress {
    /// So far, and so many.
    #[must_use]
    pub const fn new(finished: bool, count: u32) -> Self {
        Self { finished, count }
    }
}

/// Wi-Fi credentials as a client sent them; lengths are checked, SSID and passphrase end before a NUL.
#[derive(Clone)]
#[non_exhaustive]
pub struct WifiConfigRequest<'a> {
    /// Network name; can be empty.
    pub ssid: Ssid,
    /// Passphrase; empty for an open network. Secret: copy it only into something that is wiped.
    pub passphrase: &'a [u8],
    /// Access point to join, if the client named one. Stock firmware ignores it.
    pub bssid: Option<Bssid>,
    /// Channel hint, 0 = none. Stock firmware ignores it.
    pub channel: i32,
}

impl<'a> WifiConfigRequest<'a> {
    /// No access point named, no channel hint.
    #[must_use]
    pub const fn new(ssid: Ssid, passphrase: &'a [u8]) -> Self {
        Self {
            ssid,
            passphrase,
            bssid: None,
            channel: 0,
        }
    }
}

impl fmt::Debug for WifiConfigRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WifiConfigRequest")
            .field("ssid", &self.ssid)
            .field("bssid", &self.bssid)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    struct Nothing;
    impl Application for Nothing {}

    /// As firmware answers whose component was built without that radio.
    #[test]
    fn what_an_application_does_not_implement_is_an_invalid_argument() {
        let mut app = Nothing;
        let config = WifiConfigRequest::new(Ssid::new(b"Home").unwrap(), b"correct-horse");
        for verdict in [
            app.start_wifi_scan(WifiScanParams::default()),
            app.wifi_scan_progress().map(drop),
            app.start_thread_scan(ThreadScanParams::default()),
            app.thread_scan_progress().map(drop),
            app.set_wifi(&config),
            app.apply_wifi(),
            app.wifi_status().map(drop),
            app.reset_wifi(),
            app.reprov_wifi(),
            app.set_thread(b"dataset"),
            app.apply_thread(),
            app.thread_status().map(drop),
            app.reset_thread(),
            app.reprov_thread(),
        ] {
            assert_eq!(verdict, Err(StatusCode::InvalidArgument));
        }
        assert_eq!(app.wifi_scan_result(0), None);
        assert_eq!(app.thread_scan_result(0), None);
        assert_eq!((app.endpoint(0), app.endpoint_id(0)), (None, None));
        assert_eq!(app.custom("custom-data", b"x", &mut [0; 8]), Err(HandlerFailed));
        assert_eq!(HandlerFailed.to_string(), "the endpoint's handler failed");
    }
}
