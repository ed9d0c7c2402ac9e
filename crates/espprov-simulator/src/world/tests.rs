use super::*;
use espprov_types::{Ssid, ThreadFailure, WifiFailure};

const MS: Duration = Duration::from_millis(1);

fn world() -> World {
    World::new(Scenario::builtin("default").unwrap())
}

fn thread_world() -> World {
    let mut scenario = Scenario::builtin("default").unwrap();
    scenario.prefer_thread();
    World::new(scenario)
}

#[test]
fn what_was_not_compiled_in_is_answered_as_invalid() {
    let invalid = StatusCode::InvalidArgument;
    let mut wifi = world();
    assert_eq!(wifi.thread_status(), Err(invalid));
    assert_eq!(wifi.set_thread(&[]), Err(invalid));
    assert_eq!(wifi.thread_scan_progress(), Err(invalid));
    let mut thread = thread_world();
    assert_eq!(thread.wifi_status(), Err(invalid));
    assert_eq!(thread.apply_wifi(), Err(invalid));
    assert_eq!(thread.reset_wifi(), Err(invalid));
    assert_eq!(thread.wifi_scan_progress(), Err(invalid));
}

fn join(world: &mut World, ssid: &[u8], passphrase: &[u8]) {
    let config = WifiConfigRequest::new(Ssid::new(ssid).unwrap(), passphrase);
    world.set_wifi(&config).unwrap();
    world.apply_wifi().unwrap();
}

/// Advances until joining is over; the time it took.
fn settle(world: &mut World) -> (Duration, WifiStatus) {
    let start = world.now;
    loop {
        match world.wifi_status().unwrap() {
            WifiStatus::Connecting { .. } => world.advance(world.now + MS),
            status => return (world.now - start, status),
        }
    }
}

#[test]
fn home_connects_with_the_right_passphrase_only() {
    let mut world = world();
    join(&mut world, b"Home", b"correct-horse");
    let (took, status) = settle(&mut world);
    let WifiStatus::Connected(connection) = status else {
        panic!("{status:?}")
    };
    assert_eq!(took, 1100 * MS);
    assert_eq!(connection.ip.unwrap().to_string(), "192.168.1.57");
    assert_eq!(
        connection.bssid.unwrap().to_string(),
        "24:0A:C4:51:DE:7F",
        "the stronger one"
    );
    assert_eq!(connection.channel, Some(6));

    let mut world = self::world();
    join(&mut world, b"Home", b"battery-staple");
    assert_eq!(settle(&mut world).1, WifiStatus::Failed(WifiFailure::AuthError));
    world.reset_wifi().unwrap();
    join(&mut world, b"Nowhere", b"correct-horse");
    assert_eq!(
        settle(&mut world).1,
        WifiStatus::Failed(WifiFailure::NetworkNotFound)
    );
}

#[test]
fn hidden_open_absent_and_refusing_networks() {
    for (ssid, passphrase, expected) in [
        (&b"Basement"[..], &b"down-below"[..], None),
        (b"Guests", b"", None),
        (b"Van", b"whatever!", Some(WifiFailure::NetworkNotFound)),
        (b"Office", b"whatever!", Some(WifiFailure::AuthError)),
        (b"", b"", Some(WifiFailure::NetworkNotFound)),
        (b"caf\xe9", b"", Some(WifiFailure::NetworkNotFound)),
        (b"Caf\xe9 des Arts ", b"chocolat-chaud", None),
    ] {
        let mut world = world();
        join(&mut world, ssid, passphrase);
        let status = settle(&mut world).1;
        match expected {
            Some(reason) => assert_eq!(status, WifiStatus::Failed(reason), "{ssid:?}"),
            None => assert!(matches!(status, WifiStatus::Connected(_)), "{ssid:?} {status:?}"),
        }
    }
}

#[test]
fn a_flaky_network_counts_down_and_then_connects() {
    let mut world = world();
    join(&mut world, b"Garden", b"correct-horse");
    let mut seen = Vec::new();
    while let WifiStatus::Connecting { attempts_remaining } = world.wifi_status().unwrap() {
        if seen.last() != Some(&attempts_remaining) {
            seen.push(attempts_remaining);
        }
        world.advance(world.now + MS);
    }
    assert_eq!(seen, [None, Some(4), Some(3)]);
    assert!(matches!(world.wifi_status().unwrap(), WifiStatus::Connected(_)));
}

