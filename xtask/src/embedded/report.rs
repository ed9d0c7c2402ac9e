//! `--report`: the figures as a page of the book.

use super::budget::{FIGURES, SIZES};
use super::build::{ARM, BLUETOOTH, RISCV};
use super::run::Figures;
use super::size::Image;
use crate::tools::root;
use core::fmt::Write as _;
use std::fs;

pub(super) fn write(figures: &Figures, images: &[Image]) -> Result<(), String> {
    let path = root().join("docs/src/embedded-figures.md");
    fs::write(&path, page(figures, images)).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("embedded: wrote {}", path.display());
    Ok(())
}

fn page(figures: &Figures, images: &[Image]) -> String {
    let mut page = String::from(
        "<!-- Written by `cargo xtask embedded --report`. -->\n\
         # What firmware costs\n\n\
         Measured on the images of `examples/firmware-qemu`: opt-level `z`, fat LTO, compact cryptography, \
         one copy of functions that are the same (`--icf=all`), the console transport. Flash is code and constants of the whole image, runtime, allocator and report included. \
         Instructions are QEMU's; a Cortex-M4 takes somewhat more than one cycle for each.\n\n\
         ## Flash\n\n| image | Cortex-M4 | RV32IMC |\n|---|---|---|\n",
    );
    let named = |target: &str, name: &str| images.iter().find(|i| i.target == target && i.name == name);
    let flash = |target, name| named(target, name).map_or_else(String::new, |image| image.flash.to_string());
    let (arm, riscv) = (ARM, RISCV);
    for (name, what) in [
        ("baseline", "runtime, heap, report"),
        ("count_sec1", "… and both halves of the security 1 handshake"),
        ("count_sec2", "… or of the security 2 handshake"),
        ("readme", "a Wi-Fi provisioner without a scan, security 1"),
        ("provision_sec1", "a complete Wi-Fi provisioner, security 1"),
        ("provision_sec2", "… security 2"),
        ("provision_auto", "… either, as the device says"),
        ("device", "a device, security 1"),
        (
            "ble_device",
            "… over Bluetooth LE, the host trouble-host included",
        ),
        (
            "http_device",
            "… over HTTP, TCP/IP (smoltcp) and a driver (virtio) included",
        ),
    ] {
        let _ = writeln!(
            page,
            "| {what} (`{name}`) | {} | {} |",
            flash(arm, name),
            flash(riscv, name)
        );
    }
    page.push_str(
        "\n## What a choice costs\n\n| instead of … | flash, Cortex-M4 | RV32IMC |\n|---|---|---|\n",
    );
    let size = |target, name| named(target, name).map_or(0, |image| image.flash.cast_signed());
    for (what, less, more) in [
        ("no scan, one", "readme", "provision_sec1"),
        ("security 1, security 2", "provision_sec1", "provision_sec2"),
        (
            "security 1, whichever the device runs",
            "provision_sec1",
            "provision_auto",
        ),
    ] {
        let difference = |target| size(target, more) - size(target, less);
        let _ = writeln!(
            page,
            "| {what} | {:+} | {:+} |",
            difference(arm),
            difference(riscv)
        );
    }
    page.push_str(
        "\n## Static memory\n\n\
         Variables with a fixed place, the driver's buffer of 1 KB among them; the heap (6 KB) is not counted. The \
         futures are not in it: these images have them on the stack, where their size is part of the peak below.\n\n\
         | image | Cortex-M4 | RV32IMC |\n|---|---|---|\n",
    );
    let ram = |target, name| named(target, name).map_or_else(String::new, |image| image.ram.to_string());
    for name in ["provision_sec1", "provision_sec2", "ble_device", "http_device"] {
        let _ = writeln!(page, "| `{name}` | {} | {} |", ram(arm, name), ram(riscv, name));
    }
    page.push_str("\n## Peaks and counts\n\n| image | figure | Cortex-M4 | RV32IMC |\n|---|---|---|---|\n");
    for (image, figure) in [
        ("provision_sec1", "stack"),
        ("provision_sec1", "heap"),
        ("provision_sec2", "stack"),
        ("provision_sec2", "heap"),
        ("ble_device", "stack"),
        ("ble_device", "heap"),
        ("http_device", "stack"),
        ("http_device", "heap"),
        ("count_sec1", "instructions"),
        ("count_sec1", "stack"),
        ("count_sec2", "instructions"),
        ("count_sec2", "stack"),
        ("count_sec2", "longest_step"),
        ("count_sec2", "instructions_in_steps"),
    ] {
        let value = |target| {
            figures
                .get(target, image, figure)
                .map_or_else(String::new, |v| v.to_string())
        };
        let _ = writeln!(
            page,
            "| `{image}` | {figure} | {} | {} |",
            value(arm),
            value(riscv)
        );
    }
    page.push_str(
        "\n## Ceilings that CI holds\n\n| target | image | figure | measured | ceiling |\n|---|---|---|---|---|\n",
    );
    for &(target, image, most) in SIZES {
        let _ = writeln!(
            page,
            "| {target} | `{image}` | flash | {} | {most} |",
            flash(target, image)
        );
    }
    for ceiling in FIGURES {
        let measured = figures.get(ceiling.target, ceiling.image, ceiling.figure);
        let _ = writeln!(
            page,
            "| {} | `{}` | {} | {} | {} |",
            ceiling.target,
            ceiling.image,
            ceiling.figure,
            measured.map_or_else(String::new, |value| value.to_string()),
            ceiling.most
        );
    }
    page.push_str(
        "\n## By crate (Cortex-M4, code only)\n\n| crate | security 1 | security 2 |\n|---|---|---|\n",
    );
    if let (Some(one), Some(two)) = (named(arm, "provision_sec1"), named(arm, "provision_sec2")) {
        for (name, size) in two.crates.iter().filter(|(_, size)| *size >= 400) {
            let other = one
                .crates
                .iter()
                .find(|(other, _)| other == name)
                .map_or(0, |(_, size)| *size);
            let _ = writeln!(page, "| {name} | {other} | {size} |");
        }
    }
    page.push_str(
        "\nFutures are counted for the image that awaits them (`provision_sec1`, `provision_sec2`).\n",
    );
    if let Some(image) = named(BLUETOOTH.0, BLUETOOTH.1) {
        page.push_str(
            "\n## By crate, over Bluetooth LE (ESP32-C3, code only)\n\n\
             `examples/firmware-esp32c3`, which takes security 1 or 2 as the device says.\n\n| crate | bytes |\n|---|---|\n",
        );
        for (name, size) in image.crates.iter().filter(|(_, size)| *size >= 1000) {
            // Symbols that name no crate.
            let name = name.replace("(standard", "(the radio's binary libraries, and the standard");
            let _ = writeln!(page, "| {name} | {size} |");
        }
    }
    page
}
