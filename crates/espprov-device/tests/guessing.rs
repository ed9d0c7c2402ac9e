//! What becomes of clients that guess.

mod common;

use common::Counter;
use core::time::Duration;
use espprov_device::{
    AnySecurity, Application, Consequence, Device, FREE_GUESSES, Firmware, GuessLimit, Outcome, Quirks,
    Refusal,
};
use espprov_proto::wire::Item;
use espprov_proto::{Scheme, Step, write_session};
use espprov_security::{Field, Handshake, HandshakeError, sec1, sec2};
use espprov_types::StatusCode;

const POP: &[u8] = b"abcd1234";
const WRONG: Outcome = Outcome::Refused(Refusal::Handshake(HandshakeError::WrongProof));
const PAUSED: Outcome = Outcome::Refused(Refusal::TooManyGuesses);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Remembers what it was told.
#[derive(Default)]
struct Told(Vec<(u32, Consequence)>);

impl Application for Told {
    fn after_wrong_proof(&mut self, count: u32, consequence: Consequence) {
        self.0.push((count, consequence));
    }
    fn apply_wifi(&mut self) -> Result<(), StatusCode> {
        Ok(())
    }
}

struct World {
    device: Device<AnySecurity, Told>,
    rng: Counter,
}

impl World {
    fn new(security: AnySecurity, quirks: Quirks) -> Self {
        Self {
            device: Device::new("v1.1", security, Told::default(), quirks),
            rng: Counter(5),
        }
    }

    fn sec1(limit: GuessLimit) -> Self {
        let mut quirks = Quirks::default();
        quirks.guesses = limit;
        Self::new(AnySecurity::sec1(POP, &quirks), quirks)
    }

    fn send(&mut self, request: &[u8], now: Duration) -> (Outcome, Vec<u8>) {
        let mut buf = [0; 1024];
        buf[..request.len()].copy_from_slice(request);
        let outcome = self
            .device
            .handle("prov-session", &mut buf, request.len(), now, &mut self.rng);
        let reply = if let Outcome::Reply(len) = outcome { len } else { 0 };
        (outcome, buf[..reply].to_vec())
    }

    /// A whole handshake with this PoP, in a session of its own, until it is over or refused.
    fn shake(&mut self, pop: &[u8], now: Duration) -> Outcome {
        self.device.new_session();
        let mut client = sec1::Client::new(pop, &mut self.rng).unwrap();
        let mut request = [0; 128];
        while let Some(len) = client.poll_request(&mut request).unwrap() {
            match self.send(&request[..len], now) {
                (Outcome::Reply(_), reply) => client.handle_response(&reply).unwrap(),
                (outcome, _) => return outcome,
            }
        }
        Outcome::Reply(0)
    }

    fn guess(&mut self, now: Duration) -> Outcome {
        self.shake(b"guess", now)
    }
}

/// A command 1 out of the blue.
fn proof() -> Vec<u8> {
    message(Step::Command1, 2, &[5; 32])
}

/// A command 0 whose key is too short.
fn malformed() -> Vec<u8> {
    message(Step::Command0, 1, &[5; 31])
}

fn message(step: Step, field: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = [0; 128];
    let len = write_session(Scheme::Sec1, step, &[(field, Item::Bytes(bytes))], &mut out).unwrap();
    out[..len].to_vec()
}

#[test]
fn after_five_the_answer_comes_later_and_later() {
    assert_eq!(
        Quirks::default().guesses,
        GuessLimit::BackOff,
        "without being asked"
    );
    let mut world = World::sec1(GuessLimit::BackOff);
    let mut now = secs(100);
    let mut told = Vec::new();
    for count in 1..=FREE_GUESSES {
        assert_eq!(world.guess(now), WRONG, "{count}");
        told.push((count, Consequence::None));
    }
    for (more, pause) in (1..).zip([1, 2, 4, 8, 16, 32, 64, 64, 64]) {
        assert_eq!(world.guess(now), Outcome::Pending);
        told.push((FREE_GUESSES + more, Consequence::Pause(secs(pause))));
        let until = now + secs(pause);
        assert_eq!(world.device.due(), Some(until));
        let mut buf = [0xee; 64];
        assert_eq!(world.device.resume(&mut buf, now), Outcome::Pending);
        let early = until - Duration::from_millis(1);
        assert_eq!(world.device.resume(&mut buf, early), Outcome::Pending);
        assert_eq!(world.device.resume(&mut buf, until), WRONG, "the answer it was");
        assert_eq!(world.device.due(), None);
        now = until;
    }
    assert_eq!(world.device.app_ref().0, told);
    assert_eq!(
        world.shake(POP, now),
        Outcome::Reply(0),
        "and the right one is taken"
    );
}

/// Whoever does not wait for the answer gains nothing, whatever session they open.
#[test]
fn nothing_is_judged_during_a_pause() {
    let mut world = World::sec1(GuessLimit::BackOff);
    for _ in 0..FREE_GUESSES {
        assert_eq!(world.guess(secs(0)), WRONG);
    }
    assert_eq!(world.guess(secs(0)), Outcome::Pending);
    let nearly = Duration::from_millis(999);
    for pop in [&b"guess"[..], POP] {
        assert_eq!(world.shake(pop, nearly), PAUSED);
        let (outcome, _) = world.send(&proof(), nearly);
        assert_eq!(outcome, PAUSED);
    }
    assert_eq!(world.device.app_ref().0.len(), 6, "those were no guesses");
    // The version is told all the same.
    let mut buf = *b"---\0";
    let version = world
        .device
        .handle("proto-ver", &mut buf, 3, nearly, &mut Counter(0));
    assert_eq!(version, Outcome::Reply(4));
    assert_eq!(world.shake(POP, secs(1)), Outcome::Reply(0));
}

