//! The front door against simulated devices.

use core::time::Duration;
use espprov::{
    Class, Connect, Error, LinkKind, NewValue, SecurityChoice, SecurityScheme, SessionSecurity, Stage,
    blocking, connect,
};
use std::sync::{Arc, Mutex};

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(work)
}

fn fails(connect: Connect) -> Error {
    run(connect.open()).err().unwrap()
}

#[test]
fn a_device_by_its_target_in_one_line_each() {
    run(async {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heard);
        let mut device = connect("sim:zero")
            .observe(move |event| told.lock().unwrap().push(format!("{event:?}")))
            .open()
            .await
            .unwrap();
        assert_eq!(device.place().kind, LinkKind::Sim);
        assert!(device.info().await.unwrap().supports_wifi());
        assert!(!device.scan().await.unwrap().is_empty());
        assert_eq!(device.send("echo", b"hello").await.unwrap(), b"hello");
        assert_eq!(
            device.send_pieces("echo", b"hello", Some(2)).await.unwrap(),
            b"hello"
        );
        let version = device.send_raw("proto-ver", b"---").await.unwrap();
        assert!(version.starts_with(b"{"), "{version:?}");
        let joined = device.provision("Home", "correct-horse").await.unwrap();
        assert!(joined.is_confirmed());
        assert_eq!(joined.ip(), "192.168.1.57".parse().ok());
        device.close().await;
        assert!(
            heard
                .lock()
                .unwrap()
                .iter()
                .any(|event| event.starts_with("Session"))
        );
    });
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send(_: impl Send) {}
    is_send(async {
        let mut device = connect("sim:zero").open().await?;
        device.provision("Home", "correct-horse").await?;
        device.close().await;
        Ok::<(), Error>(())
    });
}

#[test]
fn a_failed_network_says_why_and_the_device_can_be_asked_again() {
    run(async {
        let mut device = connect("sim:zero").open().await.unwrap();
        let error = device.provision("Home", "wrong-horse").await.unwrap_err();
        assert_eq!((error.class(), error.code()), (Class::AuthFailed, "auth_error"));
        assert_eq!((error.outcome(), error.retry()), ("auth_error", None));
        let error = device.provision("Nowhere", "correct-horse").await.unwrap_err();
        assert_eq!(error.class(), Class::NetworkNotFound);
        assert_eq!(error.retry(), Some(Stage::Late));
        assert!(
            error.help().starts_with("see with scan() what the device hears"),
            "{}",
            error.help()
        );
        let online = device.provision("Home", "correct-horse").await.unwrap();
        assert!(online.is_confirmed());
    });
}

#[test]
fn a_wrong_proof_and_a_lesser_scheme_are_told_apart() {
    run(async {
        let mut device = connect("sim:zero").password("not-it").open().await.unwrap();
        let error = device.authenticate().await.unwrap_err();
        assert_eq!(
            (error.class(), error.code()),
            (Class::Credentials, "wrong_password")
        );
        let mut device = connect("sim:zero")
            .pop("abcd1234")
            .security(SecurityChoice::Exactly(SecurityScheme::Sec1))
            .open()
            .await
            .unwrap();
        let error = device.authenticate().await.unwrap_err();
        assert_eq!((error.class(), error.code()), (Class::Policy, "scheme_mismatch"));
        assert!(!error.help().contains("--"), "{}", error.help());
        let mut device = connect("sim:zero").pop("abcd1234").open().await.unwrap();
        assert!(matches!(device.authenticate().await, Ok(SessionSecurity::Sec2)));
    });
}

#[test]
fn what_cannot_be_meant_is_said_before_anything_is_sent() {
    assert_eq!(fails(connect("htp://x")).code(), "unknown_target");
    assert_eq!(fails(connect("sim:/no/such/file.toml")).code(), "file");
    assert_eq!(
        fails(connect("sim:zero").pop(vec![b'x'; 4096])).code(),
        "too_long"
    );
    run(async {
        let mut device = connect("sim:zero").open().await.unwrap();
        let error = device.provision("Home", "short").await.unwrap_err();
        assert_eq!(
            (error.class(), error.code()),
            (Class::Usage, "invalid_passphrase")
        );
        let error = device.send("no//name", b"x").await.unwrap_err();
        assert_eq!(error.code(), "invalid_endpoint");
        let error = device.send("custom-data", b"").await.unwrap_err();
        assert_eq!(error.code(), "empty_request");
    });
}

