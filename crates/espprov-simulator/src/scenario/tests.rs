use super::*;
use crate::fault::Fault;
use core::net::Ipv4Addr;
use core::time::Duration;
use espprov_types::AuthMode;

fn refused(text: &str) -> ScenarioError {
    Scenario::parse(text).expect_err(text)
}

#[test]
fn built_in_scenarios_hold_what_they_promise() {
    let scenario = Scenario::builtin("default").unwrap();
    let find = |name: &[u8]| scenario.networks.iter().find(|n| n.ssid.as_bytes() == name);
    assert!(scenario.networks.len() >= 12);
    let home = find(b"Home").unwrap();
    assert_eq!(home.auth, AuthMode::Wpa2Psk);
    assert!(crate::secret::matches(
        home.passphrase.as_ref().unwrap(),
        b"correct-horse"
    ));
    assert!(matches!(home.outcome, Outcome::Ok { .. }));
    assert!(scenario.networks.iter().any(|n| n.hidden));
    assert!(scenario.networks.iter().any(|n| n.ssid.as_bytes().len() == 32));
    assert!(scenario.networks.iter().any(|n| n.ssid.as_str().is_none()));
    assert!(scenario.networks.iter().any(|n| n.auth == AuthMode::Owe));
    assert!(
        scenario
            .networks
            .iter()
            .any(|n| matches!(n.outcome, Outcome::Flaky { .. }))
    );
    assert_eq!((scenario.scheme(), scenario.patch()), (2, 1));
    assert_eq!(scenario.username(), "wifiprov");

    let zero = Scenario::builtin("zero").unwrap();
    assert_eq!(
        zero.delays.scan + zero.delays.connect + zero.delays.auth_fail,
        Duration::ZERO
    );
    assert_eq!(zero.device.link_model(), crate::LinkModel::Ideal);
    assert!(
        Scenario::builtin("nope")
            .unwrap_err()
            .to_string()
            .contains("default, zero")
    );
}

#[test]
fn an_empty_file_is_a_lonely_device() {
    let scenario = Scenario::parse("").unwrap();
    assert_eq!(scenario, Scenario::default());
    assert!(scenario.networks.is_empty());
}

#[test]
fn schemes_follow_the_firmware() {
    for (flavour, scheme, patch) in [
        ("idf-4.4", 1, 0),
        ("idf-5.2", 2, 0),
        ("idf-5.5", 2, 1),
        ("idf-5.5-wifi", 2, 1),
        ("idf-6", 2, 1),
    ] {
        let scenario = Scenario::parse(&format!("[device]\nflavour = \"{flavour}\"")).unwrap();
        assert_eq!(
            (scenario.scheme(), scenario.patch()),
            (scheme, patch),
            "{flavour}"
        );
        assert_eq!(flavour.parse(), Ok(scenario.device.flavour));
    }
    let scenario = Scenario::parse("[security]\nscheme = 0\npatch = 0").unwrap();
    assert_eq!((scenario.scheme(), scenario.patch()), (0, 0));
}

#[test]
fn one_secret_opens_whichever_scheme_there_is() {
    let opens = |text: &str| {
        let scenario = Scenario::parse(&format!("[security]\n{text}")).unwrap();
        scenario
            .proof()
            .map(|proof| String::from_utf8_lossy(proof.expose()).into_owned())
    };
    for (text, proof) in [
        ("", Some("abcd1234")),
        ("scheme = 0", None),
        ("scheme = 1\npop = \"mine\"\npassword = \"other\"", Some("mine")),
        ("pop = \"mine\"", Some("mine")),
        ("pop = \"mine\"\npassword = \"other\"", Some("other")),
        ("scheme = 1\npop = \"\"", Some("")),
    ] {
        assert_eq!(opens(text).as_deref(), proof, "{text}");
    }
    let mut scenario = Scenario::parse("[security]\npassword = \"other\"").unwrap();
    scenario.set_proof(Secret::new(b"mine").unwrap());
    assert_eq!(scenario.proof().map(|proof| proof.expose()), Some(&b"mine"[..]));
}