/// A guesser at the speed of the link, for an hour.
#[test]
fn an_hour_of_guessing_is_seventy_guesses() {
    let mut world = World::sec1(GuessLimit::BackOff);
    let mut client = sec1::Client::new(b"guess", &mut Counter(1)).unwrap();
    let mut command0 = [0; 64];
    let len = client.poll_request(&mut command0).unwrap().unwrap();
    let (mut now, mut answered) = (Duration::ZERO, 0);
    while now < secs(3600) {
        world.device.new_session();
        let (outcome, _) = world.send(&command0[..len], now);
        answered += u32::from(matches!(outcome, Outcome::Reply(_)));
        let _ = world.send(&proof(), now);
        now += Duration::from_millis(20);
    }
    // Nor is command 0 taken in a pause: it costs the device its arithmetic.
    assert!(answered <= 70, "{answered}");
    let judged = world.device.app_ref().0.len();
    assert!((60..=70).contains(&judged), "{judged}");
}

#[test]
fn a_right_proof_begins_the_count_anew() {
    let mut world = World::sec1(GuessLimit::BackOff);
    for _ in 0..3 {
        for _ in 0..FREE_GUESSES {
            assert_eq!(world.guess(secs(0)), WRONG);
        }
        assert_eq!(world.shake(POP, secs(0)), Outcome::Reply(0));
    }
    // So does a restart, pause and all.
    for _ in 0..FREE_GUESSES {
        assert_eq!(world.guess(secs(0)), WRONG);
    }
    assert_eq!(world.guess(secs(0)), Outcome::Pending);
    world.device.restart();
    assert_eq!(world.guess(secs(0)), WRONG);
    assert_eq!(
        world.device.resume(&mut [0; 8], secs(9)),
        Outcome::Refused(Refusal::NothingPending)
    );
}

/// Clients that crowd each other out, and broken messages, are no guesses.
#[test]
fn only_proofs_that_were_judged_count() {
    let mut world = World::sec1(GuessLimit::BackOff);
    for _ in 0..50 {
        world.device.new_session();
        let (outcome, _) = world.send(&proof(), secs(0));
        let out_of_order = Refusal::Handshake(HandshakeError::OutOfOrder);
        assert_eq!(
            outcome,
            Outcome::Refused(out_of_order),
            "no command 0 in its session"
        );
        let (outcome, _) = world.send(&malformed(), secs(0));
        let too_short = Refusal::Handshake(HandshakeError::WrongLength(Field::PublicKey));
        assert_eq!(outcome, Outcome::Refused(too_short));
        assert!(matches!(world.send(b"\xff", secs(0)).0, Outcome::Refused(_)));
    }
    assert!(world.device.app_ref().0.is_empty());
    assert_eq!(world.guess(secs(0)), WRONG);
}

/// Security 2 takes corrected proofs on one command 0: each of them is a guess.
#[test]
fn corrected_proofs_are_guesses_too() {
    let verifier = sec2::Verifier::generate(b"wifiprov", POP, &[0x5a; 16]).unwrap();
    let security = AnySecurity::sec2(verifier, sec2::Patch::CounterNonce);
    let mut world = World::new(security, Quirks::default());
    let mut client = sec2::Client::new(b"wifiprov", b"guess", Some(1), &mut Counter(1)).unwrap();
    let mut request = [0; 512];
    let len = client.poll_request(&mut request).unwrap().unwrap();
    assert!(matches!(
        world.send(&request[..len], secs(0)).0,
        Outcome::Reply(_)
    ));
    let len = write_session(
        Scheme::Sec2,
        Step::Command1,
        &[(1, Item::Bytes(&[5; 64]))],
        &mut request,
    );
    let proof = &request[..len.unwrap()];
    for _ in 0..FREE_GUESSES {
        assert_eq!(world.send(proof, secs(0)).0, WRONG);
    }
    assert_eq!(world.send(proof, secs(0)).0, Outcome::Pending);
    assert_eq!(world.send(proof, secs(0)).0, PAUSED);
}

#[test]
fn stock_firmware_has_no_limit() {
    for firmware in [Firmware::Idf44, Firmware::Idf52, Firmware::Idf55, Firmware::Idf6] {
        let quirks = Quirks::vendor(firmware);
        let mut world = World::new(AnySecurity::sec1(POP, &quirks), quirks);
        for _ in 0..100 {
            assert_eq!(world.guess(secs(0)), WRONG);
        }
        assert_eq!(world.shake(POP, secs(0)), Outcome::Reply(0));
    }
}

/// ESP RainMaker: malformed values count, a success does not begin anew, and after the last there is nothing more.
#[test]
fn rainmaker_stops_after_five() {
    let mut world = World::sec1(GuessLimit::Stop(5));
    assert_eq!(world.guess(secs(0)), WRONG);
    assert!(matches!(world.send(&malformed(), secs(0)).0, Outcome::Refused(_)));
    assert_eq!(world.guess(secs(0)), WRONG);
    assert_eq!(world.shake(POP, secs(0)), Outcome::Reply(0));
    assert_eq!(world.guess(secs(0)), WRONG);
    assert_eq!(world.device.app_ref().0.last(), Some(&(4, Consequence::None)));
    assert_eq!(world.guess(secs(0)), WRONG, "answered as ever");
    assert_eq!(world.device.app_ref().0.last(), Some(&(5, Consequence::Stop)));
    for pop in [&b"guess"[..], POP] {
        assert_eq!(world.shake(pop, secs(1_000_000)), PAUSED);
    }
    world.device.restart();
    assert_eq!(world.shake(POP, secs(1_000_000)), Outcome::Reply(0));
}
