//! Values that begin with a zero byte: one run in 256 each. The numbers were found once by
//! `test-vectors --search`; everything random in a run follows from its seed.

use super::run::Sec2;
use super::{cases, entropy};
use crate::srp;

/// A run in which some value begins with 00.
pub(super) struct Corner {
    pub(super) name: &'static str,
    pub(super) note: &'static str,
    number: u32,
    pub(super) credentials: fn(&str) -> Sec2,
    pub(super) holds: fn(&str) -> bool,
}

impl Corner {
    pub(super) fn seed(&self) -> String {
        seed(self.name, self.number)
    }

    /// The first number whose seed shows the corner.
    pub(super) fn search(&self) -> Option<u32> {
        (0..10_000).find(|number| (self.holds)(&seed(self.name, *number)))
    }
}

fn seed(name: &str, number: u32) -> String {
    format!("corner_{name}/{number}")
}

pub(super) const VERIFIER: Corner = Corner {
    name: "verifier383",
    note: "the verifier begins with 00",
    number: 787,
    credentials: cases::corner_credentials,
    holds: |seed| cases::corner_credentials(seed).verifier[0] == 0,
};

pub(super) const INNER: Corner = Corner {
    name: "inner00",
    note: "the digest of user name and password begins with 00, and is hashed with it",
    number: 274,
    credentials: cases::corner_password,
    holds: |seed| {
        let credentials = cases::corner_password(seed);
        srp::hash(&[
            credentials.username.as_bytes(),
            b":",
            credentials.password.as_bytes(),
        ])[0]
            == 0
    },
};

pub(super) const ALL: [Corner; 9] = [
    Corner {
        name: "A383",
        note: "A begins with 00: sent and hashed as 384 bytes",
        number: 436,
        credentials: cases::corner_credentials,
        holds: |seed| a_pub(seed)[0] == 0,
    },
    Corner {
        name: "B383",
        note: "B begins with 00: sent as 383 bytes, hashed as sent in M1 and padded in u",
        number: 51,
        credentials: cases::corner_credentials,
        holds: |seed| b_pub(seed)[0] == 0,
    },
    Corner {
        name: "S383",
        note: "S begins with 00: K is the hash of its 383 bytes",
        number: 14,
        credentials: cases::corner_credentials,
        holds: |seed| {
            let b_pub = b_pub(seed);
            let u = srp::scrambler(&a_pub(seed), &b_pub);
            srp::client_secret(&entropy(seed, "a"), &b_pub, &u, &x(seed))[0] == 0
        },
    },
    Corner {
        name: "salt00",
        note: "the salt begins with 00: sent and hashed with it",
        number: 746,
        credentials: cases::corner_credentials,
        holds: |seed| cases::corner_credentials(seed).salt[0] == 0,
    },
    Corner {
        name: "u00",
        note: "u begins with 00",
        number: 197,
        credentials: cases::corner_credentials,
        holds: |seed| srp::scrambler(&a_pub(seed), &b_pub(seed))[0] == 0,
    },
    Corner {
        name: "x00",
        note: "x begins with 00",
        number: 27,
        credentials: cases::corner_credentials,
        holds: |seed| x(seed)[0] == 0,
    },
    Corner {
        name: "nonce00",
        note: "the random half of the nonce begins with 00",
        number: 222,
        credentials: cases::corner_credentials,
        holds: |seed| entropy::<16>(seed, "device_nonce")[0] == 0,
    },
    VERIFIER,
    INNER,
];

fn a_pub(seed: &str) -> Vec<u8> {
    srp::power(&entropy::<32>(seed, "a"))
}

fn b_pub(seed: &str) -> Vec<u8> {
    srp::device_public(&cases::corner_credentials(seed).verifier, &entropy(seed, "b"))
}

fn x(seed: &str) -> Vec<u8> {
    let credentials = cases::corner_credentials(seed);
    let inner = srp::hash(&[
        credentials.username.as_bytes(),
        b":",
        credentials.password.as_bytes(),
    ]);
    srp::hash(&[&credentials.salt, &inner])
}