#[test]
fn a_thread_device_is_one_that_was_asked_for() {
    let read = |text: &str| Scenario::parse(text).unwrap();
    let mut unset = read("");
    assert_eq!(
        (unset.network(), unset.username()),
        (NetworkType::Wifi, "wifiprov")
    );
    unset.prefer_thread();
    assert_eq!(
        (unset.network(), unset.username()),
        (NetworkType::Thread, "threadprov")
    );
    // What the file says stays, and old firmware stays what it is.
    for text in ["[device]\nnetwork = \"wifi\"", "[device]\nflavour = \"idf-5.2\""] {
        let mut scenario = read(text);
        scenario.prefer_thread();
        assert_eq!(scenario.network(), NetworkType::Wifi, "{text}");
    }
    let error = refused("[device]\nnetwork = \"thread\"\nflavour = \"idf-5.2\"");
    assert!(error.message().contains("knows no Thread"), "{error}");
    let own = read("[device]\nnetwork = \"thread\"\n[security]\nusername = \"me\"");
    assert_eq!(own.username(), "me");
}

#[test]
fn outcomes_and_addresses() {
    let scenario = Scenario::parse(
        r#"
        [[network]]
        ssid = "a"
        channel = 1
        rssi = -1
        outcome = "slow"
        ip = "10.1.2.3"
        [[network]]
        ssid_hex = "00FF"
        channel = 14
        rssi = -128
        auth = 77
        outcome = "flaky"
        failures = 9
        attempts = 3
        after_ms = 5
        "#,
    )
    .unwrap();
    let [slow, flaky] = &scenario.networks[..] else {
        panic!("two networks")
    };
    let ip = Ipv4Addr::new(10, 1, 2, 3);
    let after = Some(Duration::from_secs(20));
    assert_eq!(slow.outcome, Outcome::Ok { ip, after });
    assert_eq!(flaky.ssid.as_bytes(), [0, 0xff]);
    assert_eq!(flaky.auth, AuthMode::Unknown(77));
    assert_ne!(slow.bssid, flaky.bssid);
    assert!(matches!(
        flaky.outcome,
        Outcome::Flaky { failures: 9, attempts: 3, after: Some(after), .. } if after.as_millis() == 5
    ));
}

#[test]
fn faults() {
    let scenario = Scenario::parse(
        "[[fault]]\nkind = \"drop-reply\"\nexchange = 3\n\
         [[fault]]\nkind = \"delay\"\nendpoint = \"prov-config\"\ndelay_ms = 250",
    )
    .unwrap();
    let mut late = Injection::at_endpoint("prov-config", 1, Fault::Delay);
    late.delay = Duration::from_millis(250);
    assert_eq!(
        scenario.faults,
        [Injection::at_exchange(3, Fault::DropReply), late]
    );
}

