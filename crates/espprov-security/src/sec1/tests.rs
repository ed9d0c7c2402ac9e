use super::*;
use crate::testing::{
    self, Broken, Repeat, answer, converse, encode as envelope, pass, poll, request, rng, round, seal, shake,
    takes_command_0_in_any_state, with_unknown_fields,
};
use crate::{Channel, ChannelError, DeviceHandshake, Field, Handshake, HandshakeError as E, Notices, Retry};
use espprov_proto::session::sec1_payload::Payload;
use espprov_proto::session::session_data::Proto;
use espprov_proto::session::{
    Sec1Payload, SecSchemeVersion, SessionCmd0, SessionCmd1, SessionData, SessionResp0, SessionResp1,
};
use proptest::prelude::*;
use std::vec::Vec;

const POP: &[u8] = b"abcd1234";

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn message(msg: i32, payload: Option<Payload>) -> Vec<u8> {
    envelope(
        SecSchemeVersion::SecScheme1,
        Some(Proto::Sec1(Sec1Payload { msg, payload })),
    )
}

fn parse(bytes: &[u8]) -> Option<Payload> {
    match espprov_proto::decode::<SessionData>(bytes).unwrap().proto {
        Some(Proto::Sec1(payload)) => payload.payload,
        other => panic!("{other:?}"),
    }
}

fn sc0(key: &[u8]) -> Option<Payload> {
    Some(Payload::Sc0(SessionCmd0 {
        client_pubkey: key.to_vec(),
    }))
}

fn sr0(status: i32, key: &[u8], random: &[u8]) -> Option<Payload> {
    Some(Payload::Sr0(SessionResp0 {
        status,
        device_pubkey: key.to_vec(),
        device_random: random.to_vec(),
    }))
}

fn sc1(verify: &[u8]) -> Option<Payload> {
    Some(Payload::Sc1(SessionCmd1 {
        client_verify_data: verify.to_vec(),
    }))
}

fn sr1(status: i32, verify: &[u8]) -> Option<Payload> {
    Some(Payload::Sr1(SessionResp1 {
        status,
        device_verify_data: verify.to_vec(),
    }))
}

fn client(pop: &[u8]) -> Client {
    Client::new(pop, &mut rng(1)).unwrap()
}

/// A client that awaits response 0.
fn awaiting0() -> Client {
    let mut client = client(POP);
    request(&mut client);
    client
}

/// A client that awaits response 1, its device, and that response.
fn awaiting1() -> (Client, Device, Vec<u8>) {
    testing::awaiting1(client(POP), Device::new(POP))
}

// ---- foreign vectors ----

/// RFC 7748, section 5.2.
#[test]
fn rfc7748_scalar_multiplication() {
    for (scalar, u, out) in [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ] {
        let key = session_key(&bytes(scalar), &bytes(u), &PopMask::new(b"")).unwrap();
        assert_eq!(*key, bytes(out));
    }
}

