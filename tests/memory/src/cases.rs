//! What is computed with secrets marked as undefined. Each runs in a process of its own, under valgrind.

use crate::known::{CLIENT_EPHEMERAL, DEVICE_EPHEMERAL, PASSWORD, SALT, Scripted, USERNAME};
use crate::valgrind::{make_public, make_secret};
use core::hint::black_box;
use espprov_security::{Budget, Channel, DeviceHandshake, Handshake, Progress, sec1, sec2};

/// A case by name.
pub type Case = (&'static str, fn());

/// All of them; the last three have something to be found.
pub const CASES: [Case; 9] = [
    ("sec1-client", sec1_client),
    ("sec1-device", sec1_device),
    ("sec2-client", || sec2_client(Budget::UNLIMITED)),
    ("sec2-client-in-steps", || sec2_client(Budget::products(7))),
    ("sec2-device", sec2_device),
    ("verifier", verifier),
    ("planted-branch", planted_branch),
    ("planted-index", planted_index),
    ("planted-comparison", planted_comparison),
];

/// Runs the client to the end of a session, with what it sends made public, against a device that does not know that
/// anything is secret; or the other way round.
fn run(client: impl Handshake, device: impl DeviceHandshake, rng: &mut Scripted) {
    run_in_steps(client, device, rng, Budget::UNLIMITED);
}

fn run_in_steps(
    mut client: impl Handshake,
    mut device: impl DeviceHandshake,
    rng: &mut Scripted,
    budget: Budget,
) {
    let (mut request, mut reply) = ([0; 512], [0; 512]);
    loop {
        while client.compute(budget).expect("numbers") == Progress::Busy {}
        let Some(len) = client.poll_request(&mut request).expect("a request") else {
            break;
        };
        let request = &mut request[..len];
        make_public(request);
        let len = device.handle_request(request, rng, &mut reply).expect("a reply");
        let reply = &mut reply[..len];
        make_public(reply);
        client.handle_response(reply).expect("accepted");
    }
    let mut client = client.into_channel().expect("a session");
    let device = device.channel().expect("a session");
    for _ in 0..2 {
        let mut record = [0; 64];
        record[..PASSWORD.len()].copy_from_slice(&secret(PASSWORD));
        let len = client.seal(&mut record, PASSWORD.len()).expect("sealed");
        make_public(&mut record[..len]);
        let opened = device.open(&mut record[..len]).expect("opened");
        assert_eq!(opened.len(), PASSWORD.len());
        let mut answer = [0; 64];
        make_secret(&mut answer[..8]);
        let len = device.seal(&mut answer, 8).expect("sealed");
        make_public(&mut answer[..len]);
        assert_eq!(client.open(&mut answer[..len]).expect("opened").len(), 8);
    }
}

fn secret<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    make_secret(&mut bytes);
    bytes
}

fn sec1_client() {
    let client = sec1::Client::new(&secret(PASSWORD), &mut Scripted::secret(&CLIENT_EPHEMERAL));
    let device = sec1::Device::new(&PASSWORD);
    run(
        client.expect("a client"),
        device,
        &mut Scripted::new(&DEVICE_EPHEMERAL),
    );
}

fn sec1_device() {
    let client = sec1::Client::new(&PASSWORD, &mut Scripted::new(&CLIENT_EPHEMERAL));
    let device = sec1::Device::new(&secret(PASSWORD));
    run(
        client.expect("a client"),
        device,
        &mut Scripted::secret(&DEVICE_EPHEMERAL),
    );
}

fn stored() -> sec2::Verifier {
    sec2::Verifier::generate(USERNAME, &PASSWORD, &SALT).expect("a verifier")
}

fn sec2_client(budget: Budget) {
    let device = sec2::Device::new(stored(), sec2::Patch::CounterNonce);
    let rng = &mut Scripted::secret(&CLIENT_EPHEMERAL);
    let client = sec2::Client::new(USERNAME, &secret(PASSWORD), Some(1), rng);
    run_in_steps(
        client.expect("a client"),
        device,
        &mut Scripted::new(&DEVICE_EPHEMERAL),
        budget,
    );
}

fn sec2_device() {
    let mut verifier = stored().verifier().to_vec();
    make_secret(&mut verifier[..]);
    let verifier = sec2::Verifier::new(&SALT, &verifier).expect("a verifier");
    let device = sec2::Device::new(verifier, sec2::Patch::CounterNonce);
    let rng = &mut Scripted::new(&CLIENT_EPHEMERAL);
    let client = sec2::Client::new(USERNAME, &PASSWORD, Some(1), rng);
    run(
        client.expect("a client"),
        device,
        &mut Scripted::secret(&DEVICE_EPHEMERAL),
    );
}

fn verifier() {
    let made = sec2::Verifier::generate(USERNAME, &secret(PASSWORD), &SALT).expect("a verifier");
    let mut verifier = made.verifier().to_vec();
    make_public(&mut verifier[..]);
    assert_eq!(verifier, stored().verifier());
}

/// Goes another way for a secret bit.
fn planted_branch() {
    let key = secret(CLIENT_EPHEMERAL);
    let mut steps = 0_u32;
    for byte in key {
        if byte & 1 == 1 {
            // The compiler makes no selection of a call that it cannot look into.
            steps = black_box(steps) + 1;
            black_box(&steps);
        }
    }
    black_box(steps);
}

/// Looks a secret up in a table.
fn planted_index() {
    static TABLE: [u8; 256] = [7; 256];
    let table = black_box(&TABLE);
    let mut sum = 0_u8;
    for byte in secret(CLIENT_EPHEMERAL) {
        sum ^= table[usize::from(byte)];
    }
    black_box(sum);
}

/// What memcheck sees of a comparison that ends at the first difference.
fn planted_comparison() {
    let proof = secret(CLIENT_EPHEMERAL);
    let same = proof
        .iter()
        .zip(&DEVICE_EPHEMERAL)
        .position(|(one, other)| black_box(one) != other);
    black_box(same);
}
