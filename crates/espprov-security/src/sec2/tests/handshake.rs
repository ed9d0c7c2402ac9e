//! Both halves of security 2, and what each refuses.

use super::{PASSWORD, SALT, USER, client, device, python_made, second_try, verifier};
use crate::sec2::srp::{nonzero, peer_public};
use crate::sec2::{Client, Device, Patch, Verifier, VerifierError, group, srp};
use crate::testing::{
    self, Broken, Repeat, answer, converse, encode as envelope, pass, poll, request, rng, round, shake,
    takes_command_0_in_any_state, with_unknown_fields,
};
use crate::{DeviceHandshake, Field, Handshake, HandshakeError as E, Notices, Retry};
use espprov_proto::session::sec2_payload::Payload;
use espprov_proto::session::session_data::Proto;
use espprov_proto::session::{
    S2SessionCmd0, S2SessionCmd1, S2SessionResp0, S2SessionResp1, Sec2Payload, SecSchemeVersion, SessionData,
};
use proptest::prelude::*;
use std::string::ToString as _;
use std::vec::Vec;

const WRONG: Retry = Retry::GiveUp {
    wrong_credentials: true,
};

fn message(msg: i32, payload: Option<Payload>) -> Vec<u8> {
    envelope(
        SecSchemeVersion::SecScheme2,
        Some(Proto::Sec2(Sec2Payload { msg, payload })),
    )
}

fn sc0(username: &[u8], key: &[u8]) -> Option<Payload> {
    Some(Payload::Sc0(S2SessionCmd0 {
        client_username: username.to_vec(),
        client_pubkey: key.to_vec(),
    }))
}

fn sr0(status: i32, key: &[u8], salt: &[u8]) -> Option<Payload> {
    Some(Payload::Sr0(S2SessionResp0 {
        status,
        device_pubkey: key.to_vec(),
        device_salt: salt.to_vec(),
    }))
}

fn sc1(proof: &[u8]) -> Option<Payload> {
    Some(Payload::Sc1(S2SessionCmd1 {
        client_proof: proof.to_vec(),
    }))
}

fn sr1(status: i32, proof: &[u8], nonce: &[u8]) -> Option<Payload> {
    Some(Payload::Sr1(S2SessionResp1 {
        status,
        device_proof: proof.to_vec(),
        device_nonce: nonce.to_vec(),
    }))
}

fn parse(bytes: &[u8]) -> Payload {
    match espprov_proto::decode::<SessionData>(bytes).unwrap().proto {
        Some(Proto::Sec2(payload)) => payload.payload.unwrap(),
        other => panic!("{other:?}"),
    }
}

fn n_bytes() -> [u8; 384] {
    group::N
}

/// A client that awaits response 0.
fn awaiting0() -> Client {
    let mut client = client(Some(1));
    request(&mut client);
    client
}

/// A client that awaits response 1, its device, and that response.
fn awaiting1(claimed: Option<u8>, patch: Patch) -> (Client, Device, Vec<u8>) {
    testing::awaiting1(client(claimed), device(patch))
}

// ---- both halves ----

#[test]
fn both_halves_at_both_patch_levels() {
    for (claimed, patch, notices) in [
        (Some(1), Patch::CounterNonce, Notices::default()),
        (Some(2), Patch::CounterNonce, Notices::default()),
        (
            Some(0),
            Patch::FixedNonce,
            Notices {
                nonce_reuse: true,
                ..Notices::default()
            },
        ),
        (
            None,
            Patch::FixedNonce,
            Notices {
                nonce_reuse: true,
                ..Notices::default()
            },
        ),
        (
            None,
            Patch::CounterNonce,
            Notices {
                patch_mismatch: true,
                ..Notices::default()
            },
        ),
        (
            Some(0),
            Patch::CounterNonce,
            Notices {
                patch_mismatch: true,
                ..Notices::default()
            },
        ),
    ] {
        let (mut client, mut device) = (client(claimed), device(patch));
        shake(&mut client, &mut device, &mut rng(3)).unwrap();
        assert_eq!(client.notices(), notices, "{claimed:?} {patch:?}");
        let mut channel = client.into_channel().unwrap();
        assert_eq!(channel.is_nonce_reused(), patch == Patch::FixedNonce);
        converse(&mut channel, device.channel().unwrap());
    }
}

