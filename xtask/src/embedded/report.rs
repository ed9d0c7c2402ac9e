//! `--report`: the figures as a page of the book.

use super::budget::{FIGURES, SIZES};
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
         the console transport. Flash is code and constants of the whole image, runtime, allocator and report included. \
         Instructions are QEMU's; a Cortex-M4 takes somewhat more than one cycle for each.\n\n\
         ## Flash\n\n| image | Cortex-M4 | RV32IMC |\n|---|---|---|\n",
    );
    let named = |target: &str, name: &str| images.iter().find(|i| i.target == target && i.name == name);
    let flash = |target, name| named(target, name).map_or_else(String::new, |image| image.flash.to_string());
    let (arm, riscv) = ("thumbv7em-none-eabihf", "riscv32imc-unknown-none-elf");
    for (name, what) in [
        ("baseline", "runtime, heap, report"),
        ("count_sec1", "… and both halves of the security 1 handshake"),
        ("count_sec2", "… or of the security 2 handshake"),
        ("provision_sec1", "a complete Wi-Fi provisioner, security 1"),
        ("provision_sec2", "a complete Wi-Fi provisioner, security 2"),
        ("device", "a device, security 1"),
    ] {
        let _ = writeln!(
            page,
            "| {what} (`{name}`) | {} | {} |",
            flash(arm, name),
            flash(riscv, name)
        );
    }
    page.push_str("\n## Peaks and counts\n\n| image | figure | Cortex-M4 | RV32IMC |\n|---|---|---|---|\n");
    for (image, figure) in [
        ("provision_sec1", "stack"),
        ("provision_sec1", "heap"),
        ("provision_sec2", "stack"),
        ("provision_sec2", "heap"),
        ("count_sec1", "instructions"),
        ("count_sec1", "stack"),
        ("count_sec2", "instructions"),
        ("count_sec2", "stack"),
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
        "\n## Ceilings that CI holds\n\nThe goal is where a figure should get; the ceiling keeps it from growing until then.\n\n| target | image | figure | ceiling | goal |\n|---|---|---|---|---|\n",
    );
    for &(target, image, most, goal) in SIZES {
        let _ = writeln!(page, "| {target} | `{image}` | flash | {most} | {goal} |");
    }
    for ceiling in FIGURES {
        let _ = writeln!(
            page,
            "| {} | `{}` | {} | {} | {} |",
            ceiling.target, ceiling.image, ceiling.figure, ceiling.most, ceiling.goal
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
    page
}