#[cfg(feature = "http")]
#[test]
fn nobody_there_is_a_link_error_within_the_deadline() {
    // Bound and closed again: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let error = fails(connect(&format!("http://127.0.0.1:{port}")).deadline(Duration::from_secs(5)));
    assert_eq!((error.class(), error.code()), (Class::Link, "unreachable"));
    assert_eq!(error.retry(), Some(Stage::Early));
}

#[test]
fn no_debug_shows_a_secret() {
    let code = r#"{"ver":"v1","name":"PROV_1","pop":"hush-hush","transport":"ble"}"#;
    let shown = format!("{:?}", connect(code).pop("hush-pop").password("hush-password"));
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn without_async() {
    let mut device = blocking::open(connect("sim:zero")).unwrap();
    assert_eq!(device.info().unwrap().security, Some(2));
    assert!(device.provision("Home", "correct-horse").unwrap().is_confirmed());
    device.close();
}

#[test]
fn a_setup_code_beside_a_link_of_ones_own_is_used_and_not_shown() {
    use espprov::TokioClock;
    use espprov_simulator::{LinkModel, MemoryTransport, Scenario, Shared, SimDevice};
    let code = r#"{"ver":"v1","name":"PROV_1","pop":"not-the-pop","transport":"ble","security":"2"}"#;
    run(async {
        let device = SimDevice::new(Scenario::builtin("zero").unwrap()).unwrap();
        let link = MemoryTransport::new(Shared::new(device), TokioClock::new(), LinkModel::Ideal);
        let mut device = connect(code).open_over(link).unwrap();
        assert_eq!(device.place().label, "the device");
        // The code's PoP is what is tried.
        let error = device.authenticate().await.unwrap_err();
        assert_eq!(error.code(), "wrong_password");
    });
}

#[test]
fn properties_are_listed_got_and_set() {
    let mut device = blocking::open_local_control(connect("sim:zero")).unwrap();
    assert_eq!(device.info().unwrap().version.as_str(), "v1.0");
    let names: Vec<_> = device
        .list()
        .unwrap()
        .into_iter()
        .map(|property| property.name)
        .collect();
    assert_eq!(names, ["timestamp (us)", "property1", "property2", "property3"]);
    device
        .set([
            ("property3", "on".into()),
            ("property1", NewValue::from(&[1, 0, 0, 0][..])),
        ])
        .unwrap();
    assert_eq!(device.get("property3").unwrap().value, b"on");
    assert_eq!(device.get("property1").unwrap().value, [1, 0, 0, 0]);
    device.set([]).unwrap();
    for (name, value, code) in [
        ("property9", "1".into(), "no_such_property"),
        ("property2", "true".into(), "read_only"),
        ("property1", "one".into(), "invalid_value"),
        ("property1", NewValue::from(&[1][..]), "not_set"),
    ] {
        let error = device.set([(name, value)]).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(!error.cause().is_empty() && !error.help().is_empty());
    }
    let twice = device.set([("property3", "a".into()), ("property3", "b".into())]);
    assert_eq!(twice.unwrap_err().code(), "property_twice");
    assert_eq!(device.get("nobody").unwrap_err().class(), Class::Usage);
    device.close();
    let wrong = blocking::open_local_control(connect("sim:zero").pop("wrong"));
    let error = wrong.unwrap().list().unwrap_err();
    assert_eq!(error.code(), "wrong_password");
}

/// A device is the one or the other, and says so.
#[test]
fn what_provisions_has_no_properties() {
    let path = std::env::temp_dir().join(format!("espprov-front-door-{}.toml", std::process::id()));
    let target = format!("sim:{}", path.display());
    std::fs::write(&path, "[device]\nlocal_ctrl = false\n").unwrap();
    let provisions = blocking::open_local_control(connect(&target)).unwrap().list();
    std::fs::write(
        &path,
        "[[property]]\nname = \"a\"\ntype = 7\nvalue = \"x\"\nflags = 1\n",
    )
    .unwrap();
    let info = blocking::open(connect(&target)).unwrap().info();
    let mut odd = blocking::open_local_control(connect(&target)).unwrap();
    let unknown = odd.set([("a", "text".into())]);
    // Nobody knows what the flag means here: the device decides.
    let decided = odd.set([("a", NewValue::from(&b"y"[..]))]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(provisions.unwrap_err().code(), "no_local_control");
    assert_eq!(info.unwrap_err().code(), "not_a_device");
    assert_eq!(unknown.unwrap_err().code(), "unknown_type");
    assert_eq!(decided.unwrap_err().code(), "not_set");
}
