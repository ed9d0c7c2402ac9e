//! Building for bare metal: with rustup's target where it is installed, else with Debian's compiler and a standard
//! library built on the spot.
//!
//! Half of what CI computes here is the compiler's work, so each target gets what is looked at there and no more.

use super::{Results, TARGETS};
use crate::tools::{capture, cargo, root, target_dir};
use crate::{no_std, rustup};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Cortex-M4, which has most of the budgets.
pub(super) const ARM: &str = "thumbv7em-none-eabihf";

/// The other target with budgets.
pub(super) const RISCV: &str = "riscv32imc-unknown-none-elf";

/// The images of `examples/firmware-qemu` that are measured or run on both.
const EVERYWHERE: [&str; 6] = [
    "baseline",
    "count_sec1",
    "count_sec2",
    "provision_sec1",
    "provision_sec2",
    "exhausted",
];

/// And those that are not: on the Cortex-M4, and on the other target for the page of figures only.
const MORE: [&str; 4] = ["readme", "provision_auto", "device", BLE_DEVICE];

/// The one that is a device on Bluetooth LE.
pub(super) const BLE_DEVICE: &str = "ble_device";

/// The one that is a device on a network: on the board that can have a network card.
pub(super) const HTTP_DEVICE: (&str, &str) = (RISCV, "http_device");

/// What is run on the smallest target: it takes most.
pub(super) const SMALLEST_RUN: &str = "provision_sec2";

/// The images of a target; all of them (`whole`) for the page of figures.
pub(super) fn images(target: &str, whole: bool) -> Vec<&'static str> {
    let mut names = EVERYWHERE.to_vec();
    match target {
        ARM => names.extend(MORE),
        RISCV => {
            names.push(HTTP_DEVICE.1);
            if whole {
                names.extend(MORE);
            }
        }
        SMALLEST => return vec![SMALLEST_RUN],
        _ => return Vec::new(),
    }
    names
}

/// The example for a real board: provisions over Bluetooth LE.
pub(super) const BLUETOOTH: (&str, &str) = (RISCV, "firmware-esp32c3");

/// No division, no compare-and-swap: what builds here builds anywhere.
pub(super) const SMALLEST: &str = "thumbv6m-none-eabi";

/// Where the crates are checked with everything: the smallest, and one with compare-and-swap.
const CHECKED: [&str; 2] = [SMALLEST, ATOMIC];

/// No image wants its core, which is not compiled here if rustup has it.
const ATOMIC: &str = "riscv32imac-unknown-none-elf";

/// Cryptography in its compact form, as `examples/firmware-qemu/.cargo/config.toml` has it for users.
const COMPACT: &str = "--cfg aes_backend=\"soft\" --cfg aes_backend_soft=\"compact\" --cfg sha2_backend=\"soft\" --cfg sha2_backend_soft=\"compact\"";

/// Where a target's standard library comes from.
pub(super) enum Toolchain {
    /// `rustup target add` has put it there.
    Rustup,
    /// This compiler has its source.
    BuildStd { rustc: PathBuf, linker: PathBuf },
}

/// A compiler that has the standard library's source, and the linker of the one whose libraries these are.
pub(crate) fn with_source(libraries: &Path) -> Result<(PathBuf, PathBuf), String> {
    let script = root().join("xtask/scripts/cross-setup.sh");
    let (ok, text) = capture(&mut Command::new(script))?;
    let rustc = text.lines().find(|line| line.starts_with('/'));
    let (true, Some(rustc)) = (ok, rustc) else {
        return Err(text);
    };
    let (_, host) = capture(Command::new("rustc").args(["--print", "host-tuple"]))?;
    Ok((rustc.into(), libraries.join(host.trim()).join("bin/rust-lld")))
}

