//! `espprov provision --before … --after …`, the real binary: an application's data around the credentials, against devices that
//! behave as stock firmware does and stop a second after they were asked on their network.

use espprov_tests::cli::{Run, Scratch, Simulator, espprov, finish, run, words};
use serde_json::{Value, json};

const HOME: [&str; 4] = ["--ssid", "Home", "--passphrase", "correct-horse"];

/// A device that takes a broker and tells a claim code; whatever stands in `more` happens to it. It joins in no time and then stays
/// away for good a second after it was asked.
fn world(more: &str) -> String {
    format!(
        "[device]\nafter_stop = \"stop\"\n[delays]\nconnect_ms = 300\n\
         [[network]]\nssid = \"Home\"\nchannel = 6\nrssi = -41\nauth = \"wpa2\"\npassphrase = \"correct-horse\"\n\
         [[endpoint]]\nname = \"mqtt\"\nreply = \"kept\"\n[[endpoint]]\nname = \"custom-data\"\nreply = \"code 4711\"\n{more}"
    )
}

fn provision(target: &str, more: &[&str]) -> Run {
    run(&[
        &["provision", target, "--json", "--pop", "abcd1234"],
        &HOME[..],
        more,
    ]
    .concat())
}

const STEPS: [&str; 4] = [
    "--before",
    "mqtt=mqtts://broker.example",
    "--after",
    "custom-data=?",
];

/// What the application heard, as endpoint and text, and where the credentials stood between.
fn told(run: &Run) -> Vec<String> {
    let told = |event: &Value| match event["event"].as_str() {
        Some("reply") => {
            let hex = event["hex"].as_str()?;
            let bytes = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap());
            let text = String::from_utf8(bytes.collect()).unwrap();
            Some(format!("{}: {text}", event["endpoint"].as_str()?))
        }
        Some(name @ ("config_sent" | "config_applied")) => Some(name.to_owned()),
        _ => None,
    };
    run.events().iter().filter_map(told).collect()
}

#[test]
fn before_and_after_stand_around_the_credentials_on_a_device_that_stops() {
    let scratch = Scratch::new();
    let scenario = scratch.write("stock.toml", &world(""));
    let served = Simulator::start(&["--scenario", &scenario]);
    for target in [format!("sim:{scenario}"), served.url.clone()] {
        let run = provision(&target, &STEPS);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(
            told(&run),
            [
                "mqtt: kept",
                "config_sent",
                "config_applied",
                "custom-data: code 4711"
            ],
            "{target}"
        );
        assert_eq!(run.result()["outcome"], "connected");
    }
}

#[test]
fn a_step_after_survives_a_lost_link_by_a_new_handshake() {
    let scratch = Scratch::new();
    // The answer to the claim is lost with the link, and once more after the new handshake.
    let fault = "[[fault]]\nkind = \"close-after\"\nendpoint = \"custom-data\"\n\
                 [[fault]]\nkind = \"close-before\"\nendpoint = \"custom-data\"\nnth = 2\n";
    let target = format!("sim:{}", scratch.write("lossy.toml", &world(fault)));
    let run = provision(&target, &STEPS);
    assert_eq!(run.code, 0, "{run:?}");
    let sessions = run.names().iter().filter(|name| *name == "session").count();
    assert!(sessions > 1, "{run:?}");
    assert_eq!(told(&run).last().unwrap(), "custom-data: code 4711");
    assert_eq!(
        told(&run).iter().filter(|told| *told == "mqtt: kept").count(),
        1,
        "what was answered stays done: {run:?}"
    );
}

