//! A device of firmware as a service.

use crate::{Answer, Presence, Service};
use core::fmt;
use core::time::Duration;
use espprov_device::{Application, Device, Outcome, Refusal};
use espprov_security::DeviceHandshake;
use rand_core::TryCryptoRng;

/// How soon a client that waits for a scan is looked after again.
const SCAN_POLL: Duration = Duration::from_millis(20);

/// How long a client may wait for a scan. A radio that never says that it is done must not keep the link from all others.
const SCAN_LIMIT: Duration = Duration::from_secs(60);

/// An `espprov_device::Device` and the entropy for its handshakes: what firmware serves.
///
/// It is there from the first request until [`stop`](Self::stop); restarting is the chip's business.
pub struct DeviceService<S, A, R> {
    device: Device<S, A>,
    rng: R,
    stopped: bool,
    /// When the request that a client waits for came.
    asked: Duration,
}

impl<S, A, R> DeviceService<S, A, R> {
    /// The chip's generator of random numbers goes in here.
    pub const fn new(device: Device<S, A>, rng: R) -> Self {
        Self {
            device,
            rng,
            stopped: false,
            asked: Duration::ZERO,
        }
    }

    /// The device: its application, and how it behaves.
    pub const fn device(&mut self) -> &mut Device<S, A> {
        &mut self.device
    }

    /// The service is over, as when the device has joined its network: links are closed, and nobody is let in any more.
    pub const fn stop(&mut self) {
        self.stopped = true;
    }
}

impl<S: DeviceHandshake, A: Application, R> DeviceService<S, A, R> {
    fn translate(&self, outcome: Outcome, now: Duration) -> Answer {
        match outcome {
            Outcome::Reply(len) => Answer::Reply(len),
            Outcome::Pending
                if self.device.due().is_none() && now.saturating_sub(self.asked) > SCAN_LIMIT =>
            {
                Answer::Refused
            }
            Outcome::Pending => {
                let later = now.saturating_add(SCAN_POLL);
                // Never "now": whoever waits would wait in a circle.
                let until = self.device.due().unwrap_or(later);
                Answer::Pending {
                    until: until.max(now.saturating_add(Duration::from_millis(1))),
                }
            }
            Outcome::Refused(Refusal::ReplyTooLong { .. }) => Answer::ReplyTooLong,
            Outcome::Refused(_) => Answer::Refused,
            Outcome::NoSuchEndpoint => Answer::NoSuchEndpoint,
        }
    }
}

impl<S: DeviceHandshake, A: Application, R: TryCryptoRng> Service for DeviceService<S, A, R> {
    fn handle(&mut self, endpoint: &str, buf: &mut [u8], len: usize, now: Duration) -> Answer {
        self.asked = now;
        let outcome = self.device.handle(endpoint, buf, len, now, &mut self.rng);
        self.translate(outcome, now)
    }

    fn resume(&mut self, buf: &mut [u8], now: Duration) -> Answer {
        let outcome = self.device.resume(buf, now);
        self.translate(outcome, now)
    }

    fn new_session(&mut self) {
        self.device.new_session();
    }

    fn presence(&mut self, _: Duration) -> Presence {
        match self.stopped {
            false => Presence::On { boot: 1 },
            true => Presence::Away { back_at: None },
        }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        for (id, name) in self.device.endpoints() {
            visit(id, name);
        }
    }
}

