//! Tests: tables that the platform remembers wrongly, or in part.

use super::*;

#[tokio::test(start_paused = true)]
async fn attributes_that_moved_are_read_afresh_once() {
    for stale in [
        Err("Operation failed with ATT error: 0x01"),
        Err("Operation failed with ATT error: 0x0a"),
        // Another attribute is there now: a declaration, a configuration, another endpoint.
        Ok(b"\x02\x03\x00\x05\x2a".as_slice()),
        Ok(b"\x00\x00"),
        Ok(b"prov-config"),
    ] {
        let fake = Fake::new(DEFAULT_SERVICE);
        let home = Home::new(&fake, Some(MOMENT));
        fake.with(|s| s.names = Some(stale));
        let mut link = connect(&home).await.unwrap();
        assert_eq!(calls(&fake), ["connect", "forget", "connect"], "{stale:?}");
        assert_eq!(ask(&mut link, Endpoint::PROV_SESSION).await, Ok(2));
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_table_is_read_afresh_once() {
    let whole = vec![
        (0xff51, Some("prov-session")),
        (0xff52, Some("prov-config")),
        (0xff53, Some("proto-ver")),
        (0xff54, Some("sensors")),
    ];
    // The connection was cut while the descriptors were read: of the last, or of the one that is always asked.
    for cut in [3, 0] {
        let fake = Fake::new(DEFAULT_SERVICE);
        let home = Home::new(&fake, Some(MOMENT));
        let mut half = whole.clone();
        half[cut].1 = None;
        home.whole.send_replace(Some(whole.clone()));
        fake.with(|s| s.endpoints = half);
        let mut link = connect(&home).await.unwrap();
        assert_eq!(calls(&fake), ["connect", "forget", "connect"], "{cut}");
        let sensors = Endpoint::custom("sensors").unwrap();
        assert_eq!(ask(&mut link, sensors).await, Ok(2));
    }
    // One that stays without a name is the device's own word.
    let fake = Fake::new(DEFAULT_SERVICE);
    let home = Home::new(&fake, Some(MOMENT));
    fake.with(|s| s.endpoints.push((0xff54, None)));
    let mut link = connect(&home).await.unwrap();
    assert_eq!(calls(&fake), ["connect", "forget", "connect"]);
    assert_eq!(ask(&mut link, Endpoint::PROTO_VER).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn odd_names_that_stay_are_the_devices_own() {
    /// Forgetting changes nothing.
    struct Stubborn(Arc<Home>);
    impl Origin<Fake> for Stubborn {
        fn run(&self) -> Run {
            self.0.run()
        }
        fn over(&self, run: Run) -> Later<'_, ()> {
            self.0.over(run)
        }
        fn recover(&self) -> Later<'_, Result<(), BleError>> {
            self.0.recover()
        }
        fn fetch(&self, forget: bool) -> Later<'_, Result<Fake, BleError>> {
            let names = self.0.fake.with(|s| s.names);
            let fetching = self.0.fetch(forget);
            Box::pin(async move {
                let fake = fetching.await;
                self.0.fake.with(|s| s.names = names);
                fake
            })
        }
    }
    let fake = Fake::new(DEFAULT_SERVICE);
    let home = Home::new(&fake, Some(MOMENT));
    fake.with(|s| s.names = Some(Ok(b"\x00\x00")));
    let origin = Arc::new(Stubborn(home));
    let mut link = BleTransport::connect(origin, crate::lease::Ledger::new(), ConnectOptions::default())
        .await
        .unwrap();
    assert_eq!(calls(&fake), ["connect", "forget", "connect"]);
    // The table has to do, and a reconnect does not begin with it again.
    assert_eq!(ask(&mut link, Endpoint::PROV_SESSION).await, Ok(2));
    fake.with(|s| s.calls.clear());
    link.reconnect(SessionIntent::Fresh).await.unwrap();
    assert_eq!(calls(&fake), ["connect"]);
}

/// Local control is another protocol on another service: its ids stand for other names, and what it must have is its own.
#[tokio::test(start_paused = true)]
async fn a_table_of_local_control_is_one_and_half_of_it_is_read_afresh() {
    let control = Endpoint::custom("esp_local_ctrl/control").unwrap();
    let whole = vec![
        (0xfe00, Some("echo")),
        (0xff50, Some("esp_local_ctrl/version")),
        (0xff51, Some("esp_local_ctrl/session")),
        (0xff52, Some("esp_local_ctrl/control")),
    ];
    let fake = Fake::new(LOCAL_CONTROL_SERVICE);
    let home = Home::new(&fake, Some(MOMENT));
    fake.with(|s| s.endpoints = whole.clone());
    let mut link = connect(&home).await.unwrap();
    assert_eq!(calls(&fake), ["connect"], "nothing is missing");
    assert_eq!(ask(&mut link, control).await, Ok(2));
    let missing = ask(&mut link, Endpoint::PROTO_VER).await;
    assert_eq!(missing, Err(BleError::NoSuchEndpoint));
    for left in 2..=3 {
        let fake = Fake::new(LOCAL_CONTROL_SERVICE);
        let home = Home::new(&fake, Some(MOMENT));
        home.whole.send_replace(Some(whole.clone()));
        fake.with(|s| s.endpoints = whole[..left].to_vec());
        let mut link = connect(&home).await.unwrap();
        assert_eq!(calls(&fake), ["connect", "forget", "connect"], "{left}");
        assert_eq!(ask(&mut link, control).await, Ok(2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_goes_nowhere_brings_the_attributes_afresh() {
    let nowhere = Step::Fails("Operation failed with ATT error: 0x01");
    let (fake, _home, mut link) = connected().await;
    fake.with(|s| s.writes = vec![nowhere]);
    let error = ask(&mut link, Endpoint::PROV_CONFIG).await.unwrap_err();
    assert_eq!(error, BleError::TableChanged { delivered: false });
    assert!(error.is_mended_by_reconnecting());
    link.reconnect(SessionIntent::Fresh).await.unwrap();
    assert_eq!(fake.count("forget"), 1);
    // Once: now it is the device's own answer.
    fake.with(|s| s.writes = vec![nowhere]);
    let error = ask(&mut link, Endpoint::PROV_CONFIG).await.unwrap_err();
    assert_eq!(error.fault(), LinkFault::Refused { link_alive: true });
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_table_is_read_afresh_once() {
    let whole = vec![
        (0xff50, Some("prov-scan")),
        (0xff51, Some("prov-session")),
        (0xff52, Some("prov-config")),
        (0xff53, Some("proto-ver")),
        (0xff54, Some("sensors")),
    ];
    // The connection was cut while BlueZ read the attributes again: it drops what it had not reached.
    for left in 1..=3 {
        let fake = Fake::new(DEFAULT_SERVICE);
        let home = Home::new(&fake, Some(MOMENT));
        home.whole.send_replace(Some(whole.clone()));
        fake.with(|s| s.endpoints = whole[..left].to_vec());
        let mut link = connect(&home).await.unwrap();
        assert_eq!(calls(&fake), ["connect", "forget", "connect"], "{left}");
        assert_eq!(ask(&mut link, Endpoint::PROTO_VER).await, Ok(2));
    }
    // One that stays like that is the device's own.
    let fake = Fake::new(DEFAULT_SERVICE);
    let home = Home::new(&fake, Some(MOMENT));
    fake.with(|s| s.endpoints = whole[..3].to_vec());
    let mut link = connect(&home).await.unwrap();
    assert_eq!(calls(&fake), ["connect", "forget", "connect"]);
    assert_eq!(
        ask(&mut link, Endpoint::PROTO_VER).await,
        Err(BleError::NoSuchEndpoint)
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_cut_while_the_attributes_are_read_leaves_nothing_behind() {
    let fake = Fake::new(DEFAULT_SERVICE);
    let home = Home::new(&fake, Some(MOMENT));
    fake.with(|s| s.discovers = vec![Step::Fails("Not connected")]);
    connect(&home).await.unwrap();
    assert_eq!(calls(&fake), ["connect", "forget", "connect"]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_none_is_not_taken_for_one() {
    // BlueZ holds a connection for one that has gone, and says so when it is asked for anything.
    let fake = Fake::new(DEFAULT_SERVICE);
    let home = Home::new(&fake, Some(MOMENT));
    fake.with(|s| s.names = Some(Err("Not connected (org.bluez.Error.Failed)")));
    let mut link = connect(&home).await.unwrap();
    assert_eq!(calls(&fake), ["connect", "forget", "connect"]);
    assert_eq!(ask(&mut link, Endpoint::PROV_SESSION).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_missing_is_looked_for_again() {
    let fake = Fake::new(DEFAULT_SERVICE);
    fake.with(|s| s.endpoints.clear());
    let home = Home::new(&fake, Some(MOMENT));
    assert_eq!(connect(&home).await.unwrap_err(), BleError::NotProvisionable);
    // What the platform remembers first, then the device's own word, as often as anything is tried.
    assert_eq!(
        calls(&fake),
        ["connect", "forget", "connect", "forget", "connect"]
    );
}
