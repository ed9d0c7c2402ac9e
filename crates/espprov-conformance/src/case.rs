//! The cases.

use crate::{SECRET, USERNAME};

/// Security scheme the device under test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// None to speak of.
    Sec0,
    /// Curve25519 and AES-CTR, with a proof of possession.
    Sec1,
    /// SRP6a and AES-GCM with the fixed nonce of older firmware.
    Sec2Patch0,
    /// SRP6a and AES-GCM with the counted nonce.
    Sec2Patch1,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sec0, Self::Sec1, Self::Sec2Patch0, Self::Sec2Patch1];

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Sec0 => 0,
            Self::Sec1 => 1,
            Self::Sec2Patch0 | Self::Sec2Patch1 => 2,
        }
    }

    /// Patch level; 0 where there is none.
    #[must_use]
    pub const fn patch(self) -> u8 {
        match self {
            Self::Sec2Patch1 => 1,
            _ => 0,
        }
    }

    /// This scheme's security settings for a scenario, with the suite's credentials.
    #[must_use]
    pub fn settings(self) -> String {
        let scheme = self.number();
        let patch = match scheme {
            2 => format!("patch = {}\n", self.patch()),
            _ => String::new(),
        };
        format!(
            "[security]\nscheme = {scheme}\n{patch}pop = \"{SECRET}\"\nusername = \"{USERNAME}\"\npassword = \"{SECRET}\"\n"
        )
    }
}

/// What a case does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Version,
    Echo,
    Many,
    Refused,
    Unknown,
    SmallBuffer,
    Dropped,
    Closed,
    Fresh,
    Provision,
    Scan,
    WrongSecret,
    WrongPassphrase,
    Data,
}

/// One thing every link must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// Unique.
    pub name: &'static str,
    /// What the device must run.
    pub scheme: Scheme,
    /// Longest request in bytes, as it crosses the link.
    pub request: usize,
    /// Longest reply in bytes, as it crosses the link; 0 where no link is known to be too small for it.
    pub reply: usize,
    pub(crate) kind: Kind,
}

const fn bytes(name: &'static str, kind: Kind) -> Case {
    Case {
        name,
        scheme: Scheme::Sec0,
        request: 64,
        reply: 0,
        kind,
    }
}

const fn echo(name: &'static str, len: usize) -> Case {
    Case {
        name,
        scheme: Scheme::Sec0,
        request: len,
        reply: len,
        kind: Kind::Echo,
    }
}

/// Security 2 starts with a public key of 384 bytes and the user name.
const fn flow(name: &'static str, scheme: Scheme, kind: Kind) -> Case {
    let request = match (scheme, kind) {
        (Scheme::Sec2Patch0 | Scheme::Sec2Patch1, _) => 406,
        (_, Kind::Data) => 256,
        _ => 64,
    };
    Case {
        name,
        scheme,
        request,
        reply: 246,
        kind,
    }
}

/// All cases.
pub const CASES: &[Case] = &[
    bytes("version", Kind::Version),
    // Around MTU 23 − 3 and − 1, the console's line, one byte's length, Bluedroid's limits, ATT's and HTTP's.
    echo("echo-1", 1),
    echo("echo-19", 19),
    echo("echo-20", 20),
    echo("echo-21", 21),
    echo("echo-22", 22),
    echo("echo-23", 23),
    echo("echo-44", 44),
    echo("echo-123", 123),
    echo("echo-124", 124),
    echo("echo-252", 252),
    echo("echo-253", 253),
    echo("echo-254", 254),
    echo("echo-255", 255),
    echo("echo-256", 256),
    echo("echo-257", 257),
    echo("echo-258", 258),
    echo("echo-481", 481),
    echo("echo-482", 482),
    echo("echo-511", 511),
    echo("echo-512", 512),
    echo("echo-513", 513),
    echo("echo-1024", 1024),
    echo("echo-4096", 4096),
    echo("echo-4097", 4097),
    bytes("many-in-a-row", Kind::Many),
    bytes("refused-request", Kind::Refused),
    bytes("unknown-endpoint", Kind::Unknown),
    bytes("small-buffer", Kind::SmallBuffer),
    bytes("dropped-exchange", Kind::Dropped),
    bytes("closed-link", Kind::Closed),
    flow("fresh-session", Scheme::Sec1, Kind::Fresh),
    flow("provision-0", Scheme::Sec0, Kind::Provision),
    flow("provision-1", Scheme::Sec1, Kind::Provision),
    flow("provision-2-patch-0", Scheme::Sec2Patch0, Kind::Provision),
    flow("provision-2-patch-1", Scheme::Sec2Patch1, Kind::Provision),
    flow("scan-16-networks-0", Scheme::Sec0, Kind::Scan),
    flow("scan-16-networks-1", Scheme::Sec1, Kind::Scan),
    flow("scan-16-networks-2", Scheme::Sec2Patch1, Kind::Scan),
    flow("wrong-pop", Scheme::Sec1, Kind::WrongSecret),
    flow("wrong-password", Scheme::Sec2Patch1, Kind::WrongSecret),
    flow(
        "wrong-passphrase-then-right-0",
        Scheme::Sec0,
        Kind::WrongPassphrase,
    ),
    flow(
        "wrong-passphrase-then-right-1",
        Scheme::Sec1,
        Kind::WrongPassphrase,
    ),
    flow(
        "wrong-passphrase-then-right-2",
        Scheme::Sec2Patch1,
        Kind::WrongPassphrase,
    ),
    flow("data-1-kilobyte-0", Scheme::Sec0, Kind::Data),
    flow("data-1-kilobyte-1", Scheme::Sec1, Kind::Data),
    flow("data-1-kilobyte-2", Scheme::Sec2Patch1, Kind::Data),
];
