//! Whom an error's help is for: flags for the command, methods for a program, fields for a page, functions for C.

#[cfg(not(target_family = "wasm"))]
mod c;
mod javascript;
#[cfg(not(target_family = "wasm"))]
mod python;
#[cfg(target_family = "wasm")]
mod wasm;

use alloc::borrow::Cow;
use alloc::string::String;

/// Who reads the help of an [`Error`](crate::Error).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Caller {
    /// Whoever typed a command line: flags and commands.
    Command,
    /// Whoever writes a program: methods.
    #[default]
    Program,
    /// Whoever writes a program in Python: arguments of functions.
    Python,
    /// Whoever writes a program in JavaScript or TypeScript: options and methods.
    JavaScript,
    /// Whoever looks at a page or an app: fields and buttons.
    Page,
    /// Whoever writes a program on the C library: its functions and fields.
    C,
}

/// What stands in `{}` in a text, and how to say it to a command line, a program, a page.
const WORDS: &[(&str, [&str; 3])] = &[
    ("again", ["run again", "try again", "try again"]),
    (
        "speed",
        [
            "the speed (serial:PORT?baud=N)",
            "the speed (?baud=N in the target)",
            "the speed",
        ],
    ),
    (
        "line-limit",
        [
            "add ?line-limit=0 to the target",
            "add ?line-limit=0 to the target",
            "say that its console reads lines without a limit",
        ],
    ),
    (
        "simulate",
        [
            "start `espprov simulate --http HOST:PORT` first",
            "start its HTTP server first",
            "start it first",
        ],
    ),
    (
        "more-time",
        [
            "allow more time with --deadline",
            "allow more time with deadline()",
            "allow more time",
        ],
    ),
    (
        "much-more-time",
        [
            "allow more time with --deadline 120s",
            "allow more time with deadline()",
            "allow more time",
        ],
    ),
    (
        "retries",
        [
            "--retries N does that by itself",
            "Error::retry tells when that can help",
            "it often helps",
        ],
    ),
    (
        "plaintext",
        [
            "add --allow-plaintext",
            "call allow_plaintext()",
            "allow a device without encryption",
        ],
    ),
    (
        "no-proof",
        [
            "leave --pop and --password out and add --allow-plaintext",
            "give neither a PoP nor a password, and call allow_plaintext()",
            "leave PoP and password empty, and allow a device without encryption",
        ],
    ),
    (
        "no-pop",
        [
            "give --pop ''",
            "give an empty PoP",
            "say that the device has no PoP",
        ],
    ),
    (
        "pop-instead",
        [
            "give its proof of possession with --pop instead of --password",
            "give its proof of possession with pop() instead of password()",
            "give its proof of possession (PoP) instead of a password",
        ],
    ),
    ("security", ["--security", "security()", "the chosen security"]),
    (
        "security-auto",
        [
            "leave --security at auto",
            "leave security() at SecurityChoice::Auto",
            "let the device say it",
        ],
    ),
    ("pop", ["--pop", "pop()", "the PoP"]),
    (
        "pop-flag",
        [
            "--pop (empty: --pop '')",
            "pop() (a device without one: an empty PoP)",
            "the PoP",
        ],
    ),
    (
        "password-flag",
        [
            "--password (or --pop) and, if it is not the usual one, --username",
            "password() (or pop()) and, if it is not the usual one, username()",
            "the password and, if it is not the usual one, the username",
        ],
    ),
    (
        "missing",
        [
            "there is no terminal to ask on, or --json was given",
            "the device asks for it, and it was not given",
            "the device asks for it, and the field is empty",
        ],
    ),
    (
        "login",
        [
            "check --username (usually wifiprov, on Thread devices threadprov) and --password",
            "check username() (usually wifiprov, on Thread devices threadprov) and password()",
            "check username (usually wifiprov, on Thread devices threadprov) and password",
        ],
    ),
    (
        "username",
        [
            "give --username NAME, or leave it out for wifiprov",
            "give a username, or leave it out for wifiprov",
            "fill in the username, usually wifiprov",
        ],
    ),
    (
        "credentials",
        [
            "--pop, --username and --password",
            "PoP, username and password",
            "PoP, username and password",
        ],
    ),
    (
        "info",
        [
            "check with espprov info what the device offers",
            "look with info() what the device offers",
            "look at the device's details for what it offers",
        ],
    ),
    (
        "supports",
        [
            "(espprov info shows what it supports)",
            "(info() tells what it supports)",
            "(its details tell what it supports)",
        ],
    ),
    (
        "trace",
        [
            "record an exchange with --trace FILE and report it",
            "record the bytes of an exchange and report it",
            "report it",
        ],
    ),
    (
        "verbose",
        [
            "run again with -v, and report this if it stays",
            "report this if it stays",
            "report this if it stays",
        ],
    ),
    (
        "chunk",
        [
            "cut the data into pieces with --chunk",
            "cut the data into pieces",
            "cut the data into pieces",
        ],
    ),
    #[cfg(any(test, feature = "tls"))]
    (
        "pin",
        ["add --pin", "call tls(Tls::pin()) with", "trust this one:"],
    ),
    #[cfg(any(test, feature = "tls"))]
    ("ca", ["--ca FILE", "tls(Tls::ca())", "choose its certificate"]),
    #[cfg(any(test, feature = "tls"))]
    (
        "server-name",
        [
            "add --server-name with one of these",
            "call Tls::server_name() with one of these",
            "fill in one of these as its name",
        ],
    ),
    #[cfg(any(test, feature = "tls"))]
    (
        "any-name",
        [
            "if its root signs for nobody else, give that with --ca FILE and --server-name ''",
            "if its root signs for nobody else, give that with Tls::ca() and any_name()",
            "if its root signs for nobody else, choose that and leave the name empty",
        ],
    ),
    (
        "status",
        [
            "look at the state with espprov status",
            "look at the state with status()",
            "look at the state",
        ],
    ),
    (
        "status-later",
        [
            "see later with espprov status what became of it",
            "see later with status() what became of it",
            "look at its state later",
        ],
    ),
    (
        "reset",
        ["run espprov reset", "call reset()", "reset the attempt"],
    ),
    (
        "scan",
        [
            "see with espprov scan what the device hears",
            "see with scan() what the device hears",
            "let the device scan",
        ],
    ),
    (
        "scan-thread",
        [
            "see with espprov scan --thread what the device hears",
            "see with scan_thread() what the device hears",
            "let the device scan",
        ],
    ),
    (
        "provision",
        ["run espprov provision", "provision it", "provision it"],
    ),
    (
        "reprov",
        [
            "run espprov reprov, then espprov provision",
            "call reprovision(), then provision it",
            "let it be provisioned anew",
        ],
    ),
    (
        "dataset",
        [
            "give the Thread network with --dataset, or with --network-key and --network-name",
            "give it a Thread network: provision_thread()",
            "give it a Thread network",
        ],
    ),
    (
        "whole-dataset",
        [
            "give the whole dataset with --dataset",
            "give the whole dataset",
            "give the whole dataset",
        ],
    ),
    (
        "wifi",
        [
            "give the Wi-Fi network with --ssid and --passphrase",
            "give it a Wi-Fi network: provision()",
            "give it a Wi-Fi network",
        ],
    ),
    (
        "open",
        [
            "run again with --open",
            "try again with an empty passphrase",
            "try again without a passphrase",
        ],
    ),
    (
        "ssid",
        [
            "give --ssid with 1 to 32 bytes (letters beyond ASCII take two to four), or raw bytes with --ssid-hex",
            "give a name of 1 to 32 bytes (letters beyond ASCII take two to four)",
            "give a name of 1 to 32 bytes (letters beyond ASCII take two to four)",
        ],
    ),
    (
        "passphrase",
        [
            "give --passphrase with 8 to 63 bytes (or 64 hex digits for a raw key), --open for an open network, or --unchecked for a WEP key",
            "give a passphrase of 8 to 63 bytes (or 64 hex digits for a raw key), or an empty one for an open network",
            "give a passphrase of 8 to 63 characters, or none for an open network",
        ],
    ),
    (
        "network-flags",
        [
            "give the code on the device; the network goes with --ssid and --passphrase",
            "give the code on the device; the network goes to provision()",
            "scan the code on the device; the network comes later",
        ],
    ),
    #[cfg(any(test, feature = "serial"))]
    (
        "find-port",
        [
            "espprov info serial finds the ports",
            "link::serial::ports lists them",
            "the list shows the ports",
        ],
    ),
    #[cfg(any(test, feature = "ble", feature = "serial"))]
    (
        "nobody-chooses",
        [
            "there is no terminal to ask on, or --json was given",
            "which one is meant is not said",
            "which one is meant is not said",
        ],
    ),
    #[cfg(any(test, feature = "tokio"))]
    ("what-says", ["the first argument", "the target", "the target"]),
    (
        "target",
        [
            "give the target itself, such as ble:NAME",
            "give the target itself, such as ble:NAME",
            "choose the device from the list",
        ],
    ),
    (
        "target-pop",
        [
            "give the target itself, such as ble:NAME or softap, with --pop from the code",
            "give the target itself, such as ble:NAME or softap, with the PoP from the code",
            "choose the device from the list, and type the PoP from the code",
        ],
    ),
    (
        "target-login",
        [
            "give the target itself, such as ble:NAME or softap, with --pop, --username and --password",
            "give the target itself, such as ble:NAME or softap, with PoP, username and password",
            "choose the device from the list, and type PoP, username and password",
        ],
    ),
    (
        "other-target",
        [
            "give the target itself, such as serial:PORT or http://HOST, with --pop from the code",
            "give the target itself, such as serial:PORT or http://HOST, with the PoP from the code",
            "choose the device from the list, and type the PoP from the code",
        ],
    ),
    (
        "quotes",
        [
            "put the whole text of the code between single quotes",
            "give the whole text of the code as it is",
            "give the whole text of the code",
        ],
    ),
    ("shell", [", or the shell took the quotation marks away", "", ""]),
    ("quoted", [", and put it between single quotes", "", ""]),
    (
        "raw-value",
        [
            "give the bytes: hex:… or @FILE",
            "give the bytes: NewValue::Bytes",
            "give the bytes in hex",
        ],
    ),
    (
        "list-properties",
        ["espprov props", "list()", "the list of properties"],
    ),
    (
        "json",
        [
            "give the JSON document itself between single quotes",
            "give the JSON document itself",
            "give the JSON document itself",
        ],
    ),
];

