//! What a program in JavaScript is told where it is not what any other program is: the options and methods of the npm package.

/// The words that differ.
pub(super) const WORDS: &[(&str, &str)] = &[
    (
        "simulate",
        "open simulator() instead, or start its HTTP server first",
    ),
    ("line-limit", "open it with serial({ lineLimit: 0 })"),
    ("speed", "the speed (serial({ baudRate }))"),
    ("more-time", "allow more time with deadlineMs"),
    ("much-more-time", "allow more time with deadlineMs"),
    ("retries", "the error's retry tells when that can help"),
    ("plaintext", "connect with { allowPlaintext: true }"),
    (
        "no-proof",
        "give neither pop nor password, and connect with { allowPlaintext: true }",
    ),
    ("no-pop", "give { pop: \"\" }"),
    (
        "pop-instead",
        "give its proof of possession as pop instead of a password",
    ),
    ("security", "the option security"),
    ("security-auto", "leave the option security out"),
    ("pop", "the option pop"),
    ("pop-flag", "the option pop (a device without one: \"\")"),
    (
        "password-flag",
        "the option password (or pop) and, if it is not the usual one, username",
    ),
    (
        "login",
        "check the options username (usually wifiprov, on Thread devices threadprov) and password",
    ),
    (
        "username",
        "give the option username, or leave it out for wifiprov",
    ),
    ("chunk", "cut the data into pieces with { chunk }"),
    ("scan-thread", "see with scanThread() what the device hears"),
    ("reprov", "call reprov(), then provision it"),
    ("dataset", "give it a Thread network: provisionThread()"),
    ("find-port", "serial() lets the person choose among them"),
    ("pin", "have the system trust the certificate"),
    ("ca", "the certificates that the browser or Node.js trusts"),
    ("server-name", "open it by one of these names"),
    ("any-name", "open it by a name that its certificate has"),
    ("raw-value", "give the bytes"),
];
