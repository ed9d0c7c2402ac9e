//! The operations that are measured: the client half of each handshake, against device responses recorded
//! once, and what each is measured against.
//!
//! `cargo run --release --bin ratios` prints how they compare; with `--check` it fails above the ceilings.
//! `cargo bench` gives the times of the single operations.

use espprov_security::sec2::{Patch, Verifier};
use espprov_security::{DeviceHandshake, Handshake, sec1, sec2};
#[cfg(feature = "openssl")]
use openssl::bn::{BigNum, BigNumContext};
use rand_chacha::ChaCha20Rng;
#[cfg(feature = "openssl")]
use rand_core::Rng;
use rand_core::SeedableRng;
use std::hint::black_box;

pub mod instructions;
pub mod time;

const USERNAME: &[u8] = b"wifiprov";
const PASSWORD: &[u8] = b"abcd1234";
const POP: &[u8] = b"abcd1234";

/// Runs a handshake and keeps the device's responses.
fn record(mut client: impl Handshake, mut device: impl DeviceHandshake) -> Vec<Vec<u8>> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (mut request, mut response) = ([0; 512], [0; 512]);
    let mut responses = Vec::new();
    while let Some(len) = client.poll_request(&mut request).expect("a request") {
        let len = device
            .handle_request(&request[..len], &mut rng, &mut response)
            .expect("a response");
        client
            .handle_response(&response[..len])
            .expect("the right response");
        responses.push(response[..len].to_vec());
    }
    responses
}

/// Feeds recorded responses to a client that has the same private key.
fn replay<H: Handshake>(mut client: H, responses: &[Vec<u8>]) -> H::Channel {
    let mut request = [0; 512];
    for response in responses {
        black_box(client.poll_request(&mut request).expect("a request"));
        client.handle_response(response).expect("the right response");
    }
    client.into_channel().expect("a finished handshake")
}

/// The client half of security 2: g^a, g^x, (B − k·g^x)^(a + u·x), both proofs, and the messages.
#[derive(Debug)]
pub struct Security2 {
    a: [u8; 32],
    responses: Vec<Vec<u8>>,
}

impl Security2 {
    /// Records the device's side.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it does work")]
    pub fn new() -> Self {
        let a = [0xa5; 32];
        let verifier = Verifier::generate(USERNAME, PASSWORD, b"0123456789abcdef").expect("valid");
        let device = sec2::Device::new(verifier, Patch::CounterNonce);
        Self {
            a,
            responses: record(Self::client(&a), device),
        }
    }

    fn client(a: &[u8; 32]) -> sec2::Client {
        sec2::Client::dangerous_with_private_number(USERNAME, PASSWORD, Some(1), a).expect("valid")
    }

    /// One handshake.
    pub fn run(&self) {
        black_box(replay(Self::client(black_box(&self.a)), &self.responses));
    }
}

/// Both halves of security 2, client and device, message by message.
#[derive(Debug)]
pub struct BothHalves(Verifier);

impl BothHalves {
    /// A device with its verifier.
    ///
    /// # Panics
    /// Never: the credentials are short enough.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it does work")]
    pub fn new() -> Self {
        Self(Verifier::generate(USERNAME, PASSWORD, b"0123456789abcdef").expect("valid"))
    }

    /// One handshake.
    pub fn run(&self) {
        let device = sec2::Device::new(self.0.clone(), Patch::CounterNonce);
        black_box(record(Security2::client(black_box(&[0xa5; 32])), device));
    }
}

/// OpenSSL's constant-time modular exponentiation, three times: exponents of 256, 512 and 1024 bits modulo
/// the same 3072-bit prime (`BN_mod_exp` with `BN_FLG_CONSTTIME` is `BN_mod_exp_mont_consttime`). No
/// hashing, no messages.
#[cfg(feature = "openssl")]
pub struct OpenSsl {
    modulus: BigNum,
    /// Base and exponent.
    powers: Vec<(BigNum, BigNum)>,
    result: BigNum,
    context: BigNumContext,
}

#[cfg(feature = "openssl")]
impl OpenSsl {
    /// Draws bases and exponents.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it does work")]
    pub fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let mut number = |bytes: usize| {
            let mut number = vec![0; bytes];
            rng.fill_bytes(&mut number);
            number[0] |= 0x80;
            BigNum::from_slice(&number).expect("a number")
        };
        let five = || BigNum::from_u32(5).expect("a number");
        // A base of 383 bytes is below the prime.
        let mut powers = vec![
            (five(), number(32)),
            (five(), number(64)),
            (number(383), number(128)),
        ];
        for (base, exponent) in &mut powers {
            exponent.set_const_time();
            base.set_const_time();
            assert!(exponent.is_const_time());
        }
        Self {
            modulus: BigNum::get_rfc3526_prime_3072().expect("built in"),
            powers,
            result: BigNum::new().expect("a number"),
            context: BigNumContext::new().expect("a context"),
        }
    }

    /// All three.
    pub fn run(&mut self) {
        for index in 0..self.powers.len() {
            self.run_one(index);
        }
    }

    /// One of them: 0 = 256 bits, 1 = 512, 2 = 1024.
    pub fn run_one(&mut self, index: usize) {
        let (base, exponent) = &self.powers[index];
        self.result
            .mod_exp(base, exponent, &self.modulus, &mut self.context)
            .expect("a power");
        black_box(&self.result);
    }
}

/// The client half of security 1.
#[derive(Debug)]
pub struct Security1 {
    private: [u8; 32],
    responses: Vec<Vec<u8>>,
}

impl Security1 {
    /// Records the device's side.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it does work")]
    pub fn new() -> Self {
        let private = [0x5a; 32];
        Self {
            private,
            responses: record(
                sec1::Client::dangerous_with_private_key(POP, &private),
                sec1::Device::new(POP),
            ),
        }
    }

    /// One handshake.
    pub fn run(&self) {
        let client = sec1::Client::dangerous_with_private_key(POP, black_box(&self.private));
        black_box(replay(client, &self.responses));
    }
}

/// Two bare X25519 operations: a public key and a shared secret.
pub fn two_x25519(private: &[u8; 32], peer: &[u8; 32]) {
    black_box(x25519_dalek::x25519(
        *black_box(private),
        x25519_dalek::X25519_BASEPOINT_BYTES,
    ));
    black_box(x25519_dalek::x25519(*black_box(private), *black_box(peer)));
}