impl Caller {
    /// The text with everything in braces said to this caller. Only texts of ours go in here: what a peer or a user said is put
    /// around it afterwards.
    pub(crate) fn say(self, text: &'static str) -> Cow<'static, str> {
        if cut(text, b'{').is_none() {
            return Cow::Borrowed(text);
        }
        let mut said = String::with_capacity(text.len().saturating_mul(2));
        let mut rest = text;
        while let Some((before, after)) = cut(rest, b'{') {
            said.push_str(before);
            let (word, after) = cut(after, b'}').unwrap_or((after, ""));
            said.push_str(self.word(word));
            rest = after;
        }
        said.push_str(rest);
        Cow::Owned(said)
    }

    #[cfg(not(target_family = "wasm"))]
    fn word(self, word: &str) -> &'static str {
        let found = WORDS.iter().find(|(name, _)| *name == word);
        debug_assert!(found.is_some(), "no such word: {word}");
        let [command, program, page] = found.map_or([""; 3], |(_, words)| *words);
        match self {
            Self::Command => command,
            Self::Program => program,
            Self::Python => own(python::WORDS, word).unwrap_or(program),
            Self::JavaScript => own(javascript::WORDS, word).unwrap_or(program),
            Self::Page => page,
            Self::C => c::word(word).unwrap_or(program),
        }
    }
}

