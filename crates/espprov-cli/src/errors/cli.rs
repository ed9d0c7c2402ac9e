//! Command lines that cannot be understood.

use super::Failure;
use crate::args::Global;
use crate::output::Output;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// Reports what clap found, without repeating what may be a secret in the wrong place, and returns the exit
/// status. Help and version are no errors.
pub(crate) fn from_clap(error: &clap::Error, words: &[OsString]) -> u8 {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let out = Output::new(&Global::bare(false, words));
        return match error.print() {
            Ok(()) => 0,
            Err(error) => out.status_after(&error),
        };
    }
    // Nothing was parsed, so the flag has to be looked for.
    let json = words
        .iter()
        .skip(1)
        .take_while(|word| *word != "--")
        .any(|word| word == "--json");
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && !json {
        let _ = error.print();
        return 2;
    }
    let out = Output::new(&Global::bare(json, words));
    out.finish(&Err(failure(error)))
}

fn failure(error: &clap::Error) -> Failure {
    let mut help = match (
        error.get(ContextKind::SuggestedArg),
        error.get(ContextKind::SuggestedSubcommand),
    ) {
        (Some(ContextValue::String(name)), _) | (_, Some(ContextValue::String(name))) => {
            format!("did you mean {name}? ")
        }
        (_, Some(ContextValue::Strings(names))) => format!("did you mean {}? ", names.join(" or ")),
        _ => String::new(),
    };
    if let Some(usage) = usage(error) {
        help.push_str(&format!("usage: {usage}; "));
    }
    help.push_str("espprov --help explains");
    let failure = |message: String| {
        Failure::usage("usage", message)
            .with_cause("the command line does not fit the command")
            .with_help(help.clone())
    };
    let arg = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(arg)) => arg.as_str(),
        _ => "",
    };
    match error.kind() {
        ErrorKind::UnknownArgument if !arg.starts_with('-') => {
            failure("there is one argument too many (not repeated here: it may be a secret)".to_owned())
                .with_cause("a value with spaces or special characters needs single quotes around it")
        }
        // The data of `send`, without its flag.
        ErrorKind::InvalidValue if arg == "[-]" => {
            failure("there is one argument too many (not repeated here: it may be a secret)".to_owned())
                .with_cause("the data to send goes after --text, --hex or --file")
        }
        ErrorKind::TooManyValues => failure("an option that takes no value was given one".to_owned()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            failure("what is to be done is not said".to_owned())
                .with_cause("a command is missing, such as provision")
        }
        _ => failure(first_words(&error.render().to_string())),
    }
}

/// What clap says, without its usage text: everything up to the first empty line, on one line.
fn first_words(text: &str) -> String {
    let text = text.trim_start_matches("error: ");
    let lines: Vec<&str> = text
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .map(str::trim)
        .collect();
    lines.join(" ")
}

fn usage(error: &clap::Error) -> Option<String> {
    let text = error.render().to_string();
    let line = text.lines().find_map(|line| line.strip_prefix("Usage: "))?;
    Some(line.trim().to_owned())
}