#[test]
fn joined_without_what_was_to_follow_is_status_13() {
    let scratch = Scratch::new();
    let world = world("[[endpoint]]\nname = \"never\"\nrefuse = true\n");
    let target = format!("sim:{}", scratch.write("refuses.toml", &world));
    let steps = words("--after custom-data=? --after never=secret-of-the-app --after mqtt=x");
    let failed = provision(&target, &[&steps[..], &["--after-timeout", "700ms"]].concat());
    failed.assert_error(13, "joined_incomplete");
    let result = failed.result();
    assert_eq!(result["outcome"], "joined_incomplete");
    let message = result["error"]["message"].as_str().unwrap();
    assert!(message.contains("step 2 of 3 after it (never)"), "{message}");
    assert_eq!(
        told(&failed).last().unwrap(),
        "custom-data: code 4711",
        "and no third step"
    );
    assert!(!failed.stdout.contains("secret-of-the-app"));
    // One that no firmware registered. On HTTP and in process the path itself says so.
    let served = Simulator::start(&["--scenario", &scratch.path("refuses.toml")]);
    let failed = provision(&served.url, &["--after", "nowhere=x", "--after-timeout", "20s"]);
    failed.assert_error(13, "joined_incomplete");
    assert!(failed.took.as_secs() < 15, "it is not asked again: {failed:?}");
    let cause = failed.result()["error"]["cause"].to_string();
    assert!(cause.contains("no endpoint of that name"), "{cause}");
}

#[test]
fn what_fails_before_leaves_the_device_without_its_network() {
    let scratch = Scratch::new();
    let fault = "[[fault]]\nkind = \"close-after\"\nendpoint = \"mqtt\"\n";
    let target = format!("sim:{}", scratch.write("lost.toml", &world(fault)));
    let steps = ["--before", "custom-data=first", "--before", "mqtt=broker"];
    let failed = provision(&target, &steps);
    failed.assert_error(3, "link_lost");
    let error = &failed.result()["error"];
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("step 2 of 2 before the credentials (mqtt): "),
        "{message}"
    );
    let cause = error["cause"].as_str().unwrap();
    assert!(
        cause.ends_with(
            "the device took the step before, may have got this one and was not given its network"
        ),
        "{cause}"
    );
    assert_eq!(told(&failed), ["custom-data: code 4711"]);
    // Whoever says so has it sent again, and only that.
    let again = provision(&target, &[&steps[..], &["--retries", "1"]].concat());
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(
        told(&again),
        [
            "custom-data: code 4711",
            "mqtt: kept",
            "config_sent",
            "config_applied"
        ]
    );
}

#[test]
fn values_by_every_way_and_mistakes_before_anything_is_sent() {
    let scratch = Scratch::new();
    let file = scratch.write("value.bin", "from a file");
    let at_file = format!("echo=@{file}");
    let args = [
        &["provision", "sim:zero", "--json"],
        &HOME[..],
        &[
            "--before",
            "echo=plain=text",
            "--before",
            &at_file,
            "--before",
            "echo=hex:00ff",
            "--after",
            "echo=-",
        ],
    ]
    .concat();
    let run = finish(espprov().args(&args), b"from a pipe\n");
    assert_eq!(run.code, 0, "{run:?}");
    let replies: Vec<_> = run
        .events()
        .iter()
        .filter(|event| event["event"] == "reply")
        .map(|event| event["hex"].clone())
        .collect();
    assert_eq!(
        replies,
        [
            json!("706c61696e3d74657874"),
            json!("66726f6d20612066696c65"),
            json!("00ff"),
            json!("66726f6d206120706970650a")
        ]
    );
    for (steps, code) in [
        (&["--before", "echo"][..], "usage"),
        (&["--before", "echo="], "empty_request"),
        (&["--after", "no such=x"], "invalid_endpoint"),
        (&["--after", "echo=hex:0"], "invalid_hex"),
        (&["--after", "echo=@/nowhere/at/all"], "file"),
        (&["--before", "echo=-", "--after", "echo=-"], "stdin_twice"),
    ] {
        let failed = provision("sim:zero", steps);
        assert_eq!(failed.code, 2, "{failed:?}");
        assert_eq!(failed.result()["error"]["code"], code, "{failed:?}");
        assert!(!failed.names().contains(&"connected".to_owned()), "{failed:?}");
    }
}

#[test]
fn thread_devices_have_recipes_too() {
    let run = run(&[
        "provision",
        "sim:zero",
        "--json",
        "--network-name",
        "HomeThread",
        "--network-key",
        "00112233445566778899aabbccddeeff",
        "--before",
        "echo=one",
        "--after",
        "echo=two",
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(
        told(&run),
        ["echo: one", "config_sent", "config_applied", "echo: two"]
    );
}
