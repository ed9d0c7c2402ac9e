//! `espprov batch`, the real binary, against many devices: each once, whatever happens to the run.

use core::fmt::Write as _;
use core::sync::atomic::Ordering;
use espprov_simulator::Scenario;
use espprov_tests::cli::{Run, Scratch, espprov, finish, run};
use espprov_tests::farm::Farm;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Stdio};

const NETWORK: [&str; 5] = ["--ssid", "Home", "--passphrase", "correct-horse", "--json"];

/// Devices that join after so many milliseconds and stay where they are.
fn world(connect_ms: u32) -> Scenario {
    let text = format!(
        "[device]\nauto_stop = false\n[security]\nscheme = 1\n[delays]\nconnect_ms = {connect_ms}\n\
         [[network]]\nssid = \"Home\"\nchannel = 6\nrssi = -41\nauth = \"wpa2\"\npassphrase = \"correct-horse\"\n"
    );
    Scenario::parse(&text).unwrap()
}

/// A manifest of these devices, called D0, D1 …
fn manifest(scratch: &Scratch, urls: &[String]) -> String {
    let mut text = "name,target,pop\n".to_owned();
    for (number, url) in urls.iter().enumerate() {
        writeln!(text, "D{number},{url},abcd1234").unwrap();
    }
    scratch.write("devices.csv", &text)
}

fn batch(manifest: &str, more: &[&str]) -> Run {
    run(&[&["batch", manifest], &NETWORK[..], more].concat())
}

