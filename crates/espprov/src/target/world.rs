//! The world a simulated device lives in.

use crate::Error;
use crate::explain::io::file;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use espprov_simulator::{Scenario, ScenarioError, SimDevice};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longest scenario file in bytes: many times what a useful one has.
const SCENARIO_MAX: u64 = 1 << 20;

/// The world a simulated device lives in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum World {
    /// One that is built in.
    Builtin(&'static str),
    /// A scenario file.
    File(PathBuf),
}

impl World {
    /// What stands behind `sim:`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.is_empty() {
            return Self::Builtin("default");
        }
        match Scenario::BUILTIN.into_iter().find(|name| *name == text) {
            Some(name) => Self::Builtin(name),
            None => Self::File(PathBuf::from(text)),
        }
    }

    /// Reads it. A pipe can be read, too, but once.
    ///
    /// # Errors
    /// `file` if it cannot be read, `invalid_scenario` if it says what cannot be; both of [`Class::Usage`](crate::Class).
    pub fn load(&self) -> Result<Scenario, Error> {
        let (text, place) = match self {
            Self::Builtin(name) => {
                return Scenario::builtin(name).map_err(|error| invalid((*name).to_owned(), &error));
            }
            Self::File(path) => (
                read_text(path).map_err(|error| file("read the scenario", path, &error))?,
                path.display().to_string(),
            ),
        };
        Scenario::parse(&text).map_err(|error| invalid(place, &error))
    }
}

/// The device of a scenario.
///
/// # Errors
/// `invalid_scenario`.
pub fn sim_device(scenario: Scenario) -> Result<SimDevice, Error> {
    SimDevice::new(scenario).map_err(|error| {
        Error::usage(
            "invalid_scenario",
            format!("the scenario cannot be played: {error}"),
        )
        .with_cause("its settings, or options given beside it, contradict each other")
        .with_help("correct the scenario or the options; the manual describes the format")
    })
}

fn invalid(place: String, error: &ScenarioError) -> Error {
    Error::usage("invalid_scenario", format!("{place}: {error}"))
        .with_cause("the file is not in the format of scenarios, or says what cannot be")
        .with_help("correct the scenario file; the manual describes its format")
}

/// Any file that can be read, a pipe too, but none without end.
fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?
        .take(SCENARIO_MAX.saturating_add(1))
        .read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= SCENARIO_MAX) {
        Ok(text)
    } else {
        Err(io::ErrorKind::FileTooLarge.into())
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin("default") => f.write_str("sim"),
            Self::Builtin(name) => write!(f, "sim:{name}"),
            Self::File(path) => write!(f, "sim:{}", path.display()),
        }
    }
}
