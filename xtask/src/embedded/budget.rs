//! What firmware may cost. A ceiling that is exceeded fails the run.

use super::Results;
use super::build::{ARM, RISCV};
use super::run::Figures;
use super::size::Image;

/// One ceiling on a figure that an image reports about itself.
pub(super) struct Ceiling {
    pub(super) target: &'static str,
    pub(super) image: &'static str,
    pub(super) figure: &'static str,
    pub(super) most: u64,
}

/// Cortex-M4, mostly. Stack and heap are peaks over a whole run: boot, handshake, scan, credentials, online.
///
/// These ceilings and the next are just above what was reached: who needs more, raises them knowingly.
pub(super) const FIGURES: &[Ceiling] = &[
    m4("provision_sec1", "stack", 5_050),
    m4("provision_sec1", "heap", 900),
    m4("provision_sec2", "stack", 6_300),
    m4("provision_sec2", "heap", 4_800),
    m4("ble_device", "stack", 22_000),
    m4("ble_device", "heap", 200),
    Ceiling {
        target: RISCV,
        image: "http_device",
        figure: "stack",
        most: 13_500,
    },
    Ceiling {
        target: RISCV,
        image: "http_device",
        figure: "heap",
        most: 200,
    },
    m4("count_sec2", "instructions", 166_000_000),
    // 11 ms at 64 MHz, and what it may cost to be interrupted.
    m4("count_sec2", "longest_step", 750_000),
    m4("count_sec2", "instructions_in_steps", 168_000_000),
    Ceiling {
        target: RISCV,
        image: "count_sec2",
        figure: "instructions",
        most: 390_000_000,
    },
];

const fn m4(image: &'static str, figure: &'static str, most: u64) -> Ceiling {
    Ceiling {
        target: ARM,
        image,
        figure,
        most,
    }
}

/// Code and constants of a complete Wi-Fi provisioner, and of a device, in bytes.
pub(super) const SIZES: &[(&str, &str, u64)] = &[
    (ARM, "provision_sec1", 43_350),
    (ARM, "provision_sec2", 50_000),
    (ARM, "device", 32_500),
    (ARM, "ble_device", 98_000),
    (RISCV, "http_device", 80_500),
    (RISCV, "provision_sec1", 55_000),
    (RISCV, "provision_sec2", 63_350),
];

pub(super) fn check(figures: &Figures, results: &mut Results) {
    for ceiling in FIGURES {
        let found = figures.get(ceiling.target, ceiling.image, ceiling.figure);
        let outcome = match found {
            None => Err("the image did not report it".into()),
            Some(value) => within(value, ceiling.most),
        };
        results.note(
            format!("{}: {} {}", ceiling.target, ceiling.image, ceiling.figure),
            outcome,
        );
    }
}

pub(super) fn check_sizes(images: &[Image], results: &mut Results) {
    for &(target, name, most) in SIZES {
        let image = images
            .iter()
            .find(|image| image.target == target && image.name == name);
        let outcome = match image {
            None => Err("the image was not built".into()),
            Some(image) => within(image.flash, most),
        };
        results.note(format!("{target}: {name} flash"), outcome);
    }
}

fn within(value: u64, most: u64) -> Result<String, String> {
    let text = format!("{value} of at most {most}");
    if value <= most { Ok(text) } else { Err(text) }
}
