//! The memory of the emulated board, for the linker script of its runtime crate.

use std::{env, fs, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("set by cargo");
    let memory = match arch.as_str() {
        // 64 KB of RAM are enough for everything here.
        "arm" => {
            "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 512K RAM : ORIGIN = 0x20000000, LENGTH = 64K }\n"
        }
        // QEMU's virt board has RAM only; the first part of it stands in for flash.
        "riscv32" => {
            "MEMORY { FLASH : ORIGIN = 0x80000000, LENGTH = 512K RAM : ORIGIN = 0x80080000, LENGTH = 64K }\n\
             REGION_ALIAS(\"REGION_TEXT\", FLASH); REGION_ALIAS(\"REGION_RODATA\", FLASH);\n\
             REGION_ALIAS(\"REGION_DATA\", RAM); REGION_ALIAS(\"REGION_BSS\", RAM);\n\
             REGION_ALIAS(\"REGION_HEAP\", RAM); REGION_ALIAS(\"REGION_STACK\", RAM);\n"
        }
        _ => return, // not a board: `cargo check` on the host
    };
    fs::write(out.join("memory.x"), memory).expect("OUT_DIR is writable");
    println!("cargo:rustc-link-search={}", out.display());
    if arch == "riscv32" {
        println!("cargo:rustc-link-arg-bins=-Tmemory.x"); // riscv-rt's link.x does not include it itself
    }
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    // Functions that turned out the same are one: some 240 bytes less.
    println!("cargo:rustc-link-arg-bins=--icf=all");
    println!("cargo:rerun-if-changed=build.rs");
}