/// RFC 7748, section 5.2, the iterated test: once and 1000 times.
#[test]
fn rfc7748_iterated() {
    let mut k: [u8; 32] = bytes("0900000000000000000000000000000000000000000000000000000000000000");
    let mut u = k;
    for round in 1..=1000 {
        let next = *session_key(&k, &u, &PopMask::new(b"")).unwrap();
        u = k;
        k = next;
        if round == 1 {
            assert_eq!(
                k,
                bytes("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
            );
        }
    }
    assert_eq!(
        k,
        bytes("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")
    );
}

/// RFC 7748, section 6.1: public keys and shared secret.
#[test]
fn rfc7748_diffie_hellman() {
    let alice = bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    let bob = bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    let alice_public = bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    let bob_public = bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    let shared = bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    assert_eq!(public_key(&alice), alice_public);
    assert_eq!(public_key(&bob), bob_public);
    assert_eq!(
        *session_key(&alice, &bob_public, &PopMask::new(b"")).unwrap(),
        shared
    );
    assert_eq!(
        *session_key(&bob, &alice_public, &PopMask::new(b"")).unwrap(),
        shared
    );
    // What the protocomm documentation has of a PoP: its SHA-256 (here by Python's hashlib), combined by exclusive or.
    assert_eq!(
        *session_key(&bob, &alice_public, &PopMask::new(b"abcd1234")).unwrap(),
        bytes("a3937a411dfcd00911bdb6fc3e78e6fa03e08180fa7e2d71b89505f95b1d7eec")
    );
}

/// NIST SP 800-38A, F.5.5 and F.5.6, through the channel, in one piece and in pieces.
#[test]
fn nist_sp800_38a_ctr_aes256() {
    let key = bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    let counter = bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    let plain: [u8; 64] = bytes(concat!(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    ));
    let cipher: [u8; 64] = bytes(concat!(
        "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5",
        "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
    ));
    assert_eq!(seal(&mut CtrChannel::new(&key, &counter), &plain), cipher);
    let mut channel = CtrChannel::new(&key, &counter);
    let mut opened = Vec::new();
    for piece in cipher.chunks(7) {
        opened.extend_from_slice(channel.open(&mut piece.to_vec()).unwrap());
    }
    assert_eq!(opened, plain);
}

// ---- both halves ----

#[test]
fn both_halves_with_and_without_pop() {
    for pop in [POP, b"", &[0xff; 100]] {
        let (mut client, mut device) = (client(pop), Device::new(pop));
        shake(&mut client, &mut device, &mut rng(3)).unwrap();
        converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
    }
}

#[test]
fn sizes_on_the_wire() {
    let (mut client, mut device, mut rng) = (client(POP), Device::new(POP), rng(4));
    let mut sizes = Vec::new();
    while let Some(request) = poll(&mut client).unwrap() {
        let response = answer(&mut device, &request, &mut rng).unwrap();
        client.handle_response(&response).unwrap();
        sizes.push((request.len(), response.len()));
    }
    assert_eq!(sizes, [(41, 61), (43, 43)]);
}

#[test]
fn unknown_fields_are_ignored() {
    let (mut client, mut device, mut rng) = (client(POP), Device::new(POP), rng(5));
    while let Some(request) = poll(&mut client).unwrap() {
        let response = answer(&mut device, &with_unknown_fields(&request), &mut rng).unwrap();
        client.handle_response(&with_unknown_fields(&response)).unwrap();
    }
    client.into_channel().unwrap();
}

#[test]
fn a_wrong_pop_shows_at_command_1_on_both_sides() {
    for pop in [&b"wrong"[..], b""] {
        let (mut client, mut device, mut rng) = (client(pop), Device::new(POP), rng(6));
        round(&mut client, &mut device, &mut rng);
        let command = request(&mut client);
        let error = answer(&mut device, &command, &mut rng).unwrap_err();
        assert_eq!(error, E::WrongProof);
        assert!(error.is_authentication());
        let give_up = Retry::GiveUp {
            wrong_credentials: true,
        };
        assert_eq!(client.handle_refusal(true), Ok(give_up));
        assert_eq!(poll(&mut client), Err(E::Poisoned));
    }
}

// ---- the client refuses ----

#[test]
fn client_rejects_response_0() {
    let good = (sr0(0, &[9; 32], &[1; 16]), message(1, sr0(0, &[9; 32], &[1; 16])));
    assert_eq!(awaiting0().handle_response(&good.1), Ok(()));
    for (response, error) in [
        (good.1[..good.1.len() - 1].to_vec(), E::Malformed),
        (envelope(SecSchemeVersion::SecScheme0, None), E::SchemeMismatch),
        (envelope(SecSchemeVersion::SecScheme1, None), E::PayloadMismatch),
        (
            envelope(
                SecSchemeVersion::SecScheme1,
                Some(Proto::Sec2(Default::default())),
            ),
            E::PayloadMismatch,
        ),
        (message(1, None), E::PayloadMismatch),
        (message(1, sr1(0, &[0; 32])), E::PayloadMismatch),
        (message(3, sr0(0, &[9; 32], &[1; 16])), E::UnexpectedMessage),
        (message(0, sc0(&[9; 32])), E::UnexpectedMessage),
        (message(1, sr0(4, &[9; 32], &[1; 16])), E::DeviceStatus(4)),
        (
            message(1, sr0(0, &[9; 31], &[1; 16])),
            E::WrongLength(Field::PublicKey),
        ),
        (
            message(1, sr0(0, &[9; 33], &[1; 16])),
            E::WrongLength(Field::PublicKey),
        ),
        (
            message(1, sr0(0, &[9; 32], &[1; 15])),
            E::WrongLength(Field::DeviceRandom),
        ),
        (
            message(1, sr0(0, &[9; 32], &[])),
            E::WrongLength(Field::DeviceRandom),
        ),
    ] {
        let mut client = awaiting0();
        assert_eq!(client.handle_response(&response), Err(error));
        assert_eq!(client.handle_response(&good.1), Err(E::Poisoned));
        assert_eq!(client.handle_refusal(true), Err(E::Poisoned));
        assert!(matches!(client.into_channel(), Err(E::Poisoned)));
    }
}

#[test]
fn client_rejects_response_1() {
    let (mut good, ..) = awaiting1();
    assert!(matches!(good.handle_response(&awaiting1().2), Ok(())));
    for (response, error) in [
        (message(3, sr1(0, &[7; 32])), E::WrongProof),
        (message(3, sr1(0, &[7; 31])), E::WrongLength(Field::VerifyData)),
        (message(3, sr1(6, &[7; 32])), E::DeviceStatus(6)),
        (message(1, sr1(0, &[7; 32])), E::UnexpectedMessage),
        (message(3, sr0(0, &[9; 32], &[1; 16])), E::PayloadMismatch),
    ] {
        let (mut client, ..) = awaiting1();
        assert_eq!(client.handle_response(&response), Err(error));
        assert!(matches!(client.into_channel(), Err(E::Poisoned)));
    }
}

#[test]
fn a_replayed_response_is_out_of_turn() {
    let (mut client, _, response) = awaiting1();
    client.handle_response(&response).unwrap();
    assert_eq!(client.handle_response(&response), Err(E::OutOfTurn));
}

/// Points of small order give an all-zero secret: 0, 1, and one of order 8.
const SMALL_ORDER: [&str; 3] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
];