#[test]
fn mistakes_are_named_with_their_line() {
    let network = |rest: &str| format!("seed = 1\n\n[[network]]\nchannel = 6\nrssi = -5\n{rest}\n");
    for (text, line, words) in [
        ("sed = 1".to_owned(), Some(1), "unknown field `sed`"),
        ("seed = \"x\"".to_owned(), Some(1), "invalid type"),
        ("seed = -1".to_owned(), Some(1), "invalid value"),
        ("seed = 1\nseed = 2".to_owned(), Some(2), "duplicate key"),
        ("seed = 18446744073709551616".to_owned(), Some(1), "at most 64 bits"),
        ("seed = 1.5".to_owned(), Some(1), "no float in a scenario"),
        (network("ssid = \"a\"\nauth = 2.5"), Some(7), "no float in a scenario"),
        (network("ssid = \"a\"\nafter_ms = 2026-11-27"), Some(7), "no datetime in a scenario"),
        (
            "seed = 1\n[device]\nflavour = \"idf-3\"".to_owned(),
            Some(3),
            "idf-4.4",
        ),
        (network("ssid = \"a\"\nssid_hex = \"00\""), Some(3), "not both"),
        (network(""), Some(3), "needs `ssid`"),
        (network("ssid = \"\""), Some(3), "hidden = true"),
        (network("ssid_hex = \"0\""), Some(3), "hex digits"),
        (
            network("ssid = \"123456789012345678901234567890123\""),
            Some(3),
            "32 bytes",
        ),
        (network("ssid = \"a\"\nauth = \"wpa9\""), None, "auth is a number"),
        (network("ssid = \"a\"\nbssid = \"1:2\""), Some(3), "six hex pairs"),
        (network("ssid = \"a\"\nattempts = 2"), Some(3), "flaky"),
        (
            network("ssid = \"a\"\noutcome = \"not-found\"\nip = \"1.2.3.4\""),
            Some(3),
            "that connect",
        ),
        (
            network("ssid = \"a\"\nafter_ms = 86400001"),
            None,
            "more than a day",
        ),
        (
            network("ssid = \"a\"\ncolour = 1"),
            None,
            "unknown field `colour`",
        ),
        (
            "[[fault]]\nkind = \"explode\"\nexchange = 1".to_owned(),
            None,
            "drop-request",
        ),
        (
            "[[fault]]\nkind = \"delay\"\nexchange = 0".to_owned(),
            None,
            "from 1",
        ),
        ("[[fault]]\nkind = \"delay\"".to_owned(), None, "needs `exchange`"),
        ("[security]\nscheme = 3".to_owned(), Some(2), "0, 1 or 2"),
        (network("ssid = \"a\"\noutcome = \"flaky\"\nfailures = 4000000000"), Some(8), "0 to 1000"),
        (network("ssid = \"a\"\noutcome = \"flaky\"\nattempts = 101"), Some(8), "1 to 100"),
        (network("ssid = \"a\"\noutcome = \"flaky\"\nattempts = 0"), Some(8), "1 to 100"),
        ("[device]\nattempts = 4000000000".to_owned(), Some(2), "1 to 100"),
        (
            "[[fault]]\nkind = \"delay\"\nexchange = 1\ndelay_ms = 18446744073709551".to_owned(),
            None,
            "more than a day",
        ),
        (
            "seed = 1\n[[fault]]\nkind = \"delay\"\nexchange = 1\n[[fault]]\nkind = \"delay\"\n  endpoint = \"prov-confg\"".to_owned(),
            Some(7),
            "no endpoint `prov-confg`; it has prov-ctrl, prov-scan, prov-session, prov-config, proto-ver, custom-data, echo",
        ),
        ("[security]\nsalt_hex = \"0\"".to_owned(), Some(2), "hex digits"),
        ("[[endpoint]]\nname = \"a\"".to_owned(), Some(1), "needs one of"),
        ("[[endpoint]]\nname = \"a b\"\necho = true".to_owned(), Some(1), "A-Z"),
        ("[[endpoint]]\nname = \"prov-scan\"\necho = true".to_owned(), Some(1), "firmware itself"),
        ("[[label]]\nname = \"prov\"".to_owned(), Some(2), "other than prov"),
        (
            "[device]\nflavour = \"idf-4.4\"\n[security]\nscheme = 2".to_owned(),
            Some(4),
            "no security 2",
        ),
    ] {
        let error = refused(&text);
        assert!(error.message().contains(words), "{text}\n→ {error}");
        if line.is_some() {
            assert_eq!(error.line(), line, "{text}\n→ {error}");
        }
    }
}

#[test]
fn a_seed_has_64_bits() {
    for (text, seed) in [
        ("18446744073709551615", u64::MAX),
        ("0xDEADBEEFDEADBEEF", 0xDEAD_BEEF_DEAD_BEEF),
    ] {
        assert_eq!(Scenario::parse(&format!("seed = {text}")).unwrap().seed, seed);
    }
}