fn statuses(world: &mut World) -> Vec<WifiStatus> {
    let mut seen = vec![world.wifi_status().unwrap()];
    while let WifiStatus::Connecting { .. } = seen.last().unwrap() {
        world.advance(world.now + MS);
        let status = world.wifi_status().unwrap();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
    }
    seen
}

/// What a network that refuses leads to, in two rounds, on firmware that makes three attempts.
fn two_rounds(flavour: &str) -> [Vec<WifiStatus>; 2] {
    let text = format!(
        "[device]\nflavour = \"{flavour}\"\nattempts = 3\n\
         [[network]]\nssid = \"R\"\nchannel = 1\nrssi = -1\noutcome = \"wrong-passphrase\""
    );
    let mut world = World::new(Scenario::parse(&text).unwrap());
    [(); 2].map(|()| {
        join(&mut world, b"R", b"whatever");
        let seen = statuses(&mut world);
        world.reset_wifi().unwrap();
        seen
    })
}

#[test]
fn attempts_are_counted_down_and_afresh_or_not() {
    let connecting = |attempts_remaining| WifiStatus::Connecting { attempts_remaining };
    let failed = WifiStatus::Failed(WifiFailure::AuthError);
    let whole = [
        connecting(None),
        connecting(Some(2)),
        connecting(Some(1)),
        failed.clone(),
    ];
    let [first, second] = two_rounds("idf-6");
    assert_eq!((&first[..], &second[..]), (&whole[..], &whole[..]));
    for flavour in ["idf-5.5", "idf-5.5-wifi"] {
        let [first, second] = two_rounds(flavour);
        assert_eq!(first, whole, "{flavour}");
        assert_eq!(second, [connecting(None), failed.clone()], "{flavour}: used up");
    }
}

#[test]
fn resets_with_nothing_to_reset() {
    for (flavour, expected) in [("idf-5.5", Err(StatusCode::InternalError)), ("idf-6", Ok(()))] {
        let text = format!("[device]\nflavour = \"{flavour}\"\nnetwork = \"both\"");
        let mut world = World::new(Scenario::parse(&text).unwrap());
        assert_eq!(world.reset_wifi(), expected, "{flavour}");
        assert_eq!(world.reset_thread(), expected, "{flavour}");
    }
}

/// A network that fails more often than the firmware tries, beside one that is absent.
fn very_flaky(flavour: &str) -> World {
    let text = format!(
        "[device]\nauto_stop = false\nflavour = \"{flavour}\"\n[[network]]\nssid = \"F\"\nchannel = 1\nrssi = -1\noutcome = \"flaky\"\n\
         failures = 5\nattempts = 2\nafter_ms = 1000"
    );
    World::new(Scenario::parse(&text).unwrap())
}

/// What stock firmware says of a failure it has no name for: a wrong passphrase, or whatever it said last.
#[test]
fn a_very_flaky_network_fails_twice_and_then_connects() {
    let mut world = very_flaky("idf-6");
    for expected in [WifiFailure::AuthError, WifiFailure::NetworkNotFound] {
        join(&mut world, b"F", b"");
        assert_eq!(settle(&mut world).1, WifiStatus::Failed(expected));
        world.reset_wifi().unwrap();
        join(&mut world, b"absent", b"");
        let absent = WifiStatus::Failed(WifiFailure::NetworkNotFound);
        assert_eq!(settle(&mut world).1, absent);
        world.reset_wifi().unwrap();
    }
    join(&mut world, b"F", b"");
    assert!(matches!(settle(&mut world).1, WifiStatus::Connected(_)));
}

/// Firmware that counts no attempts gives up on a wrong passphrase and an absent network alone.
#[test]
fn old_firmware_tries_a_flaky_network_until_it_connects() {
    for flavour in ["idf-4.4", "idf-5.2"] {
        let mut world = very_flaky(flavour);
        join(&mut world, b"F", b"");
        let (took, status) = settle(&mut world);
        assert!(
            matches!(status, WifiStatus::Connected(_)),
            "{flavour}: {status:?}"
        );
        assert_eq!(
            took,
            Duration::from_secs(6),
            "{flavour}: five failures and a success"
        );
        world.reprov_wifi().unwrap();
        join(&mut world, b"F", b"");
        assert_eq!(
            settle(&mut world).0,
            Duration::from_secs(1),
            "{flavour}: none is left"
        );
    }
}