#[test]
fn a_fixed_nonce_from_a_device_that_claims_a_counter_is_refused() {
    for claimed in [1, 2, 255] {
        let (mut client, _, response) = awaiting1(Some(claimed), Patch::FixedNonce);
        assert_eq!(client.handle_response(&response), Err(E::NonceDowngrade));
    }
}

#[test]
fn sizes_on_the_wire() {
    for (patch, last) in [(Patch::CounterNonce, 89), (Patch::FixedNonce, 93)] {
        let (mut client, mut device, mut rng) = (client(None), device(patch), rng(4));
        let mut sizes = Vec::new();
        while let Some(request) = poll(&mut client).unwrap() {
            let response = answer(&mut device, &request, &mut rng).unwrap();
            client.handle_response(&response).unwrap();
            sizes.push((request.len(), response.len()));
        }
        assert_eq!(sizes, [(406, 416), (75, last)]);
    }
    assert_eq!((Patch::FixedNonce.level(), Patch::CounterNonce.level()), (0, 1));
}

#[test]
fn unknown_fields_are_ignored() {
    let (mut client, mut device, mut rng) = (client(Some(1)), device(Patch::CounterNonce), rng(5));
    while let Some(request) = poll(&mut client).unwrap() {
        let response = answer(&mut device, &with_unknown_fields(&request), &mut rng).unwrap();
        client.handle_response(&with_unknown_fields(&response)).unwrap();
    }
    client.into_channel().unwrap();
}

#[test]
fn wrong_credentials_show_at_command_1_never_at_command_0() {
    for (user, password) in [(USER, &b"wrong"[..]), (b"nobody", PASSWORD), (USER, b"")] {
        let mut client = Client::new(user, password, Some(1), &mut rng(6)).unwrap();
        let (mut device, mut rng) = (device(Patch::CounterNonce), rng(7));
        let command = request(&mut client);
        pass(&mut client, &mut device, &command, &mut rng);
        let command = request(&mut client);
        assert_eq!(answer(&mut device, &command, &mut rng), Err(E::WrongProof));
        assert_eq!(client.handle_refusal(true), Ok(WRONG));
        assert_eq!(client.notices(), Notices::default());
        assert_eq!(poll(&mut client), Err(E::Poisoned));
    }
}

// ---- the digest without its leading zeros ----

/// Up to the refused first proof.
fn refused_proof(password: &[u8], device: &mut Device) -> Client {
    refused_proof_of(8, password, device)
}

fn refused_proof_of(seed: u64, password: &[u8], device: &mut Device) -> Client {
    let mut client = Client::new(USER, password, Some(1), &mut rng(seed)).unwrap();
    let command = request(&mut client);
    pass(&mut client, device, &command, &mut rng(9));
    let command = request(&mut client);
    assert_eq!(answer(device, &command, &mut rng(9)), Err(E::WrongProof));
    client
}

#[test]
fn stripped_digest_on_the_same_session() {
    let (password, verifier) = python_made();
    let mut device = Device::new(verifier, Patch::CounterNonce);
    let mut client = refused_proof(&password, &mut device);
    assert_eq!(client.handle_refusal(true), Ok(Retry::Request));
    shake(&mut client, &mut device, &mut rng(10)).unwrap();
    assert!(client.notices().stripped_digest);
    converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
}

#[test]
fn stripped_digest_on_a_new_session() {
    let (password, verifier) = python_made();
    let mut device = Device::new(verifier, Patch::CounterNonce);
    let first_command0 = request(&mut Client::new(USER, &password, Some(1), &mut rng(8)).unwrap());
    let mut client = refused_proof(&password, &mut device);
    assert_eq!(client.handle_refusal(false), Ok(Retry::Restart));
    device.reset();
    let command0 = request(&mut client);
    assert_ne!(command0, first_command0, "A must not repeat");
    pass(&mut client, &mut device, &command0, &mut rng(11));
    shake(&mut client, &mut device, &mut rng(12)).unwrap();
    assert!(client.notices().stripped_digest);
    converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
}

