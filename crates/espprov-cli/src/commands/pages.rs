//! `completions` and `man`: made from the command line's own description.

use crate::args::Cli;
use crate::errors::{self, Failure};
use crate::output::Output;
use clap::CommandFactory;
use std::path::Path;

pub(super) fn completions(out: &Output, shell: clap_complete::Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "espprov", &mut script);
    out.raw(&script);
}

pub(super) fn manual(out: &Output, directory: Option<&Path>) -> Result<(), Failure> {
    let command = Cli::command();
    let Some(directory) = directory else {
        let mut page = Vec::new();
        // Writing to memory cannot fail.
        let _ = clap_mangen::Man::new(command).render(&mut page);
        out.raw(&page);
        return Ok(());
    };
    std::fs::create_dir_all(directory).map_err(|error| errors::file("create", directory, &error))?;
    clap_mangen::generate_to(command, directory).map_err(|error| errors::file("write to", directory, &error))
}
