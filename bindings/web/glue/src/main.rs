//! What is done to the WebAssembly modules once they are compiled:
//!
//! `glue bind FILE.wasm FOLDER` makes a JavaScript module and its types. This is what the program `wasm-bindgen` does, from the same
//! library: so the generator is of the version in Cargo.lock, and nothing is installed or downloaded beside it.
//!
//! `glue pack FILE FILE.gz` compresses a file as far as gzip can be read: devices and servers send it as it is.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [what, from, to] = arguments.as_slice() else {
        return usage();
    };
    let (from, to) = (Path::new(from), Path::new(to));
    let done = match what.to_str() {
        Some("bind") => bind(from, to),
        Some("pack") => pack(from, to),
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error:#}", from.display());
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("glue bind FILE.wasm FOLDER | glue pack FILE FILE.gz");
    ExitCode::from(2)
}

fn bind(module: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let made = Bindgen::new().input_path(module).web(true).and_then(|bindgen| {
        bindgen
            .typescript(true)
            .omit_default_module_path(true)
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(folder)
    });
    Ok(made?)
}

fn pack(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(from)?;
    let mut packed = Vec::new();
    zopfli::compress(
        zopfli::Options::default(),
        zopfli::Format::Gzip,
        bytes.as_slice(),
        &mut packed,
    )?;
    Ok(std::fs::write(to, packed)?)
}
