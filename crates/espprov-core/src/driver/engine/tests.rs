//! The engine alone, without link, clock or cipher: every stage, everything under way, everything that can happen.

mod repeat;

use super::*;
use crate::auth::PolicyError;
use crate::driver::task::{Once, Reach};
use crate::request::{Custom, GetWifiStatus, Request};
use core::convert::Infallible;
use core::fmt;
use espprov_security::{Channel, ChannelError, HandshakeError, Notices, Retry};
use espprov_types::WifiStatus;
use rand_core::{TryCryptoRng, TryRng};
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

type Error = ProvisionError<Broken>;

/// A link's error: a fault and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Broken(LinkFault);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl core::error::Error for Broken {}

impl TransportError for Broken {
    fn fault(&self) -> LinkFault {
        self.0
    }
}

/// Always the same number.
struct Dice(u32);

impl TryRng for Dice {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.0))
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0.to_le_bytes()[0]);
        Ok(())
    }
}

impl TryCryptoRng for Dice {}

/// Two messages each way; a refusal means wrong credentials, as `give_up` says. An answer `!` is a wrong proof.
struct Steps {
    left: u8,
    give_up: Retry,
}

impl Handshake for Steps {
    type Channel = Tagged;

    fn poll_request(&mut self, out: &mut [u8]) -> Result<Option<usize>, HandshakeError> {
        if self.left == 0 {
            return Ok(None);
        }
        out[0] = b'h';
        Ok(Some(1))
    }

    fn handle_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        match response {
            b"!" => Err(HandshakeError::WrongProof),
            _ => {
                self.left = self.left.saturating_sub(1);
                Ok(())
            }
        }
    }

    fn handle_refusal(&mut self, _: bool) -> Result<Retry, HandshakeError> {
        Ok(self.give_up)
    }

    fn notices(&self) -> Notices {
        Notices::default()
    }

    fn into_channel(self) -> Result<Tagged, HandshakeError> {
        Ok(Tagged { encrypts: true })
    }
}

/// Adds one byte; refuses to open what does not end in it.
struct Tagged {
    encrypts: bool,
}

impl Channel for Tagged {
    fn overhead(&self) -> usize {
        1
    }
    fn seal(&mut self, buf: &mut [u8], len: usize) -> Result<usize, ChannelError> {
        buf[len] = b'#';
        Ok(len + 1)
    }
    fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
        buf.strip_suffix(b"#").ok_or(ChannelError::Forged)
    }
    fn is_encrypted(&self) -> bool {
        self.encrypts
    }
}

struct Keys {
    give_up: Retry,
    endless: bool,
}

impl Authenticator for Keys {
    type Handshake = Steps;

    fn begin<R: TryCryptoRng>(&mut self, _: &DeviceInfo, _: &mut R) -> Result<Steps, PolicyError> {
        Ok(Steps {
            left: if self.endless { u8::MAX } else { 2 },
            give_up: self.give_up,
        })
    }

    fn security(&self, _: &Steps) -> SessionSecurity {
        SessionSecurity::Custom
    }
}

const WRONG: Retry = Retry::GiveUp {
    wrong_credentials: true,
};

/// An engine, the events it told, and the time.
struct Bench {
    engine: Engine<Keys, Dice, Vec<u8>, fn(&Event<'_>)>,
    now: Duration,
    delivered: bool,
}

/// What the engine wants next, as a word.
fn word(what: &What<'_>, under_way: UnderWay) -> &'static str {
    match (what, under_way) {
        (What::Exchange { .. }, UnderWay::Info) => "info",
        (What::Exchange { .. }, UnderWay::Handshake) => "handshake",
        (What::Exchange { .. }, UnderWay::Answer) => "answer",
        (What::Exchange { .. }, UnderWay::Raw) => "raw",
        (What::Reconnect, _) => "reconnect",
        (What::Pause, UnderWay::BackOff) => "back off",
        (What::Pause, _) => "pause",
        _ => "?",
    }
}

/// Wants whatever it is told to, and notes what it hears.
struct Probe<'a> {
    wants: fn() -> Want<'a>,
    heard: Option<Result<Vec<u8>, Error>>,
    trail: Trail,
    may_go_on: bool,
    until: Duration,
}

fn answer() -> Want<'static> {
    Want::Answer {
        question: &GetWifiStatus,
        phase: Phase::Status,
        limit: Duration::from_secs(5),
    }
}

