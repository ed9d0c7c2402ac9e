//! Nothing of a secret is left in freed memory or on the stack.

use core::hint::black_box;
use espprov_memory_tests::known::{
    self, CLIENT_EPHEMERAL, DEVICE_EPHEMERAL, PASSWORD, SALT, Scripted, USERNAME,
};
use espprov_memory_tests::watch::{Leak, Secret, Watchful, leaks_of};
use espprov_security::{Budget, DeviceHandshake, Handshake, Progress, sec1, sec2};

mod direct;

#[global_allocator]
static ALLOCATOR: Watchful = Watchful;

/// The whole handshake. Both halves stay where they are: what a move leaves behind is its maker's.
fn run(client: &mut impl Handshake, device: &mut impl DeviceHandshake) {
    let (mut request, mut reply) = ([0; 512], [0; 512]);
    let mut rng = Scripted::new(&DEVICE_EPHEMERAL);
    while let Some(len) = client.poll_request(&mut request).expect("a request") {
        let len = device
            .handle_request(&request[..len], &mut rng, &mut reply)
            .expect("a reply");
        client.handle_response(&reply[..len]).expect("accepted");
    }
}

/// What the handshake leaves on the stack and the heap, then what its two halves leave on the heap that go away.
fn leaks_of_handshake(
    secrets: &[Secret],
    mut client: Box<impl Handshake>,
    mut device: Box<impl DeviceHandshake>,
) -> Vec<Leak> {
    let mut found = leaks_of(secrets, || run(&mut *client, &mut *device));
    let mut secrets = secrets.to_vec();
    secrets.retain(|secret| !BETWEEN_VALUES.contains(&secret.name));
    found.extend(leaks_of(&secrets, move || drop((client, device))));
    found
}

/// What the memory of a half that has gone may still hold, though every value in it has wiped itself. A type with several
/// forms (a cipher, with one for each kind of processor; a handshake's states) is as large as the largest of them. When it
/// is moved, what the stack held in the bytes that its form does not use is moved along, and nobody's `Drop` knows of it.
/// Seen on x86-64: part of the key beside its round keys, and of the mask in the unused end of a state.
const BETWEEN_VALUES: [&str; 3] = ["K", "session key", "digest of the PoP"];

/// On a thread of its own, with a stack as deep as is looked at and more.
fn on_a_thread(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(4 << 20).spawn(test);
    let ended = thread.expect("a thread").join();
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_verifier_leaves_nothing() {
    on_a_thread(|| {
        // The verifier itself is what is wanted, and is returned.
        let mut secrets = known::sec2();
        secrets.retain(|secret| !secret.name.contains("verifier"));
        let made = &mut None;
        let found = leaks_of(&secrets, || {
            *made = Some(sec2::Verifier::generate(USERNAME, &PASSWORD, &SALT));
        });
        assert_eq!(found, []);
        let made = made.take();
        let found = leaks_of(&known::sec2(), move || drop(made));
        assert_eq!(found, [], "it is wiped when dropped");
    });
}

#[test]
fn security_2_leaves_nothing() {
    on_a_thread(|| {
        let verifier = sec2::Verifier::generate(USERNAME, &PASSWORD, &SALT).expect("a verifier");
        let device = Box::new(sec2::Device::new(verifier, sec2::Patch::CounterNonce));
        let rng = &mut Scripted::new(&CLIENT_EPHEMERAL);
        let client = Box::new(sec2::Client::new(USERNAME, &PASSWORD, Some(1), rng).expect("a client"));
        assert_eq!(leaks_of_handshake(&known::sec2(), client, device), []);
    });
}

/// Given up at any point of its long arithmetic: in A's power, in the table of S's, in the power, before the proofs.
#[test]
fn security_2_given_up_leaves_nothing() {
    on_a_thread(|| {
        let verifier = sec2::Verifier::generate(USERNAME, &PASSWORD, &SALT).expect("a verifier");
        for (of_a, of_s) in [(60, 0), (1000, 160), (1000, 900), (1000, 1402), (1000, 3000)] {
            let mut device = Box::new(sec2::Device::new(verifier.clone(), sec2::Patch::CounterNonce));
            let rng = &mut Scripted::new(&CLIENT_EPHEMERAL);
            let mut client =
                Box::new(sec2::Client::new(USERNAME, &PASSWORD, Some(1), rng).expect("a client"));
            let found = leaks_of(&known::sec2(), || {
                run_in_part(&mut client, &mut device, of_a, of_s)
            });
            assert_eq!(found, [], "{of_a} {of_s}");
            let found = leaks_of(&known::sec2(), move || drop(client));
            assert_eq!(found, [], "{of_a} {of_s}");
        }
    });
}

/// Up to so many products of A, then of S.
fn run_in_part(client: &mut sec2::Client, device: &mut sec2::Device, of_a: u32, of_s: u32) {
    let (mut request, mut reply) = ([0; 512], [0; 512]);
    if client.compute(Budget::products(of_a)) == Ok(Progress::Busy) {
        return;
    }
    let len = client
        .poll_request(&mut request)
        .expect("a request")
        .expect("one");
    let mut rng = Scripted::new(&DEVICE_EPHEMERAL);
    let len = device
        .handle_request(&request[..len], &mut rng, &mut reply)
        .expect("a reply");
    client.handle_response(&reply[..len]).expect("accepted");
    let _ = client.compute(Budget::products(of_s)).expect("numbers");
}

#[test]
fn security_1_leaves_nothing() {
    on_a_thread(|| {
        let device = Box::new(sec1::Device::new(&PASSWORD));
        let rng = &mut Scripted::new(&CLIENT_EPHEMERAL);
        let client = Box::new(sec1::Client::new(&PASSWORD, rng).expect("a client"));
        assert_eq!(leaks_of_handshake(&known::sec1(), client, device), []);
    });
}

/// The driver's buffer held the passphrase, and its credentials the password.
#[test]
fn a_provisioned_device_leaves_nothing() {
    static PASSPHRASE: [u8; 24] = *b"correct-horse-batt3ry-9!";
    on_a_thread(|| {
        let mut secrets = known::sec2();
        secrets.retain(|secret| secret.name == "password");
        secrets.push(Secret::new("passphrase", &PASSPHRASE));
        let verifier = sec2::Verifier::generate(USERNAME, &PASSWORD, &SALT).expect("a verifier");
        let mut driver = Box::new(direct::driver(verifier, USERNAME, &PASSWORD));
        let found = leaks_of(&secrets, || direct::provision(&mut driver, &PASSPHRASE));
        assert_eq!(found, []);
        assert_eq!(leaks_of(&secrets, move || drop(driver)), []);
    });
}

#[test]
fn a_planted_leak_on_the_heap_is_caught() {
    on_a_thread(|| {
        let secrets = [Secret::new("password", &PASSWORD)];
        let found = leaks_of(&secrets, || drop(black_box(PASSWORD.to_vec())));
        assert!(
            matches!(found[..], [Leak::Heap("password", 0, 24), ..]),
            "{found:?}"
        );
    });
}

/// A copy that nobody wipes, made below and left there.
#[inline(never)]
fn leave_a_copy() {
    let mut copy = [0_u8; 64];
    copy[20..20 + PASSWORD.len()].copy_from_slice(black_box(&PASSWORD));
    black_box(&copy);
}

#[test]
fn a_planted_leak_on_the_stack_is_caught() {
    on_a_thread(|| {
        let secrets = [Secret::new("password", &PASSWORD)];
        let found = leaks_of(&secrets, leave_a_copy);
        assert!(matches!(found[..], [Leak::Stack("password", _)]), "{found:?}");
    });
}
