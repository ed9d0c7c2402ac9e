//! Tells whether the compiler's intrinsic for adding with carry may be called without `unsafe`, which there is none of in
//! this crate: from Rust 1.93 on. Older ones get the portable form of the same sum.

use std::env;
use std::process::Command;

const SAFE_SINCE: u32 = 93;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(safe_carry)");
    if minor().is_some_and(|minor| minor >= SAFE_SINCE) {
        println!("cargo::rustc-cfg=safe_carry");
    }
}

/// The y of `rustc 1.y.z`.
fn minor() -> Option<u32> {
    let rustc = env::var_os("RUSTC")?;
    let output = Command::new(rustc).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    let numbers = version.strip_prefix("rustc 1.")?;
    numbers.split('.').next()?.parse().ok()
}
