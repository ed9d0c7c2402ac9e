//! Tests of security 2: the arithmetic, SRP against an independent implementation, both halves, records.

mod arithmetic;
mod handshake;
mod records;
mod reference;
mod steps;

use super::srp::{InnerForm, inner_digest, private_x};
use super::{Client, Device, Patch, Verifier, srp};
use crate::Retry;
use crate::testing::rng;
use std::vec::Vec;

const USER: &[u8] = b"wifiprov";
const PASSWORD: &[u8] = b"abcd1234";
const SALT: [u8; 16] = *b"0123456789abcdef";

fn verifier() -> Verifier {
    Verifier::generate(USER, PASSWORD, &SALT).unwrap()
}

fn device(patch: Patch) -> Device {
    Device::new(verifier(), patch)
}

fn client(claimed_patch: Option<u8>) -> Client {
    Client::new(USER, PASSWORD, claimed_patch, &mut rng(1)).unwrap()
}

/// 384 bytes that `fill` fills.
fn filled(fill: impl FnOnce(&mut [u8])) -> [u8; 384] {
    let mut bytes = [0; 384];
    fill(&mut bytes);
    bytes
}

/// A password whose inner digest begins with 00, and a verifier as the vendor's Python generator makes it.
fn python_made() -> (Vec<u8>, Verifier) {
    let password = (0..20_000)
        .map(|number| std::format!("pass{number}").into_bytes())
        .find(|password| inner_digest(USER, password)[0] == 0)
        .unwrap();
    let x = private_x(&SALT, &inner_digest(USER, &password), InnerForm::Stripped);
    let verifier = Verifier::new(&SALT, &filled(|out| srp::verifier(&x, out))).unwrap();
    assert!(verifier != Verifier::generate(USER, &password, &SALT).unwrap());
    (password, verifier)
}

/// How a client with such a password goes on after the first refusal.
const fn second_try(link_alive: bool) -> Retry {
    if link_alive {
        Retry::Request
    } else {
        Retry::Restart
    }
}
