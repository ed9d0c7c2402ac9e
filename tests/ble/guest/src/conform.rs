//! The conformance suite over btleplug.
//!
//! Every case gets a device as good as new. A connection is made for every case too, unless the one before it
//! left a good one: it costs seconds under emulation, and BlueZ holds on to one for two more. So a case's last
//! `close` is put off until it shows whether anything follows.

use crate::serve::FRESH;
use crate::{Outcome, finish};
use core::time::Duration;
use espprov::TokioClock;
use espprov_btleplug::{BleError, BleTransport, Bluetooth, ConnectOptions, DeviceFilter, Discovered};
use espprov_conformance::{CASES, Case, Tally, Verdict};
use espprov_transport::{Endpoint, Limits, Reconnect, SessionIntent, Transport};
use std::rc::Rc;
use std::time::Instant;
use tokio::sync::Semaphore;

/// How long to listen for the devices.
const LISTEN: Duration = Duration::from_secs(10);

/// Cases under way at a time, over all links: more would only be late together under emulation.
const AT_ONCE: usize = 5;

/// No case takes longer.
const LIMIT: Duration = Duration::from_secs(90);

/// Runs the suite over links `LABEL,BEYOND`, all at once. The devices of a link are named `LABEL_SCHEME_PATCH`;
/// `BEYOND` cases ask for more than it carries.
pub(crate) async fn conformance(links: &[&str]) -> Outcome {
    let bluetooth = Rc::new(Bluetooth::open(None).await?);
    let mut wanted = Vec::new();
    for link in links {
        let (label, beyond) = link.split_once(',').ok_or("a link is LABEL,BEYOND")?;
        wanted.push((label.to_owned(), beyond.parse::<usize>()?));
    }
    let turns = Rc::new(Semaphore::new(AT_ONCE));
    let found = Rc::new(listen(&bluetooth, wanted.len() * 4).await?);
    let mut running = Vec::new();
    for (label, beyond) in wanted {
        let (bluetooth, found, turns) = (Rc::clone(&bluetooth), Rc::clone(&found), Rc::clone(&turns));
        running.push(tokio::task::spawn_local(async move {
            over(&bluetooth, &found, &turns, &label, beyond).await
        }));
    }
    let mut problems = Vec::new();
    for link in running {
        problems.extend(link.await?);
    }
    bluetooth.settled().await;
    finish(&problems)
}

/// All devices in reach, once there are `count`.
async fn listen(bluetooth: &Bluetooth, count: usize) -> Result<Vec<Discovered>, BleError> {
    let mut scan = bluetooth.scan(DeviceFilter::new()).await?;
    let mut all: Vec<Discovered> = Vec::new();
    let collecting = async {
        while all.len() < count {
            let found = scan.next().await?;
            all.retain(|known| known.id != found.id);
            all.push(found);
        }
        Ok(())
    };
    if let Ok(end) = tokio::time::timeout(LISTEN, collecting).await {
        end?;
    }
    scan.stop().await;
    Ok(all)
}

/// What one device came to.
struct Part {
    results: Vec<(Case, Result<Verdict, String>)>,
    connections: usize,
}

/// The suite over one link: its four devices at once.
async fn over(
    bluetooth: &Rc<Bluetooth>,
    found: &Rc<Vec<Discovered>>,
    turns: &Rc<Semaphore>,
    label: &str,
    beyond: usize,
) -> Vec<String> {
    let start = Instant::now();
    let mut parts = Vec::new();
    for (scheme, patch) in [(0, 0), (1, 0), (2, 0), (2, 1)] {
        let name = format!("{label}_{scheme}_{patch}");
        let cases: Vec<Case> = CASES
            .iter()
            .filter(|case| (case.scheme.number(), case.scheme.patch()) == (scheme, patch))
            .copied()
            .collect();
        let (bluetooth, found, turns) = (Rc::clone(bluetooth), Rc::clone(found), Rc::clone(turns));
        parts.push(tokio::task::spawn_local(async move {
            let device = found.iter().find(|device| device.name.as_deref() == Some(&name));
            with_device(&bluetooth, device, &turns, &cases).await
        }));
    }
    let mut tally = Tally::default();
    let (mut problems, mut connections) = (Vec::new(), 0);
    for part in parts {
        let Ok(part) = part.await else {
            problems.push("a case panicked".to_owned());
            continue;
        };
        connections += part.connections;
        for (case, result) in part.results {
            match result {
                Ok(verdict) => tally.add(&case, Ok(verdict)),
                Err(why) => problems.push(format!("{}: {why}", case.name)),
            }
        }
    }
    let run = tally.run() + problems.len();
    eprintln!(
        "btleplug, {label}: {run} cases: {} passed, {} beyond the link's limit, {} failed",
        tally.passed,
        tally.beyond,
        problems.len()
    );
    if run != CASES.len() {
        problems.push(format!("{run} cases were run instead of {}", CASES.len()));
    }
    if tally.beyond != beyond {
        problems.push(format!(
            "{} cases are beyond the link instead of {beyond}",
            tally.beyond
        ));
    }
    let row = serde_json::json!({
        "event": "row", "name": format!("conformance, {label}"), "ms": start.elapsed().as_millis(),
        "cases": {"run": run, "passed": tally.passed, "beyond": tally.beyond, "connections": connections},
        "problems": problems,
    });
    println!("{row}");
    problems
}

