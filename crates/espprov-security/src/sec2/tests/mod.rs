//! Tests of security 2: the arithmetic, SRP against an independent implementation, both halves, records.

mod arithmetic;
mod handshake;
mod records;
mod reference;
mod steps;

use super::{Client, Device, Patch, Verifier};
use crate::testing::rng;

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