/// Made from the first, which nobody knows: it differs from client to client as that one does. A number that can be
/// known would let whoever listens try passwords.
#[test]
fn the_ephemeral_number_of_a_second_try_is_a_secret_too() {
    let (password, verifier) = python_made();
    let second = |seed| {
        let mut device = Device::new(verifier.clone(), Patch::CounterNonce);
        let mut client = refused_proof_of(seed, &password, &mut device);
        assert_eq!(client.handle_refusal(false), Ok(Retry::Restart));
        request(&mut client)
    };
    assert_ne!(second(8), second(20));
    assert_eq!(second(8), second(8), "nothing else goes into it");
}

#[test]
fn stripped_digest_is_tried_once() {
    let (password, _) = python_made();
    for link_alive in [true, false] {
        let mut device = device(Patch::CounterNonce); // another password altogether
        let mut client = refused_proof(&password, &mut device);
        let retry = client.handle_refusal(link_alive).unwrap();
        assert_eq!(retry, second_try(link_alive));
        if !link_alive {
            round(&mut client, &mut device, &mut rng(9));
        }
        let command = request(&mut client);
        assert_eq!(answer(&mut device, &command, &mut rng(9)), Err(E::WrongProof));
        assert_eq!(client.handle_refusal(link_alive), Ok(WRONG));
        assert!(!client.notices().stripped_digest);
    }
}

#[test]
fn a_byte_exact_verifier_needs_no_second_try() {
    let (password, _) = python_made();
    let verifier = Verifier::generate(USER, &password, &SALT).unwrap();
    let mut device = Device::new(verifier, Patch::CounterNonce);
    let mut client = Client::new(USER, &password, Some(1), &mut rng(8)).unwrap();
    shake(&mut client, &mut device, &mut rng(9)).unwrap();
    assert_eq!(client.notices(), Notices::default());
}

// ---- the client refuses ----

#[test]
fn client_rejects_response_0() {
    let b = srp::device_public(verifier().verifier(), &[3; 32]).unwrap();
    let good = message(1, sr0(0, &b, &SALT));
    assert_eq!(awaiting0().handle_response(&good), Ok(()));
    let padded_n = n_bytes();
    let long_zero = [0; 385];
    for (response, error) in [
        (good[..good.len() - 1].to_vec(), E::Malformed),
        (envelope(SecSchemeVersion::SecScheme1, None), E::SchemeMismatch),
        (envelope(SecSchemeVersion::SecScheme2, None), E::PayloadMismatch),
        (
            envelope(
                SecSchemeVersion::SecScheme2,
                Some(Proto::Sec1(Default::default())),
            ),
            E::PayloadMismatch,
        ),
        (message(1, None), E::PayloadMismatch),
        (message(1, sr1(0, &[0; 64], &[0; 12])), E::PayloadMismatch),
        (message(3, sr0(0, &b, &SALT)), E::UnexpectedMessage),
        (message(0, sc0(USER, &b)), E::UnexpectedMessage),
        (message(1, sr0(3, &b, &SALT)), E::DeviceStatus(3)),
        (message(1, sr0(0, &b, &[])), E::WrongLength(Field::Salt)),
        (message(1, sr0(0, &[], &SALT)), E::WrongLength(Field::PublicKey)),
        (
            message(1, sr0(0, &[&[1], &b[..]].concat(), &SALT)),
            E::WrongLength(Field::PublicKey),
        ),
        (
            message(1, sr0(0, &long_zero, &SALT)),
            E::WrongLength(Field::PublicKey),
        ),
        (message(1, sr0(0, &[0], &SALT)), E::DegeneratePublicKey),
        (message(1, sr0(0, &[0; 384], &SALT)), E::DegeneratePublicKey),
        (message(1, sr0(0, &padded_n, &SALT)), E::DegeneratePublicKey),
    ] {
        let mut client = awaiting0();
        assert_eq!(client.handle_response(&response), Err(error));
        assert_eq!(client.handle_response(&good), Err(E::Poisoned));
        assert_eq!(poll(&mut client), Err(E::Poisoned));
        assert!(matches!(client.into_channel(), Err(E::Poisoned)));
    }
}

