//! The rules of ARCHITECTURE.md that can be read off the manifests and sources.

use espprov_tests::tree::{files, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

/// The crates that firmware may use, and which of our crates each may build on.
const LAYERS: [(&str, &[&str]); 8] = [
    ("espprov-types", &[]),
    ("espprov-proto", &[]),
    ("espprov-transport", &[]),
    ("espprov-security", &["espprov-proto", "espprov-types"]),
    (
        "espprov-core",
        &[
            "espprov-proto",
            "espprov-security",
            "espprov-transport",
            "espprov-types",
        ],
    ),
    (
        "espprov-device",
        &[
            "espprov-proto",
            "espprov-security",
            "espprov-transport",
            "espprov-types",
        ],
    ),
    (
        "espprov-local-ctrl",
        &[
            "espprov-core",
            "espprov-device",
            "espprov-proto",
            "espprov-security",
            "espprov-transport",
            "espprov-types",
        ],
    ),
    (
        "espprov-services",
        &["espprov-device", "espprov-security", "espprov-transport"],
    ),
];

/// Direct dependencies of every member, tests and build scripts left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    let mut found = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let normal = package["dependencies"].as_array().unwrap().iter();
        let names = normal
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| dependency["name"].as_str().unwrap().to_owned());
        found.insert(package["name"].as_str().unwrap().to_owned(), names.collect());
    }
    found
}

#[test]
fn dependencies_point_down() {
    let found = dependencies();
    for (name, allowed) in LAYERS {
        let ours = found[name].iter().filter(|d| d.starts_with("espprov"));
        let wrong: Vec<_> = ours.filter(|d| !allowed.contains(&d.as_str())).collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
}

#[test]
fn only_the_messages_know_prost() {
    let users: Vec<_> = dependencies()
        .into_iter()
        .filter(|(_, dependencies)| dependencies.contains("prost"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(users, ["espprov-proto"]);
}

#[test]
fn firmware_crates_are_no_std_and_nobody_is_unsafe() {
    for (name, _) in LAYERS {
        let lib = fs::read_to_string(root().join("crates").join(name).join("src/lib.rs")).unwrap();
        assert!(lib.lines().any(|line| line == "#![no_std]"), "{name}");
    }
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(workspace.contains("unsafe_code = \"forbid\""));
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{}",
            manifest.display()
        );
    }
}

/// A generated message in a public signature, field or re-export of the client half would tie applications to
/// prost.
#[test]
fn generated_messages_stay_out_of_the_public_api() {
    let generated = [
        "common::",
        "config::",
        "ctrl::",
        "local_ctrl::",
        "scan::",
        "session::",
        "prost::",
    ];
    let mut looked_at = 0;
    for file in files(&root().join("crates/espprov-core/src"), "rs") {
        let text = fs::read_to_string(&file).unwrap();
        // Names that `use espprov_proto::…` brings in, other than the codec's own.
        let imported: BTreeSet<&str> = text
            .split("use espprov_proto::")
            .skip(1)
            .filter_map(|rest| rest.split(';').next())
            .flat_map(|list| list.split(|c: char| !(c.is_alphanumeric() || c == '_')))
            .filter(|name| name.starts_with(char::is_uppercase))
            .filter(|name| !matches!(*name, "EncodeError" | "Malformed"))
            .collect();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let item = line.trim_start();
            if !item.starts_with("pub ") || item.starts_with("pub mod ") {
                continue;
            }
            let mut signature = item.to_owned();
            // A field ends with its comma, a function may go over many lines.
            let field = !item.contains("fn ");
            while !(signature.contains(['{', ';', '=']) || field && signature.ends_with(',')) {
                signature.push_str(lines.next().unwrap_or(";"));
            }
            looked_at += 1;
            let path = generated
                .iter()
                .find(|path| signature.contains(&format!("proto::{path}")));
            assert!(path.is_none(), "{}: {signature}", file.display());
            for word in signature.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
                assert!(!imported.contains(word), "{}: {signature}", file.display());
            }
        }
    }
    assert!(looked_at > 50, "only {looked_at} public items found");
}
