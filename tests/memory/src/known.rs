//! Handshakes with chosen numbers, and the secrets that come up in them, computed by other means than the product's.

use crate::watch::Secret;
use core::convert::Infallible;
use num_bigint::BigUint;
use rand_core::utils::next_word_via_fill;
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256, Sha512};

/// User name of the handshakes.
pub const USERNAME: &[u8] = b"wifiprov";
/// Password and PoP: long enough to be told from chance in memory.
pub static PASSWORD: [u8; 24] = *b"Tr0ub4dor&3-k9#Qz!mV7xLp";
/// Salt of the verifier.
pub const SALT: [u8; 16] = *b"\x10\x21\x32\x43\x54\x65\x76\x87\x98\xa9\xba\xcb\xdc\xed\xfe\x0f";
/// The client's ephemeral number, and its X25519 key.
pub static CLIENT_EPHEMERAL: [u8; 32] = numbers(0x3d);
/// The device's.
pub static DEVICE_EPHEMERAL: [u8; 32] = numbers(0x8b);

/// The prime of RFC 3526, group 15.
const PRIME: &[u8] = include_bytes!("../../../crates/espprov-security/src/sec2/group/prime.hex");

const LEN: usize = 384;

const fn numbers(seed: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut state = seed as u32;
    let mut at = 0;
    while at < bytes.len() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes[at] = (state >> 24) as u8;
        at += 1;
    }
    bytes
}

/// Gives the chosen bytes first, then others that do not repeat.
pub struct Scripted {
    /// Not a copy: that would be found.
    first: &'static [u8; 32],
    given: usize,
    /// Every byte given is marked as undefined for memcheck.
    secret: bool,
}

impl Scripted {
    /// These bytes first.
    #[must_use]
    pub const fn new(first: &'static [u8; 32]) -> Self {
        Self {
            first,
            given: 0,
            secret: false,
        }
    }

    /// The same, and memcheck holds every byte for undefined.
    #[must_use]
    pub const fn secret(first: &'static [u8; 32]) -> Self {
        Self {
            secret: true,
            ..Self::new(first)
        }
    }
}

impl TryRng for Scripted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in &mut *bytes {
            *byte = match self.first.get(self.given) {
                Some(byte) => *byte,
                None => numbers(0x57)[self.given % 32].wrapping_add((self.given / 32) as u8),
            };
            self.given += 1;
        }
        if self.secret {
            crate::valgrind::make_secret(bytes);
        }
        Ok(())
    }
}

impl TryCryptoRng for Scripted {}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    parts
        .iter()
        .fold(Sha512::new(), |hash, part| hash.chain_update(part))
        .finalize()
        .to_vec()
}

fn number(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

/// Big-endian, padded.
fn padded(number: &BigUint) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; LEN - bytes.len()], bytes].concat()
}

/// A number as it can lie in memory: big-endian, or in words with the lowest first, and there also as the Montgomery
/// arithmetic holds it.
fn forms(name: &'static str, value: &BigUint, prime: &BigUint, out: &mut Vec<Secret>) {
    out.push(Secret::new(name, &padded(value)));
    let radix = BigUint::from(1_u8) << (8 * LEN);
    let montgomery = (value * &radix) % prime;
    for form in [value.clone(), montgomery.clone(), montgomery + prime] {
        if form < radix {
            let mut words = form.to_bytes_le();
            words.resize(LEN, 0);
            out.push(Secret::new(name, &words));
        }
    }
}

/// All secrets of the security 2 handshake between these two.
///
/// # Panics
/// Never, with these numbers.
#[must_use]
pub fn sec2() -> Vec<Secret> {
    let prime = BigUint::parse_bytes(PRIME, 16).expect("hex digits");
    let generator = BigUint::from(5_u8);
    let inner = hash(&[USERNAME, b":", &PASSWORD]);
    let x = hash(&[&SALT, &inner]);
    let verifier = generator.modpow(&number(&x), &prime);
    let multiplier = number(&hash(&[&padded(&prime), &padded(&generator)]));
    let (a, b) = (number(&CLIENT_EPHEMERAL), number(&DEVICE_EPHEMERAL));
    let a_pub = generator.modpow(&a, &prime);
    let g_b = generator.modpow(&b, &prime);
    let b_pub = (&multiplier * &verifier + &g_b) % &prime;
    let u = number(&hash(&[&padded(&a_pub), &padded(&b_pub)]));
    let exponent = &a + &u * number(&x);
    let shared = g_b.modpow(&exponent, &prime);
    let device_base = (&a_pub * verifier.modpow(&u, &prime)) % &prime;
    assert_eq!(shared, device_base.modpow(&b, &prime), "both sides agree");
    let key = hash(&[&shared.to_bytes_be()]);

    let mut secrets = vec![
        Secret::new("password", &PASSWORD),
        Secret::new("inner digest", &inner),
        Secret::new("x", &x),
        Secret::new("a", &CLIENT_EPHEMERAL),
        Secret::new("b", &DEVICE_EPHEMERAL),
        Secret::new("a + u·x", &exponent.to_bytes_be()),
        Secret::new("a + u·x", &exponent.to_bytes_le()),
        Secret::new("K", &key),
    ];
    forms("verifier", &verifier, &prime, &mut secrets);
    forms("S", &shared, &prime, &mut secrets);
    // The tables of a power hold the base's first powers.
    for (name, base) in [
        ("power of the client's base", &g_b),
        ("power of the device's base", &device_base),
        ("power of the verifier", &verifier),
    ] {
        let mut power = base.clone();
        for _ in 1..32 {
            forms(name, &power, &prime, &mut secrets);
            power = (power * base) % &prime;
        }
    }
    secrets
}

/// All secrets of the security 1 handshake between these two.
#[must_use]
pub fn sec1() -> Vec<Secret> {
    let public = x25519_dalek::x25519(DEVICE_EPHEMERAL, x25519_dalek::X25519_BASEPOINT_BYTES);
    let shared = x25519_dalek::x25519(CLIENT_EPHEMERAL, public);
    let mask = Sha256::digest(PASSWORD);
    let key: Vec<u8> = shared.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    vec![
        Secret::new("PoP", &PASSWORD),
        Secret::new("digest of the PoP", &mask),
        Secret::new("client's private key", &CLIENT_EPHEMERAL),
        Secret::new("device's private key", &DEVICE_EPHEMERAL),
        Secret::new("shared secret", &shared),
        Secret::new("session key", &key),
    ]
}