#[test]
fn client_rejects_response_1() {
    let (mut client, _, good) = awaiting1(Some(1), Patch::CounterNonce);
    assert_eq!(client.handle_response(&good), Ok(()));
    let Payload::Sr1(reply) = parse(&good) else {
        panic!()
    };
    let (proof, nonce) = (reply.device_proof, reply.device_nonce);
    let mut forged = proof.clone();
    forged[63] ^= 1;
    for (response, error) in [
        (message(3, sr1(0, &forged, &nonce)), E::WrongProof),
        (
            message(3, sr1(0, &proof[..63], &nonce)),
            E::WrongLength(Field::Proof),
        ),
        (
            message(3, sr1(0, &proof, &nonce[..11])),
            E::WrongLength(Field::Nonce),
        ),
        (message(3, sr1(0, &proof, &[0; 13])), E::WrongLength(Field::Nonce)),
        (message(3, sr1(0, &proof, &[0; 16])), E::NonceDowngrade),
        (message(3, sr1(0, &proof, &[])), E::WrongLength(Field::Nonce)),
        (message(3, sr1(7, &proof, &nonce)), E::DeviceStatus(7)),
        (message(1, sr1(0, &proof, &nonce)), E::UnexpectedMessage),
        (message(3, sr0(0, &[9; 384], &SALT)), E::PayloadMismatch),
        (good[..80].to_vec(), E::Malformed),
    ] {
        let (mut client, ..) = awaiting1(Some(1), Patch::CounterNonce);
        assert_eq!(client.handle_response(&response), Err(error));
        assert!(matches!(client.into_channel(), Err(E::Poisoned)));
    }
}

#[test]
fn zero_modulo_n_and_zero_scrambler() {
    for zero in [&[0][..], &[0; 384], &n_bytes()] {
        assert_eq!(peer_public(zero), Err(E::DegeneratePublicKey));
    }
    let mut above = n_bytes();
    above[383] = 0; // N ends in FF: this is N - 255
    assert_eq!(peer_public(&above), Ok(()));
    for wrong in [&[][..], &[1; 385]] {
        assert_eq!(peer_public(wrong), Err(E::WrongLength(Field::PublicKey)));
    }
    assert_eq!(nonzero([0; 64]), Err(E::ZeroScrambler));
    let mut one = [0; 64];
    one[63] = 1;
    assert_eq!(nonzero(one), Ok(one));
}

#[test]
fn constructors_refuse() {
    assert!(matches!(
        Client::new(b"", PASSWORD, None, &mut rng(0)),
        Err(E::EmptyUsername)
    ));
    assert!(matches!(
        Client::new(USER, PASSWORD, None, &mut Broken),
        Err(E::Entropy)
    ));
}

/// A stopped source gives the last word for ever: no key is made of that.
#[test]
fn a_stuck_source_is_an_error_in_both_halves() {
    let command0 = request(&mut client(Some(1)));
    for stuck in [&[0][..], &[0xff], &[1, 2, 3, 4]] {
        let source = || Repeat(stuck, 0);
        let refused = Client::new(USER, PASSWORD, None, &mut source());
        assert!(matches!(refused, Err(E::Entropy)));
        let mut device = device(Patch::CounterNonce);
        assert_eq!(answer(&mut device, &command0, &mut source()), Err(E::Entropy));
        shake(&mut client(Some(1)), &mut device, &mut rng(15)).unwrap();
        assert_eq!(Verifier::generate_salt(16, &mut source()), Err(E::Entropy));
    }
}

