//! A thousand simulated devices and a thousand clients in one process, provisioned at the same time over links in memory with
//! security 2. Prints what a pair takes; with `--check`, exits with 1 above the ceilings.
//!
//! Processor time is compared with that of the two halves of the bare handshake, which are done now and then in between: what else the
//! machine does, and the speed of its clock, are then the same for both. Each pair's is taken for itself, and a quick one's counts. Time in the
//! simulated world is virtual: each pair exchanges one message after the other with all others in between.
//!
//! A pair works through more memory than a bare handshake, and a neighbour on the core takes its caches; so what is held to what was
//! reached is instructions: those of a few pairs, and, as valgrind is slow, those of hundreds with security 0, which have everything but
//! the arithmetic.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use espprov_benches::BothHalves;
use espprov_benches::instructions::{each, grouped, program};
use espprov_benches::time::{quick, thread_time};
use espprov_core::auth::Auto;
use espprov_core::{Outcome, Provisioner, WifiConfig};
use espprov_simulator::time::{VirtualClock, block_on};
use espprov_simulator::{LinkModel, MemoryTransport, Scenario, Shared, SimDevice};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use std::process::ExitCode;

/// Pairs, and how many of them a smaller crowd has.
const CROWD: usize = 1000;
const FEW: usize = 200;
/// So many bare handshakes are done in between, roughly: for a figure that stands still.
const SAMPLES: usize = 200;
/// A piece of arithmetic: whatever takes so long. A pair has some four of them.
const ARITHMETIC: Duration = Duration::from_millis(1);
/// Processor time of a pair, in handshakes. Most of it is the handshake; the rest is what a neighbour does to the caches, and reached by a fault only.
const TIME_CEILING: f64 = 1.8;
/// Resident memory of a pair in bytes.
const MEMORY_CEILING: usize = 64 * 1024;
/// What a pair in the crowd may take of processor time, compared with one among few.
const GROWTH_CEILING: f64 = 1.8;
/// Instructions of a pair, in those of the bare handshake: 1.004 were reached.
const INSTRUCTIONS_CEILING: f64 = 1.03;
/// What another pair may take of instructions among many, compared with one among few: 1.032 were reached, as clocks and heaps look a
/// little longer for things among more of them.
const INSTRUCTIONS_GROWTH_CEILING: f64 = 1.06;

/// How many devices there are when pairs are counted, however many of them are provisioned.
const COUNTED: usize = 3;
const COUNTED_OPEN: usize = 800;

const WORLD: &str = r#"
[device]
link = "http"
[security]
scheme = SCHEME
username = "wifiprov"
password = "abcd1234"
[delays]
connect_ms = 1800
[[network]]
ssid = "Home"
bssid = "24:0a:c4:51:de:7f"
channel = 6
rssi = -41
auth = "wpa2"
passphrase = "correct-horse"
ip = "192.168.1.57"
"#;

/// What a pair took.
struct Cost {
    time: Duration,
    /// What the bare handshake took meanwhile.
    handshake: Duration,
    memory: usize,
}

impl Cost {
    fn ratio(&self) -> f64 {
        self.time.as_secs_f64() / self.handshake.as_secs_f64()
    }
}

type Client = Provisioner<MemoryTransport<SimDevice, VirtualClock>, Auto, ChaCha20Rng, VirtualClock, Vec<u8>>;

/// Gives the client back, so that what it and its device hold is there until all are done; or nothing, if it failed.
type Provisioning = Pin<Box<dyn Future<Output = Option<Client>>>>;

fn scenario(scheme: &str) -> Scenario {
    Scenario::parse(&WORLD.replace("SCHEME", scheme)).expect("a valid scenario")
}

fn provision(number: u64, device: SimDevice, model: LinkModel, clock: VirtualClock) -> Provisioning {
    let link = MemoryTransport::new(Shared::new(device), clock.clone(), model);
    let auth = Auto::new()
        .with_password(b"abcd1234")
        .expect("it is short")
        .allow_plaintext(true);
    let rng = ChaCha20Rng::seed_from_u64(number);
    let mut client = Provisioner::new(link, auth, rng, clock, vec![0; 2048]);
    Box::pin(async move {
        let home = WifiConfig::new(b"Home", b"correct-horse").expect("it is short");
        let outcome = client.provision_wifi(&home).await;
        matches!(outcome, Ok(Outcome::Connected(_))).then_some(client)
    })
}

/// All of them, each polled whenever one of them wakes, and now and then a bare handshake: those that joined, and what it took.
async fn all(under_way: Vec<Provisioning>, bare: Option<&BothHalves>) -> (Vec<Client>, Times) {
    let (mut handshakes, mut pieces) = (Vec::new(), 0);
    // Nobody asks for times under valgrind, where the clock cannot be read as it is elsewhere.
    let now = || bare.map_or(Duration::ZERO, |_| thread_time());
    let each = (under_way.len() * 4 / SAMPLES).max(1);
    let mut times = vec![Duration::ZERO; under_way.len()];
    let mut joined = Vec::with_capacity(under_way.len());
    let mut under_way: Vec<_> = under_way.into_iter().map(Some).collect();
    poll_fn(|cx| {
        let mut next = Poll::Ready(());
        for (place, time) in under_way.iter_mut().zip(&mut times) {
            let Some(one) = place else { continue };
            let start = now();
            let polled = one.as_mut().poll(cx);
            let took = now() - start;
            *time += took;
            pieces += usize::from(took > ARITHMETIC);
            if let Some(bare) = bare
                && pieces == each
            {
                pieces = 0;
                let start = now();
                bare.run();
                handshakes.push(now() - start);
            }
            match polled {
                Poll::Ready(client) => {
                    joined.extend(client);
                    *place = None;
                }
                Poll::Pending => next = Poll::Pending,
            }
        }
        next
    })
    .await;
    let times = Times {
        pairs: times,
        handshakes,
    };
    (joined, times)
}

