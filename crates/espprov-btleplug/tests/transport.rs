//! The transport over a peripheral in memory: limits, errors, deadlines, and that it always disconnects.
//! Time is tokio's, paused: the tests wait for nothing.

mod common;

use common::{Fake, Step};
use core::time::Duration;
use espprov_btleplug::uuids::{DEFAULT_SERVICE, EXAMPLE_SERVICE};
use espprov_btleplug::{BleError, BleTransport, ConnectOptions};
use espprov_transport::{Endpoint, LinkFault, Reconnect, SessionIntent, Transport, TransportError};

const fn assert_send<T: Send>(value: T) -> T {
    value
}

async fn connected(fake: &Fake) -> BleTransport<Fake> {
    fake.with(|s| s.connected = true);
    let connecting = BleTransport::from_connected(fake.clone(), ConnectOptions::default());
    assert_send(connecting).await.unwrap()
}

async fn ask(link: &mut BleTransport<Fake>, endpoint: Endpoint<'_>, len: usize) -> Result<usize, BleError> {
    let mut buf = [7; 1024];
    assert_send(link.exchange(endpoint, &mut buf, len)).await
}

/// One exchange on a fresh link with this plan for writes; then whether the link still works.
async fn failing(endpoint: Endpoint<'_>, len: usize, step: Step) -> (BleError, bool) {
    let fake = Fake::new(DEFAULT_SERVICE);
    let mut link = connected(&fake).await;
    fake.with(|s| s.writes = vec![step]);
    let error = ask(&mut link, endpoint, len).await.unwrap_err();
    let usable = ask(&mut link, Endpoint::PROTO_VER, 1).await.is_ok();
    (error, usable)
}

#[tokio::test(start_paused = true)]
async fn request_and_reply() {
    let fake = Fake::new(EXAMPLE_SERVICE);
    let mut link = connected(&fake).await;
    let mut buf = [0; 512];
    buf[..3].copy_from_slice(b"ESP");
    assert_eq!(link.exchange(Endpoint::PROTO_VER, &mut buf, 3).await, Ok(3));
    assert_eq!(&buf[..3], b"ESP");
    assert_eq!((link.mtu(), link.limits().max_request), (256, Some(512)));
    assert_eq!(
        (link.limits().scan.page, link.limits().scan.group_channels),
        (4, 0)
    );
    let mut names = Vec::new();
    Transport::endpoints(&link, &mut |name| names.push(name.to_owned()));
    assert_eq!(names, ["prov-session", "prov-config", "proto-ver"]);
    // One write and one read for it, and one name that confirms the others; nothing else.
    let calls = fake.with(|s| s.calls.clone());
    assert_eq!(calls, ["discover", "read_descriptor", "write", "read"]);
}

/// The endpoints that a device of these characteristics has, and how many names were read for it.
async fn listed(endpoints: &[(u16, Option<&'static str>)]) -> (Vec<String>, usize) {
    let fake = Fake::new(DEFAULT_SERVICE);
    fake.with(|s| s.endpoints = endpoints.to_vec());
    let link = connected(&fake).await;
    let names = link.endpoint_map().names().map(str::to_owned).collect();
    (names, fake.count("read_descriptor"))
}

#[tokio::test(start_paused = true)]
async fn names_are_read_as_far_as_they_are_not_certain() {
    let standard = [
        (0xff4f, Some("prov-ctrl")),
        (0xff50, Some("prov-scan")),
        (0xff51, Some("prov-session")),
        (0xff52, Some("prov-config")),
        (0xff53, Some("proto-ver")),
    ];
    let usual = [
        "prov-ctrl",
        "prov-scan",
        "prov-session",
        "prov-config",
        "proto-ver",
    ];
    assert_eq!(listed(&standard).await, (usual.map(str::to_owned).to_vec(), 1));
    // An application's own are asked, also the one that has a usual name.
    let own = [
        standard.as_slice(),
        &[(0xff54, Some("cloud")), (0xff55, Some("echo"))],
    ]
    .concat();
    let (names, read) = listed(&own).await;
    assert_eq!(
        (&names[5..], read),
        (["cloud".to_owned(), "echo".to_owned()].as_slice(), 3)
    );
    // Nothing confirms the table: all are asked, and what they say counts.
    let odd = [
        (0xff50, Some("prov-session")),
        (0xff51, Some("prov-scan")),
        (0xff53, None),
    ];
    let (names, read) = listed(&odd).await;
    assert_eq!(
        (names, read),
        (
            ["prov-session", "prov-scan", "proto-ver"]
                .map(str::to_owned)
                .to_vec(),
            2
        )
    );
    // An application's endpoint has the name of one that was believed: that one is asked, too.
    let twin = [
        (0xff51, Some("prov-session")),
        (0xff52, Some("other")),
        (0xff54, Some("prov-config")),
    ];
    let (names, read) = listed(&twin).await;
    assert_eq!(
        (names, read),
        (
            ["prov-session", "other", "prov-config"]
                .map(str::to_owned)
                .to_vec(),
            3
        )
    );
}

#[tokio::test(start_paused = true)]
async fn known_before_anything_is_sent() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let mut link = connected(&fake).await;
    assert_eq!(
        ask(&mut link, Endpoint::PROTO_VER, 0).await,
        Err(BleError::EmptyRequest)
    );
    assert_eq!(
        ask(&mut link, Endpoint::PROV_SCAN, 1).await,
        Err(BleError::NoSuchEndpoint)
    );
    let too_large = ask(&mut link, Endpoint::PROTO_VER, 513).await;
    assert_eq!(too_large, Err(BleError::RequestTooLarge { limit: 512 }));
    assert_eq!(fake.count("write"), 0);
    assert_eq!(ask(&mut link, Endpoint::PROTO_VER, 512).await, Ok(512));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_with_and_without_a_hang_up() {
    let att4 = "Operation failed with ATT error: 0x04";
    let (error, usable) = failing(Endpoint::PROV_SESSION, 43, Step::Fails(att4)).await;
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: true });
    assert!(usable);
    let (error, usable) = failing(Endpoint::PROV_SESSION, 43, Step::FailsAndHangsUp(att4)).await;
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: false });
    assert!(!usable);
}

