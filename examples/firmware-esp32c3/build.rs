//! The linker script is the HAL's.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none") {
        println!("cargo:rustc-link-arg-bins=-Tlinkall.x");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