#[test]
fn an_all_zero_shared_secret_is_refused_by_both() {
    for point in SMALL_ORDER {
        let point: [u8; 32] = bytes(point);
        let response = message(1, sr0(0, &point, &[1; 16]));
        assert_eq!(awaiting0().handle_response(&response), Err(E::WeakSharedSecret));
        let command = message(0, sc0(&point));
        assert_eq!(
            answer(&mut Device::new(POP), &command, &mut rng(7)),
            Err(E::WeakSharedSecret)
        );
    }
}

#[test]
fn entropy_failure_is_an_error() {
    assert!(matches!(Client::new(POP, &mut Broken), Err(E::Entropy)));
    let command = message(0, sc0(&[9; 32]));
    assert_eq!(
        answer(&mut Device::new(POP), &command, &mut Broken),
        Err(E::Entropy)
    );
}

/// A stopped source gives the last word for ever: no key is made of that.
#[test]
fn a_stuck_source_is_an_error_in_both_halves() {
    let command = message(0, sc0(&[9; 32]));
    for stuck in [&[0][..], &[0xff], &[1, 2, 3, 4]] {
        let source = || Repeat(stuck, 0);
        assert!(matches!(Client::new(POP, &mut source()), Err(E::Entropy)));
        let mut device = Device::new(POP);
        assert_eq!(answer(&mut device, &command, &mut source()), Err(E::Entropy));
        // And the device is none the worse for it.
        shake(&mut client(POP), &mut device, &mut rng(12)).unwrap();
    }
}

#[test]
fn notices_say_what_a_session_is_worth() {
    for (pop, guessable_pop) in [(POP, true), (b"", false)] {
        let expected = Notices {
            guessable_pop,
            unauthenticated: !guessable_pop,
            ..Notices::default()
        };
        let (mut client, mut device) = (client(pop), Device::new(pop));
        shake(&mut client, &mut device, &mut rng(13)).unwrap();
        assert_eq!(client.notices(), expected);
    }
}

