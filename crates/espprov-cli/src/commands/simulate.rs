//! `simulate`: a simulated ESP32 for tests, apps and CI.

#[cfg(feature = "ble")]
mod ble;
mod farm;
mod idle;

use super::Context;
use crate::args::SimulateArgs;
use crate::errors::{self, Class, Failure};
use crate::output::{Output, Report, Success};
use crate::secret_input;
use crate::signals::heard;
use crate::target;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::pin::pin;
use core::time::Duration;
use espprov::TokioClock;
use espprov::explain::io::os_reason;
use espprov::target::World;
use espprov_simulator::scenario::{Link, NetworkType};
use espprov_simulator::{Console, HttpServer, Scenario, Secret, Shared, SimDevice, SimEvent};
use espprov_types::{SetupNetwork, SetupPayload, SetupTransport};
use std::io::{self, Write};
use std::path::Path;

/// Where it listens if nothing is said.
const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

pub(super) async fn run(context: &Context, args: &SimulateArgs) -> Result<Success, Failure> {
    let out = &context.out;
    let scenario = scenario(context, args).await?;
    if args.console {
        out.divert_to_stderr();
    }
    let address = match args.http {
        None if !args.console && !wants_pty(args) && !wants_ble(args) => Some(DEFAULT_ADDRESS),
        address => address,
    };
    let serves = idle::Serves {
        http: address.is_some() || args.count.is_some(),
        console: args.console || wants_pty(args),
    };
    idle::refuse(args, &scenario, &serves)?;
    if let Some(count) = args.count {
        return farm::run(out, &scenario, address.unwrap_or(DEFAULT_ADDRESS), count).await;
    }
    introduce(out, &scenario);
    let seed = scenario.seed;
    let mut device = espprov::target::sim_device(scenario)?;
    if out.verbosity() > 0 {
        device.observe(|at, event| narrate("", at, event));
    }
    #[cfg(feature = "ble")]
    let peripheral = ble::peripheral(args, &device);
    let device = Shared::new(device);
    let page = args.page.as_deref().map(read_page).transpose()?;
    let http = serve_http(out, address, &device, seed, page);
    let console = serve_console(out, args, &device);
    let pty = serve_pty(out, args, &device);
    #[cfg(feature = "ble")]
    let ble = ble::serve(out, args.ble.as_ref(), &device, &peripheral);
    #[cfg(not(feature = "ble"))]
    let ble = core::future::pending();
    tokio::select! {
        // Polled first, so that a signal is seen before anything happens.
        biased;
        signal = heard() => Err(errors::stopped(signal)),
        end = http => end,
        end = console => end,
        end = pty => end,
        end = ble => end,
    }
}

/// A line on stderr, on its own path: an observer may be called from anywhere.
fn narrate(who: &str, at: Duration, event: &SimEvent) {
    let _ = writeln!(io::stderr().lock(), "{:>9.3} s  {who}{event}", at.as_secs_f64());
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    Failure::new(
        Class::Unexpected,
        "listen",
        format!("cannot listen on {address}: {}", os_reason(error)),
    )
    .with_cause("another program listens there, or the address is not of this machine")
    .with_help("choose another address, for example --http 127.0.0.1:0 for any free port")
}

async fn serve_http(
    out: &Output,
    address: Option<SocketAddr>,
    device: &Shared<SimDevice>,
    seed: u64,
    page: Option<Vec<u8>>,
) -> Result<Success, Failure> {
    let Some(address) = address else {
        return core::future::pending().await;
    };
    let cannot = |error: &io::Error| cannot_listen(address, error);
    let mut server = HttpServer::bind(address, device.clone())
        .await
        .map_err(|error| cannot(&error))?
        .with_seed(seed);
    if let Some(page) = page {
        server = server.with_page(page);
    }
    let bound = server.local_addr().map_err(|error| cannot(&error))?;
    out.event(&Report::Listening {
        transport: "http",
        address: format!("http://{bound}"),
    });
    server.run().await.map_err(|error| cannot(&error))?;
    Ok(Success::done())
}

/// The page that browsers are shown.
fn read_page(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::usage(
            "file",
            format!("cannot read the page {}: {}", path.display(), os_reason(&error)),
        )
        .with_cause("--page takes one file with all that the page needs in it")
        .with_help("check the path; bindings/web builds one, dist/page.html")
    })
}

async fn serve_console(
    out: &Output,
    args: &SimulateArgs,
    device: &Shared<SimDevice>,
) -> Result<Success, Failure> {
    if !args.console {
        return core::future::pending().await;
    }
    out.event(&Report::Listening {
        transport: "console",
        address: "stdio".to_owned(),
    });
    let console = Console::new(device.clone()).with_line_limit(line_limit(args));
    let clock = TokioClock::new();
    let serving = pin!(console.serve(tokio::io::stdin(), tokio::io::stdout(), &clock));
    match serving.await {
        Ok(()) => Ok(Success::done()),
        // The other side hung up: the usual end.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Success::done()),
        Err(error) => Err(Failure::new(
            Class::Unexpected,
            "console",
            format!("the console failed: {}", error.kind()),
        )
        .with_help("check what standard input and output are connected to")),
    }
}

/// Characters in the longest line of stock firmware.
const LINE_LIMIT: usize = 254;

/// The simulator counts the carriage return.
fn line_limit(args: &SimulateArgs) -> usize {
    match args.line_limit.unwrap_or(LINE_LIMIT) {
        0 => 0,
        limit => limit.saturating_add(1),
    }
}