#[test]
fn scans_take_their_time_and_come_strongest_first() {
    let mut world = world();
    let mut params = WifiScanParams::default();
    params.period_ms = 120;
    let finished = ScanProgress::new(true, 0);
    assert_eq!(world.wifi_scan_progress(), Ok(finished), "before any scan");
    world.start_wifi_scan(params).unwrap();
    world.advance(899 * MS);
    world.start_wifi_scan(params).unwrap(); // no effect
    let running = ScanProgress::new(false, 0);
    assert_eq!(world.wifi_scan_progress(), Ok(running));
    assert_eq!(world.wifi_scan_result(0), None);
    assert_eq!(world.scans_end(), Some(900 * MS));

    world.advance(900 * MS);
    let count = world.wifi_scan_progress().unwrap().count;
    let found: Vec<_> = (0..count).map(|i| world.wifi_scan_result(i).unwrap()).collect();
    assert_eq!(found.len(), 13);
    assert!(found.is_sorted_by_key(|ap| -ap.rssi));
    assert_eq!(found[0].ssid.as_bytes(), b"Home");
    assert_eq!(found.iter().filter(|ap| ap.ssid.is_hidden()).count(), 1);
    assert!(found.iter().all(|ap| ap.ssid.as_bytes() != b"Basement"));
    assert_eq!(world.wifi_scan_result(count), None);
}

#[test]
fn the_service_stops_a_second_after_the_news_or_after_half_a_minute() {
    let mut world = world();
    join(&mut world, b"Home", b"correct-horse");
    settle(&mut world);
    let unasked = world.stop_at().unwrap();
    assert_eq!(unasked, 31_100 * MS);
    world.after_connected_status();
    assert_eq!(world.stop_at(), Some(2100 * MS));
    world.advance(world.now + 500 * MS);
    world.after_connected_status();
    assert_eq!(world.stop_at(), Some(2100 * MS), "the first one counts");

    let mut zero = World::new(Scenario::builtin("zero").unwrap());
    join(&mut zero, b"Home", b"correct-horse");
    zero.advance(Duration::ZERO);
    assert!(matches!(zero.wifi_status().unwrap(), WifiStatus::Connected(_)));
    zero.after_connected_status();
    assert_eq!(zero.stop_at(), None);
}

#[test]
fn thread_datasets() {
    let ext_pan_id = [2, 8, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44];
    let mut key = vec![5, 16];
    key.extend((0..16).map(|i| i * 0x11));
    let channel = [0, 3, 0, 0, 15];
    let good = [&channel[..], &ext_pan_id, &key].concat();
    let mut wrong_key = good.clone();
    *wrong_key.last_mut().unwrap() ^= 1;
    let invalid = Err(ThreadFailure::DatasetInvalid);
    for (dataset, expected) in [
        (good.clone(), Ok("HomeThread")),
        (wrong_key, Err(ThreadFailure::NetworkNotFound)),
        (ext_pan_id.to_vec(), invalid),
        (good[..good.len() - 1].to_vec(), invalid),
        ([&good[..], &[9]].concat(), invalid),
        (Vec::new(), invalid),
    ] {
        let mut world = thread_world();
        world.set_thread(&dataset).unwrap();
        world.apply_thread().unwrap();
        assert_eq!(world.thread_status(), Ok(ThreadStatus::Attaching));
        world.advance(600 * MS);
        match (world.thread_status().unwrap(), expected) {
            (ThreadStatus::Attached(at), Ok(name)) => assert_eq!(at.name.to_string(), name),
            (ThreadStatus::Failed(reason), Err(expected)) => assert_eq!(reason, expected),
            other => panic!("{other:?} {dataset:?}"),
        }
    }
}

#[test]
fn custom_data() {
    let mut world = world();
    let mut reply = [0; 16];
    assert_eq!(world.custom("custom-data", b"x", &mut reply), Ok(8));
    assert_eq!(&reply[..8], b"SUCCESS\0");
    assert_eq!(world.custom("echo", b"abc", &mut reply), Ok(3));
    assert_eq!(&reply[..3], b"abc");
    assert_eq!(world.custom("echo", &[0; 17], &mut reply), Err(HandlerFailed));
}

#[test]
fn events_tell_the_story_without_secrets() {
    let mut world = world();
    join(&mut world, b"Home", b"correct-horse");
    settle(&mut world);
    let story: Vec<_> = world.events.iter().map(|(_, event)| event.to_string()).collect();
    assert_eq!(
        story,
        [
            "credentials for \"Home\" set",
            "joining \"Home\"",
            "connected to \"Home\" as 192.168.1.57",
        ]
    );
    assert!(!format!("{world:?}").contains("correct-horse"));
}
