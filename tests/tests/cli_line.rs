//! `espprov qr`, `espprov factory new` and the target `qr:FILE`, the real binary.

use espprov_tests::cli::{Scratch, espprov, finish, run};
use serde_json::json;
use std::fs;

const DEVICE: [&str; 6] = ["qr", "encode", "--name", "PROV_51DE01", "--pop", "abcd1234"];

#[test]
fn every_form_says_the_same_and_is_read_again() {
    let scratch = Scratch::new();
    let text = run(&[&DEVICE[..], &["--format", "text"]].concat());
    assert_eq!(text.code, 0, "{text:?}");
    assert_eq!(
        text.stdout,
        "{\"ver\":\"v1\",\"name\":\"PROV_51DE01\",\"pop\":\"abcd1234\",\"transport\":\"ble\",\"network\":\"wifi\"}\n"
    );
    let url = run(&[&DEVICE[..], &["--format", "url"]].concat());
    assert!(url.stdout.contains("?data=%7B%22ver%22"), "{url:?}");
    let picture = scratch.path("code.png");
    let written = run(&[&DEVICE[..], &["--out", &picture]].concat());
    assert_eq!(written.code, 0, "{written:?}");
    assert!(!written.stdout.contains("abcd1234"));
    let payload = json!({"event": "payload", "name": "PROV_51DE01", "transport": "ble", "network": "wifi",
                         "has_pop": true, "has_password": false});
    for code in [
        text.stdout.trim(),
        url.stdout.trim(),
        &picture,
        &format!("qr:{picture}"),
    ] {
        let read = run(&["qr", "decode", code, "--json"]);
        assert_eq!(read.events()[0], payload, "{code}: {read:?}");
        assert!(!read.stdout.contains("abcd1234"));
    }
    let piped = finish(
        espprov().args(["qr", "decode", "-", "--show-secrets"]),
        &fs::read(&picture).unwrap(),
    );
    assert!(piped.stdout.contains("PoP        abcd1234"), "{piped:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let open = scratch.write("open.svg", "old");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(run(&[&DEVICE[..], &["--out", &open]].concat()).code, 0);
        for file in [&picture, &open] {
            assert_eq!(
                fs::metadata(file).unwrap().permissions().mode() & 0o777,
                0o600,
                "{file}"
            );
        }
        assert!(fs::read_to_string(&open).unwrap().starts_with("<svg "));
    }
}

#[test]
fn a_picture_is_a_target() {
    let scratch = Scratch::new();
    let picture = scratch.path("label.png");
    let made = run(&[
        "qr",
        "encode",
        "--name",
        "PROV_1",
        "--pop",
        "abcd1234",
        "--transport",
        "softap",
        "--out",
        &picture,
    ]);
    assert_eq!(made.code, 0, "{made:?}");
    // What is wrong with an option on that link is told before anything is sent, and shows that the code was read.
    let target = format!("qr:{picture}");
    let refused = run(&["info", &target, "--adapter", "hci0", "--json"]);
    refused.assert_error(2, "not_bluetooth");
    assert!(!refused.stdout.contains("abcd1234"));
    let none = format!("QR:{}", scratch.write("none.png", "no picture, and no code"));
    run(&["info", &none, "--adapter", "hci0", "--json"]).assert_error(2, "invalid_payload");
}

#[test]
fn what_cannot_be_read_is_explained() {
    let scratch = Scratch::new();
    let empty = scratch.path("empty.png");
    let text = scratch.write("notes.txt", "no code");
    fs::write(&empty, [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a]).unwrap();
    for (code, expected) in [
        (empty.as_str(), "picture"),
        (text.as_str(), "invalid_payload"),
        ("/nowhere/photo.jpg", "file"),
        ("qr:/nowhere/photo.jpg", "file"),
        ("MT:Y.K9042C00KA0648G00", "invalid_payload"),
        ("WIFI:S:Home;T:WPA;P:secret-of-mine;;", "invalid_payload"),
    ] {
        let read = run(&["qr", "decode", code, "--json"]);
        read.assert_error(2, expected);
        assert!(!read.stdout.contains("secret-of-mine"));
    }
    run(&[&DEVICE[..], &["--json"]].concat()).assert_error(2, "usage");
    let long = "x".repeat(129);
    run(&[
        "qr", "encode", "--name", "A", "--pop", &long, "--json", "--out", &empty,
    ])
    .assert_error(2, "too_long");
}

#[test]
fn a_series_is_made_once_for_its_owner_only_and_says_nothing() {
    let scratch = Scratch::new();
    for security in ["1", "2"] {
        let out = scratch.path(&format!("series-{security}"));
        let made = run(&[
            "factory",
            "new",
            "--count",
            "7",
            "--out",
            &out,
            "--security",
            security,
        ]);
        assert_eq!(made.code, 0, "{made:?}");
        let manifest = fs::read_to_string(format!("{out}/devices.csv")).unwrap();
        assert_eq!(manifest.lines().count(), 8);
        for line in manifest.lines().skip(1) {
            let (name, secret) = (line.split(',').next().unwrap(), line.rsplit(',').next().unwrap());
            assert!(!made.stdout.contains(secret) && !made.stderr.contains(secret));
            for file in ["nvs.csv", "code.png", "code.svg"] {
                let path = format!("{out}/{name}/{file}");
                assert!(fs::metadata(&path).is_ok(), "{path}");
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt;
                    assert_eq!(
                        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                        0o600,
                        "{path}"
                    );
                }
            }
            let read = run(&[
                "qr",
                "decode",
                &format!("{out}/{name}/code.png"),
                "--json",
                "--show-secrets",
            ]);
            let payload = &read.events()[0];
            assert_eq!(
                (&payload["name"], &payload["pop"]),
                (&name.into(), &secret.into()),
                "{payload}"
            );
        }
        let before = fs::read(format!("{out}/devices.csv")).unwrap();
        run(&["factory", "new", "--count", "1", "--out", &out, "--json"]).assert_error(2, "not_empty");
        assert_eq!(fs::read(format!("{out}/devices.csv")).unwrap(), before);
    }
    run(&[
        "factory",
        "new",
        "--count",
        "1",
        "--out",
        &scratch.path("x"),
        "--prefix",
        "a b",
        "--json",
    ])
    .assert_error(2, "invalid_series");
    assert!(fs::metadata(scratch.path("x")).is_err(), "nothing is left behind");
}
