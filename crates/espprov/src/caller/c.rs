//! What is said to C in other words than to a program in Rust: the functions of `espprov.h` and the fields of its structs.

const WORDS: &[(&str, &str)] = &[
    ("retries", "EspprovError.retry tells when that can help"),
    (
        "more-time",
        "allow more time (EspprovConfig.connecting_ms, espprov_limit_total)",
    ),
    (
        "much-more-time",
        "allow more time (EspprovConfig.connecting_ms, espprov_limit_total)",
    ),
    ("plaintext", "set EspprovConfig.allow_plaintext"),
    (
        "no-proof",
        "give neither pop nor password, and set EspprovConfig.allow_plaintext",
    ),
    ("no-pop", "give an empty pop: \"\" with ESPPROV_TEXT"),
    (
        "pop-instead",
        "give its proof of possession as EspprovConfig.pop instead of a password",
    ),
    ("security", "EspprovConfig.security"),
    (
        "security-auto",
        "leave EspprovConfig.security at ESPPROV_SECURITY_AUTO",
    ),
    ("pop", "EspprovConfig.pop"),
    (
        "pop-flag",
        "EspprovConfig.pop (a device without one: \"\" with ESPPROV_TEXT)",
    ),
    (
        "password-flag",
        "EspprovConfig.password (or pop) and, if it is not the usual one, username",
    ),
    (
        "login",
        "check EspprovConfig.username (usually wifiprov, on Thread devices threadprov) and password",
    ),
    (
        "info",
        "look with espprov_info and espprov_get_info what the device offers",
    ),
    ("supports", "(espprov_get_info tells what it supports)"),
    (
        "line-limit",
        "give EspprovConfig.max_request the bytes that a line of it carries",
    ),
    ("speed", "its speed"),
    (
        "chunk",
        "cut the data into pieces (the argument chunk of espprov_send)",
    ),
    ("status", "look at the state with espprov_wifi_status"),
    (
        "status-later",
        "see later with espprov_wifi_status what became of it",
    ),
    ("reset", "call espprov_control with ESPPROV_CONTROL_RESET_WIFI"),
    ("scan", "see with espprov_scan_wifi what the device hears"),
    (
        "scan-thread",
        "see with espprov_scan_thread what the device hears",
    ),
    (
        "reprov",
        "call espprov_control with ESPPROV_CONTROL_REPROV_WIFI, then provision it",
    ),
    ("dataset", "give it a Thread network: espprov_provision_thread"),
    ("wifi", "give it a Wi-Fi network: espprov_provision_wifi"),
    (
        "network-flags",
        "give the code on the device; the network goes to espprov_provision_wifi",
    ),
];

/// The word for C, where it is another one.
pub(super) fn word(word: &str) -> Option<&'static str> {
    WORDS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, said)| *said)
}

#[cfg(test)]
mod tests {
    use super::super::Caller;
    use super::WORDS;

    /// A word that the table of all callers lost would be said to nobody, and one that stands twice only once.
    #[test]
    fn every_word_is_one_of_the_table_and_says_something_else() {
        for (name, said) in WORDS {
            assert_eq!(Caller::C.word(name), *said);
            assert_ne!(Caller::Program.word(name), *said, "{name}");
        }
    }

    /// No method of the Rust crates is left in what C hears from the engine.
    #[test]
    fn c_hears_of_no_method_of_rust() {
        let of_links = [
            "raw-value",
            "list-properties",
            "find-port",
            "pin",
            "ca",
            "server-name",
            "any-name",
        ];
        for (name, _) in super::super::WORDS {
            let said = Caller::C.word(name);
            let rust = said.contains("()") || said.contains("::");
            assert!(!rust || of_links.contains(name), "{name}: {said}");
        }
    }
}
