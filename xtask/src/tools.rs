//! Paths, running programs, and the helper programs CI needs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The workspace root, wherever cargo was started.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// The one target directory. Builds with other flags or lock files get a subdirectory, so that they do not
/// rebuild each other's artefacts.
pub(crate) fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The cargo that runs this program, to be started in the workspace root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Set by `cargo run` for this package; they would only make inner builds differ from outer ones.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program with its output on the terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command
        .status()
        .map_err(|e| format!("cannot start `{shown}`: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{shown}` failed ({status})"))
    }
}

/// The same, but it gives way to whatever else there is to do, and so does all that it starts.
pub(crate) fn giving_way(command: Command) -> Command {
    if !cfg!(unix) {
        return command;
    }
    let mut nice = Command::new("nice");
    nice.args(["-n", "10"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        nice.current_dir(folder);
    }
    nice
}

/// Runs a program quietly: whether it succeeded, and what it wrote to stdout and stderr.
pub(crate) fn capture(command: &mut Command) -> Result<(bool, String), String> {
    let shown = show(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("cannot start `{shown}`: {e}"))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), text))
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    let words = core::iter::once(name).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A helper program from the registry.
pub(crate) struct Tool {
    /// The package, and the program it builds.
    pub(crate) name: &'static str,
    /// The version CI uses.
    pub(crate) version: &'static str,
    /// What else `cargo install` is told.
    flags: &'static [&'static str],
}

pub(crate) const CARGO_ABOUT: Tool = Tool {
    name: "cargo-about",
    version: "0.9.3",
    flags: &["--features", "cli"],
};
pub(crate) const CBINDGEN: Tool = Tool {
    name: "cbindgen",
    version: "0.29.4",
    flags: &[],
};
pub(crate) const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    flags: &[],
};
pub(crate) const CARGO_MUTANTS: Tool = Tool {
    name: "cargo-mutants",
    version: "27.1.0",
    flags: &[],
};
pub(crate) const MDBOOK: Tool = Tool {
    name: "mdbook",
    version: "0.5.4",
    // No web server, no watcher: CI builds the book and looks at nothing.
    flags: &["--no-default-features"],
};

impl Tool {
    /// The program, if it is installed: in this workspace's target directory, or anywhere in `PATH`.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        let cached = self.root().join("bin").join(self.name);
        let in_path = env::var_os("PATH").unwrap_or_default();
        let in_path = env::split_paths(&in_path).map(|dir| dir.join(self.name));
        core::iter::once(cached)
            .chain(in_path)
            .map(|path| path.with_extension(env::consts::EXE_EXTENSION))
            .find(|path| path.is_file())
    }

    /// The program, installed into the target directory if it is nowhere yet (unoptimised: these tools work for
    /// seconds, and take minutes to optimise).
    pub(crate) fn ensure(&self) -> Result<PathBuf, String> {
        if let Some(path) = self.find() {
            return Ok(path);
        }
        println!(
            "{} is not installed: installing {} into {}",
            self.name,
            self.version,
            self.root().display()
        );
        let mut install = cargo();
        install
            .args([
                "install",
                "--locked",
                "--debug",
                "--quiet",
                "--version",
                self.version,
                self.name,
                "--root",
            ])
            .arg(self.root())
            .args(self.flags)
            .env("CARGO_PROFILE_DEV_DEBUG", "false");
        run(&mut install)?;
        // The build directory is several hundred megabytes and never needed again.
        self.find()
            .ok_or_else(|| format!("{} was installed but is not there", self.name))
    }

    fn root(&self) -> PathBuf {
        target_dir()
            .join("tools")
            .join(format!("{}-{}", self.name, self.version))
    }
}

/// The names of the files with this extension in a directory, without it, sorted.
pub(crate) fn stems(dir: &Path, extension: &str) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut names: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Processor time of the children so far, and of theirs, if they have been waited for.
#[cfg(target_os = "linux")]
pub(crate) fn children() -> Option<core::time::Duration> {
    use core::time::Duration;
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let seconds = |time: nix::sys::time::TimeVal| {
        u64::try_from(time.tv_sec())
            .ok()
            .map(Duration::from_secs)
            .unwrap_or_default()
            + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or_default())
    };
    Some(seconds(usage.user_time()) + seconds(usage.system_time()))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn children() -> Option<core::time::Duration> {
    None
}
