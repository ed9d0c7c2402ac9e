//! Several clients at one device over HTTP, where the last one to come has it: nobody is told that good credentials are
//! wrong.

use core::net::SocketAddr;
use core::time::Duration;
use espprov::TokioClock;
use espprov_core::auth::Auto;
use espprov_core::{Outcome, Phase, ProvisionError, Provisioner, WifiConfig, WifiConnection, WifiFailure};
use espprov_http::{HttpError, HttpTarget, HttpTransport};
use espprov_simulator::{HttpServer, Shared, SimDevice};
use espprov_tests::pair::{Scheme, SetUp, WORLD};
use espprov_transport::{Endpoint, Transport};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

type Ended = Result<Outcome<WifiConnection, WifiFailure>, ProvisionError<HttpError>>;

/// A device that is quick, and serves on.
async fn device(scheme: Scheme) -> (SocketAddr, JoinHandle<()>) {
    let world = WORLD.replace("connect_ms = 1800", "connect_ms = 300").replacen(
        "[device]",
        "[device]\nauto_stop = false",
        1,
    );
    let device = Shared::new(SimDevice::new(scheme.scenario(&world)).unwrap());
    let server = HttpServer::bind("127.0.0.1:0", device).await.unwrap();
    let address = server.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let _ = server.run().await;
    });
    (address, task)
}

async fn provision(address: SocketAddr, auth: Auto, seed: u64, total: Duration) -> Ended {
    let link = HttpTransport::new(HttpTarget::from(address));
    let rng = ChaCha20Rng::seed_from_u64(seed);
    let mut device = Provisioner::new(link, auth, rng, TokioClock::new(), vec![0; 16 * 1024]);
    device.limit_total(total);
    let home = WifiConfig::new(b"Home", b"correct-horse").unwrap();
    let ended = device.provision_wifi(&home).await;
    device.close().await;
    ended
}

fn is_wrong(ended: &Ended) -> bool {
    matches!(ended, Err(ProvisionError::WrongCredentials { .. }))
}

fn is_taken(ended: &Ended) -> bool {
    matches!(ended, Err(ProvisionError::SessionTaken { .. }))
}

#[tokio::test]
async fn a_crowd_with_the_right_credentials_is_never_told_otherwise() {
    for scheme in [Scheme::Sec1, Scheme::Sec2Patch1] {
        let (address, server) = device(scheme).await;
        let local = tokio::task::LocalSet::new();
        let runs = (0..6).map(|seed| {
            let run = provision(address, scheme.auth(), seed, Duration::from_secs(25));
            local.spawn_local(run)
        });
        let runs: Vec<_> = runs.collect();
        let mut connected = 0;
        local
            .run_until(async {
                for run in runs {
                    let ended = run.await.unwrap();
                    assert!(!is_wrong(&ended), "{scheme:?}: {ended:?}");
                    connected += usize::from(matches!(ended, Ok(Outcome::Connected(_))));
                }
            })
            .await;
        println!("{scheme:?}: {connected} of 6 connected");
        // When they have gone, the device is as good as before.
        let alone = provision(address, scheme.auth(), 9, Duration::from_secs(60)).await;
        assert!(matches!(alone, Ok(Outcome::Connected(_))), "{alone:?}");
        server.abort();
    }
}

#[tokio::test]
async fn a_foreign_question_again_and_again_says_nothing_about_credentials() {
    let (address, server) = device(Scheme::Sec1).await;
    let nuisance = tokio::spawn(async move {
        loop {
            // A session of its own each time.
            let mut link = HttpTransport::new(HttpTarget::from(address));
            let mut buf = [b'-'; 512];
            let _ = link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    for (auth, seed) in [
        (Scheme::Sec1.auth(), 1),
        // Not even a wrong one is judged for certain.
        (Auto::new().with_pop(b"wrong").unwrap(), 2),
    ] {
        let ended = provision(address, auth, seed, Duration::from_secs(4)).await;
        let fair = is_taken(&ended) || matches!(ended, Ok(Outcome::Connected(_)));
        let unlucky = matches!(
            ended,
            Err(ProvisionError::Link { .. } | ProvisionError::Deadline { .. })
        );
        assert!(fair || unlucky || seed == 2 && is_wrong(&ended), "{ended:?}");
        assert!(seed == 2 || !is_wrong(&ended), "{ended:?}");
    }
    nuisance.abort();
    // Alone, a wrong PoP is one, at once and for certain.
    let wrong = Auto::new().with_pop(b"wrong").unwrap();
    let start = std::time::Instant::now();
    let ended = provision(address, wrong, 3, Duration::from_secs(20)).await;
    assert!(is_wrong(&ended), "{ended:?}");
    assert!(start.elapsed() < Duration::from_secs(10));
    let ended = provision(address, Scheme::Sec1.auth(), 4, Duration::from_secs(20)).await;
    assert!(matches!(ended, Ok(Outcome::Connected(_))), "{ended:?}");
    server.abort();
}

/// A front that hands every request on over a connection of its own, without the device's cookies, and closes after each
/// answer: the device's session belongs to nobody.
async fn cookieless(device: SocketAddr) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let _ = hand_on(client, device).await;
        }
    });
    (address, task)
}

async fn hand_on(mut client: TcpStream, device: SocketAddr) -> std::io::Result<()> {
    let request = read_message(&mut client).await?;
    let mut back = TcpStream::connect(device).await?;
    back.write_all(&request).await?;
    let answer = read_message(&mut back).await?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let kept = head.split("\r\n").filter(|line| !line.starts_with("Set-Cookie"));
    let mut out = kept.collect::<Vec<_>>().join("\r\n").into_bytes();
    out.extend(&answer[head.len()..]);
    client.write_all(&out).await
}

/// Head and body; empty if the other side closes without a byte.
async fn read_message(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .and_then(|text| text.parse::<usize>().ok())
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Ok(bytes);
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[tokio::test]
async fn a_front_without_cookies_that_closes_after_each_answer() {
    let (address, server) = device(Scheme::Sec1).await;
    let (front, proxy) = cookieless(address).await;
    let ended = provision(front, Scheme::Sec1.auth(), 1, Duration::from_secs(2)).await;
    let phase = Phase::Handshake;
    assert_eq!(ended, Err(ProvisionError::SessionTaken { phase }));
    proxy.abort();
    server.abort();
}
