//! Handshakes and record ciphers of protocomm security 0, 1 and 2, client and device half, sans-IO.
//!
//! Bytes go in, bytes come out: no socket, no clock, no randomness of its own. It must never contain I/O,
//! an async runtime, an RNG implementation, or anything that logs.
//!
//! Keys come from the caller's random number generator. One that fails, or repeats itself, is
//! [`HandshakeError::Entropy`] before a key is made of it. Constructors that take a key instead are called
//! `dangerous_…`.
//!
//! A handshake ends in a [`Channel`], which seals and opens every record after it. The traits are public:
//! an application can bring a scheme of its own, and [`Plain`] serves devices that have none.
//!
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    feature = "sec1",
    doc = r#"
```
use espprov_security::{Channel, DeviceHandshake, Handshake, HandshakeError, sec1};

fn connect(rng: &mut impl rand_core::TryCryptoRng) -> Result<(), HandshakeError> {
    let mut client = sec1::Client::new(b"abcd1234", rng)?;
    let mut device = sec1::Device::new(b"abcd1234");
    let (mut request, mut response) = ([0; 512], [0; 512]);
    while let Some(len) = client.poll_request(&mut request)? {
        let len = device.handle_request(&request[..len], rng, &mut response)?;
        client.handle_response(&response[..len])?;
    }
    let mut channel = client.into_channel()?;
    let mut record = *b"hello";
    channel.seal(&mut record, 5).unwrap();
    assert_eq!(device.channel().unwrap().open(&mut record).unwrap(), b"hello");
    Ok(())
}
# use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
# connect(&mut ChaCha20Rng::seed_from_u64(7)).unwrap();
```
"#
)]
//!
//! # What each scheme is worth
//! | scheme | handshake | records | weakness to know |
//! |---|---|---|---|
//! | [`sec0`] | none | plaintext | everything, the passphrase included, is readable on the air |
//! | `sec1` | X25519 and a proof of possession | AES-256-CTR | **the PoP can be guessed offline** by whoever answers one handshake in the device's place; **no MAC**: whoever sits in the middle of a running session can flip chosen bits of any record unnoticed; with an empty PoP they can be that middle from the start |
//! | `sec2` patch 1 | SRP6a, 3072 bits | AES-256-GCM, counter nonce | none known |
//! | `sec2` patch 0 | the same | AES-256-GCM, **one nonce for all records** | two recorded records give the xor of their plaintexts and the key to forge more; a repeated request is accepted |
//!
//! # Features
//! `sec1` and `sec2` (both default). With `sec1` alone no big-number arithmetic is linked.
#![no_std]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(any(feature = "sec1", feature = "sec2"))]
mod aes256;
mod budget;
mod channel;
#[cfg(any(feature = "sec1", feature = "sec2"))]
mod digest;
#[cfg(any(feature = "sec1", feature = "sec2"))]
mod entropy;
mod error;
mod handshake;
pub mod sec0;
#[cfg(feature = "sec1")]
pub mod sec1;
#[cfg(feature = "sec2")]
pub mod sec2;
#[cfg(any(feature = "sec1", feature = "sec2"))]
mod stack;
#[cfg(test)]
mod testing;
mod wire;

pub use budget::{Budget, Progress};
pub use channel::{Channel, Plain};
pub use error::{ChannelError, Field, HandshakeError};
pub use handshake::{DeviceHandshake, Handshake, Notices, Retry};