/// What `guessable_pop` means: an impostor who knows no PoP answers command 0, and command 1 tells for each guess
/// whether it is right.
#[test]
fn an_impostor_tests_guesses_offline() {
    let mut client = client(POP);
    let Some(Payload::Sc0(command)) = parse(&request(&mut client)) else {
        panic!("command 0")
    };
    let client_public: [u8; 32] = command.client_pubkey.as_slice().try_into().unwrap();
    let (private, random) = ([0x21; 32], [9; 16]);
    let public = public_key(&private);
    client
        .handle_response(&message(1, sr0(0, &public, &random)))
        .unwrap();
    let Some(Payload::Sc1(command)) = parse(&request(&mut client)) else {
        panic!("command 1")
    };
    let right: Vec<&[u8]> = [&b"0000"[..], b"password", POP, b"abcd1235", b""]
        .into_iter()
        .filter(|guess| {
            let key = session_key(&private, &client_public, &PopMask::new(guess)).unwrap();
            let mut verify = command.client_verify_data.clone();
            CtrChannel::new(&key, &random).open(&mut verify).unwrap() == public
        })
        .collect();
    assert_eq!(right, [POP]);
}

#[test]
fn call_order_is_checked() {
    assert_eq!(client(POP).handle_response(&[]), Err(E::OutOfTurn));
    assert_eq!(client(POP).handle_refusal(true), Err(E::OutOfTurn));
    assert_eq!(poll(&mut awaiting0()), Err(E::OutOfTurn));
    assert_eq!(
        poll(&mut awaiting1().0),
        Err(E::OutOfTurn),
        "not over before the device has proved itself"
    );
    let (mut through, _, response) = awaiting1();
    through.handle_response(&response).unwrap();
    assert_eq!(
        through.handle_refusal(true),
        Err(E::OutOfTurn),
        "nothing is awaited any more"
    );
    assert!(matches!(client(POP).into_channel(), Err(E::NotFinished)));
    assert!(matches!(awaiting1().0.into_channel(), Err(E::NotFinished)));
    let give_up = Retry::GiveUp {
        wrong_credentials: false,
    };
    assert_eq!(awaiting0().handle_refusal(true), Ok(give_up));
    assert_eq!(
        client(POP).poll_request(&mut [0; 40]),
        Err(E::BufferTooShort { needed: 41 })
    );
}

// ---- the device refuses ----

#[test]
fn device_rejects_and_keeps_its_state() {
    let (mut client, mut device, mut rng) = (client(POP), Device::new(POP), rng(8));
    let command0 = round(&mut client, &mut device, &mut rng);
    let command1 = request(&mut client);
    for (command, error) in [
        (command0[..40].to_vec(), E::Malformed),
        (envelope(SecSchemeVersion::SecScheme2, None), E::SchemeMismatch),
        (envelope(SecSchemeVersion::SecScheme1, None), E::PayloadMismatch),
        (message(0, sc1(&[0; 32])), E::PayloadMismatch),
        (message(2, sc0(&[9; 32])), E::PayloadMismatch),
        (message(0, None), E::PayloadMismatch),
        (message(1, sc0(&[9; 32])), E::UnexpectedMessage),
        (message(9, sc0(&[9; 32])), E::UnexpectedMessage),
        (message(0, sc0(&[9; 31])), E::WrongLength(Field::PublicKey)),
        (message(2, sc1(&[9; 33])), E::WrongLength(Field::VerifyData)),
        (message(2, sc1(&[9; 32])), E::WrongProof),
    ] {
        assert_eq!(answer(&mut device, &command, &mut rng), Err(error));
    }
    let too_short = device.handle_request(&command1, &mut rng, &mut [0; 42]);
    assert_eq!(too_short, Err(E::BufferTooShort { needed: 43 }));
    assert!(device.channel().is_none());
    pass(&mut client, &mut device, &command1, &mut rng);
    converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
}