#[test]
fn columns_are_counted_in_characters() {
    let error = refused("seed = 1\n[device]\nname = \"Zürich\" + 1");
    assert_eq!((error.line(), error.column()), (Some(3), Some(17)), "{error}");
    let error = refused("[security]\n  patch = 7");
    assert_eq!((error.line(), error.column()), (Some(2), Some(11)), "{error}");
    assert_eq!(error.to_string(), "line 2, column 11: security patch is 0 or 1");
    // The key is not there: its table is to blame.
    let error = refused("seed = 1\n[device]\nflavour = \"idf-4.4\"\nnetwork = \"both\"");
    assert_eq!((error.line(), error.column()), (Some(4), Some(11)), "{error}");
}

#[test]
fn five_gigahertz() {
    let text = |channel: u8| format!("[[network]]\nssid = \"a\"\nrssi = -1\nchannel = {channel}");
    let good: Vec<u8> = (0..=u8::MAX)
        .filter(|&channel| Scenario::parse(&text(channel)).is_ok())
        .collect();
    let mut expected: Vec<u8> = (1..=14).collect();
    expected.extend((36..=64).step_by(4));
    expected.extend((100..=144).step_by(4));
    expected.extend((149..=177).step_by(4));
    assert_eq!(good, expected);
}

#[test]
fn endpoints_of_the_application() {
    let scenario = Scenario::parse(
        "[[endpoint]]\nname = \"cloud\"\nreply = \"ok\"\n\
         [[endpoint]]\nname = \"raw\"\nreply_hex = \"00fF\"\n\
         [[endpoint]]\nname = \"custom-data\"\necho = true\n\
         [[endpoint]]\nname = \"broken\"\nrefuse = true\n\
         [[fault]]\nkind = \"delay\"\nendpoint = \"cloud\"",
    )
    .unwrap();
    let all = OwnEndpoint::all(&scenario.endpoints);
    let shown: Vec<_> = all
        .iter()
        .map(|own| (own.name.as_str(), own.answer.clone()))
        .collect();
    assert_eq!(
        shown,
        [
            ("custom-data", OwnAnswer::Echo),
            ("echo", OwnAnswer::Echo),
            ("cloud", OwnAnswer::Bytes(b"ok".to_vec())),
            ("raw", OwnAnswer::Bytes(vec![0, 255])),
            ("broken", OwnAnswer::Refuse),
        ]
    );
}

#[test]
fn secrets_are_neither_shown_nor_quoted() {
    let error = refused("[[network]]\npassphrase = \"tell-nobody\"\nssid = 1\n");
    assert!(!error.to_string().contains("tell-nobody"));
    let scenario = Scenario::builtin("default").unwrap();
    let shown = format!("{scenario:?}");
    assert!(!shown.contains("correct-horse") && !shown.contains("abcd1234"));
}

#[test]
fn thread_networks_are_checked() {
    let file = |key: &str| {
        format!(
            "[[thread_network]]\nname = \"T\"\npan_id = 1\next_pan_id = \"0011223344556677\"\n\
             channel = 11\nrssi = -3\nnetwork_key = \"{key}\""
        )
    };
    let scenario = Scenario::parse(&file("000102030405060708090a0b0c0d0e0F")).unwrap();
    let net = &scenario.thread_networks[0];
    assert_eq!(net.network_key.expose(), (0..16).collect::<Vec<u8>>());
    assert!(refused(&file("00")).message().contains("32 hex digits"));
}

