//! `credentials`: salt and verifier for security 2 firmware.

use super::Context;
use super::send::decode_hex;
use crate::args::{CredentialFormat, MakeCredentialsArgs};
use crate::errors::{self, Exit, Failure};
use crate::output::{Report, Success, clean};
use crate::prompt;
use espprov_security::sec2::{Verifier, VerifierError};
use espprov_types::DEFAULT_USERNAME;
use espprov_types::hex::Hex;
use getrandom::SysRng;
use zeroize::Zeroizing;

pub(super) fn run(context: &Context, args: &MakeCredentialsArgs) -> Result<Success, Failure> {
    let stdin = &context.stdin;
    let username = stdin
        .value_or_env(args.username.as_deref(), "--username", "ESPPROV_USERNAME")?
        .unwrap_or_else(|| Zeroizing::new(DEFAULT_USERNAME.as_bytes().to_vec()));
    let password = match stdin.value_or_env(args.password.as_deref(), "--password", "ESPPROV_PASSWORD")? {
        Some(password) => password,
        None if context.out.may_ask() => prompt::secret("Password for the device:")?,
        None => return Err(errors::missing("the password", "--password")),
    };
    for (value, flag) in [(&username, "--username"), (&password, "--password")] {
        crate::secret_input::check_length(Some(value), flag)?;
    }
    if password.is_empty() {
        return Err(Failure::usage("empty_password", "the password is empty")
            .help("give --password with at least one byte, better sixteen random ones"));
    }
    let salt = match &args.salt {
        Some(hex) => decode_hex(hex, "--salt")?.to_vec(),
        None => Verifier::generate_salt(args.salt_len.into(), &mut SysRng).map_err(|_| {
            Failure::new(
                Exit::Unexpected,
                "entropy",
                "the operating system gives no random numbers",
            )
        })?,
    };
    if salt.first() == Some(&0) {
        context.out.warn(
            "salt_leading_zero",
            "the salt begins with 00: several apps drop leading zeros and then fail with this device",
        );
    }
    let made = Verifier::generate(&username, &password, &salt).map_err(from_verifier)?;
    let username = String::from_utf8_lossy(&username).into_owned();
    let (salt, verifier) = (made.salt(), made.verifier());
    context.out.event(&Report::Credentials {
        username: username.clone(),
        salt: Hex(salt).to_string(),
        verifier: Hex(verifier).to_string(),
    });
    context.out.say(&match args.format {
        CredentialFormat::C => c_arrays(&username, salt, verifier),
        CredentialFormat::Hex => format!("salt      {}\nverifier  {}", Hex(salt), Hex(verifier)),
        CredentialFormat::Json => serde_json::json!({
            "username": username,
            "salt": Hex(salt).to_string(),
            "verifier": Hex(verifier).to_string(),
        })
        .to_string(),
        CredentialFormat::NvsCsv => nvs_csv(&username, salt, verifier),
    });
    Ok(Success::done())
}

fn from_verifier(error: VerifierError) -> Failure {
    let (code, help) = match error {
        VerifierError::EmptyUsername => (
            "empty_username",
            "give --username NAME, or leave it out for wifiprov",
        ),
        VerifierError::SaltLength => ("invalid_salt", "give --salt with 1 to 128 bytes, or leave it out"),
        _ => ("invalid_verifier", "run again"),
    };
    Failure::usage(code, error.to_string()).help(help)
}

/// The arrays by the names that ESP-IDF's examples use.
fn c_arrays(username: &str, salt: &[u8], verifier: &[u8]) -> String {
    // Nothing in a name may end the comment.
    let name = clean(username).replace("*/", "* /");
    format!(
        "/* Security 2 credentials of user \"{name}\". */\n{}\n\n{}",
        c_array("sec2_salt", salt),
        c_array("sec2_verifier", verifier)
    )
}

fn c_array(name: &str, bytes: &[u8]) -> String {
    let lines: Vec<String> = bytes
        .chunks(12)
        .map(|line| {
            let cells: Vec<String> = line.iter().map(|byte| format!("{byte:#04x}")).collect();
            format!("    {}", cells.join(", "))
        })
        .collect();
    format!("static const char {name}[] = {{\n{}\n}};", lines.join(",\n"))
}

/// A namespace of its own; binary values as hex.
fn nvs_csv(username: &str, salt: &[u8], verifier: &[u8]) -> String {
    let name = clean(username).replace('"', "\"\"");
    format!(
        "key,type,encoding,value\nespprov,namespace,,\nsec2_username,data,string,\"{name}\"\nsec2_salt,data,hex2bin,{}\nsec2_verifier,data,hex2bin,{}",
        Hex(salt),
        Hex(verifier)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(
            c_array("sec2_salt", &[1, 0xab]),
            "static const char sec2_salt[] = {\n    0x01, 0xab\n};"
        );
        let csv = nvs_csv("a\"b", &[1], &[2]);
        assert!(csv.contains("sec2_username,data,string,\"a\"\"b\"\n"), "{csv}");
        assert!(csv.ends_with("sec2_verifier,data,hex2bin,02"), "{csv}");
        assert!(!c_arrays("x */ system(", &[1], &[2]).contains("x */"));
    }
}