/// Processor time of each.
struct Times {
    pairs: Vec<Duration>,
    handshakes: Vec<Duration>,
}

fn devices(scenario: &Scenario, count: usize) -> Vec<SimDevice> {
    (0..count)
        .map(|_| SimDevice::new(scenario.clone()).expect("a valid scenario"))
        .collect()
}

/// What one of so many pairs takes.
fn run(scenario: &Scenario, count: usize, bare: &BothHalves) -> Cost {
    let before = resident();
    // A device has its verifier from the factory: making it is no part of what is measured.
    let devices = devices(scenario, count);
    let (clock, model) = (VirtualClock::new(), scenario.device.link_model());
    let under_way = (1..)
        .zip(devices)
        .map(|(number, device)| provision(number, device, model, clock.clone()))
        .collect();
    let (clients, times) = block_on(&clock, all(under_way, Some(bare)));
    assert_eq!(clients.len(), count, "some were lost");
    Cost {
        time: quick(times.pairs),
        handshake: quick(times.handshakes),
        memory: resident().saturating_sub(before) / count,
    }
}

/// Memory of this process in bytes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = pages
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number") * rustix::param::page_size()
}

/// Under valgrind: so many pairs or handshakes, and nothing else.
fn count(word: &str, times: usize) -> ExitCode {
    let (scenario, made) = match word {
        "handshake" => {
            let bare = BothHalves::new();
            (0..times).for_each(|_| bare.run());
            return ExitCode::SUCCESS;
        }
        "pair" => (scenario("2"), COUNTED),
        "open" => (scenario("0"), COUNTED_OPEN),
        _ => {
            eprintln!("nothing is called {word}");
            return ExitCode::from(2);
        }
    };
    assert!(times <= made, "there are {made} devices");
    let mut devices = devices(&scenario, made);
    let (clock, model) = (VirtualClock::new(), scenario.device.link_model());
    let under_way = (1..)
        .zip(devices.drain(..times))
        .map(|(number, device)| provision(number, device, model, clock.clone()))
        .collect();
    let (clients, _) = block_on(&clock, all(under_way, None));
    assert_eq!(clients.len(), times, "some were lost");
    ExitCode::SUCCESS
}

/// Prints what a pair takes of instructions, and tells whether that is within the ceilings.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn instructions() -> Result<bool, String> {
    let (pair, bare) = (each("pair", 1, COUNTED - 1)?, each("handshake", 1, 1)?);
    let (few, many) = (
        each("open", 50, 50)?,
        each("open", COUNTED_OPEN / 2, COUNTED_OPEN / 2)?,
    );
    let (ratio, growth) = (pair as f64 / bare as f64, many as f64 / few as f64);
    println!(
        "instructions of a pair: {} / {} for the bare handshake = {ratio:.3} (ceiling {INSTRUCTIONS_CEILING})",
        grouped(pair),
        grouped(bare)
    );
    println!(
        "with security 0, another one among {COUNTED_OPEN}: {} / {} among 100 = {growth:.3} (ceiling {INSTRUCTIONS_GROWTH_CEILING})",
        grouped(many),
        grouped(few)
    );
    Ok(ratio <= INSTRUCTIONS_CEILING && growth <= INSTRUCTIONS_GROWTH_CEILING)
}

/// Prints what a thousand pairs take of time and memory, and tells whether that is within the ceilings.
fn crowd() -> bool {
    let (scenario, bare) = (scenario("2"), BothHalves::new());
    // First: what has been used once is not given back to the system, and then costs nothing.
    let crowd = run(&scenario, CROWD, &bare);
    let few = run(&scenario, FEW, &bare);
    let (time, growth, memory) = (crowd.ratio(), crowd.ratio() / few.ratio(), crowd.memory);
    println!(
        "{CROWD} pairs, security 2: {:.1?} of processor time each / {:.1?} for the bare handshake = {time:.2} (ceiling {TIME_CEILING:.1})",
        crowd.time, crowd.handshake
    );
    println!("compared with a pair among {FEW}: {growth:.2} (ceiling {GROWTH_CEILING:.1})");
    println!("memory of a pair: {memory} bytes (ceiling {MEMORY_CEILING})");
    time <= TIME_CEILING && growth <= GROWTH_CEILING && memory <= MEMORY_CEILING
}

fn main() -> ExitCode {
    program("pairs", count, || {
        let good = crowd();
        Ok(instructions()? && good)
    })
}