/// The whole lines of a ledger.
fn ledger(manifest: &str) -> Vec<Value> {
    let text = fs::read_to_string(format!("{manifest}.ledger.jsonl")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// How often each device has a result that says ok.
fn oks(manifest: &str) -> BTreeMap<String, usize> {
    let mut oks = BTreeMap::new();
    for line in ledger(manifest) {
        if line["event"] == "device_result" && line["ok"] == true {
            *oks.entry(line["key"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    oks
}

#[test]
fn each_device_once_and_the_next_run_has_nothing_to_do() {
    let (scratch, farm) = (Scratch::new(), Farm::start(12, &world(0)));
    let manifest = manifest(&scratch, &farm.urls);
    let first = batch(&manifest, &["--jobs", "4"]);
    assert_eq!(first.code, 0, "{first:?}");
    let results: Vec<Value> = first
        .events()
        .into_iter()
        .filter(|event| event["event"] == "device_result")
        .collect();
    assert_eq!(results.len(), 12);
    for result in &results {
        assert_eq!(
            (&result["ok"], &result["outcome"]),
            (&true.into(), &"connected".into()),
            "{result}"
        );
        let row = result["row"].as_u64().unwrap() as usize;
        assert_eq!(result["target"], farm.urls[row - 1].as_str());
        assert_eq!(result["key"], format!("D{}", row - 1));
        assert!(result["ms"].is_u64() && result["ip"] == "192.168.1.57");
    }
    assert!(
        farm.records
            .iter()
            .all(|record| record.applied.load(Ordering::Relaxed) == 1)
    );
    let second = batch(&manifest, &["--retry-failed"]);
    assert_eq!(
        (second.code, second.names()),
        (0, vec!["result".to_owned()]),
        "{second:?}"
    );
    assert!(
        farm.records
            .iter()
            .all(|record| record.applied.load(Ordering::Relaxed) == 1)
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(format!("{manifest}.ledger.jsonl"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let text = fs::read_to_string(format!("{manifest}.ledger.jsonl")).unwrap();
    assert!(
        !text.contains("abcd1234") && !text.contains("correct-horse"),
        "no secrets"
    );
}

#[test]
fn failures_are_counted_by_reason_and_tried_again_when_asked() {
    let (scratch, farm) = (Scratch::new(), Farm::start(3, &world(0)));
    let wrong = format!(
        "name,target,pop,passphrase\nA,{},abcd1234,\nB,{},wrong,\nC,{},abcd1234,wrong-horse\nD,http://127.0.0.1:1,x,\n",
        farm.urls[0], farm.urls[1], farm.urls[2]
    );
    let path = scratch.write("devices.csv", &wrong);
    let first = batch(&path, &["--jobs", "3"]);
    first.assert_error(10, "devices_failed");
    let result = first.result();
    assert_eq!(
        result["error"]["cause"],
        "auth_error 1, unreachable 1, wrong_pop 1"
    );
    assert_eq!(result["error"]["message"], "3 of 4 devices are not done (1 done)");
    // Not by itself.
    let second = batch(&path, &[]);
    second.assert_error(10, "devices_failed");
    assert_eq!(second.names(), ["result"], "{second:?}");
    // The line was corrected.
    let _ = scratch.write(
        "devices.csv",
        &wrong
            .replace(",wrong,", ",abcd1234,")
            .replace("wrong-horse", "correct-horse"),
    );
    let third = batch(&path, &["--retry-failed"]);
    third.assert_error(10, "devices_failed");
    assert_eq!(third.result()["error"]["cause"], "unreachable 1");
    assert_eq!(oks(&path).len(), 3);
    // What was never sent is not in doubt, however often it is tried.
    let tried = batch(&path, &["--retry-failed", "--retries", "1"]);
    assert_eq!(tried.result()["error"]["cause"], "unreachable 1", "{tried:?}");
    batch(&path, &["--trace", &scratch.path("trace")]).assert_error(2, "usage");
    // For people.
    let said = run(&["batch", &path, "--ssid", "Home", "--open", "--retry-failed"]);
    assert_eq!(said.code, 10);
    assert!(said.stdout.starts_with("failed  D  unreachable: "), "{said:?}");
}

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let (scratch, farm) = (Scratch::new(), Farm::start(1, &world(0)));
    let url = &farm.urls[0];
    for (what, text, place) in [
        (
            "no such column",
            format!("name,target,pop,colour\nA,{url},abcd1234,red\n"),
            "line 1, column 17: there is no column colour",
        ),
        (
            "no target",
            "name,target\nA,\n".to_owned(),
            "line 2, column 1: neither target nor payload",
        ),
        (
            "a target that is none",
            format!("name,target\nA,{url}\nB,htp://x\n"),
            "line 3, column 3: ",
        ),
        (
            "a key twice",
            format!("name,target\nA,{url}\nA,sim\n"),
            "line 3, column 1: the device is there twice",
        ),
        (
            "a wrong scheme",
            format!("target,security\n{url},9\n"),
            "security is 0, 1, 2 or auto",
        ),
        (
            "a short passphrase",
            format!("passphrase,target\nshort,{url}\n"),
            "line 2, column 1: a passphrase has",
        ),
        (
            "a field too many",
            format!("target\n{url},more\n"),
            "the row has 2 fields",
        ),
        (
            "an open quotation mark",
            format!("target,pop\n{url},\"abc\n"),
            "is not closed",
        ),
        (
            "a payload that is none",
            "payload\nhello\n".to_owned(),
            "line 2, column 1: payload: ",
        ),
        (
            "two networks",
            format!("target,ssid,dataset\n{url},Home,0e080000\n"),
            "ssid and dataset both",
        ),
        (
            "a picture that is not there",
            "target\nqr:/nowhere.png\n".to_owned(),
            "line 2, column 1: cannot read",
        ),
        (
            "nothing",
            String::new(),
            "line 1, column 1: there is no device in it",
        ),
    ] {
        let path = scratch.write("wrong.csv", &text);
        let refused = batch(&path, &[]);
        refused.assert_error(2, "invalid_manifest");
        let cause = refused.result()["error"]["cause"].to_string();
        assert!(cause.contains(place), "{what}: {cause}");
    }
    // All at once, to people on lines of their own; a missing network counts.
    let path = scratch.write("wrong.csv", "target,security\nsim,9\nsim:zero,8\n");
    let said = run(&["batch", &path]);
    assert_eq!(said.code, 2);
    assert_eq!(said.stderr.matches("wrong.csv: line ").count(), 2, "{said:?}");
    let none = run(&["batch", &scratch.write("bare.csv", "target\nsim\n"), "--json"]);
    assert!(
        none.result()["error"]["cause"].to_string().contains("no network"),
        "{none:?}"
    );
    assert_eq!(farm.records[0].applied.load(Ordering::Relaxed), 0);
    assert!(ledger(&path).is_empty());
}

/// Numbers that look random and are the same every time.
struct Dice(u32);

impl Dice {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % most
    }
}

fn begin(manifest: &str, more: &[&str]) -> Child {
    espprov()
        .args(["batch", manifest])
        .args(NETWORK)
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn fifty_kills_in_two_hundred_devices_cost_none_and_double_none() {
    const DEVICES: usize = 200;
    const KILLS: usize = 50;
    const JOBS: u32 = 8;
    let (scratch, farm) = (Scratch::new(), Farm::start(DEVICES, &world(40)));
    let manifest = manifest(&scratch, &farm.urls);
    let size = || fs::metadata(format!("{manifest}.ledger.jsonl")).map_or(0, |data| data.len());
    let mut dice = Dice(2026);
    let (mut kills, mut torn) = (0, 0);
    while kills < KILLS {
        // Whatever the machine is doing: a kill comes when some lines more are written, and a moment later. It comes at once
        // where the run is ahead of what leaves devices for all fifty.
        let ahead = oks(&manifest).len() >= kills * 3;
        let lines = if ahead { 1 } else { JOBS + dice.below(9) };
        let moment = if ahead { 5 } else { 60 };
        let before = size();
        let mut child = begin(&manifest, &["--jobs", &JOBS.to_string()]);
        let enough = loop {
            if size() >= before + u64::from(lines) * 100 {
                break true;
            }
            if child.try_wait().unwrap().is_some() {
                break false;
            }
            std::thread::sleep(core::time::Duration::from_millis(1));
        };
        assert!(
            enough,
            "the run was over after {kills} kills: {:?}",
            oks(&manifest).len()
        );
        std::thread::sleep(core::time::Duration::from_millis(u64::from(dice.below(moment))));
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        torn += usize::from(
            !fs::read(format!("{manifest}.ledger.jsonl"))
                .unwrap_or_default()
                .ends_with(b"\n"),
        );
    }
    let done = oks(&manifest).len();
    assert!(done < DEVICES, "the kills came too late to say anything");
    // No ceiling in wall time: each device has a deadline.
    let last = espprov()
        .args(["batch", &manifest, "--jobs", "8", "--retry-failed"])
        .args(NETWORK)
        .output()
        .unwrap();
    let last = String::from_utf8(last.stdout).unwrap();
    let events: Vec<Value> = last
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let failed: Vec<_> = events.iter().filter(|event| event["ok"] == false).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let oks = oks(&manifest);
    assert_eq!(oks.len(), DEVICES, "none lost");
    assert!(oks.values().all(|count| *count == 1), "one ok each");
    assert_eq!(
        farm.told_again(),
        0,
        "applied again after it said that it is online"
    );
    assert!(
        farm.records
            .iter()
            .all(|record| record.joined.load(Ordering::Relaxed) == 1)
    );
    let found = events.iter().filter(|event| event["found"] == true).count();
    let slowest = events.iter().filter_map(|event| event["ms"].as_u64()).max();
    println!("slowest: {slowest:?} ms");
    println!("{done} done at the last kill, {found} found online after it, {torn} lines torn");
}

#[cfg(unix)]
#[test]
fn a_device_that_joined_while_the_run_was_killed_is_found_and_left_alone() {
    let (scratch, farm) = (Scratch::new(), Farm::start(1, &world(300)));
    let manifest = manifest(&scratch, &farm.urls);
    let mut child = begin(&manifest, &[]);
    while farm.records[0].applied.load(Ordering::Relaxed) == 0 {
        std::thread::sleep(core::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The device joins by itself meanwhile; longer than it takes is no harm.
    std::thread::sleep(core::time::Duration::from_millis(500));
    let again = batch(&manifest, &[]);
    assert_eq!(again.code, 0, "{again:?}");
    let result = again
        .events()
        .into_iter()
        .find(|event| event["event"] == "device_result")
        .unwrap();
    assert_eq!(
        (&result["ok"], &result["found"]),
        (&true.into(), &true.into()),
        "{result}"
    );
    assert_eq!(farm.records[0].applied.load(Ordering::Relaxed), 1);
    // Another network than the one it is on: that is no reason to leave it alone.
    fs::write(
        format!("{manifest}.ledger.jsonl"),
        "{\"event\":\"attempt\",\"key\":\"D0\",\"target\":\"x\",\"station\":\"s\",\"at\":1}\n",
    )
    .unwrap();
    let other = run(&[
        "batch",
        &manifest,
        "--ssid",
        "Elsewhere",
        "--passphrase",
        "correct-horse",
        "--json",
    ]);
    other.assert_error(10, "devices_failed");
    assert_eq!(farm.records[0].applied.load(Ordering::Relaxed), 2);
}

#[test]
fn a_device_that_cannot_be_looked_at_is_unconfirmed_and_not_done() {
    let scratch = Scratch::new();
    let manifest = manifest(&scratch, &["http://127.0.0.1:1".to_owned()]);
    fs::write(
        format!("{manifest}.ledger.jsonl"),
        "{\"event\":\"attempt\",\"key\":\"D0\",\"target\":\"x\",\"station\":\"s\",\"at\":1}\n",
    )
    .unwrap();
    let gone = batch(&manifest, &[]);
    gone.assert_error(10, "devices_failed");
    assert_eq!(gone.result()["error"]["cause"], "unconfirmed 1");
    assert!(oks(&manifest).is_empty());
    // It counts as failed until somebody has it looked at.
    assert_eq!(batch(&manifest, &[]).names(), ["result"]);
    assert_eq!(batch(&manifest, &["--retry-failed"]).names().len(), 2);
}

#[cfg(unix)]
#[test]
fn a_full_disk_stops_the_run_before_the_next_device() {
    let (scratch, farm) = (Scratch::new(), Farm::start(40, &world(0)));
    let manifest = manifest(&scratch, &farm.urls);
    // A limit for files stands for the disk: blocks of 512 bytes (1024 in some shells).
    let mut shell = std::process::Command::new("sh");
    shell
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 4; exec \"$0\" batch \"$1\" --ssid Home --passphrase correct-horse --json")
        .arg(espprov().get_program())
        .arg(&manifest);
    let full = finish(&mut shell, b"");
    full.assert_error(1, "ledger");
    let result = full.result();
    assert!(
        result["error"]["cause"]
            .to_string()
            .contains("no other device was begun"),
        "{result}"
    );
    // What did not fit is not there by half: the next line would be none of a ledger.
    let text = fs::read_to_string(format!("{manifest}.ledger.jsonl")).unwrap();
    assert!(text.ends_with("}\n"), "{text}");
    let applied = |farm: &Farm| {
        farm.records
            .iter()
            .filter(|record| record.applied.load(Ordering::Relaxed) > 0)
            .count()
    };
    let attempts = ledger(&manifest)
        .iter()
        .filter(|line| line["event"] == "attempt")
        .count();
    assert_eq!(
        applied(&farm),
        attempts,
        "every device that was touched is in the ledger"
    );
    assert!(attempts > 0 && attempts < 40, "{attempts}");
    // With room again it goes on, and nobody is told twice.
    let rest = batch(&manifest, &["--jobs", "4"]);
    assert_eq!(rest.code, 0, "{rest:?}");
    assert_eq!(oks(&manifest).len(), 40);
    assert_eq!(farm.told_again(), 0);
}

#[test]
fn a_ledger_is_one_run_s_and_no_other_file() {
    let scratch = Scratch::new();
    let manifest = scratch.write("devices.csv", "target\nsim:zero\n");
    let own = scratch.write("notes.txt", "my notes\n");
    let refused = batch(&manifest, &["--ledger", &own]);
    refused.assert_error(2, "not_a_ledger");
    assert_eq!(fs::read_to_string(&own).unwrap(), "my notes\n");
    let held = fs::File::create(scratch.path("held.jsonl")).unwrap();
    held.lock().unwrap();
    batch(&manifest, &["--ledger", &scratch.path("held.jsonl")]).assert_error(2, "ledger_in_use");
}
