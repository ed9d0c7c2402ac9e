//! The record cipher of security 2.

use crate::sec2::GcmChannel;
use crate::testing::{converse, seal};
use crate::{Channel, ChannelError};
use proptest::prelude::*;

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

const KEY: [u8; 32] = [1; 32];
const NONCE: [u8; 12] = [9, 9, 9, 9, 9, 9, 9, 9, 0, 0, 0, 1];

fn counter() -> GcmChannel {
    GcmChannel::counter(&KEY, &NONCE)
}

fn fixed() -> GcmChannel {
    GcmChannel::dangerous_fixed_nonce(&KEY, &[7; 16])
}

/// NIST's GCM test cases with AES-256 and a 12-byte IV (13, 14 and 15 of the GCM specification).
#[test]
fn nist_gcm_aes256() {
    let cases = [
        (
            "00".repeat(32),
            "00".repeat(12),
            "",
            "530f8afbc74536b9a963b4f1c4cb738b",
        ),
        (
            "00".repeat(32),
            "00".repeat(12),
            "00000000000000000000000000000000",
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
        ),
        (
            "feffe9928665731c6d6a8f9467308308".repeat(2),
            "cafebabefacedbaddecaf888".into(),
            concat!(
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
                "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
            ),
            concat!(
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
                "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
                "b094dac5d93471bdec1a502270e3cc6c"
            ),
        ),
    ];
    for (key, nonce, plain, record) in cases {
        let (plain, record) = (hex::decode(plain).unwrap(), hex::decode(record).unwrap());
        let mut channel = GcmChannel::counter(&bytes(&key), &bytes(&nonce));
        assert_eq!(seal(&mut channel, &plain), record);
        let mut channel = GcmChannel::counter(&bytes(&key), &bytes(&nonce));
        assert_eq!(channel.open(&mut record.clone()).unwrap(), plain);
    }
}

/// Test case 18's shape (an IV that is not 12 bytes goes through GHASH) with 16 bytes; the value comes from
/// OpenSSL.
#[test]
fn sixteen_byte_iv() {
    let mut channel = GcmChannel::dangerous_fixed_nonce(
        &bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
        &bytes("cafebabefacedbaddecaf888cafebabe"),
    );
    let record = seal(
        &mut channel,
        &hex::decode("d9313225f88406e5a55909c5aff5269a86a7a953").unwrap(),
    );
    assert_eq!(
        hex::encode(record),
        "ab6ae75fe3247e1919fa297b5b47ebf53c0beada1b658ffb41480128769e7b06a95863de"
    );
}

#[test]
fn both_directions_share_one_counter() {
    converse(&mut counter(), &mut counter());
    converse(&mut fixed(), &mut fixed());
    assert!(!counter().is_nonce_reused());
    assert!(fixed().is_nonce_reused());

    // Request 1 has counter 1, response 1 counter 2, request 2 counter 3.
    let mut session = counter();
    let (one, two) = (seal(&mut session, b"same"), seal(&mut session, b"same"));
    assert_ne!(one, two);
    let mut at_2 = GcmChannel::counter(&KEY, &[9, 9, 9, 9, 9, 9, 9, 9, 0, 0, 0, 2]);
    assert_eq!(seal(&mut at_2, b"same"), two);
}

#[test]
fn replay_is_refused_with_the_counter_and_accepted_without() {
    let (mut client, mut device) = (counter(), counter());
    let record = seal(&mut client, b"apply");
    assert_eq!(device.open(&mut record.clone()).unwrap(), b"apply");
    assert_eq!(device.open(&mut record.clone()), Err(ChannelError::Forged));

    let (mut client, mut device) = (fixed(), fixed());
    let record = seal(&mut client, b"apply");
    assert_eq!(device.open(&mut record.clone()).unwrap(), b"apply");
    assert_eq!(
        device.open(&mut record.clone()).unwrap(),
        b"apply",
        "what patch level 0 means"
    );
}

#[test]
fn a_forged_record_leaves_the_counter_where_it_was() {
    let (mut client, mut device) = (counter(), counter());
    let record = seal(&mut client, b"set");
    for index in 0..record.len() {
        let mut forged = record.clone();
        forged[index] ^= 1;
        assert_eq!(device.open(&mut forged), Err(ChannelError::Forged));
    }
    assert_eq!(device.open(&mut record.clone()).unwrap(), b"set");
}

#[test]
fn the_counter_does_not_wrap() {
    let last = [9, 9, 9, 9, 9, 9, 9, 9, 0xff, 0xff, 0xff, 0xff];
    let mut record = seal(&mut GcmChannel::counter(&KEY, &last), b"last");
    let mut channel = GcmChannel::counter(&KEY, &last);
    assert_eq!(channel.open(&mut record.clone()).unwrap(), b"last");
    assert_eq!(channel.seal(&mut [0; 32], 4), Err(ChannelError::NonceExhausted));
    assert_eq!(channel.open(&mut record), Err(ChannelError::NonceExhausted));
}

#[test]
fn short_buffers_and_records() {
    for mut channel in [counter(), fixed()] {
        assert_eq!(channel.overhead(), 16);
        assert_eq!(
            channel.seal(&mut [0; 20], 5),
            Err(ChannelError::BufferTooShort { needed: 21 })
        );
        let needed = usize::MAX;
        assert_eq!(
            channel.seal(&mut [0; 20], needed),
            Err(ChannelError::BufferTooShort { needed })
        );
        assert_eq!(channel.open(&mut [0; 15]), Err(ChannelError::RecordTooShort));
        assert_eq!(channel.open(&mut []), Err(ChannelError::RecordTooShort));
    }
    // The failed calls did not move the counter.
    let mut channel = counter();
    let _ = channel.seal(&mut [0; 1], 5);
    assert_eq!(seal(&mut channel, b"x"), seal(&mut counter(), b"x"));
}

proptest! {
    #[test]
    fn arbitrary_records_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(counter().open(&mut bytes.clone()).is_err());
        prop_assert!(fixed().open(&mut bytes.clone()).is_err());
    }
}
