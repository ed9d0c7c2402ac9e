//! `credentials`: salt and verifier for security 2 firmware.

use super::Context;
use crate::args::{CredentialFormat, MakeCredentialsArgs};
use crate::errors::{self, Class, Failure};
use crate::hex_input;
use crate::output::{Report, Success, clean};
use crate::prompt::{self, Answer};
use espprov_security::sec2::{Verifier, VerifierError};
use espprov_types::DEFAULT_USERNAME;
use espprov_types::hex::Hex;
use getrandom::SysRng;
use zeroize::Zeroizing;

pub(super) async fn run(context: &Context, args: &MakeCredentialsArgs) -> Result<Success, Failure> {
    let stdin = &context.stdin;
    let username = stdin.value_or_env(args.username.as_deref(), "--username", "ESPPROV_USERNAME");
    let username = username
        .await?
        .unwrap_or_else(|| Zeroizing::new(DEFAULT_USERNAME.as_bytes().to_vec()));
    let password = stdin.value_or_env(args.password.as_deref(), "--password", "ESPPROV_PASSWORD");
    let password = match password.await? {
        Some(password) => password,
        None if context.out.may_ask() => {
            match prompt::ask(|| prompt::secret("Password for the device:")).await? {
                Answer::Given(password) => password,
                Answer::Back => return Err(errors::cancelled()),
            }
        }
        None => return Err(errors::missing("the password", "--password")),
    };
    for (value, flag) in [(&username, "--username"), (&password, "--password")] {
        crate::secret_input::check_length(Some(value), flag)?;
    }
    if password.is_empty() {
        return Err(Failure::usage("empty_password", "the password is empty")
            .with_cause("whoever knows the username could open the device")
            .with_help("give --password with at least one byte, better sixteen random ones"));
    }
    let salt = match &args.salt {
        Some(hex) => hex_input::decode(hex, "--salt")?.to_vec(),
        None => Verifier::generate_salt(args.salt_len.into(), &mut SysRng).map_err(|_| {
            Failure::new(
                Class::Unexpected,
                "entropy",
                "the operating system gives no random numbers",
            )
            .with_cause("its source of random numbers is missing or broken")
            .with_help("restart the system, then run again")
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
    let (code, cause, help) = match error {
        VerifierError::EmptyUsername => (
            "empty_username",
            "security 2 devices refuse an empty username",
            "give --username NAME, or leave it out for wifiprov",
        ),
        VerifierError::SaltLength => (
            "invalid_salt",
            "firmware takes salts of 1 to 128 bytes",
            "give --salt with 1 to 128 bytes, or leave it out",
        ),
        _ => (
            "invalid_verifier",
            "no verifier comes of these values",
            "give another salt, or leave it out",
        ),
    };
    Failure::usage(code, error.to_string())
        .with_cause(cause)
        .with_help(help)
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