fn raw() -> Want<'static> {
    Want::Raw {
        endpoint: Endpoint::CUSTOM_DATA,
        data: b"raw",
    }
}

fn raw_version() -> Want<'static> {
    Want::Raw {
        endpoint: Endpoint::PROTO_VER,
        data: b"---",
    }
}

fn raw_handshake() -> Want<'static> {
    Want::Raw {
        endpoint: Endpoint::PROV_SESSION,
        data: b"raw",
    }
}

fn pause() -> Want<'static> {
    Want::Pause(Duration::from_secs(1))
}

impl<'a> Probe<'a> {
    fn new(wants: fn() -> Want<'a>) -> Self {
        Self {
            wants,
            heard: None,
            trail: Trail::default(),
            may_go_on: false,
            until: Duration::MAX,
        }
    }

    /// What it has heard, as a word.
    fn word(&self) -> String {
        match &self.heard {
            None => "-".to_string(),
            Some(Ok(_)) => "ok".to_string(),
            Some(Err(ProvisionError::Link { phase, .. })) => format!("Link {phase:?}"),
            Some(Err(ProvisionError::Refused { phase })) => format!("Refused {phase:?}"),
            Some(Err(ProvisionError::Deadline { phase })) => format!("Deadline {phase:?}"),
            Some(Err(ProvisionError::SessionTaken { phase })) => format!("Taken {phase:?}"),
            Some(Err(ProvisionError::NoSuchEndpoint { phase })) => format!("NoEndpoint {phase:?}"),
            Some(Err(ProvisionError::WrongCredentials { .. })) => "Wrong".to_string(),
            Some(Err(ProvisionError::RequestTooLarge { .. })) => "TooLarge".to_string(),
            Some(Err(ProvisionError::ReplyTooLarge { .. })) => "ReplyTooLarge".to_string(),
            Some(Err(other)) => format!("{other:?}"),
        }
    }
}

impl Task<Broken> for Probe<'_> {
    fn want(&self, _: &Deadlines) -> Want<'_> {
        (self.wants)()
    }

    fn deadline(&self, _: &Deadlines) -> Duration {
        self.until
    }

    fn handle(&mut self, desk: &mut Desk<'_>, answer: Result<&[u8], Error>) -> Result<bool, Error> {
        self.heard = Some(answer.map(<[u8]>::to_vec));
        self.trail = desk.trail;
        self.may_go_on = desk.may_go_on;
        Ok(true)
    }
}

const INFO: &[u8] = br#"{"prov":{"ver":"v1.1","sec_ver":1,"cap":[]}}"#;
/// "Connecting", sealed.
const CONNECTING: &[u8] = b"\x08\x01\x5a\x02\x10\x01#";

