//! What a Python program is told where it is not what any other program is: its arguments and names.

/// The words that differ.
pub(super) const WORDS: &[(&str, &str)] = &[
    ("simulate", "serve it with Simulator.http() first"),
    ("more-time", "allow more time with deadline="),
    ("much-more-time", "allow more time with deadline="),
    ("retries", "the error's retry tells when that can help"),
    ("plaintext", "connect with allow_plaintext=True"),
    (
        "no-proof",
        "give neither pop nor password, and connect with allow_plaintext=True",
    ),
    ("no-pop", "give pop=\"\""),
    (
        "pop-instead",
        "give its proof of possession with pop= instead of password=",
    ),
    ("security", "security="),
    ("security-auto", "leave security at \"auto\""),
    ("pop", "pop="),
    ("pop-flag", "pop= (a device without one: pop=\"\")"),
    (
        "password-flag",
        "password= (or pop=) and, if it is not the usual one, username=",
    ),
    (
        "login",
        "check username= (usually wifiprov, on Thread devices threadprov) and password=",
    ),
    ("username", "give username=, or leave it out for wifiprov"),
    ("credentials", "pop, username and password"),
    ("chunk", "cut the data into pieces with chunk="),
    ("pin", "connect with pin="),
    ("ca", "ca="),
    ("server-name", "connect with server_name= and one of these"),
    (
        "any-name",
        "if its root signs for nobody else, give that with ca= and server_name=\"\"",
    ),
    ("reprov", "call reprov(), then provision it"),
    ("find-port", "espprov.serial_ports() lists them"),
    ("raw-value", "give the bytes"),
    ("list-properties", "props()"),
];