#[tokio::test(start_paused = true)]
async fn a_hang_up_refuses_a_handshake_and_breaks_anything_else() {
    let hung_up = Step::FailsAndHangsUp("Operation failed with ATT error: 0x0e");
    let (error, _) = failing(Endpoint::PROV_SESSION, 43, hung_up).await;
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: false });
    let (error, usable) = failing(Endpoint::PROV_CONFIG, 2, hung_up).await;
    assert_eq!(error, BleError::LinkLost { delivered: false });
    assert!(!usable);
    // The device stays: it was an answer.
    let (error, usable) = failing(
        Endpoint::PROV_CONFIG,
        2,
        Step::Fails("Operation failed with ATT error: 0x0e"),
    )
    .await;
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: true });
    assert!(usable);
}

#[tokio::test(start_paused = true)]
async fn shorter_values_are_learned() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let mut link = connected(&fake).await;
    fake.with(|s| s.writes = vec![Step::Fails("Invalid Length"); 2]);
    for (len, limit) in [(500, 481), (400, 257)] {
        let refused = ask(&mut link, Endpoint::PROV_CONFIG, len).await;
        assert_eq!(refused, Err(BleError::RequestTooLarge { limit }));
        assert_eq!(link.limits().max_request, Some(limit));
        // The next one is not even sent.
        let writes = fake.count("write");
        assert_eq!(
            ask(&mut link, Endpoint::PROV_CONFIG, limit + 1).await,
            Err(BleError::RequestTooLarge { limit })
        );
        assert_eq!(fake.count("write"), writes);
    }
    assert_eq!(ask(&mut link, Endpoint::PROV_CONFIG, 257).await, Ok(257));
    // Shorter than any limit known: a refusal like others.
    let (error, usable) = failing(Endpoint::PROV_CONFIG, 9, Step::Fails("Invalid Length")).await;
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: true });
    assert!(usable);
}

#[tokio::test(start_paused = true)]
async fn lost_before_and_after_delivery() {
    let (error, usable) = failing(Endpoint::PROV_CONFIG, 2, Step::Fails("Not connected")).await;
    assert_eq!(error.fault(), LinkFault::Lost { delivered: false });
    assert!(!usable);
    let fake = Fake::new(DEFAULT_SERVICE);
    let mut link = connected(&fake).await;
    fake.with(|s| s.reads = vec![Step::Fails("Not connected")]);
    let error = ask(&mut link, Endpoint::PROV_CONFIG, 2).await.unwrap_err();
    assert_eq!(error.fault(), LinkFault::Lost { delivered: true });
    let (error, _) = failing(Endpoint::PROV_CONFIG, 2, Step::Fails("Not paired")).await;
    assert_eq!(error.fault(), LinkFault::NeedsPairing);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_write_ends_at_the_deadline() {
    let (error, usable) = failing(Endpoint::PROV_CONFIG, 2, Step::Hangs).await;
    assert_eq!(error.fault(), LinkFault::TimedOut { delivered: false });
    assert!(!usable);
}

#[tokio::test(start_paused = true)]
async fn a_reply_longer_than_the_buffer() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let mut link = connected(&fake).await;
    fake.with(|s| s.answer = Some(vec![0; 300]));
    let mut small = [0; 16];
    let error = link.exchange(Endpoint::PROTO_VER, &mut small, 1).await;
    assert_eq!(error, Err(BleError::ReplyTooLarge { need: 300 }));
    assert_eq!(
        ask(&mut link, Endpoint::PROTO_VER, 1).await,
        Err(BleError::NeedsReconnect)
    );
}

