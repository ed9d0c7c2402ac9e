//! `factory new`: what devices that are to be built get, and their labels.

use super::Context;
use crate::args::{FactoryCommand, FactoryNewArgs, NetworkArg};
use crate::errors::{self, Class, Failure};
use crate::output::Success;
use crate::private_file;
use crate::signals::unblock;
use espprov_line::factory::{FactoryError, Paper, Series, manifest_header, sheet};
use getrandom::SysRng;
use std::collections::HashSet;
use std::path::Path;
use zeroize::Zeroizing;

/// Pixels of one module in the pictures.
const SCALE: usize = 8;

pub(super) async fn run(context: &Context, command: &FactoryCommand) -> Result<Success, Failure> {
    let FactoryCommand::New(args) = command;
    let mut series = Series::new(&args.prefix, args.security, args.transport.into()).map_err(|error| {
        Failure::usage("invalid_series", error.to_string())
            .with_cause("the name is advertised, and typed")
            .with_help("give another --prefix")
    })?;
    series.network = args.network.into();
    if args.network == NetworkArg::Thread {
        // As the vendor's Thread examples are built.
        "threadprov".clone_into(&mut series.username);
    }
    if let Some(username) = &args.username {
        if username.is_empty() || username.len() > 64 {
            return Err(Failure::usage("invalid_username", "a username has 1 to 64 bytes")
                .with_cause(
                    "security 2 devices refuse an empty one, and a label has no room for a longer one",
                )
                .with_help("give another --username, or leave it out"));
        }
        series.username.clone_from(username);
    }
    context.out.progress("making secrets");
    let (out, count) = (args.out.clone(), args.count);
    let roll = args.label;
    unblock(move || make(&series, &out, count, roll)).await?;
    Ok(Success {
        summary: summary(args),
        ..Success::done()
    })
}

fn summary(args: &FactoryNewArgs) -> String {
    let folder = args.out.display();
    format!(
        "{} devices in {folder}: print labels.html or labels-roll.html, flash each nvs.csv, then espprov batch {folder}/devices.csv",
        args.count
    )
}

/// Everything in it is secret, and none of it may replace what somebody has printed already.
fn make(series: &Series, out: &Path, count: u32, roll: Paper) -> Result<(), Failure> {
    private_file::folder(out)?;
    let mut there = out
        .read_dir()
        .map_err(|error| errors::file("read", out, &error))?;
    if there.next().is_some() {
        return Err(
            Failure::usage("not_empty", format!("{} is not empty", out.display()))
                .with_cause("secrets of devices that may have been built must not be lost")
                .with_help("give a folder that is not there yet with --out"),
        );
    }
    let mut taken = HashSet::new();
    let mut manifest = Zeroizing::new(manifest_header(series).to_owned());
    let mut devices = Vec::new();
    for _ in 0..count {
        let device = series.make(&mut taken, &mut SysRng).map_err(explain)?;
        let folder = out.join(device.name());
        private_file::folder(&folder)?;
        let code = device.code().map_err(too_much)?;
        private_file::create(&folder.join("nvs.csv"), device.nvs().as_bytes())?;
        private_file::create(&folder.join("code.svg"), Zeroizing::new(code.svg()).as_bytes())?;
        private_file::create(&folder.join("code.png"), &Zeroizing::new(code.png(SCALE)))?;
        let row = device.manifest_row();
        // A string that grows leaves its old bytes behind: not this one.
        if manifest.capacity() < manifest.len() + row.len() {
            let mut more = Zeroizing::new(String::with_capacity(2 * manifest.capacity() + row.len()));
            more.push_str(&manifest);
            manifest = more;
        }
        manifest.push_str(&row);
        devices.push(device);
    }
    let title = format!("{count} devices");
    for (file, paper) in [("labels.html", Paper::A4), ("labels-roll.html", roll)] {
        let labels = sheet(&title, &devices, paper).map_err(too_much)?;
        private_file::create(&out.join(file), labels.as_bytes())?;
    }
    // The manifest comes last: where it is, everything else is.
    private_file::create(&out.join("devices.csv"), manifest.as_bytes())
}

fn too_much(error: espprov_line::code::TooMuch) -> Failure {
    Failure::usage("too_long", error.to_string())
        .with_cause("the username is too long for a label")
        .with_help("give a shorter --username")
}

fn explain(error: FactoryError) -> Failure {
    let failure = match error {
        FactoryError::Names => Failure::usage("names", error.to_string())
            .with_cause("six digits behind it are sixteen million names"),
        _ => Failure::new(Class::Unexpected, "entropy", error.to_string())
            .with_cause("the system's source of random numbers is missing or broken"),
    };
    failure.with_help("restart the system or give another --prefix, then run again")
}