impl Bench {
    fn new(give_up: Retry) -> Self {
        let keys = Keys {
            give_up,
            endless: false,
        };
        let quiet: fn(&Event<'_>) = |_| {};
        Self {
            engine: Engine::new(keys, Dice(1 << 31), std::vec![0; 512]).with_observer(quiet),
            now: Duration::ZERO,
            delivered: false,
        }
    }

    /// One step: what the engine wants then, and for how long at most.
    fn step(
        &mut self,
        probe: &mut Probe<'_>,
        happened: Happened<Broken>,
    ) -> Result<Option<(&'static str, Duration, Duration)>, Error> {
        let now = self.now;
        let world = World {
            limits: Limits::UNKNOWN,
            now: &|| now,
            delivered: self.delivered,
        };
        let action = self.engine.step(probe, &world, happened)?;
        let action = action.map(|action| (action.what, action.limit, action.until));
        let under_way = self.engine.under_way;
        Ok(action.map(|(what, limit, until)| (word(&what, under_way), limit, until)))
    }

    /// The device answers.
    fn reply(&mut self, bytes: &[u8]) -> Happened<Broken> {
        self.engine.buf.bytes()[..bytes.len()].copy_from_slice(bytes);
        Ok(Ok(bytes.len()))
    }

    /// Goes on with the right answers until `goal` is under way.
    fn until(&mut self, probe: &mut Probe<'_>, goal: &str) {
        self.engine.begin();
        let mut happened = Ok(Ok(0));
        for _ in 0..9 {
            let doing = self.step(probe, happened).unwrap().map(|(word, ..)| word);
            if doing == Some(goal) {
                return;
            }
            happened = match doing {
                Some("info") => self.reply(INFO),
                Some("answer") => self.reply(CONNECTING),
                Some("pause" | "back off") => Err(Elapsed),
                Some(_) => self.reply(b"yes"),
                None => {
                    self.engine.begin();
                    Ok(Ok(0))
                }
            };
        }
        panic!("{goal} was not reached");
    }
}

/// Brings the engine to where this is under way.
fn bring(under_way: &str) -> (Bench, Probe<'static>) {
    let mut bench = Bench::new(WRONG);
    let mut probe = Probe::new(answer);
    match under_way {
        "first info" => bench.until(&mut probe, "info"),
        "first handshake" => bench.until(&mut probe, "handshake"),
        "second handshake" => {
            bench.until(&mut probe, "handshake");
            let yes = bench.reply(b"yes");
            assert_eq!(bench.step(&mut probe, yes).unwrap().unwrap().0, "handshake");
        }
        "reconnect" => {
            bench.until(&mut probe, "answer");
            let lost = Ok(Err(Broken(LinkFault::Lost { delivered: false })));
            assert_eq!(bench.step(&mut probe, lost), Ok(None));
            bench.until(&mut probe, "reconnect");
        }
        "back off" => {
            bench.until(&mut probe, "handshake");
            let taken = Ok(Err(Broken(LinkFault::SessionTaken)));
            assert_eq!(bench.step(&mut probe, taken).unwrap().unwrap().0, "back off");
        }
        other => {
            bench.until(&mut probe, "answer");
            if other != "answer" {
                let wants: fn() -> Want<'static> = match other {
                    "raw" => raw,
                    "raw version" => raw_version,
                    "raw handshake" => raw_handshake,
                    _ => pause,
                };
                let done = bench.reply(CONNECTING);
                assert_eq!(bench.step(&mut probe, done), Ok(None));
                probe = Probe::new(wants);
                bench.until(&mut probe, other.split(' ').next().unwrap());
            }
        }
    }
    probe.heard = None;
    (bench, probe)
}

/// The columns of the table.
const HAPPENINGS: [(&str, Happened<Broken>); 10] = [
    ("elapsed", Err(Elapsed)),
    (
        "refused",
        Ok(Err(Broken(LinkFault::Refused { link_alive: true }))),
    ),
    (
        "hung up",
        Ok(Err(Broken(LinkFault::Refused { link_alive: false }))),
    ),
    ("taken", Ok(Err(Broken(LinkFault::SessionTaken)))),
    ("lost", Ok(Err(Broken(LinkFault::Lost { delivered: true })))),
    ("no endpoint", Ok(Err(Broken(LinkFault::NoSuchEndpoint)))),
    (
        "too large",
        Ok(Err(Broken(LinkFault::RequestTooLarge { limit: 1 }))),
    ),
    ("too long", Ok(Err(Broken(LinkFault::ReplyTooLarge { need: 9 })))),
    ("garbled", Ok(Err(Broken(LinkFault::Garbled)))),
    ("needs reconnect", Ok(Err(Broken(LinkFault::NeedsReconnect)))),
];