impl Toolchain {
    pub(super) fn find() -> Result<Self, String> {
        let libraries = rustup::libraries()?;
        if TARGETS
            .iter()
            .all(|target| libraries.join(target).join("lib").is_dir())
        {
            return Ok(Self::Rustup);
        }
        let (rustc, linker) = with_source(&libraries).map_err(|error| {
            format!(
                "no compiler for bare metal: rustup target add {}\n{error}",
                TARGETS.join(" ")
            )
        })?;
        Ok(Self::BuildStd { rustc, linker })
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Rustup => "standard libraries installed by rustup".into(),
            Self::BuildStd { rustc, .. } => format!("core and alloc built with {}", rustc.display()),
        }
    }

    /// Cargo, set up for `target`, with its own target directory.
    fn cargo(&self, subcommand: &str, target: &str) -> Command {
        let mut command = cargo();
        command
            .args([subcommand, "--quiet", "--locked", "--target", target])
            .env("CARGO_TARGET_DIR", self.dir())
            .env("RUSTFLAGS", COMPACT)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            // Nobody debugs a procedural macro here, and they have most of the code that is compiled for this machine.
            .env("CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_DEBUG", "false");
        if let Self::BuildStd { rustc, linker } = self {
            let name = target.to_uppercase().replace('-', "_");
            command
                .arg("-Zbuild-std=core,alloc")
                .env("RUSTC", rustc)
                .env("RUSTC_BOOTSTRAP", "1")
                .env(format!("CARGO_TARGET_{name}_LINKER"), linker);
        }
        command
    }

    fn dir(&self) -> PathBuf {
        target_dir().join("embedded")
    }

    pub(super) fn image(&self, target: &str, image: &str) -> PathBuf {
        self.dir().join(target).join("release").join(image)
    }
}

/// Checks the no_std crates with everything, in the probe program of `xtask no-std`; on the smallest target also with
/// nothing and with either scheme alone. (`xtask no-std` has all the sets on the host.)
pub(super) fn probe(toolchain: &Toolchain, target: &str, results: &mut Results) {
    if !CHECKED.contains(&target) {
        return;
    }
    let mut sets = vec!["defaults,console,http,trouble,clocks,entropy,defmt"];
    if target == SMALLEST {
        sets.extend(["", "sec1", "sec2"]);
    }
    for features in sets {
        let outcome = check(toolchain, target, features)
            .and_then(|mut command| capture(&mut command))
            .and_then(|(ok, text)| if ok { Ok("checked".into()) } else { Err(text) });
        results.note(format!("{target}: crates with features [{features}]"), outcome);
    }
}

fn check(toolchain: &Toolchain, target: &str, features: &str) -> Result<Command, String> {
    if target == ATOMIC && rustup::has_target(target)? {
        return Ok(no_std::probe(features, Some(target)));
    }
    let mut command = toolchain.cargo("check", target);
    command
        .args(["--release", "--features", features, "--manifest-path"])
        .arg(root().join("tests/no-std-probe/Cargo.toml"));
    // In a check nothing is optimised; it is the same profile so that core and procedural macros are compiled once for both.
    quickly(&mut command);
    if target == ATOMIC {
        command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
    }
    Ok(command)
}

/// Builds the images of a target, if it has some.
pub(super) fn firmware(toolchain: &Toolchain, target: &str, whole: bool) -> Result<(), String> {
    let images = images(target, whole);
    if images.is_empty() {
        return Ok(());
    }
    let mut command = toolchain.cargo("build", target);
    command.current_dir(root().join("examples/firmware-qemu"));
    command.args(["--release", "--no-default-features"]);
    if images.contains(&BLE_DEVICE) {
        command.args(["--features", "ble"]);
    }
    if target == HTTP_DEVICE.0 {
        command.args(["--features", "virtio"]);
    }
    if target == SMALLEST {
        quickly(&mut command);
    }
    for image in images {
        command.args(["--bin", image]);
    }
    let (ok, text) = capture(&mut command)?;
    if ok { Ok(()) } else { Err(text) }
}

/// Builds the example for a real board: the vendor's radio and all.
pub(super) fn board_example(toolchain: &Toolchain) -> Result<String, String> {
    let mut command = toolchain.cargo("build", BLUETOOTH.0);
    command
        .current_dir(root().join("examples/firmware-esp32c3"))
        .arg("--release");
    let (ok, text) = capture(&mut command)?;
    if ok { Ok("built".into()) } else { Err(text) }
}

/// Where nobody looks at the size of an image: half the time to build. The kind of LTO is in the profile of procedural macros, too, so that
/// another one than that of the other images would have them all compiled once more.
fn quickly(command: &mut Command) {
    for (name, value) in [
        ("OPT_LEVEL", "1"),
        ("LTO", "fat"),
        ("CODEGEN_UNITS", "16"),
        ("DEBUG", "0"),
    ] {
        command.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
    }
}
