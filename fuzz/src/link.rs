//! The simulated device as a whole, over its console and over nothing.

use crate::Messages;
use core::time::Duration;
use espprov_simulator::console::Progress;
use espprov_simulator::service::BUFFER;
use espprov_simulator::{Answer, Console, Scenario, Service, Shared, SimDevice};
use std::fmt::Write as _;

const ENDPOINTS: [&str; 8] = [
    "prov-session",
    "prov-session",
    "prov-scan",
    "prov-config",
    "prov-ctrl",
    "custom-data",
    "echo",
    "unknown",
];

/// Requests to a device with a security scheme, over a link. The first byte chooses the scheme (0 or 1) and the link: its
/// own calls, or lines typed at a console. In each message the first byte chooses the endpoint, the next the time that
/// passes, or that a new session begins.
pub fn device_link(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let mut scenario = Scenario::builtin("zero").expect("it is built in");
    scenario.security.scheme = Some(choice & 1);
    scenario.device.auto_stop = choice & 4 != 0;
    let device = Shared::new(SimDevice::new(scenario).expect("it was checked"));
    if choice & 2 == 0 {
        calls(&device, rest);
    } else {
        lines(device, rest);
    }
}

fn calls(device: &Shared<SimDevice>, rest: &[u8]) {
    let mut now = Duration::ZERO;
    for message in Messages(rest).take(32) {
        let [endpoint, pause, request @ ..] = message else {
            continue;
        };
        now += Duration::from_millis(u64::from(pause & 0x7f) * 50);
        if pause & 0x80 != 0 {
            device.connect();
        }
        let endpoint = ENDPOINTS[usize::from(*endpoint) % ENDPOINTS.len()];
        let mut buf = request.to_vec();
        buf.resize(BUFFER.max(request.len()), 0);
        let mut answer = device.with(|device| device.handle(endpoint, &mut buf, request.len(), now));
        for _ in 0..4 {
            let Answer::Pending { until } = answer else {
                break;
            };
            assert!(until > now, "it would be asked in a circle");
            now = until;
            answer = device.with(|device| device.resume(&mut buf, now));
        }
        if let Answer::Reply(len) = answer {
            assert!(len <= buf.len());
        }
    }
}

fn lines(device: Shared<SimDevice>, rest: &[u8]) {
    let mut console = Console::new(device).with_line_limit(0);
    let mut now = Duration::ZERO;
    for message in Messages(rest).take(32) {
        let [endpoint, pause, request @ ..] = message else {
            continue;
        };
        now += Duration::from_millis(u64::from(*pause));
        let mut line = format!(
            "{} {} ",
            ENDPOINTS[usize::from(*endpoint) % ENDPOINTS.len()],
            pause % 3
        );
        for byte in request {
            let _ = write!(line, "{byte:02x}");
        }
        line.push('\r');
        let mut out = Vec::new();
        let mut input = line.as_bytes();
        while !input.is_empty() {
            let (taken, mut progress) = console.feed(input, now, &mut out);
            assert!(taken > 0, "it takes what it can");
            input = &input[taken..];
            while let Progress::Wait { until } = progress {
                now = now.max(until);
                progress = console.resume(now, &mut out);
            }
        }
        // The echo, and a reply in hex.
        assert!(out.len() <= line.len() + 4 * 8192 + 64, "{} bytes", out.len());
    }
}