#[test]
fn stage_by_under_way_by_what_happened() {
    // What the task hears, and what comes next on the way to an answer. `-`: the engine goes on by itself.
    let table: [(&str, [&str; 10]); 6] = [
        (
            "first info",
            [
                "Deadline Info → reconnect",
                "Refused Info → info",
                "Refused Info → reconnect",
                "- → back off",
                "Link Info → reconnect",
                "NoEndpoint Info → info",
                "TooLarge → info",
                "ReplyTooLarge → reconnect",
                "Link Info → reconnect",
                "Link Info → reconnect",
            ],
        ),
        (
            "first handshake",
            [
                "Deadline Handshake → reconnect",
                "Wrong → handshake",
                "Wrong → reconnect",
                "- → back off",
                "Link Handshake → reconnect",
                "NoEndpoint Handshake → handshake",
                "TooLarge → handshake",
                "ReplyTooLarge → reconnect",
                "Link Handshake → reconnect",
                "Link Handshake → reconnect",
            ],
        ),
        (
            "second handshake",
            [
                "Deadline Handshake → reconnect",
                "Wrong → handshake",
                "Wrong → reconnect",
                "- → back off",
                "Link Handshake → reconnect",
                "NoEndpoint Handshake → handshake",
                "TooLarge → handshake",
                "ReplyTooLarge → reconnect",
                "Link Handshake → reconnect",
                "Link Handshake → reconnect",
            ],
        ),
        (
            // The record is spent, so the session is gone; a living link stays.
            "answer",
            [
                "Deadline Status → reconnect",
                "Refused Status → handshake",
                "Refused Status → reconnect",
                "Taken Status → back off",
                "Link Status → reconnect",
                "NoEndpoint Status → handshake",
                "TooLarge → handshake",
                "ReplyTooLarge → reconnect",
                "Link Status → reconnect",
                "Link Status → reconnect",
            ],
        ),
        (
            // Past the cipher, so the session is gone either way.
            "raw",
            [
                "Deadline Data → reconnect",
                "Refused Data → handshake",
                "Refused Data → reconnect",
                "Taken Data → back off",
                "Link Data → reconnect",
                "NoEndpoint Data → handshake",
                "TooLarge → handshake",
                "ReplyTooLarge → reconnect",
                "Link Data → reconnect",
                "Link Data → reconnect",
            ],
        ),
        (
            // Beside the session, which lives on where the link does.
            "raw version",
            [
                "Deadline Data → reconnect",
                "Refused Data → answer",
                "Refused Data → reconnect",
                "Taken Data → back off",
                "Link Data → reconnect",
                "NoEndpoint Data → answer",
                "TooLarge → answer",
                "ReplyTooLarge → reconnect",
                "Link Data → reconnect",
                "Link Data → reconnect",
            ],
        ),
    ];
    for (under_way, row) in table {
        for ((name, happened), expected) in HAPPENINGS.into_iter().zip(row) {
            let (mut bench, mut probe) = bring(under_way);
            let next = bench.step(&mut probe, happened).unwrap();
            let heard = probe.word();
            // The task is over where it heard something; the next one wants an answer.
            let next = match next {
                Some((next, ..)) => next,
                None => {
                    let takeover = bench.engine.takeover;
                    bench.engine.begin();
                    bench.engine.takeover = takeover; // as within one task
                    let mut probe = Probe::new(answer);
                    bench.step(&mut probe, Ok(Ok(0))).unwrap().unwrap().0
                }
            };
            assert_eq!(format!("{heard} → {next}"), expected, "{under_way}, {name}");
            if under_way == "answer" {
                let delivered = matches!(name, "lost" | "too long" | "garbled");
                assert_eq!(probe.trail.delivered, delivered, "{name}");
                assert_eq!(probe.trail.foreign, name == "garbled", "{name}");
            }
        }
    }
}