#[test]
fn properties_make_a_device_that_is_on_its_network() {
    let none = Scenario::parse("").unwrap();
    assert!(!none.is_local_ctrl());
    let mut asked = none.clone();
    asked.prefer_local_ctrl();
    assert!(asked.is_local_ctrl());
    let names: Vec<_> = asked
        .properties()
        .into_iter()
        .map(|property| property.name)
        .collect();
    assert_eq!(names, ["timestamp (us)", "property1", "property2", "property3"]);
    let said = Scenario::parse("[device]\nlocal_ctrl = false\n[[property]]\nname = \"a\"\ntype = 9").unwrap();
    let mut wanted = said.clone();
    wanted.prefer_local_ctrl();
    assert!(!said.is_local_ctrl() && !wanted.is_local_ctrl());
    let own = Scenario::parse(
        r#"
        [[property]]
        name = "clock"
        type = "timestamp"
        [[property]]
        name = "at"
        type = 0
        value = -2
        [[property]]
        name = "int"
        type = "int"
        value = 258
        read_only = true
        flags = 4
        [[property]]
        name = "on"
        type = "bool"
        value = true
        [[property]]
        name = "blob"
        type = 77
        size = 3
        refuses = "failure"
        [[property]]
        name = "json"
        type = 5
        value = "{}"
        "#,
    )
    .unwrap();
    assert!(own.is_local_ctrl());
    let shown: Vec<_> = own
        .properties()
        .into_iter()
        .map(|property| (property.value, property.size, property.flags))
        .collect();
    let expected = [
        (None, Some(8), 0),
        (Some((-2_i64).to_le_bytes().to_vec()), Some(8), 0),
        (Some(vec![2, 1, 0, 0]), Some(4), 5),
        (Some(vec![1]), Some(1), 0),
        (Some(vec![0; 3]), Some(3), 0),
        (Some(b"{}".to_vec()), None, 0),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn properties_that_cannot_be() {
    for (text, complaint) in [
        ("name = \"\"\ntype = 1", "1 to 64 bytes"),
        ("name = \"a\"\ntype = \"float\"", "timestamp, int, bool, text"),
        ("name = \"a\"\ntype = -1", "timestamp, int, bool, text"),
        ("name = \"a\"\ntype = 1\nvalue = \"x\"", "a number as value"),
        ("name = \"a\"\ntype = 1\nvalue = 2147483648", "32 bits"),
        ("name = \"a\"\ntype = 3\nvalue = 1", "text as value"),
        ("name = \"a\"\ntype = 1\nvalue_hex = \"00\"", "has the length"),
        (
            "name = \"a\"\ntype = 9\nsize = 2\nvalue = \"x\"",
            "has the length",
        ),
        ("name = \"a\"\ntype = 9\nvalue_hex = \"0\"", "pairs of hex digits"),
        (
            "name = \"a\"\ntype = 9\nvalue = \"x\"\nvalue_hex = \"00\"",
            "`value` or `value_hex`",
        ),
        ("name = \"a\"\ntype = 9\nsize = 5000", "length"),
        ("name = \"a\"\ntype = 9\ncolour = 5", "unknown field"),
        (
            "name = \"a\"\ntype = 1\nvalue = 21.5",
            "a whole number, true or false, or text",
        ),
        (
            "name = \"a\"\ntype = 1\nvalue = 18446744073709551615",
            "a number, true or false, or text",
        ),
    ] {
        let error = refused(&format!("[[property]]\n{text}"));
        assert!(error.message().contains(complaint), "{text}: {error}");
    }
    let twice = refused("[[property]]\nname = \"a\"\ntype = 9\n[[property]]\nname = \"a\"\ntype = 8");
    assert!(twice.message().contains("two properties"), "{twice}");
    assert_eq!(twice.line(), Some(5));
    let control = refused("[[endpoint]]\nname = \"esp_local_ctrl/control\"\necho = true");
    assert!(control.message().contains("firmware itself"), "{control}");
    let fault = refused(
        "[[property]]\nname = \"a\"\ntype = 9\n[[fault]]\nendpoint = \"prov-config\"\nnth = 1\nkind = \"drop-reply\"",
    );
    assert!(fault.message().contains("esp_local_ctrl/control"), "{fault}");
}
