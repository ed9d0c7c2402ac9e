//! Secrets by flag, environment variable or standard input, in this order. One that is missing is never taken for
//! an empty one: "none" is said by a literal empty flag, and by nothing else.

use crate::args::CredentialArgs;
use crate::errors::Failure;
use crate::signals::unblock;
use core::cell::Cell;
use espprov::Credentials;
use espprov_types::MAX_CREDENTIAL;
use std::io::Read;
use zeroize::Zeroizing;

/// A secret as it came in.
pub(crate) use espprov::Secret as SecretBytes;

/// Longer than any secret.
const MAX_SECRET: usize = 64 * 1024;

/// Standard input, which can be read once.
#[derive(Default)]
pub(crate) struct Stdin {
    taken_by: Cell<Option<&'static str>>,
}

impl Stdin {
    /// Everything that comes, however much it is.
    pub(crate) async fn read_all(&self, flag: &'static str) -> Result<SecretBytes, Failure> {
        self.read(flag, None).await
    }

    async fn read(&self, flag: &'static str, limit: Option<usize>) -> Result<SecretBytes, Failure> {
        if let Some(other) = self.taken_by.replace(Some(flag)) {
            return Err(Failure::usage(
                "stdin_twice",
                format!("`-` was given twice: for {other} and for {flag}"),
            )
            .with_cause("standard input can be read only once")
            .with_help("give one of the two in another way, for instance by environment variable"));
        }
        unblock(move || {
            let most = limit.map_or(u64::MAX, |limit| limit as u64 + 1);
            let mut bytes = Zeroizing::new(Vec::new());
            let read = std::io::stdin().lock().take(most).read_to_end(&mut bytes);
            read.map_err(|error| {
                Failure::usage(
                    "stdin",
                    format!("cannot read standard input for {flag}: {}", error.kind()),
                )
                .with_cause("standard input is closed, or is something that cannot be read")
                .with_help("pipe the value in: printf %s VALUE | espprov …")
            })?;
            Ok(bytes)
        })
        .await
    }

    /// One value: a line break at the end is not part of it, and nothing at all is no value.
    async fn read_value(&self, flag: &'static str) -> Result<SecretBytes, Failure> {
        let mut bytes = self.read(flag, Some(MAX_SECRET)).await?;
        if bytes.len() > MAX_SECRET {
            return Err(Failure::usage(
                "too_long",
                format!("what came on standard input is no value for {flag}"),
            )
            .with_cause(format!("it has more than {MAX_SECRET} bytes"))
            .with_help("check what is piped in"));
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.is_empty() {
            return Err(nothing_given("standard input was empty", flag));
        }
        Ok(bytes)
    }

    /// A value given on the command line, or `-`.
    pub(crate) async fn value(
        &self,
        given: Option<&str>,
        flag: &'static str,
    ) -> Result<Option<SecretBytes>, Failure> {
        match given {
            Some("-") => self.read_value(flag).await.map(Some),
            Some(text) => Ok(Some(Zeroizing::new(text.as_bytes().to_vec()))),
            None => Ok(None),
        }
    }

    /// The same, and after it the environment variable.
    pub(crate) async fn value_or_env(
        &self,
        given: Option<&str>,
        flag: &'static str,
        variable: &str,
    ) -> Result<Option<SecretBytes>, Failure> {
        match self.value(given, flag).await? {
            Some(value) => Ok(Some(value)),
            None => from_env(variable, flag),
        }
    }
}

/// A pipe whose other end failed, a CI secret that is not set: nobody said "none".
fn nothing_given(place: &str, flag: &str) -> Failure {
    Failure::usage(
        "missing_value",
        format!("{place}: the value of {flag} is missing"),
    )
    .with_cause("what should have filled it failed, or is not set here")
    .with_help(match flag {
        "--passphrase" => "give the passphrase; a network without one is said with --open".to_owned(),
        "--pop" => "give the PoP; a device without one is said with --pop ''".to_owned(),
        _ => format!("give the value of {flag}"),
    })
}

fn from_env(variable: &str, flag: &str) -> Result<Option<SecretBytes>, Failure> {
    let Some(value) = std::env::var_os(variable) else {
        return Ok(None);
    };
    // Passphrases are bytes on the wire; a variable that is not UTF-8 would not survive every platform.
    match value.into_string() {
        Ok(text) if text.is_empty() => Err(nothing_given(&format!("{variable} is set, but empty"), flag)),
        Ok(text) => Ok(Some(Zeroizing::new(text.into_bytes()))),
        Err(_) => Err(Failure::usage("invalid_env", format!("{variable} is not UTF-8"))
            .with_cause("it holds bytes that are no text")
            .with_help("set it to text, or give the value on standard input with `-`")),
    }
}

/// What opens a device, from flags, environment and standard input.
pub(crate) async fn credentials(args: &CredentialArgs, stdin: &Stdin) -> Result<Credentials, Failure> {
    let pop = stdin.value_or_env(args.pop.as_deref(), "--pop", "ESPPROV_POP");
    let mut credentials = Credentials::default();
    credentials.pop = pop.await?;
    let username = stdin.value_or_env(args.username.as_deref(), "--username", "ESPPROV_USERNAME");
    credentials.username = username.await?;
    let password = stdin.value_or_env(args.password.as_deref(), "--password", "ESPPROV_PASSWORD");
    credentials.password = password.await?;
    for (value, flag) in [
        (&credentials.pop, "--pop"),
        (&credentials.username, "--username"),
        (&credentials.password, "--password"),
    ] {
        check_length(value.as_deref().map(Vec::as_slice), flag)?;
    }
    if credentials.username.as_ref().is_some_and(|name| name.is_empty()) {
        return Err(Failure::usage("empty_username", "the username is empty")
            .with_cause("security 2 devices refuse an empty username")
            .with_help("give --username NAME, or leave it out for the usual one"));
    }
    Ok(credentials)
}

/// The passphrase of the network; `open` is an empty one.
pub(crate) async fn passphrase(
    given: Option<&str>,
    open: bool,
    stdin: &Stdin,
) -> Result<Option<SecretBytes>, Failure> {
    if open {
        return Ok(Some(Zeroizing::new(Vec::new())));
    }
    let given = stdin.value_or_env(given, "--passphrase", "ESPPROV_PASSPHRASE");
    given.await
}

/// More of it is not held: see [`MAX_CREDENTIAL`].
pub(crate) fn check_length(value: Option<&[u8]>, flag: &str) -> Result<(), Failure> {
    match value {
        Some(value) if value.len() > MAX_CREDENTIAL => Err(Failure::usage(
            "too_long",
            format!(
                "the value of {flag} has {} bytes, at most {MAX_CREDENTIAL} are held",
                value.len()
            ),
        )
        .with_cause("a label with as much is unheard of: something else was pasted")
        .with_help("check the value against the label on the device")),
        _ => Ok(()),
    }
}