#[tokio::test(start_paused = true)]
async fn closing_disconnects_and_does_not_dawdle() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let mut link = connected(&fake).await;
    let start = tokio::time::Instant::now();
    link.close().await;
    assert!(start.elapsed() < Duration::from_millis(500));
    link.close().await;
    assert_eq!(
        ask(&mut link, Endpoint::PROTO_VER, 1).await,
        Err(BleError::NeedsReconnect)
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(fake.count("disconnect"), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_disconnects() {
    let fake = Fake::new(DEFAULT_SERVICE);
    drop(connected(&fake).await);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(fake.count("disconnect"), 1);
    // Not if the application wants its peripheral back.
    let fake = Fake::new(DEFAULT_SERVICE);
    let peripheral = connected(&fake).await.into_peripheral();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(peripheral.with(|s| s.connected));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_exchange_poisons() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let mut link = connected(&fake).await;
    fake.with(|s| s.writes = vec![Step::Hangs]);
    let limit = Duration::from_secs(1);
    let cut = tokio::time::timeout(limit, ask(&mut link, Endpoint::PROV_CONFIG, 2)).await;
    assert!(cut.is_err() && !link.delivered());
    assert_eq!(
        ask(&mut link, Endpoint::PROTO_VER, 1).await,
        Err(BleError::NeedsReconnect)
    );
    link.reconnect(SessionIntent::Fresh).await.unwrap();
    assert_eq!(ask(&mut link, Endpoint::PROTO_VER, 1).await, Ok(1));
    fake.with(|s| s.reads = vec![Step::Hangs]);
    let cut = tokio::time::timeout(limit, ask(&mut link, Endpoint::PROV_CONFIG, 2)).await;
    assert!(cut.is_err() && link.delivered());
    // The old connection was gone before the new one was made.
    let calls = fake.with(|s| s.calls.clone());
    let at = |call: &str| calls.iter().position(|c| c == call).unwrap();
    assert!(at("disconnect") < at("connect"));
}

#[tokio::test(start_paused = true)]
async fn connecting_is_tried_again_and_given_up() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let mut link = connected(&fake).await;
    // Fails once, then works.
    fake.with(|s| s.connects = vec![Step::Fails("le-connection-abort-by-local")]);
    link.reconnect(SessionIntent::Fresh).await.unwrap();
    assert_eq!(fake.count("connect"), 2);
    // Hangs both times.
    fake.with(|s| s.connects = vec![Step::Hangs, Step::Hangs]);
    let start = tokio::time::Instant::now();
    let error = link.reconnect(SessionIntent::Keep).await.unwrap_err();
    assert_eq!(error, BleError::ConnectTimedOut);
    assert!(start.elapsed() < Duration::from_secs(35));
    // An adapter that is off will not be on a moment later.
    let before = fake.count("connect");
    fake.with(|s| s.connects = vec![Step::Fails("Resource Not Ready"); 2]);
    assert_eq!(
        link.reconnect(SessionIntent::Keep).await,
        Err(BleError::AdapterOff)
    );
    assert_eq!(fake.count("connect"), before + 1);
    // Every attempt was let go.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!fake.with(|s| s.connected));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_connect_leaves_nothing_behind() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let mut link = connected(&fake).await;
    fake.with(|s| s.connects = vec![Step::Hangs]);
    let cut = tokio::time::timeout(Duration::from_secs(5), link.reconnect(SessionIntent::Fresh)).await;
    assert!(cut.is_err());
    let before = fake.count("disconnect");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(fake.count("disconnect"), before + 1);
}

#[tokio::test(start_paused = true)]
async fn other_devices_are_not_provisionable() {
    let fake = Fake::new(uuid::uuid!("0000180f-0000-1000-8000-00805f9b34fb"));
    fake.with(|s| {
        s.connected = true;
        s.endpoints = vec![(0x2a19, None)];
    });
    let result = BleTransport::from_connected(fake, ConnectOptions::default()).await;
    assert_eq!(result.unwrap_err(), BleError::NotProvisionable);
}
