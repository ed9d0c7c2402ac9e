//! SRP6a against the `srp` crate, an independent implementation, wherever its rules are the firmware's. It
//! hashes A without leading zeros on the client side, so there only its device side is asked.

use super::{PASSWORD, SALT, USER, verifier};
use crate::Budget;
use crate::budget::Spending;
use crate::sec2::Verifier;
use crate::sec2::group::minimal;
use crate::sec2::srp::{self, Agreement, ClientPublic, ClientSecret, InnerForm, Transcript};
use ::srp::{ClientG3072, ServerG3072};
use proptest::prelude::*;
use sha2::Sha512;

fn private(seed: u64) -> [u8; 32] {
    let mut bytes = [0x5a; 32];
    bytes[24..].copy_from_slice(&seed.to_be_bytes());
    bytes
}

fn everything() -> Spending {
    Spending::new(Budget::UNLIMITED)
}

fn client_public(a: &[u8; 32]) -> [u8; 384] {
    let mut public = ClientPublic::begin().unwrap();
    assert!(public.go_on(a, &mut everything()));
    super::filled(|out| public.finish(out))
}

struct Run {
    a: [u8; 32],
    b: [u8; 32],
    a_pub: [u8; 384],
    b_pub: std::vec::Vec<u8>,
    client: Agreement,
    device: Agreement,
}

fn run(user: &[u8], password: &[u8], verifier: &Verifier, a: [u8; 32], b: [u8; 32]) -> Run {
    let a_pub = client_public(&a);
    let b_pub = minimal(&srp::device_public(verifier.verifier(), &b).unwrap()).to_vec();
    let transcript = Transcript {
        identity: &srp::identity(user),
        salt: verifier.salt(),
        a_pub: &a_pub,
        b_pub: &b_pub,
    };
    let x = srp::private_x(
        verifier.salt(),
        &srp::inner_digest(user, password),
        InnerForm::Full,
    );
    let mut client = Agreement::none();
    let mut secret = ClientSecret::begin(&a, &a_pub, &b_pub, &x).unwrap();
    assert!(secret.go_on(&b_pub, &mut everything()));
    secret.agree(&transcript, &mut client);
    let device = srp::device_agree(&transcript, verifier.verifier(), &b).unwrap();
    Run {
        a,
        b,
        a_pub,
        b_pub,
        client,
        device,
    }
}

/// Both our halves agree with each other and with the reference.
fn check(user: &[u8], password: &[u8], verifier: &Verifier, run: &Run) {
    assert!(run.client.key == run.device.key);
    assert_eq!(run.client.client_proof, run.device.client_proof);
    assert_eq!(*run.client.device_proof, *run.device.device_proof);

    let reference = ClientG3072::<Sha512>::new();
    let salt = verifier.salt();
    let v = reference.compute_verifier(user, password, salt);
    assert_eq!(minimal(verifier.verifier()), v);
    assert_eq!(reference.compute_public_ephemeral(&run.a), minimal(&run.a_pub));

    let server = ServerG3072::<Sha512>::new();
    assert_eq!(server.compute_public_ephemeral(&run.b, &v), run.b_pub);
    let theirs = server.process_reply(user, salt, &run.b, &v, &run.a_pub).unwrap();
    let key = theirs.verify_client(&run.device.client_proof).unwrap();
    assert_eq!(key, *run.device.key);
    assert_eq!(theirs.proof(), *run.device.device_proof);

    let theirs = reference
        .process_reply(&run.a, user, password, salt, &run.b_pub)
        .unwrap();
    if run.a_pub[0] == 0 {
        assert_ne!(
            theirs.proof(),
            run.client.client_proof,
            "its rule for A is another one"
        );
    } else {
        assert_eq!(theirs.proof(), run.client.client_proof);
        assert_eq!(
            theirs.verify_server(&*run.client.device_proof).unwrap(),
            *run.client.key
        );
    }
}

fn first(mut wanted: impl FnMut(u64) -> bool) -> u64 {
    (0..20_000)
        .find(|seed| wanted(*seed))
        .expect("one in 256 will do")
}

#[test]
fn leading_zero_in_a() {
    let seed = first(|seed| client_public(&private(seed))[0] == 0);
    let run = run(USER, PASSWORD, &verifier(), private(seed), private(1));
    assert_eq!(run.a_pub[0], 0);
    check(USER, PASSWORD, &verifier(), &run);
}

#[test]
fn leading_zero_in_b() {
    let verifier = verifier();
    let seed = first(|seed| srp::device_public(verifier.verifier(), &private(seed)).unwrap()[0] == 0);
    let run = run(USER, PASSWORD, &verifier, private(1), private(seed));
    assert!(run.b_pub.len() < 384);
    check(USER, PASSWORD, &verifier, &run);
}