async fn with_device(
    bluetooth: &Bluetooth,
    device: Option<&Discovered>,
    turns: &Semaphore,
    cases: &[Case],
) -> Part {
    let mut part = Part {
        results: Vec::new(),
        connections: 0,
    };
    let mut open = None;
    for case in cases {
        // Held until the case is over.
        let _turn = turns.acquire().await;
        let result = match device {
            Some(device) => one(bluetooth, device, case, &mut open, &mut part.connections).await,
            None => Err("its device was not heard".to_owned()),
        };
        part.results.push((*case, result));
    }
    if let Some(mut link) = open {
        Transport::close(&mut link).await;
    }
    part
}

async fn one(
    bluetooth: &Bluetooth,
    device: &Discovered,
    case: &Case,
    open: &mut Option<BleTransport>,
    connections: &mut usize,
) -> Result<Verdict, String> {
    let mut kept = open.take();
    // A link that the last case left in no good state is not used again.
    if let Some(link) = &mut kept
        && renew(link).await.is_err()
    {
        link.close().await;
        kept = None;
    }
    let link = match kept {
        Some(link) => link,
        None => {
            *connections += 1;
            let connecting = bluetooth.connect(device, ConnectOptions::default());
            let mut link = connecting.await.map_err(|error| format!("connecting: {error}"))?;
            let renewed = renew(&mut link).await;
            renewed.map_err(|error| format!("a device as good as new: {error}"))?;
            link
        }
    };
    let mut link = LateClose { link, closing: false };
    let result = tokio::time::timeout(LIMIT, case.run(&mut link, TokioClock::new())).await;
    let passed = matches!(result, Ok(Ok(Verdict::Passed)));
    if passed && link.closing {
        *open = Some(link.link);
    } else {
        link.link.close().await;
    }
    match result {
        Ok(result) => result.map_err(|failure| failure.to_string()),
        Err(_) => Err(format!("no end in {LIMIT:?}")),
    }
}

/// As a driver does: what a reconnect mends is tried again after one.
async fn renew(link: &mut BleTransport) -> Result<(), BleError> {
    let fresh = Endpoint::custom(FRESH).map_err(|_| BleError::NoSuchEndpoint)?;
    match link.exchange(fresh, &mut [b'!'; 16], 1).await {
        Err(error) if error.is_mended_by_reconnecting() => {
            link.reconnect(SessionIntent::Fresh).await?;
            link.exchange(fresh, &mut [b'!'; 16], 1).await.map(drop)
        }
        end => end.map(drop),
    }
}

/// A link whose `close` happens when something follows it, and otherwise not at all.
struct LateClose {
    link: BleTransport,
    closing: bool,
}

impl LateClose {
    async fn catch_up(&mut self) {
        if core::mem::take(&mut self.closing) {
            self.link.close().await;
        }
    }
}

impl Transport for LateClose {
    type Error = BleError;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, BleError> {
        self.catch_up().await;
        self.link.exchange(endpoint, buf, len).await
    }

    fn limits(&self) -> Limits {
        self.link.limits()
    }

    fn delivered(&self) -> bool {
        self.link.delivered()
    }

    fn endpoints(&self, visit: &mut dyn FnMut(&str)) {
        self.link.endpoints(visit);
    }

    async fn close(&mut self) {
        self.closing = true;
    }
}

impl Reconnect for LateClose {
    async fn reconnect(&mut self, intent: SessionIntent) -> Result<(), BleError> {
        self.catch_up().await;
        self.link.reconnect(intent).await
    }
}