/// The generator's state is nobody's business.
impl<S, A, R> fmt::Debug for DeviceService<S, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceService")
            .field("device", &self.device)
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::convert::Infallible;
    use espprov_device::{NoSecurity, Quirks, ScanProgress, WifiScanParams};
    use espprov_types::StatusCode;
    use std::vec::Vec;

    struct Rng;
    impl rand_core::TryRng for Rng {
        type Error = Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(4)
        }
        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(4)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            bytes.fill(4);
            Ok(())
        }
    }
    impl TryCryptoRng for Rng {}

    /// Scans until it is told that the scan is over.
    #[derive(Default)]
    struct App {
        finished: bool,
    }
    impl Application for App {
        fn start_wifi_scan(&mut self, _: WifiScanParams) -> Result<(), StatusCode> {
            Ok(())
        }
        fn wifi_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
            Ok(ScanProgress::new(self.finished, 0))
        }
        fn endpoint(&self, index: usize) -> Option<&str> {
            ["custom-data"].get(index).copied()
        }
    }

    fn service() -> DeviceService<NoSecurity, App, Rng> {
        let device = Device::new("v1.1", NoSecurity::default(), App::default(), Quirks::default());
        DeviceService::new(device, Rng)
    }

    #[test]
    fn answers_are_what_the_device_says() {
        let mut service = service();
        let now = Duration::from_secs(5);
        let mut ask = |endpoint, request: &[u8], room: usize| {
            let mut buf = std::vec![0; room];
            buf[..request.len()].copy_from_slice(request);
            service.handle(endpoint, &mut buf, request.len(), now)
        };
        assert_eq!(ask("proto-ver", b"---", 4), Answer::Reply(4));
        assert_eq!(ask("proto-ver", b"---", 3), Answer::ReplyTooLong);
        assert_eq!(ask("proto-ver", b"", 4), Answer::Refused);
        assert_eq!(ask("custom-data", b"x", 4), Answer::Refused, "it has no handler");
        assert_eq!(ask("nobody", b"x", 4), Answer::NoSuchEndpoint);
    }

    #[test]
    fn a_blocking_scan_is_looked_after_until_it_is_over() {
        let mut service = service();
        let now = Duration::from_secs(5);
        // Message 0 (absent), field 10 { blocking = 1 }.
        let mut buf = [0; 64];
        buf[..4].copy_from_slice(&[0x52, 0x02, 0x08, 0x01]);
        let Answer::Pending { until } = service.handle("prov-scan", &mut buf, 4, now) else {
            panic!("it must wait");
        };
        assert!(until > now && until < now + Duration::from_secs(1));
        assert_eq!(
            service.resume(&mut buf, until),
            Answer::Pending {
                until: until + SCAN_POLL
            }
        );
        service.device().app().finished = true;
        assert!(matches!(service.resume(&mut buf, until), Answer::Reply(_)));
    }

    #[test]
    fn a_scan_that_never_ends_does_not_hold_the_link() {
        let mut service = service();
        let start = Duration::from_secs(5);
        let mut buf = [0; 64];
        let request = [0x52, 0x02, 0x08, 0x01];
        buf[..4].copy_from_slice(&request);
        let mut answer = service.handle("prov-scan", &mut buf, 4, start);
        let mut waited = Duration::ZERO;
        while let Answer::Pending { until } = answer {
            waited = until - start;
            assert!(waited <= SCAN_LIMIT + SCAN_POLL);
            answer = service.resume(&mut buf, until);
        }
        assert_eq!(answer, Answer::Refused);
        assert!(waited > Duration::from_secs(30), "{waited:?}");
        // The next one has as much time.
        buf[..4].copy_from_slice(&request);
        let later = start + 2 * SCAN_LIMIT;
        assert!(matches!(
            service.handle("prov-scan", &mut buf, 4, later),
            Answer::Pending { .. }
        ));
    }

    #[test]
    fn stopped_is_stopped() {
        let mut service = service();
        assert_eq!(service.presence(Duration::ZERO), Presence::On { boot: 1 });
        service.stop();
        let gone = Presence::Away { back_at: None };
        assert_eq!(service.presence(Duration::ZERO), gone);
        assert!(std::format!("{service:?}").contains("stopped: true"));
    }

    #[test]
    fn endpoints_come_with_their_ids() {
        let mut seen = Vec::new();
        service().endpoints(&mut |id, name| seen.push((id, std::string::String::from(name))));
        let own = seen.last().map(|(id, name)| (*id, name.as_str()));
        assert_eq!(own, Some((0xff54, "custom-data")));
        let names: Vec<_> = seen.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(crate::with_ids(names.iter().copied()).count(), seen.len());
        for ((id, name), (other, _)) in seen.iter().zip(crate::with_ids(names)) {
            assert_eq!(*id, other, "{name}");
        }
    }
}