#[test]
fn leading_zero_in_s() {
    use crate::sec2::group::{Group, Then, Work, client_exponent};
    let verifier = verifier();
    let x = srp::private_x(&SALT, &srp::inner_digest(USER, PASSWORD), InnerForm::Full);
    let b_pub = srp::device_public(verifier.verifier(), &private(1)).unwrap();
    let seed = first(|seed| {
        let a = private(seed);
        let u = hash(&[&client_public(&a), &b_pub]);
        let (mut work, mut exponent) = (Work::with_table().unwrap(), [0; 128]);
        client_exponent(&a, &u, &x, &mut exponent);
        let then = Then::ClientSecret {
            b_pub: &b_pub,
            exponent: &exponent,
        };
        assert!(Group::go_on(&mut work, x.as_slice(), then, &mut everything()));
        super::filled(|out| work.result(out))[0] == 0
    });
    check(
        USER,
        PASSWORD,
        &verifier,
        &run(USER, PASSWORD, &verifier, private(seed), private(1)),
    );
}

/// u hashes both numbers padded, however short B was sent.
#[test]
fn u_is_of_padded_numbers() {
    let a_pub = client_public(&private(3));
    for len in [1, 63, 64, 65, 128, 191, 320, 383, 384] {
        let b_pub: std::vec::Vec<u8> = (0..len).map(|index| index as u8 | 1).collect();
        let padded = [&std::vec![0; 384 - len][..], &b_pub].concat();
        let want = hash(&[&a_pub, &padded]);
        assert_eq!(srp::scrambler(&a_pub, &b_pub).unwrap()[..], want[..], "{len}");
    }
}

#[test]
fn constants_of_the_group() {
    use crate::sec2::group::pad;
    let g = pad(&[5]).unwrap();
    assert_eq!(crate::sec2::group::MULTIPLIER, hash(&[&n_bytes(), &g]));
    let mut digest = hash(&[&n_bytes()]);
    for (byte, other) in digest.iter_mut().zip(hash(&[&g])) {
        *byte ^= other;
    }
    assert_eq!(srp::GROUP_DIGEST, digest);
}

fn hash(parts: &[&[u8]]) -> [u8; 64] {
    use sha2::Digest;
    Sha512::digest(parts.concat()).into()
}

fn n_bytes() -> [u8; 384] {
    crate::sec2::group::N
}

#[test]
fn leading_zeros_in_the_salt() {
    for zeros in [1, 2, 15, 16] {
        let mut salt = SALT;
        salt[..zeros].fill(0);
        let verifier = Verifier::generate(USER, PASSWORD, &salt).unwrap();
        check(
            USER,
            PASSWORD,
            &verifier,
            &run(USER, PASSWORD, &verifier, private(1), private(2)),
        );
    }
}

#[test]
fn leading_zero_in_the_inner_digest() {
    let password = |seed: u64| std::format!("password {seed}");
    let seed = first(|seed| srp::inner_digest(USER, password(seed).as_bytes())[0] == 0);
    let password = password(seed);
    let verifier = Verifier::generate(USER, password.as_bytes(), &SALT).unwrap();
    let run = run(USER, password.as_bytes(), &verifier, private(1), private(2));
    check(USER, password.as_bytes(), &verifier, &run);
}

#[test]
fn leading_zero_in_the_verifier_short_or_padded() {
    let salt = |seed: u64| [&SALT[..8], &seed.to_be_bytes()].concat();
    let verifier = |seed| Verifier::generate(USER, PASSWORD, &salt(seed)).unwrap();
    let seed = first(|seed| verifier(seed).verifier()[0] == 0);
    let padded = verifier(seed);
    assert_eq!(padded.verifier().len(), 384);
    let short = Verifier::new(padded.salt(), minimal(padded.verifier())).unwrap();
    assert!(short.verifier().len() < 384);
    for verifier in [padded, short] {
        check(
            USER,
            PASSWORD,
            &verifier,
            &run(USER, PASSWORD, &verifier, private(1), private(2)),
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn agrees_with_the_reference(
        user in proptest::collection::vec(any::<u8>(), 1..40),
        password in proptest::collection::vec(any::<u8>(), 0..70),
        salt in proptest::collection::vec(any::<u8>(), 1..40),
        a: [u8; 32],
        b: [u8; 32],
    ) {
        let verifier = Verifier::generate(&user, &password, &salt).unwrap();
        check(&user, &password, &verifier, &run(&user, &password, &verifier, a, b));
    }
}