/// What stands before and behind the first such character, one of ASCII. By hand, as the library's search is 1 KB of a page's download.
fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == mark)?;
    Some((text.get(..at)?, text.get(at..)?.get(1..)?))
}

/// What a language has words of its own for.
#[cfg(not(target_family = "wasm"))]
fn own(words: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    words
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use std::path::Path;

    /// The words in braces in all texts of this crate that are said.
    fn used(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                used(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for (start, _) in code.match_indices('{') {
                let rest = &code[start + 1..];
                let word = rest.split('}').next().unwrap();
                // A name with a hyphen, or one that is in the table: the others are arguments of `format!`.
                let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
                if is_word && (word.contains('-') || WORDS.iter().any(|(name, _)| *name == word)) {
                    found.insert(word.into());
                }
            }
        }
    }

    #[test]
    fn every_word_is_known_and_used() {
        let mut found = BTreeSet::new();
        used(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let known: BTreeSet<String> = WORDS.iter().map(|(name, _)| String::from(*name)).collect();
        assert_eq!(found, known);
        assert_eq!(known.len(), WORDS.len(), "one of each");
    }

    /// Flags and commands stand in the table and nowhere else.
    #[test]
    fn no_text_names_a_flag() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/explain");
        let mut looked_at = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            // What is said by hand is said to the command line only.
            for line in code.filter(|line| !line.contains("Caller::Command =>")) {
                for text in line.split('"').skip(1).step_by(2) {
                    looked_at += 1;
                    let names = text.contains("--") || text.contains("espprov ");
                    assert!(!names, "{text}");
                }
            }
        }
        assert!(looked_at > 200, "{looked_at}");
    }

    #[test]
    fn only_a_command_line_hears_of_flags() {
        for (name, [_, program, page]) in WORDS {
            for text in [program, page] {
                assert!(
                    !text.contains("--") && !text.contains("espprov "),
                    "{name}: {text}"
                );
            }
            assert!(!page.contains("()"), "{name}: {page}");
        }
    }

    /// Nothing of Rust is said to a program in another language, and nothing twice.
    #[test]
    fn other_languages_hear_of_their_own_names() {
        for (caller, own) in [
            (Caller::Python, python::WORDS),
            (Caller::JavaScript, javascript::WORDS),
        ] {
            for (at, (name, text)) in own.iter().enumerate() {
                let known = WORDS.iter().find(|(known, _)| known == name);
                let Some((_, [_, program, _])) = known else {
                    panic!("no such word: {name}");
                };
                assert_ne!(program, text, "{name} is no different");
                assert!(!own[..at].iter().any(|(other, _)| other == name), "{name} twice");
            }
            for (name, _) in WORDS {
                let text = caller.word(name);
                for rust in [
                    "::",
                    "--",
                    "espprov ",
                    "tls(",
                    "deadline()",
                    "pop()",
                    "security()",
                ] {
                    assert!(!text.contains(rust), "{caller:?}, {name}: {text}");
                }
            }
        }
    }

    #[test]
    fn words_are_said_to_whom_they_are_for() {
        let text = "if that is acceptable, {plaintext}, then {again}";
        assert_eq!(
            Caller::Command.say(text),
            "if that is acceptable, add --allow-plaintext, then run again"
        );
        assert_eq!(
            Caller::Page.say(text),
            "if that is acceptable, allow a device without encryption, then try again"
        );
        assert!(matches!(Caller::Page.say("nothing"), Cow::Borrowed("nothing")));
    }
}