#[test]
fn an_attempt_to_reconnect_changes_nothing_but_the_link() {
    for (name, happened) in HAPPENINGS {
        let (mut bench, mut probe) = bring("reconnect");
        assert_eq!(bench.step(&mut probe, happened), Ok(None), "{name}");
        assert!(
            probe.word().contains("Connect") || matches!(name, "too large" | "too long"),
            "{name}: {}",
            probe.word()
        );
        bench.until(&mut Probe::new(answer), "reconnect");
    }
    // Successful, it leads to a handshake: the session of before is gone.
    let (mut bench, mut probe) = bring("reconnect");
    let next = bench.step(&mut probe, Ok(Ok(0))).unwrap().unwrap();
    assert_eq!((next.0, probe.word()), ("handshake", "-".to_string()));
    assert!(!bench.engine.trail.heard, "a link is not an answer");
}

#[test]
fn raw_bytes_cost_the_session_where_they_disturb_it() {
    for (what, next) in [
        ("raw", "handshake"),
        ("raw handshake", "handshake"),
        ("raw version", "answer"),
    ] {
        let (mut bench, mut probe) = bring(what);
        let done = bench.reply(b"whatever");
        assert_eq!(bench.step(&mut probe, done), Ok(None));
        assert_eq!(probe.heard, Some(Ok(b"whatever".to_vec())), "as they came");
        assert_eq!(bench.engine.security().is_some(), next == "answer", "{what}");
        bench.engine.begin();
        let mut probe = Probe::new(answer);
        assert_eq!(
            bench.step(&mut probe, Ok(Ok(0))).unwrap().unwrap().0,
            next,
            "{what}"
        );
    }
    // Where nothing is enciphered there is nothing to disturb.
    let (mut bench, mut probe) = bring("answer");
    let done = bench.reply(CONNECTING);
    assert_eq!(bench.step(&mut probe, done), Ok(None));
    bench.engine.stage = Stage::Ready {
        session: Session::new(Tagged { encrypts: false }),
        security: SessionSecurity::Sec0,
    };
    let mut probe = Probe::new(raw);
    bench.until(&mut probe, "raw");
    assert!(bench.engine.security().is_some());
}

#[test]
fn secrets_need_a_cipher() {
    for (phase, secret) in [
        (Phase::Set, true),
        (Phase::Data, true),
        (Phase::Apply, false),
        (Phase::Status, false),
        (Phase::Scan, false),
        (Phase::Control, false),
    ] {
        let mut bench = Bench::new(WRONG);
        bench.engine.stage = Stage::Ready {
            session: Session::new(Tagged { encrypts: false }),
            security: SessionSecurity::Sec0,
        };
        let question = Custom::new(Endpoint::CUSTOM_DATA, b"x").unwrap();
        let sealed = bench.engine.seal::<Broken>(&question, phase, Limits::UNKNOWN);
        assert_eq!(sealed.is_err(), secret, "{phase:?}");
        if secret {
            assert_eq!(sealed.err(), Some(ProvisionError::PlaintextNotAllowed));
        }
    }
}

#[test]
fn a_forged_answer_and_nonsense_cost_session_and_link() {
    for bytes in [&b"\x08\x01\x5a\x02\x10\x01?"[..], b"\xff#"] {
        let (mut bench, _) = bring("answer");
        let mut once = Once::<_, WifiStatus>::new(GetWifiStatus, Phase::Status);
        let happened = bench.reply(bytes);
        let world = World {
            limits: Limits::UNKNOWN,
            now: &|| Duration::ZERO,
            delivered: false,
        };
        let end = bench
            .engine
            .step(&mut once, &world, happened)
            .map(|action| action.is_some());
        assert!(
            matches!(
                end,
                Err(ProvisionError::Reply {
                    phase: Phase::Status,
                    ..
                })
            ),
            "{end:?}"
        );
        bench.until(&mut Probe::new(answer), "reconnect");
    }
}

