//! The serial transport over a pseudo-terminal, against the simulator's console: the same code that runs on a
//! real port.
#![cfg(unix)]

use espprov_core::auth::{Sec1Only, Sec2Only};
use espprov_core::{Outcome, ProvisionError, Provisioner, ScanOptions, WifiConfig};
use espprov_serial::{Pty, SerialTarget, open};
use espprov_simulator::{Console, Scenario, Shared, SimDevice};
use espprov_tokio::TokioClock;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// Serves a simulated device on a pseudo-terminal for as long as `client` runs.
async fn with_device<T>(scheme: u8, options: &str, client: impl AsyncFnOnce(SerialTarget) -> T) -> T {
    let mut scenario = Scenario::builtin("zero").unwrap();
    scenario.security.scheme = Some(scheme);
    let device = Shared::new(SimDevice::new(scenario).unwrap());
    let limit = if options.contains("line-limit=0") { 0 } else { 255 };
    let console = Console::new(device).with_line_limit(limit).with_log_noise(11);
    let mut pty = Pty::new().unwrap();
    let target = format!("{}{options}", pty.path().unwrap()).parse().unwrap();
    let clock = TokioClock::new();
    let (input, output) = tokio::io::split(pty.stream());
    tokio::select! {
        result = client(target) => result,
        end = console.serve(input, output, &clock) => panic!("the console ended: {end:?}"),
    }
}

#[tokio::test]
async fn provisions_with_security_1() {
    with_device(1, "?baud=921600", async |target| {
        let clock = TokioClock::new();
        let link = open(&target, clock).unwrap();
        let auth = Sec1Only::new(b"abcd1234").unwrap();
        let mut device = Provisioner::new(link, auth, ChaCha20Rng::seed_from_u64(1), clock, vec![0; 2048]);
        let networks = device.scan_wifi(&ScanOptions::default()).await.unwrap();
        assert!(networks.iter().any(|network| network.ssid.as_bytes() == b"Home"));
        let config = WifiConfig::new(b"Home", b"correct-horse").unwrap();
        let outcome = device.provision_wifi(&config).await.unwrap();
        assert!(matches!(outcome, Outcome::Connected(on) if on.ip.is_some()));
        device.close().await;
    })
    .await;
}

#[tokio::test]
async fn security_2_needs_longer_lines() {
    let run = async |target: SerialTarget| {
        let clock = TokioClock::new();
        let link = open(&target, clock).unwrap();
        let auth = Sec2Only::new(b"wifiprov", b"abcd1234").unwrap();
        let mut device = Provisioner::new(link, auth, ChaCha20Rng::seed_from_u64(2), clock, vec![0; 2048]);
        device
            .provision_wifi(&WifiConfig::new(b"Home", b"correct-horse").unwrap())
            .await
    };
    let outcome = with_device(2, "?line-limit=0", run).await.unwrap();
    assert!(matches!(outcome, Outcome::Connected(_)));
    // Stock firmware's limit: refused before anything of it is sent, by name.
    let error = with_device(2, "", run).await.unwrap_err();
    assert!(
        matches!(error, ProvisionError::RequestTooLarge { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_wrong_pop_is_told_apart_from_a_broken_line() {
    with_device(1, "", async |target| {
        let clock = TokioClock::new();
        let link = open(&target, clock).unwrap();
        let auth = Sec1Only::new(b"wrong").unwrap();
        let mut device = Provisioner::new(link, auth, ChaCha20Rng::seed_from_u64(3), clock, vec![0; 2048]);
        let error = device.connect().await.unwrap_err();
        assert!(
            matches!(error, ProvisionError::WrongCredentials { .. }),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn no_such_port() {
    let target: SerialTarget = "/dev/does-not-exist".parse().unwrap();
    assert!(open(&target, TokioClock::new()).is_err());
}
