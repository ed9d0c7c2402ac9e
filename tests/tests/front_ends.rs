//! The real clients of a link against the simulator's front end of it: HTTP over a loopback socket, the console
//! over a pipe. Both sides were written from the same description and by different hands.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use embedded_io_adapters::tokio_1::FromTokio;
use espprov::TokioClock;
use espprov_core::auth::Auto;
use espprov_core::{Outcome, ProvisionError, Provisioner, ScanOptions, WifiConfig, WifiFailure};
use espprov_http::{HttpTarget, HttpTransport};
use espprov_simulator::{Console, HttpServer, Scenario, Shared, SimDevice, SimEvent};
use espprov_transport::{Endpoint, LinkFault, Reconnect, SessionIntent, Transport, TransportError};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::sync::Arc;

fn device(scheme: u8) -> Shared<SimDevice> {
    let mut scenario = Scenario::builtin("default").unwrap();
    scenario.security.scheme = Some(scheme);
    scenario.device.auto_stop = false;
    scenario.delays.scan = Duration::from_millis(100);
    scenario.delays.connect = Duration::from_millis(100);
    scenario.delays.auth_fail = Duration::ZERO;
    Shared::new(SimDevice::new(scenario).unwrap())
}

async fn serve(device: Shared<SimDevice>) -> SocketAddr {
    let server = HttpServer::bind("127.0.0.1:0", device).await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run());
    address
}

fn http(address: SocketAddr) -> HttpTransport {
    HttpTransport::new(format!("http://{address}").parse::<HttpTarget>().unwrap())
}

fn client<T: Reconnect>(link: T, pop: &[u8]) -> Provisioner<T, Auto, ChaCha20Rng, TokioClock, Vec<u8>> {
    let auth = Auto::new().with_pop(pop).unwrap();
    Provisioner::new(
        link,
        auth,
        ChaCha20Rng::seed_from_u64(5),
        TokioClock::new(),
        vec![0; 16 * 1024],
    )
}

fn home() -> WifiConfig<'static> {
    WifiConfig::new(b"Home", b"correct-horse").unwrap()
}

#[tokio::test]
async fn http_scans_corrects_a_passphrase_and_provisions() {
    for scheme in [1, 2] {
        let mut device = client(http(serve(device(scheme)).await), b"abcd1234");
        let found = device.scan_wifi(&ScanOptions::default()).await.unwrap();
        assert_eq!(found.len(), 13);
        let wrong = WifiConfig::new(b"Home", b"battery-staple").unwrap();
        let outcome = device.provision_wifi(&wrong).await.unwrap();
        assert_eq!(outcome, Outcome::Failed(WifiFailure::AuthError));
        let outcome = device.provision_wifi(&home()).await.unwrap();
        assert!(matches!(outcome, Outcome::Connected(_)), "{outcome:?}");
        device.close().await;
    }
}

#[tokio::test]
async fn http_tells_wrong_credentials_from_a_bad_link() {
    for scheme in [1, 2] {
        let address = serve(device(scheme)).await;
        let result = client(http(address), b"wrong").provision_wifi(&home()).await;
        assert!(
            matches!(result, Err(ProvisionError::WrongCredentials { .. })),
            "{result:?}"
        );
        let outcome = client(http(address), b"abcd1234").provision_wifi(&home()).await;
        assert!(
            matches!(outcome, Ok(Outcome::Connected(_))),
            "the next client: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn http_faults_are_classified() {
    let mut link = http(serve(device(2)).await);
    let mut buf = [b'-'; 512];
    assert!(link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await.is_ok());
    // No session: the device closes without a byte.
    let error = link
        .exchange(Endpoint::PROV_CONFIG, &mut buf, 20)
        .await
        .unwrap_err();
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: false });
    link.reconnect(SessionIntent::Keep).await.unwrap();
    let nobody = Endpoint::custom("nobody").unwrap();
    let error = link.exchange(nobody, &mut buf, 3).await.unwrap_err();
    assert_eq!(error.fault(), LinkFault::NoSuchEndpoint);
}

#[tokio::test]
async fn http_keeps_a_session_across_connections_and_drops_it_on_request() {
    for (intent, sessions) in [(SessionIntent::Keep, 1), (SessionIntent::Fresh, 2)] {
        let device = device(2);
        let opened = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&opened);
        device.with(|device| {
            device.observe(move |_, event| {
                if *event == SimEvent::SessionOpened {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        });
        let mut link = http(serve(device).await);
        let mut buf = [b'-'; 512];
        link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await.unwrap();
        link.reconnect(intent).await.unwrap();
        link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await.unwrap();
        assert_eq!(opened.load(Ordering::Relaxed), sessions, "{intent:?}");
    }
}

/// A console in a task of its own, and the client's end of it; both with the limit of stock firmware or none.
fn console(device: Shared<SimDevice>, limited: bool, noise: Option<u64>) -> impl Reconnect {
    let (theirs, ours) = tokio::io::duplex(4096);
    let mut console = Console::new(device);
    if !limited {
        console = console.with_line_limit(0);
    }
    if let Some(seed) = noise {
        console = console.with_log_noise(seed);
    }
    tokio::spawn(async move {
        let (input, output) = tokio::io::split(theirs);
        console.serve(input, output, &TokioClock::new()).await
    });
    let (rx, tx) = tokio::io::split(ours);
    let link =
        espprov_embedded::console::Console::new(FromTokio::new(rx), FromTokio::new(tx), TokioClock::new());
    if limited { link } else { link.with_line_limit(None) }
}

#[tokio::test]
async fn console_provisions_among_log_lines() {
    for seed in 0..4 {
        let link = console(device(1), true, Some(seed));
        let mut client = client(link, b"abcd1234");
        let found = client.scan_wifi(&ScanOptions::default()).await.unwrap();
        assert_eq!(found.len(), 13);
        let outcome = client.provision_wifi(&home()).await.unwrap();
        assert!(
            matches!(outcome, Outcome::Connected(_)),
            "seed {seed}: {outcome:?}"
        );
        client.close().await;
    }
}

#[tokio::test]
async fn console_tells_a_wrong_pop() {
    let result = client(console(device(1), true, None), b"wrong")
        .provision_wifi(&home())
        .await;
    assert!(
        matches!(result, Err(ProvisionError::WrongCredentials { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn console_lines_are_too_short_for_security_2() {
    let result = client(console(device(2), true, None), b"abcd1234")
        .provision_wifi(&home())
        .await;
    // 254 characters less "prov-session", an id of one digit and two blanks, two characters to a byte.
    assert!(
        matches!(
            result,
            Err(ProvisionError::RequestTooLarge {
                need: 406,
                limit: 119
            })
        ),
        "{result:?}"
    );
    let outcome = client(console(device(2), false, None), b"abcd1234")
        .provision_wifi(&home())
        .await;
    assert!(
        matches!(outcome, Ok(Outcome::Connected(_))),
        "without a limit: {outcome:?}"
    );
}