#[cfg(feature = "ble")]
const fn wants_ble(args: &SimulateArgs) -> bool {
    args.ble.is_some()
}

#[cfg(not(feature = "ble"))]
const fn wants_ble(_: &SimulateArgs) -> bool {
    false
}

#[cfg(all(unix, feature = "serial"))]
const fn wants_pty(args: &SimulateArgs) -> bool {
    args.pty
}

#[cfg(not(all(unix, feature = "serial")))]
const fn wants_pty(_: &SimulateArgs) -> bool {
    false
}

#[cfg(not(all(unix, feature = "serial")))]
async fn serve_pty(_: &Output, _: &SimulateArgs, _: &Shared<SimDevice>) -> Result<Success, Failure> {
    core::future::pending().await
}

#[cfg(all(unix, feature = "serial"))]
async fn serve_pty(
    out: &Output,
    args: &SimulateArgs,
    device: &Shared<SimDevice>,
) -> Result<Success, Failure> {
    if !args.pty {
        return core::future::pending().await;
    }
    let failed = |error: io::Error| {
        Failure::new(
            Class::Unexpected,
            "pty",
            format!("the pseudo-terminal failed: {}", os_reason(&error)),
        )
        .with_help("check that the system has pseudo-terminals left")
    };
    let mut pty = espprov::serial::Pty::new().map_err(failed)?;
    let path = pty.path().map_err(failed)?;
    out.event(&Report::Listening {
        transport: "serial",
        address: format!("serial:{path}"),
    });
    let console = Console::new(device.clone()).with_line_limit(line_limit(args));
    let (input, output) = tokio::io::split(pty.stream());
    console
        .serve(input, output, &TokioClock::new())
        .await
        .map_err(failed)?;
    Ok(Success::done())
}

/// Tells a person how to reach the device. Its credentials are shown on a terminal only, so that they get
/// into no log.
fn introduce(out: &Output, scenario: &Scenario) {
    let scheme = scenario.scheme();
    out.say_labelled("Device", &scenario.device.name);
    out.say_labelled(
        "Firmware",
        &format!("{}, security {scheme}", scenario.device.flavour),
    );
    if scenario.is_local_ctrl() {
        let count = scenario.properties().len();
        out.say_labelled(
            "Serves",
            &format!("local control, {count} properties; no provisioning"),
        );
    }
    if !out.is_watched() {
        return;
    }
    let text = |bytes: &[u8]| crate::output::clean(&String::from_utf8_lossy(bytes));
    match (scheme, scenario.proof()) {
        (1, Some(pop)) if pop.is_empty() => out.say_labelled("PoP", "(none)"),
        (1, Some(pop)) => out.say_labelled("PoP", &text(pop.expose())),
        (_, Some(password)) => {
            out.say_labelled("Username", &crate::output::clean(scenario.username()));
            out.say_labelled("Password", &text(password.expose()));
        }
        (_, None) => {}
    }
    if let Some(payload) = payload(scenario) {
        out.say_labelled("Setup code", &payload);
    }
}

/// The text that a label on this device would have.
fn payload(scenario: &Scenario) -> Option<String> {
    if scenario.is_local_ctrl() {
        // It has its network: there is nothing to set up.
        return None;
    }
    let mut payload = SetupPayload::new(&scenario.device.name, SetupTransport::SoftAp).ok()?;
    payload.security = Some(scenario.scheme());
    if scenario.network() == NetworkType::Thread {
        payload.network = SetupNetwork::Thread;
    }
    let proof = scenario.proof().map(Secret::expose);
    if scenario.scheme() == 2 {
        payload.username = scenario.username().try_into().ok();
        payload.pop = proof.and_then(|password| espprov_types::Secret::new(password).ok());
    } else {
        // Empty, it wants none.
        let pop = proof.filter(|pop| !pop.is_empty());
        payload.pop = pop.and_then(|pop| espprov_types::Secret::new(pop).ok());
    }
    let mut text = String::new();
    payload.write_json(&mut text).ok()?;
    Some(text)
}

/// The scenario with what the command line says instead.
async fn scenario(context: &Context, args: &SimulateArgs) -> Result<Scenario, Failure> {
    let mut scenario = target::load(&World::parse(&args.scenario)).await?;
    let given = secret_input::credentials(&args.credentials, &context.stdin).await?;
    let secret = |bytes: &[u8]| {
        Secret::new(bytes).map_err(|_| {
            Failure::usage("too_long", "a credential is too long")
                .with_cause("the simulated device keeps less")
                .with_help("shorten it")
        })
    };
    // Who types a PoP means this device, whichever scheme it runs; the environment's is for several commands, and comes behind
    // what the scenario says.
    let typed = &args.credentials;
    if let Some(pop) = &given.pop {
        if typed.pop.is_some() {
            scenario.set_proof(secret(pop)?);
        } else {
            scenario.security.pop = secret(pop)?;
        }
    }
    if let Some(username) = &given.username {
        scenario.security.username = Some(String::from_utf8_lossy(username).into_owned());
    }
    if let Some(password) = &given.password
        && (typed.password.is_some() || typed.pop.is_none())
    {
        scenario.security.password = Some(secret(password)?);
    }
    scenario.security.scheme = args.security.or(scenario.security.scheme);
    scenario.security.patch = args.patch.or(scenario.security.patch);
    scenario.device.flavour = args.flavour.unwrap_or(scenario.device.flavour);
    scenario.device.network = args.network.or(scenario.device.network);
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    if wants_ble(args) && scenario.device.link == Link::Ideal {
        scenario.device.link = Link::Nimble;
    }
    Ok(scenario)
}
