//! `cargo xtask e2e`: end-to-end tests that need more than cargo.

mod ble;
mod line;
mod pytest;
mod python;
mod report;
mod web;

/// What `cargo xtask e2e` was asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What is tested
    #[arg(value_enum)]
    suite: Suite,
    /// Only the scenarios whose names match this regular expression (Bluetooth), the tests that pytest finds by it (-k), or those
    /// of Node.js whose names match
    only: Option<String>,
    /// Bluetooth: so many runs, each with a line in docs/ble-soak.jsonl; fails at the end if one of them did
    #[arg(long, value_name = "N", conflicts_with = "only")]
    soak: Option<u32>,
    /// Bluetooth: meanwhile every core is kept busy with something else
    #[arg(long)]
    busy: bool,
}

/// What has end-to-end tests of its own.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Suite {
    /// Bluetooth LE: BlueZ in a virtual machine, virtual radio
    Ble,
    /// The Python package: its wheel, in the oldest and the newest Python there is
    Python,
    /// The npm package: WebAssembly, Node.js, browsers
    Web,
    /// The production line: codes, partitions, labels and batches, against other people's programs
    Line,
}

pub(crate) fn e2e(options: &Options) -> Result<(), String> {
    match options.suite {
        Suite::Ble => ble::run_as_asked(options),
        Suite::Line => line(options.only.as_deref()).map(drop),
        Suite::Python => python(options.only.as_deref()).map(drop),
        Suite::Web => web(options.only.as_deref()).map(drop),
    }
}

/// The command over the real BlueZ.
pub(crate) fn bluetooth(only: Option<&str>) -> Result<String, String> {
    ble::bluetooth(only)
}

/// The production line.
pub(crate) fn line(only: Option<&str>) -> Result<String, String> {
    line::run_all(only)
}

/// The Python package.
pub(crate) fn python(only: Option<&str>) -> Result<String, String> {
    python::run_all(only)
}

/// The npm package.
pub(crate) fn web(only: Option<&str>) -> Result<String, String> {
    web::run_all(only)
}