#[test]
fn call_order_is_checked() {
    assert_eq!(client(None).handle_response(&[]), Err(E::OutOfTurn));
    assert_eq!(client(None).handle_refusal(true), Err(E::OutOfTurn));
    assert_eq!(poll(&mut awaiting0()), Err(E::OutOfTurn));
    assert!(matches!(client(None).into_channel(), Err(E::NotFinished)));
    let give_up = Retry::GiveUp {
        wrong_credentials: false,
    };
    assert_eq!(awaiting0().handle_refusal(true), Ok(give_up));
    assert_eq!(
        client(None).poll_request(&mut [0; 400]),
        Err(E::BufferTooShort { needed: 406 })
    );
    let (mut client, _, response) = awaiting1(Some(1), Patch::CounterNonce);
    client.handle_response(&response).unwrap();
    assert_eq!(client.handle_response(&response), Err(E::OutOfTurn));
}

// ---- the device refuses ----

#[test]
fn device_rejects_and_keeps_its_state() {
    let (mut client, mut device, mut rng) = (client(Some(1)), device(Patch::CounterNonce), rng(13));
    let command0 = round(&mut client, &mut device, &mut rng);
    let command1 = request(&mut client);
    let a = match parse(&command0) {
        Payload::Sc0(command) => command.client_pubkey,
        other => panic!("{other:?}"),
    };
    for (command, error) in [
        (command0[..100].to_vec(), E::Malformed),
        (envelope(SecSchemeVersion::SecScheme1, None), E::SchemeMismatch),
        (envelope(SecSchemeVersion::SecScheme2, None), E::PayloadMismatch),
        (message(0, sc1(&[0; 64])), E::PayloadMismatch),
        (message(2, sc0(USER, &a)), E::PayloadMismatch),
        (message(2, None), E::PayloadMismatch),
        (message(1, sc0(USER, &a)), E::UnexpectedMessage),
        (message(9, sc1(&[0; 64])), E::UnexpectedMessage),
        (message(0, sc0(b"", &a)), E::WrongLength(Field::Username)),
        (message(0, sc0(USER, &a[1..])), E::WrongLength(Field::PublicKey)),
        (
            message(0, sc0(USER, &[&[0], &a[..]].concat())),
            E::WrongLength(Field::PublicKey),
        ),
        (message(0, sc0(USER, &[0; 384])), E::DegeneratePublicKey),
        (message(0, sc0(USER, &n_bytes())), E::DegeneratePublicKey),
        (message(2, sc1(&[0; 63])), E::WrongLength(Field::Proof)),
        (message(2, sc1(&[0; 64])), E::WrongProof),
    ] {
        assert_eq!(answer(&mut device, &command, &mut rng), Err(error));
    }
    assert_eq!(answer(&mut device, &command0, &mut Broken), Err(E::Entropy));
    assert_eq!(answer(&mut device, &command1, &mut Broken), Err(E::Entropy));
    let too_short = device.handle_request(&command1, &mut rng, &mut [0; 88]);
    assert_eq!(too_short, Err(E::BufferTooShort { needed: 89 }));
    assert!(device.channel().is_none());
    pass(&mut client, &mut device, &command1, &mut rng);
    converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
}

#[test]
fn device_refuses_command_1_first_and_a_repeated_one() {
    let (mut client, mut device, mut rng) = (client(Some(1)), device(Patch::CounterNonce), rng(14));
    round(&mut client, &mut device, &mut rng);
    let command1 = round(&mut client, &mut device, &mut rng);
    assert_eq!(answer(&mut device, &command1, &mut rng), Err(E::OutOfOrder));
    converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
    assert_eq!(
        answer(&mut super::device(Patch::CounterNonce), &command1, &mut rng),
        Err(E::OutOfOrder)
    );
}

#[test]
fn device_takes_command_0_in_any_state() {
    takes_command_0_in_any_state(device(Patch::CounterNonce), |seed| {
        Client::new(USER, PASSWORD, Some(1), &mut rng(seed)).unwrap()
    });
}

// ---- credentials ----

