//! `cargo xtask no-std`: the firmware crates link no std and no runtime, and nothing they were not asked for. On this machine: what
//! microcontrollers make of them is for `cargo xtask embedded`.

use crate::tools::{capture, cargo, root, target_dir};
use std::process::Command;

/// Crates that firmware may use.
const FIRMWARE: [&str; 9] = [
    "espprov-proto",
    "espprov-types",
    "espprov-transport",
    "espprov-security",
    "espprov-core",
    "espprov-device",
    "espprov-local-ctrl",
    "espprov-services",
    "espprov-embedded",
];

/// Feature sets of the probe: nothing, one scheme, the other, both, each kind of adapter, everything, and what the
/// crates enable by themselves.
const FEATURES: [&str; 12] = [
    "",
    "sec1",
    "sec2",
    "sec1,sec2",
    "console",
    "http",
    "trouble",
    "clocks",
    "entropy",
    "words",
    "sec1,sec2,console,http,trouble,clocks,entropy,defmt",
    "defaults",
];

/// What must not appear below the adapters: runtimes, executors, log sinks, sources of entropy, std-only helpers.
const FORBIDDEN: [&str; 12] = [
    "tokio",
    "futures",
    "futures-executor",
    "async-std",
    "smol",
    "log",
    "tracing",
    "getrandom",
    "rand",
    "serde_json",
    "libc",
    "std",
];

pub(crate) fn run() -> Result<(), String> {
    for features in FEATURES {
        builds(features, None)?;
        println!("no-std: the probe builds with features [{features}]");
    }
    control()?;
    dependencies()?;
    println!(
        "no-std: proved for {} with {} feature sets; the control with std was caught",
        FIRMWARE.join(", "),
        FEATURES.len()
    );
    Ok(())
}

/// What checks the firmware crates with these features, for this machine or for that target, whose standard library is installed.
pub(crate) fn probe(features: &str, target: Option<&str>) -> Command {
    let mut command = cargo();
    command
        .args([
            "check",
            "--quiet",
            "--locked",
            "--features",
            features,
            "--manifest-path",
        ])
        .arg(root().join("tests/no-std-probe/Cargo.toml"))
        .env("CARGO_TARGET_DIR", target_dir().join("no-std-probe"));
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    command
}

fn builds(features: &str, target: Option<&str>) -> Result<(), String> {
    let (ok, text) = capture(&mut probe(features, target))?;
    if ok {
        return Ok(());
    }
    let hint = if text.contains("panic_impl") {
        "\nhint: `duplicate lang item panic_impl` means that a dependency links std"
    } else {
        ""
    };
    Err(format!(
        "the probe does not build with features [{features}]:\n{text}{hint}"
    ))
}

/// Proves that the probe can fail, and fails for the right reason.
fn control() -> Result<(), String> {
    let (ok, text) = capture(&mut probe("control", None))?;
    if ok {
        return Err("the control links std and was not caught: the probe proves nothing".into());
    }
    if !text.contains("duplicate lang item") && !text.contains("found duplicate lang item") {
        return Err(format!("the control failed for another reason than std:\n{text}"));
    }
    println!("no-std: the control (a dependency that links std) is caught: duplicate lang item");
    Ok(())
}

/// Looks through the dependency trees, for what links nothing from std and is still not wanted there.
fn dependencies() -> Result<(), String> {
    for package in FIRMWARE {
        let tree = tree(package, &[])?;
        let bad: Vec<_> = tree
            .iter()
            .filter(|name| FORBIDDEN.contains(&name.as_str()))
            .collect();
        if !bad.is_empty() {
            return Err(format!(
                "{package} depends on {bad:?}, which belongs into the adapters"
            ));
        }
    }
    println!("no-std: no runtime, log sink, clock or entropy source among the dependencies");

    for package in ["espprov-security", "espprov-core", "espprov-device"] {
        // The big numbers are compiled with the same feature as this.
        let second =
            |features| Ok::<_, String>(tree(package, features)?.iter().any(|name| name == "aes-gcm"));
        if second(&["--no-default-features", "--features", "sec1"])? {
            return Err(format!("{package} with security 1 only links security 2"));
        }
        if !second(&["--no-default-features", "--features", "sec2"])? {
            return Err(format!(
                "{package} with security 2 links no aes-gcm: this check looks for the wrong crate"
            ));
        }
    }
    println!("no-std: security 1 alone links nothing of security 2");

    for package in ["espprov-security", "espprov-core", "espprov-device"] {
        if tree(package, &[])?.iter().any(|name| name == "prost") {
            return Err(format!(
                "{package} links prost: the generated messages cost firmware some 20 KB"
            ));
        }
        // By itself: in a build of the workspace another crate may bring the generated messages in.
        let (ok, text) = capture(cargo().args(["check", "--quiet", "--locked", "--package", package]))?;
        if !ok {
            return Err(format!(
                "{package} does not build without the generated messages:\n{text}"
            ));
        }
    }
    let generated = tree("espprov-proto", &["--features", "messages"])?;
    if !generated.iter().any(|name| name == "prost") {
        return Err("espprov-proto's messages link no prost: this check looks for the wrong crate".into());
    }
    println!("no-std: neither half links generated messages");
    Ok(())
}

/// The names of everything a package links (build tools and procedural macros left out).
fn tree(package: &str, features: &[&str]) -> Result<Vec<String>, String> {
    let mut command = cargo();
    command
        .args([
            "tree",
            "--locked",
            "--quiet",
            "--package",
            package,
            "--edges",
            "normal,no-proc-macro",
        ])
        .args(["--prefix", "none", "--format", "{p}"])
        .args(features);
    let (ok, text) = capture(&mut command)?;
    if !ok {
        return Err(format!("cargo tree failed:\n{text}"));
    }
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.map(str::to_owned).collect())
}
