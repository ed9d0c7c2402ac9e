//! Checks, writes or lists our own test vectors. Called by `cargo xtask test-vectors`.

use espprov_tests::generate;
use std::process::ExitCode;

const USAGE: &str = "usage: test-vectors [--check | --bless | --search]";

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None | Some("--check") => check(),
        Some("--bless") => bless(),
        Some("--search") => {
            for (name, number) in generate::search() {
                println!("{name}: {number:?}");
            }
            ExitCode::SUCCESS
        }
        Some(_) => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn check() -> ExitCode {
    let differences = generate::differences();
    if differences.is_empty() {
        println!("{} test vectors are up to date", generate::files().len());
        return ExitCode::SUCCESS;
    }
    for line in &differences {
        eprintln!("tests/vectors/espprov: {line}");
    }
    eprintln!("If the change is meant, run `cargo xtask test-vectors --bless` and commit the files.");
    ExitCode::FAILURE
}

fn bless() -> ExitCode {
    match generate::bless() {
        Ok(count) => {
            println!(
                "wrote {count} test vectors to {}",
                generate::directory().display()
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", generate::directory().display());
            ExitCode::FAILURE
        }
    }
}
