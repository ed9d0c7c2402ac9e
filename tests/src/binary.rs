//! The `espprov` binary, for tests outside its own package.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Builds the binary if need be, with the profile of the running test, and says where it is.
///
/// Of the whole workspace and with an example, which brings in the development dependencies: cargo then chooses the
/// same features as for `cargo test --workspace`, and compiles nothing below the command a second time.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn bin() -> &'static Path {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(|| {
        // CI has built it, and what else it compiles meanwhile would have every test wait for cargo's turn.
        if let Some(built) = env::var_os("ESPPROV_BUILT") {
            return built.into();
        }
        // This runs as <target>/<profile>/deps/<test>.
        let test = env::current_exe().expect("a test has a path");
        let profile = test.ancestors().nth(2).expect("a test is in <profile>/deps");
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(["build", "--quiet", "--locked", "--workspace", "--bin", "espprov"])
            .args(["--example", "trouble_central"])
            .arg("--target-dir")
            .arg(profile.parent().expect("a profile is in the target directory"))
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        // Set by `cargo test` for this package. Some build scripts look at them, and everything above those would be compiled again,
        // now and by the next cargo without them.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
                cargo.env_remove(name);
            }
        }
        if profile.file_name().is_some_and(|name| name == "release") {
            cargo.arg("--release");
        }
        let status = cargo.status().expect("cargo runs");
        assert!(status.success(), "the espprov binary does not build");
        profile.join(format!("espprov{}", env::consts::EXE_SUFFIX))
    })
}
