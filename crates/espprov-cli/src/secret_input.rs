//! Secrets by flag, environment variable or standard input, in this order.

use crate::errors::Failure;
use core::cell::Cell;
use std::io::Read;
use zeroize::Zeroizing;

/// A secret as it came in; wiped on drop.
pub(crate) type SecretBytes = Zeroizing<Vec<u8>>;

/// More than anything that may be given on standard input.
const MAX_INPUT: u64 = 16 * 1024 * 1024;

/// Standard input, which can be read once.
#[derive(Default)]
pub(crate) struct Stdin {
    taken_by: Cell<Option<&'static str>>,
}

impl Stdin {
    /// Everything that comes.
    pub(crate) fn read_all(&self, flag: &'static str) -> Result<SecretBytes, Failure> {
        if let Some(other) = self.taken_by.replace(Some(flag)) {
            return Err(Failure::usage(
                "stdin_twice",
                format!("`-` was given twice: for {other} and for {flag}"),
            )
            .cause("standard input can be read only once")
            .help("give one of the two in another way, for instance by environment variable"));
        }
        let mut bytes = Zeroizing::new(Vec::new());
        std::io::stdin()
            .lock()
            .take(MAX_INPUT)
            .read_to_end(&mut bytes)
            .map_err(|error| {
                Failure::usage(
                    "stdin",
                    format!("cannot read standard input for {flag}: {}", error.kind()),
                )
                .help("pipe the value in: printf %s VALUE | espprov …")
            })?;
        Ok(bytes)
    }

    /// One value: a line break at the end is not part of it.
    fn read_value(&self, flag: &'static str) -> Result<SecretBytes, Failure> {
        let mut bytes = self.read_all(flag)?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        Ok(bytes)
    }

    /// A value given on the command line, or `-`.
    pub(crate) fn value(
        &self,
        given: Option<&str>,
        flag: &'static str,
    ) -> Result<Option<SecretBytes>, Failure> {
        match given {
            Some("-") => self.read_value(flag).map(Some),
            Some(text) => Ok(Some(Zeroizing::new(text.as_bytes().to_vec()))),
            None => Ok(None),
        }
    }

    /// The same, and after it the environment variable.
    pub(crate) fn value_or_env(
        &self,
        given: Option<&str>,
        flag: &'static str,
        variable: &str,
    ) -> Result<Option<SecretBytes>, Failure> {
        match self.value(given, flag)? {
            Some(value) => Ok(Some(value)),
            None => from_env(variable),
        }
    }
}

fn from_env(variable: &str) -> Result<Option<SecretBytes>, Failure> {
    let Some(value) = std::env::var_os(variable) else {
        return Ok(None);
    };
    // Passphrases are bytes on the wire; a variable that is not UTF-8 would not survive every platform.
    match value.into_string() {
        Ok(text) => Ok(Some(Zeroizing::new(text.into_bytes()))),
        Err(_) => Err(Failure::usage("invalid_env", format!("{variable} is not UTF-8"))
            .help("set it to text, or give the value on standard input with `-`")),
    }
}

/// What opens a device.
#[derive(Default)]
pub(crate) struct Credentials {
    pub(crate) pop: Option<SecretBytes>,
    pub(crate) username: Option<SecretBytes>,
    pub(crate) password: Option<SecretBytes>,
}

impl Credentials {
    /// From flags, environment and standard input.
    pub(crate) fn gather(args: &crate::args::CredentialArgs, stdin: &Stdin) -> Result<Self, Failure> {
        let credentials = Self {
            pop: stdin.value_or_env(args.pop.as_deref(), "--pop", "ESPPROV_POP")?,
            username: stdin.value_or_env(args.username.as_deref(), "--username", "ESPPROV_USERNAME")?,
            password: stdin.value_or_env(args.password.as_deref(), "--password", "ESPPROV_PASSWORD")?,
        };
        for (value, flag) in [
            (&credentials.pop, "--pop"),
            (&credentials.username, "--username"),
            (&credentials.password, "--password"),
        ] {
            check_length(value.as_deref().map(Vec::as_slice), flag)?;
        }
        if credentials.username.as_ref().is_some_and(|name| name.is_empty()) {
            return Err(Failure::usage("empty_username", "the username is empty")
                .cause("security 2 devices refuse an empty username")
                .help("give --username NAME, or leave it out for wifiprov"));
        }
        Ok(credentials)
    }

    /// Somebody said what to prove.
    pub(crate) const fn has_proof(&self) -> bool {
        self.pop.is_some() || self.password.is_some()
    }
}

/// Devices hold at most 64 bytes of each.
pub(crate) fn check_length(value: Option<&[u8]>, flag: &str) -> Result<(), Failure> {
    match value {
        Some(value) if value.len() > 64 => Err(Failure::usage(
            "too_long",
            format!(
                "the value of {flag} has {} bytes, at most 64 are allowed",
                value.len()
            ),
        )
        .help("check the value against the label on the device")),
        _ => Ok(()),
    }
}