#[test]
fn a_wrong_proof_of_the_device_is_wrong_credentials() {
    let (mut bench, mut probe) = bring("second handshake");
    let wrong = bench.reply(b"!");
    assert_eq!(bench.step(&mut probe, wrong), Ok(None));
    assert_eq!(probe.word(), "Wrong");
}

#[test]
fn refusals_as_the_handshake_takes_them() {
    let nothing = Retry::GiveUp {
        wrong_credentials: false,
    };
    for (retry, alive, expected) in [
        (Retry::Request, true, ("-", Some("handshake"))),
        (Retry::Request, false, ("-", Some("reconnect"))),
        (Retry::Restart, true, ("-", Some("reconnect"))),
        (nothing, true, ("Refused Handshake", None)),
    ] {
        let mut bench = Bench::new(retry);
        let mut probe = Probe::new(answer);
        bench.until(&mut probe, "handshake");
        let refused = Ok(Err(Broken(LinkFault::Refused { link_alive: alive })));
        let next = bench.step(&mut probe, refused).unwrap().map(|(word, ..)| word);
        assert_eq!((&*probe.word(), next), expected, "{retry:?}, {alive}");
    }
}

#[test]
fn a_handshake_without_an_end_has_one() {
    let mut bench = Bench::new(WRONG);
    bench.engine.auth.endless = true;
    let mut probe = Probe::new(answer);
    bench.until(&mut probe, "handshake");
    for _ in 0..20 {
        let yes = bench.reply(b"yes");
        if bench.step(&mut probe, yes) == Ok(None) {
            break;
        }
    }
    let unfinished = ProvisionError::Handshake(HandshakeError::NotFinished);
    assert_eq!(probe.heard, Some(Err(unfinished)));
}

#[test]
fn another_client_is_let_go_first_again_and_again_and_not_for_ever() {
    let mut bench = Bench::new(WRONG);
    let mut probe = Probe::new(answer);
    bench.until(&mut probe, "handshake");
    let mut pauses = Vec::new();
    loop {
        let taken = Ok(Err(Broken(LinkFault::SessionTaken)));
        let Some((word, pause, _)) = bench.step(&mut probe, taken).unwrap() else {
            break;
        };
        assert_eq!(word, "back off");
        pauses.push(pause.as_millis());
        bench.now += pause;
        assert_eq!(
            bench.step(&mut probe, Err(Elapsed)).unwrap().unwrap().0,
            "reconnect"
        );
        assert_eq!(bench.step(&mut probe, Ok(Ok(0))).unwrap().unwrap().0, "handshake");
    }
    assert_eq!(probe.word(), "Taken Handshake");
    assert!(!probe.may_go_on);
    // Half plus half, by the dice.
    assert_eq!(pauses[..6], [200, 400, 800, 1600, 2000, 2000]);
    assert!((58..=60).contains(&bench.now.as_secs()), "{:?}", bench.now);
    // A deadline of the task's own comes first.
    let (mut bench, mut probe) = (Bench::new(WRONG), Probe::new(answer));
    probe.until = Duration::from_millis(150);
    bench.until(&mut probe, "handshake");
    let taken = Ok(Err(Broken(LinkFault::SessionTaken)));
    assert_eq!(bench.step(&mut probe, taken), Ok(None));
    assert_eq!(probe.word(), "Taken Handshake");
}

#[test]
fn a_question_taken_over_is_the_tasks_to_repeat() {
    let (mut bench, mut probe) = bring("answer");
    let taken = Ok(Err(Broken(LinkFault::SessionTaken)));
    assert_eq!(bench.step(&mut probe, taken), Ok(None));
    assert_eq!(probe.word(), "Taken Status");
    assert!(probe.may_go_on);
}