#[test]
fn device_refuses_command_1_first_and_a_repeated_one() {
    let (_, mut device, _) = awaiting1();
    let repeated = message(2, sc1(&[9; 32]));
    assert_eq!(answer(&mut device, &repeated, &mut rng(9)), Err(E::OutOfOrder));
    assert!(device.channel().is_some(), "the session goes on");
    assert_eq!(
        answer(&mut Device::new(POP), &repeated, &mut rng(9)),
        Err(E::OutOfOrder)
    );
}

#[test]
fn device_takes_command_0_in_any_state() {
    takes_command_0_in_any_state(Device::new(POP), |seed| Client::new(POP, &mut rng(seed)).unwrap());
}

#[test]
fn old_firmware_takes_no_corrected_command_1() {
    let mut device = Device::new(POP).with_retry_after_wrong_proof(false);
    let (mut client, mut rng) = (client(POP), rng(10));
    round(&mut client, &mut device, &mut rng);
    let right = request(&mut client);
    assert_eq!(
        answer(&mut device, &message(2, sc1(&[9; 32])), &mut rng),
        Err(E::WrongProof)
    );
    assert_eq!(answer(&mut device, &right, &mut rng), Err(E::OutOfOrder));
}

// ---- records ----

#[test]
fn short_buffer_leaves_the_keystream_alone() {
    let (mut one, mut two) = (
        CtrChannel::new(&[1; 32], &[2; 16]),
        CtrChannel::new(&[1; 32], &[2; 16]),
    );
    assert_eq!(
        one.seal(&mut [0; 4], 5),
        Err(ChannelError::BufferTooShort { needed: 5 })
    );
    assert_eq!(seal(&mut one, b"hello"), seal(&mut two, b"hello"));
}

/// What the missing MAC means: a flipped bit arrives as that bit.
#[test]
fn records_are_malleable() {
    let (mut one, mut two) = (
        CtrChannel::new(&[1; 32], &[2; 16]),
        CtrChannel::new(&[1; 32], &[2; 16]),
    );
    let mut record = seal(&mut one, b"ssid=Home");
    record[5] ^= b'H' ^ b'R';
    assert_eq!(two.open(&mut record).unwrap(), b"ssid=Rome");
}

#[test]
fn debug_shows_no_secret() {
    let secret = [0xab; 32];
    let text = std::format!(
        "{:?} {:?} {:?}",
        Client::dangerous_with_private_key(POP, &secret),
        Device::new(POP),
        CtrChannel::new(&secret, &[0xab; 16])
    );
    assert!(
        !text.contains("171") && !text.contains("ab, ") && !text.contains("abcd1234"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
        let _ = awaiting0().handle_response(&bytes);
        let (mut client, mut device, _) = awaiting1();
        let _ = client.handle_response(&bytes);
        let _ = answer(&mut device, &bytes, &mut rng(0));
        let _ = answer(&mut Device::new(POP), &bytes, &mut rng(0));
        let _ = device.channel().map(|channel| channel.open(&mut bytes.clone()).map(<[u8]>::len));
    }

    /// Bytes that get past the decoder.
    #[test]
    fn arbitrary_fields_never_panic(
        msg in 0..5,
        case in 0..4,
        status in -1..3,
        one in proptest::collection::vec(any::<u8>(), 0..40),
        two in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let payload = match case {
            0 => sc0(&one),
            1 => sr0(status, &one, &two),
            2 => sc1(&one),
            _ => sr1(status, &one),
        };
        let bytes = message(msg, payload);
        let _ = awaiting0().handle_response(&bytes);
        let (mut client, mut device, _) = awaiting1();
        prop_assert!(client.handle_response(&bytes).is_err(), "a guessed proof");
        let _ = answer(&mut device, &bytes, &mut Repeat(&[3], 0));
        prop_assert!(answer(&mut Device::new(POP), &message(2, sc1(&one)), &mut rng(0)).is_err());
    }

    #[test]
    fn any_pop_any_entropy(pop in proptest::collection::vec(any::<u8>(), 0..80), seed: u64) {
        let mut client = Client::new(&pop, &mut rng(seed)).unwrap();
        let mut device = Device::new(&pop);
        shake(&mut client, &mut device, &mut rng(!seed)).unwrap();
        converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
    }
}