#[test]
fn verifier_bounds() {
    let (salt, v) = (&SALT[..], verifier().verifier().to_vec());
    assert!(Verifier::new(salt, &v).is_ok());
    assert!(Verifier::new(salt, &[2]).is_ok());
    assert!(Verifier::new(&[1; 128], &v).is_ok(), "the longest salt");
    assert_eq!(Verifier::new(salt, &v), Verifier::new(salt, &v));
    for (salt, v, error) in [
        (&[][..], &v[..], VerifierError::SaltLength),
        (&[1; 129], &v, VerifierError::SaltLength),
        (salt, &[], VerifierError::VerifierLength),
        (salt, &[1; 385], VerifierError::VerifierLength),
        (salt, &[0; 384], VerifierError::VerifierRange),
        (salt, &n_bytes(), VerifierError::VerifierRange),
        (salt, &[0xff; 384], VerifierError::VerifierRange),
    ] {
        assert_eq!(Verifier::new(salt, v), Err(error));
    }
    // The limits are told to whoever exceeds them.
    assert!(VerifierError::SaltLength.to_string().contains(" 128 "));
    assert!(VerifierError::VerifierLength.to_string().contains(" 384 "));
    assert_eq!(
        Verifier::generate(b"", PASSWORD, salt),
        Err(VerifierError::EmptyUsername)
    );
    assert_eq!(
        Verifier::generate(USER, PASSWORD, &[]),
        Err(VerifierError::SaltLength)
    );
}

#[test]
fn salts_do_not_begin_with_zero() {
    // 00 at the start of the first draw, 01 at the start of the second.
    let salt = Verifier::generate_salt(2, &mut Repeat(&[0, 5, 1, 6], 0)).unwrap();
    assert_eq!(salt, [1, 6]);
    assert_eq!(Verifier::generate_salt(16, &mut Repeat(&[0], 0)), Err(E::Entropy));
    assert_eq!(Verifier::generate_salt(16, &mut Broken), Err(E::Entropy));
    for seed in 0..600 {
        assert_ne!(Verifier::generate_salt(16, &mut rng(seed)).unwrap()[0], 0);
    }
}

#[test]
fn debug_shows_no_secret() {
    let text = std::format!(
        "{:?} {:?} {:?}",
        client(None),
        device(Patch::CounterNonce),
        verifier()
    );
    assert_eq!(
        text,
        concat!(
            "sec2::Client { state: \"Exchange\", due: Some(Command0), notices: Notices { nonce_reuse: false, ",
            "patch_mismatch: false, stripped_digest: false, guessable_pop: false, unauthenticated: false }, .. } ",
            "sec2::Device { patch: CounterNonce, state: \"ExpectCommand0\", .. } Verifier { .. }"
        )
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = awaiting0().handle_response(&bytes);
        let (mut client, mut device, _) = awaiting1(None, Patch::CounterNonce);
        let _ = client.handle_response(&bytes);
        let _ = answer(&mut device, &bytes, &mut rng(0));
        let _ = answer(&mut super::device(Patch::FixedNonce), &bytes, &mut rng(0));
    }

    /// Bytes that get past the decoder.
    #[test]
    fn arbitrary_fields_never_panic(
        msg in 0..5,
        case in 0..4,
        status in -1..3,
        one in proptest::collection::vec(any::<u8>(), 0..400),
        two in proptest::collection::vec(any::<u8>(), 0..400),
        exact: bool,
    ) {
        let key = if exact { std::vec![7; 384] } else { one.clone() };
        let payload = match case {
            0 => sc0(&two, &key),
            1 => sr0(status, &key, &two),
            2 => sc1(&one),
            _ => sr1(status, &one, &two),
        };
        let bytes = message(msg, payload);
        let _ = awaiting0().handle_response(&bytes);
        let (mut client, mut device, _) = awaiting1(None, Patch::CounterNonce);
        prop_assert!(client.handle_response(&bytes).is_err(), "a guessed proof");
        let _ = answer(&mut device, &bytes, &mut rng(0));
        let _ = answer(&mut super::device(Patch::CounterNonce), &bytes, &mut rng(0));
    }
}