#[test]
fn a_cut_off_question_is_delivered_if_the_link_says_so() {
    for delivered in [true, false] {
        let (mut bench, mut probe) = bring("answer");
        bench.delivered = delivered;
        assert_eq!(bench.step(&mut probe, Err(Elapsed)), Ok(None));
        assert_eq!(probe.trail.delivered, delivered);
        // Of other exchanges it says nothing about the question.
        let (mut bench, mut probe) = bring("second handshake");
        bench.delivered = delivered;
        assert_eq!(bench.step(&mut probe, Err(Elapsed)), Ok(None));
        assert!(!probe.trail.delivered);
        assert!(probe.trail.heard, "the first message was answered");
    }
}

#[test]
fn limits_of_an_action() {
    let deadlines = Deadlines::default();
    let mut bench = Bench::new(WRONG);
    let mut probe = Probe::new(answer);
    bench.engine.total = Duration::from_secs(7);
    let first = bench.step(&mut probe, Ok(Ok(0))).unwrap().unwrap();
    assert_eq!(first, ("info", deadlines.exchange, Duration::from_secs(7)));
    probe.until = Duration::from_secs(3);
    let info = bench.reply(INFO);
    let second = bench.step(&mut probe, info).unwrap().unwrap();
    assert_eq!(second, ("handshake", deadlines.handshake, Duration::from_secs(3)));
    let (mut bench, mut probe) = bring("reconnect");
    probe.until = Duration::from_secs(3);
    bench.engine.begin();
    let third = bench.step(&mut probe, Ok(Ok(0))).unwrap().unwrap();
    assert_eq!(third, ("reconnect", deadlines.connect, Duration::from_secs(3)));
}

#[test]
fn too_large_is_known_before_the_cipher_moves() {
    let (mut bench, mut probe) = bring("answer");
    let done = bench.reply(CONNECTING);
    assert_eq!(bench.step(&mut probe, done), Ok(None));
    let limits = Limits::new(Some(2), None);
    let status: &dyn crate::driver::task::Question = &GetWifiStatus;
    let sealed = bench.engine.seal::<Broken>(status, Phase::Status, limits);
    assert_eq!(
        sealed.err(),
        Some(ProvisionError::RequestTooLarge { need: 3, limit: 2 })
    );
    assert!(bench.engine.security().is_some());
    bench.until(&mut Probe::new(answer), "answer");
    assert_eq!(bench.engine.buf.bytes()[..3], *b"\x52\0#");
    assert_eq!(Request::endpoint(&GetWifiStatus), Endpoint::PROV_CONFIG);
}

#[test]
fn what_is_there_is_not_asked_for_again() {
    let mut bench = Bench::new(WRONG);
    let world = World {
        limits: Limits::UNKNOWN,
        now: &|| Duration::ZERO,
        delivered: false,
    };
    let info: Happened<Broken> = bench.reply(INFO);
    bench.engine.under_way = UnderWay::Info;
    assert!(
        bench
            .engine
            .step(&mut Reach::Info, &world, info)
            .unwrap()
            .is_none()
    );
    let nothing: Happened<Broken> = Ok(Ok(0));
    assert!(
        bench
            .engine
            .step(&mut Reach::Info, &world, nothing)
            .unwrap()
            .is_none()
    );
    // An answer that is no description leaves none.
    let mut bench = Bench::new(WRONG);
    let mut probe = Probe::new(answer);
    bench.until(&mut probe, "info");
    let nonsense = bench.reply(b"<html>");
    assert_eq!(bench.step(&mut probe, nonsense), Ok(None));
    // Why it is none stays known.
    let why = crate::ReplyError::Info(espprov_types::InfoError::NotProvisioning);
    let phase = Phase::Info;
    assert_eq!(probe.heard, Some(Err(ProvisionError::session(phase, why.into()))));
    assert!(bench.engine.info.is_none());
}
