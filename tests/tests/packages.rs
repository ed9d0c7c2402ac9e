//! What is in a package that would be published, read off the manifests: licences, description, documentation, and nothing that
//! is missing once the package stands alone. `cargo xtask package` builds them.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every package that may be published: its directory, and what cargo says of it.
fn published() -> Vec<(PathBuf, Value)> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let published: Vec<_> = packages
        .filter(|package| package["publish"].is_null())
        .map(|package| {
            let manifest = Path::new(package["manifest_path"].as_str().unwrap());
            (manifest.parent().unwrap().to_owned(), package.clone())
        })
        .collect();
    assert!(published.len() >= 17, "packages are missing");
    published
}

#[test]
fn each_has_its_licences_and_a_page() {
    for (dir, package) in published() {
        let name = package["name"].as_str().unwrap();
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(
                text(dir.join(licence)) == text(root().join(licence)),
                "{name}: {licence} is not the workspace's"
            );
        }
        assert_eq!(package["license"], "MIT OR Apache-2.0", "{name}");
        let readme = text(dir.join("README.md"));
        assert!(readme.starts_with(&format!("# {name}\n")), "{name}: README.md");
        assert!(
            readme.contains("MIT or Apache-2.0"),
            "{name}: README.md tells no licence"
        );
        for field in ["description", "repository", "rust_version"] {
            assert!(package[field].is_string(), "{name}: no {field}");
        }
        // The registry takes no more than five of each.
        for field in ["keywords", "categories"] {
            let count = package[field].as_array().unwrap().len();
            assert!((2..=5).contains(&count), "{name}: {count} {field}");
        }
    }
}

#[test]
fn documentation_shows_what_is_behind_features() {
    for (dir, package) in published() {
        let (name, lib) = (package["name"].as_str().unwrap(), dir.join("src/lib.rs"));
        if package["features"].as_object().unwrap().is_empty() || !lib.exists() {
            continue;
        }
        let docs = &package["metadata"]["docs"]["rs"];
        assert_eq!(docs["all-features"], true, "{name}");
        assert_eq!(
            docs["rustdoc-args"],
            serde_json::json!(["--cfg", "docsrs"]),
            "{name}"
        );
        assert!(
            text(lib).contains("#![cfg_attr(docsrs, feature(doc_cfg))]"),
            "{name}: which feature brings what is not shown"
        );
    }
}

/// Packages depend on each other in one direction, development dependencies included: else neither can be published first.
#[test]
fn no_circles() {
    let published = published();
    let ours = |dependency: &Value| {
        let name = dependency["name"].as_str().unwrap();
        published
            .iter()
            .any(|(_, package)| package["name"] == name)
            .then(|| name.to_owned())
    };
    let mut left: Vec<(String, Vec<String>)> = published
        .iter()
        .map(|(_, package)| {
            let dependencies = package["dependencies"].as_array().unwrap();
            (
                package["name"].as_str().unwrap().to_owned(),
                dependencies.iter().filter_map(ours).collect(),
            )
        })
        .collect();
    loop {
        let names: Vec<String> = left.iter().map(|(name, _)| name.clone()).collect();
        let before = left.len();
        left.retain(|(_, needs)| needs.iter().any(|need| names.contains(need)));
        if left.is_empty() {
            return;
        }
        assert_ne!(left.len(), before, "in a circle: {left:?}");
    }
}

/// What a source includes or reads by a path must be in its own package.
#[test]
fn nothing_is_read_from_outside() {
    for (dir, package) in published() {
        let mut sources = vec![];
        for part in ["src", "tests", "examples"] {
            collect(&dir.join(part), &mut sources);
        }
        for source in sources {
            // How far up a path in this file may go: to the package.
            let depth = source.strip_prefix(&dir).unwrap().components().count() - 1;
            for (number, line) in text(&source).lines().enumerate() {
                let beyond = "../".repeat(depth + 1);
                // Relative to the file, or to a directory that was put before it.
                assert!(
                    !line.contains("\"/../") && !line.contains(&format!("\"{beyond}")),
                    "{}: {}:{} reaches out of its package",
                    package["name"],
                    source.display(),
                    number + 1
                );
            }
        }
    }
}

fn collect(dir: &Path, sources: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
}
