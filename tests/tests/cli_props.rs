//! `props`: the properties of a device on its network, by the real binary.

use espprov_tests::cli::{Scratch, Simulator, espprov, finish, run};
use serde_json::json;

const WORLD: &str = r#"
[device]
name = "my_esp_ctrl_device"
flavour = "idf-5.2"
[security]
scheme = 1
[[property]]
name = "text"
type = "text"
value = "good morning"
[[property]]
name = "a=b"
type = "int"
value = 7
[[property]]
name = "firm"
type = "int"
refuses = "state"
[[property]]
name = "blob"
type = 77
value_hex = "00ff"
flags = 6
"#;

#[test]
fn list_get_and_set_over_http() {
    let scratch = Scratch::new();
    let world = scratch.write("world.toml", WORLD);
    let simulator = Simulator::start(&["--scenario", &world]);
    let props = |args: &[&str]| {
        let fixed = ["props", &simulator.url, "--pop", "abcd1234"];
        run(&[&fixed[..], args].concat())
    };
    let listed = props(&["--json"]);
    let events = listed.events();
    assert_eq!(
        events[4..],
        [
            json!({"event": "property", "name": "text", "type": 3, "flags": 0, "value_hex": "676f6f64206d6f726e696e67",
                   "value": "good morning"}),
            json!({"event": "property", "name": "a=b", "type": 1, "flags": 0, "value_hex": "07000000", "value": 7}),
            json!({"event": "property", "name": "firm", "type": 1, "flags": 0, "value_hex": "00000000", "value": 0}),
            json!({"event": "property", "name": "blob", "type": 77, "flags": 6, "value_hex": "00ff"}),
            json!({"event": "result", "ok": true, "outcome": "done"}),
        ],
        "{listed:?}"
    );
    assert_eq!(
        events[1],
        json!({"event": "info", "version": "v1.0", "security": null, "patch": null, "capabilities": []})
    );
    // The device says nothing of its scheme: the second that is tried is right, and the price of that is told.
    assert_eq!(events[2], json!({"event": "session", "security": 1}));
    assert_eq!(events[3]["code"], "guessable_pop");
    let table = props(&[]);
    assert_eq!(
        table.stdout,
        "NAME  TYPE  VALUE\ntext  text  good morning\na=b   int   7\nfirm  int   0\nblob  77    hex:00ff      flags 6\n"
    );
    let from_file = format!("blob=@{}", scratch.write("blob.bin", "from a file"));
    let set = props(&["set", r"a\=b=-12", "text=", &from_file]);
    assert_eq!(
        (set.code, set.stdout.as_str()),
        (0, "Set a=b, text, blob\n"),
        "{set:?}"
    );
    let got = props(&["get", "blob", "a=b", "--json"]).events();
    assert_eq!(got[4]["value_hex"], hex::encode("from a file"));
    assert_eq!(got[5]["value"], -12);
    assert_eq!(got.len(), 7);

    let partly = props(&["set", "text=new", "firm=1", "--json"]);
    let end = partly.events().pop().unwrap();
    assert_eq!(
        (partly.code, &end["error"]["code"]),
        (6, &json!("partly_set")),
        "{partly:?}"
    );
    assert!(end["error"]["message"].as_str().unwrap().contains("\"text\""));
    for (args, status, code) in [
        (&["set", "firm=1"][..], 6, "not_set"),
        (&["set", "nobody=1"], 2, "no_such_property"),
        (&["get", "nobody"], 2, "no_such_property"),
        (&["set", r"a\=b=x"], 2, "invalid_value"),
        (&["set", "blob=text"], 2, "unknown_type"),
        (&["set", "blob=hex:0"], 2, "invalid_hex"),
        (&["set", "blob=@/nobody/here"], 2, "file"),
        (&["set", "text=a", "text=b"], 2, "property_twice"),
        (&["set", "text"], 2, "usage"),
        (&["set"], 2, "missing_value"),
        (&["list", "text"], 2, "usage"),
        (&["text"], 2, "usage"),
    ] {
        let refused = props(&[args, &["--json"]].concat());
        let end = refused.events().pop().unwrap();
        assert_eq!(
            (refused.code, &end["error"]["code"]),
            (status, &json!(code)),
            "{refused:?}"
        );
        for field in ["message", "cause", "help"] {
            assert_ne!(end["error"][field], "", "{refused:?}");
        }
    }
}

#[test]
fn a_simulated_device_has_the_properties_of_the_example() {
    let listed = run(&["props", "sim:zero"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    assert_eq!(listed.stdout.lines().count(), 5);
    assert!(
        listed.stdout.contains("property2       bool       false"),
        "{listed:?}"
    );
    assert!(listed.stdout.ends_with("property3       text\n"), "{listed:?}");
    let read_only = run(&["props", "sim:zero", "set", "property2=true", "--json"]);
    let end = read_only.events().pop().unwrap();
    assert_eq!((read_only.code, &end["error"]["code"]), (2, &json!("read_only")));
    // The environment names the device.
    let mut command = espprov();
    command
        .args(["props", "get", "property1"])
        .env("ESPPROV_TARGET", "sim:zero");
    let got = finish(&mut command, b"");
    assert_eq!((got.code, got.stdout.lines().count()), (0, 2), "{got:?}");
}

#[test]
fn a_device_that_provisions_has_no_properties_and_the_other_way_round() {
    let provisions = Simulator::start(&["--scenario", "zero"]);
    let listed = run(&["props", &provisions.url, "--pop", "abcd1234", "--json"]);
    let end = listed.events().pop().unwrap();
    assert_eq!(
        (listed.code, &end["error"]["code"]),
        (3, &json!("no_local_control")),
        "{listed:?}"
    );
    let scratch = Scratch::new();
    let controls = Simulator::start(&["--scenario", &scratch.write("world.toml", WORLD)]);
    let info = run(&["info", &controls.url, "--json"]);
    let end = info.events().pop().unwrap();
    assert_eq!(
        (info.code, &end["error"]["code"]),
        (3, &json!("not_a_device")),
        "{info:?}"
    );
}
