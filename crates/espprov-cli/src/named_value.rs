//! `NAME=VALUE` on the command line, where the value is text, `@FILE`, `hex:…`, or `-`.

use crate::errors::{self, Failure};
use crate::hex_input;
use crate::output::clean;
use crate::secret_input::{SecretBytes, Stdin};
use crate::signals::unblock;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// More than any value that a device could take.
const FILE_MAX: u64 = 64 * 1024;

/// `NAME=VALUE`; `\=` is an equals sign of the name. `giver` takes it so.
pub(crate) fn split<'a>(word: &'a str, giver: &str) -> Result<(String, &'a str), Failure> {
    let mut name = String::new();
    let mut rest = word;
    loop {
        let Some((before, after)) = rest.split_once('=') else {
            return Err(Failure::usage("usage", format!("no value for {}", clean(word)))
                .with_cause(format!("{giver} takes NAME=VALUE"))
                .with_help("put an equals sign and the value behind the name"));
        };
        rest = after;
        match before.strip_suffix('\\') {
            Some(before) => {
                name.push_str(before);
                name.push('=');
            }
            None => {
                name.push_str(before);
                return Ok((name, rest));
            }
        }
    }
}

/// What is in a file, as far as a device could take it.
pub(crate) async fn file(path: &str) -> Result<SecretBytes, Failure> {
    let path = PathBuf::from(path);
    unblock(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        File::open(&path)
            .and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes))
            .map_err(|error| errors::file("read", &path, &error))?;
        if bytes.len() as u64 > FILE_MAX {
            return Err(
                Failure::usage("too_long", format!("{} is too long", path.display()))
                    .with_cause("no device takes a value of more than 64 KiB")
                    .with_help("check that this is the right file"),
            );
        }
        Ok(bytes)
    })
    .await
}

/// The bytes that a value stands for: text as it is, `@FILE`, `hex:…`, or `-` for standard input.
pub(crate) async fn bytes(
    name: &str,
    text: &str,
    flag: &'static str,
    stdin: &Stdin,
) -> Result<SecretBytes, Failure> {
    if let Some(digits) = text.strip_prefix("hex:") {
        return hex_input::decode(digits, &clean(name));
    }
    if let Some(path) = text.strip_prefix('@') {
        return file(path).await;
    }
    if text == "-" {
        return stdin.read_all(flag).await;
    }
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_parted_at_the_first_equals_sign_that_is_not_escaped() {
        for (word, name, value) in [
            ("a=b", "a", "b"),
            ("a=", "a", ""),
            ("a=b=c", "a", "b=c"),
            (r"a\=b=c", "a=b", "c"),
            (r"a\=\==\=", "a==", r"\="),
            (r"a\b=c", r"a\b", "c"),
            ("timestamp (us)=1", "timestamp (us)", "1"),
        ] {
            let parted = split(word, "set").ok();
            assert_eq!(parted, Some((name.to_owned(), value)), "{word}");
        }
        for word in ["a", "", r"a\=b"] {
            assert!(split(word, "set").is_err(), "{word}");
        }
    }
}
