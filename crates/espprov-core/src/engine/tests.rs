//! The engine alone, without link, clock or cipher: every stage, everything under way, everything that can happen.

mod order;
mod repeat;

use super::*;
use crate::auth::PolicyError;
use crate::call::{Ask, Desk, Info, Task, Trail, Want};
use crate::request::{Custom, EncodeError, GetWifiStatus, Request};
use crate::testing::{Broken, Dice};
use crate::{Event, Phase, ReplyError, Session};
use espprov_security::{Channel, ChannelError, Handshake, HandshakeError, Notices, Progress, Retry};
use espprov_transport::{Endpoint, LinkFault};
use espprov_types::WifiStatus;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

type Error = ProvisionError<Broken>;

/// Two messages each way; a refusal means wrong credentials, as `give_up` says. An answer `!` is a wrong proof.
struct Steps {
    left: u8,
    give_up: Retry,
    /// What a request takes to compute, and what is left of that.
    work: u32,
    work_left: u32,
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

    fn compute(&mut self, budget: Budget) -> Result<Progress, HandshakeError> {
        self.work_left = self.work_left.saturating_sub(budget.as_products());
        Ok(match self.work_left {
            0 => Progress::Done,
            _ => Progress::Busy,
        })
    }

    fn handle_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        self.work_left = self.work;
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
    /// What each request of a handshake takes to compute.
    work: u32,
}

impl Authenticator for Keys {
    type Handshake = Steps;

    fn begin<R: TryCryptoRng>(&mut self, _: &DeviceInfo, _: &mut R) -> Result<Steps, PolicyError> {
        Ok(Steps {
            left: if self.endless { u8::MAX } else { 2 },
            give_up: self.give_up,
            work: self.work,
            work_left: self.work,
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
}

/// What the engine wants next, as a word, and until when.
type Doing = Option<(&'static str, Duration)>;

fn doing(step: Step<'_>, under_way: UnderWay) -> Doing {
    let (word, until) = match (step, under_way) {
        (Step::Exchange { until, .. }, UnderWay::Info) => ("info", until),
        (Step::Exchange { until, .. }, UnderWay::Handshake) => ("handshake", until),
        (Step::Exchange { until, .. }, UnderWay::Answer) => ("answer", until),
        (Step::Exchange { until, .. }, UnderWay::Raw) => ("raw", until),
        (Step::Reconnect { until, .. }, _) => ("reconnect", until),
        (Step::Wait { until }, UnderWay::BackOff) => ("back off", until),
        (Step::Wait { until }, _) => ("pause", until),
        (Step::Busy, _) => ("busy", Duration::MAX),
        (Step::Done, _) => return None,
        other => panic!("{other:?}"),
    };
    Some((word, until))
}

/// Wants whatever it is told to, and notes what it hears.
struct Probe<'a> {
    ticket: Ticket,
    wants: fn() -> Want<'a>,
    heard: Option<Result<Vec<u8>, Error>>,
    trail: Trail,
    may_go_on: bool,
    until: Duration,
}

fn answer() -> Want<'static> {
    Want::Answer {
        question: &GetWifiStatus,
        limit: Duration::from_secs(5).into(),
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
    Want::Pause(Duration::from_secs(1).into())
}

impl<'a> Probe<'a> {
    fn new(wants: fn() -> Want<'a>) -> Self {
        Self {
            ticket: Ticket::NEW,
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
    fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    fn want(&self, _: &Deadlines) -> Want<'_> {
        (self.wants)()
    }

    fn deadline(&self, _: &Deadlines) -> Time {
        self.until.into()
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
            work: 0,
        };
        let quiet: fn(&Event<'_>) = |_| {};
        Self {
            engine: Engine::new(keys, Dice(1 << 31), std::vec![0; 512]).with_observer(quiet),
            now: Duration::ZERO,
        }
    }

    /// One step, computing included: what the engine wants then, and until when.
    fn step(&mut self, probe: &mut Probe<'_>, input: Input<Broken>) -> Result<Doing, Error> {
        let mut input = input;
        loop {
            let step = self.engine.step(probe, input, self.now, Limits::UNKNOWN)?;
            let next = doing(step, self.engine.run.under_way);
            if next.is_none_or(|(word, _)| word != "busy") {
                return Ok(next);
            }
            input = Input::Continue;
        }
    }

    /// A call begins: the word for its first step.
    fn begin(&mut self, probe: &mut Probe<'_>) -> &'static str {
        probe.ticket = Ticket::NEW;
        self.step(probe, Input::Start).unwrap().unwrap().0
    }

    /// The call goes on after what it heard, as one does that is not over.
    fn go_on(&mut self, probe: &mut Probe<'_>) -> &'static str {
        probe.ticket = self.engine.ticket;
        self.engine.run.under_way = UnderWay::Computing;
        self.step(probe, Input::Continue).unwrap().unwrap().0
    }

    /// The device answers.
    fn reply(&mut self, bytes: &[u8]) -> Input<Broken> {
        self.engine.buffer_mut()[..bytes.len()].copy_from_slice(bytes);
        Input::Reply(bytes.len())
    }

    /// Goes on with the right answers until `goal` is under way.
    fn until(&mut self, probe: &mut Probe<'_>, goal: &str) {
        probe.ticket = Ticket::NEW;
        let mut input = Input::Start;
        for _ in 0..9 {
            let doing = self.step(probe, input).unwrap().map(|(word, ..)| word);
            if doing == Some(goal) {
                return;
            }
            input = match doing {
                Some("info") => self.reply(INFO),
                Some("answer") => self.reply(CONNECTING),
                Some("pause" | "back off") => Input::Elapsed,
                Some("reconnect") => Input::Reconnected,
                Some(_) => self.reply(b"yes"),
                None => {
                    probe.ticket = Ticket::NEW;
                    Input::Start
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
            let lost = Input::Fault(Broken(LinkFault::Lost { delivered: false }));
            assert_eq!(bench.step(&mut probe, lost), Ok(None));
            bench.until(&mut probe, "reconnect");
        }
        "back off" => {
            bench.until(&mut probe, "handshake");
            let taken = Input::Fault(Broken(LinkFault::SessionTaken));
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
const HAPPENINGS: [(&str, Input<Broken>); 11] = [
    ("elapsed", Input::Elapsed),
    ("unanswered", Input::Unanswered),
    (
        "refused",
        Input::Fault(Broken(LinkFault::Refused { link_alive: true })),
    ),
    (
        "hung up",
        Input::Fault(Broken(LinkFault::Refused { link_alive: false })),
    ),
    ("taken", Input::Fault(Broken(LinkFault::SessionTaken))),
    ("lost", Input::Fault(Broken(LinkFault::Lost { delivered: true }))),
    ("no endpoint", Input::Fault(Broken(LinkFault::NoSuchEndpoint))),
    (
        "too large",
        Input::Fault(Broken(LinkFault::RequestTooLarge { limit: 1 })),
    ),
    (
        "too long",
        Input::Fault(Broken(LinkFault::ReplyTooLarge { need: 9 })),
    ),
    ("garbled", Input::Fault(Broken(LinkFault::Garbled))),
    ("needs reconnect", Input::Fault(Broken(LinkFault::NeedsReconnect))),
];

#[test]
fn stage_by_under_way_by_what_happened() {
    // What the task hears, and what comes next on the way to an answer. `-`: the engine goes on by itself.
    let handshake = [
        "Deadline Handshake → reconnect",
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
    ];
    let table: [(&str, [&str; 11]); 6] = [
        (
            "first info",
            [
                "Deadline Info → reconnect",
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
        ("first handshake", handshake),
        ("second handshake", handshake),
        (
            // The record is spent, so the session is gone; a living link stays.
            "answer",
            [
                "Deadline Status → reconnect",
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
        for ((name, input), expected) in HAPPENINGS.into_iter().zip(row) {
            let (mut bench, mut probe) = bring(under_way);
            let next = bench.step(&mut probe, input).unwrap();
            let heard = probe.word();
            // The task is over where it heard something; the next one wants an answer.
            let next = match next {
                Some((next, ..)) => next,
                None => bench.go_on(&mut Probe::new(answer)),
            };
            assert_eq!(format!("{heard} → {next}"), expected, "{under_way}, {name}");
            if under_way == "answer" {
                let delivered = matches!(name, "unanswered" | "lost" | "too long" | "garbled");
                assert_eq!(probe.trail.delivered, delivered, "{name}");
                assert_eq!(probe.trail.foreign, name == "garbled", "{name}");
            }
        }
    }
}

#[test]
fn an_attempt_to_reconnect_changes_nothing_but_the_link() {
    for (name, input) in HAPPENINGS {
        let (mut bench, mut probe) = bring("reconnect");
        if name == "unanswered" {
            let unexpected = Err(Misuse::UnexpectedInput.into());
            assert_eq!(bench.step(&mut probe, input), unexpected);
            continue;
        }
        assert_eq!(bench.step(&mut probe, input), Ok(None), "{name}");
        assert!(
            probe.word().contains("Connect") || matches!(name, "too large" | "too long"),
            "{name}: {}",
            probe.word()
        );
        bench.until(&mut Probe::new(answer), "reconnect");
    }
    // Successful, it leads to a handshake: the session of before is gone.
    let (mut bench, mut probe) = bring("reconnect");
    let next = bench.step(&mut probe, Input::Reconnected).unwrap().unwrap();
    assert_eq!((next.0, probe.word()), ("handshake", "-".to_string()));
    assert!(!bench.engine.run.trail.heard, "a link is not an answer");
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
        assert_eq!(bench.begin(&mut Probe::new(answer)), next, "{what}");
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

/// A question of this phase.
struct Of(Phase);

impl Request for Of {
    type Response<'b> = ();

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::CUSTOM_DATA
    }

    fn phase(&self) -> Phase {
        self.0
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        GetWifiStatus.encode(out)
    }

    fn decode(&self, _: &[u8]) -> Result<(), ReplyError> {
        Ok(())
    }
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
        let sealed = bench.engine.seal::<Broken>(&Of(phase), Limits::UNKNOWN);
        assert_eq!(sealed.is_err(), secret, "{phase:?}");
        if secret {
            assert_eq!(sealed.err(), Some(ProvisionError::PlaintextNotAllowed));
        }
    }
    // Nothing is known of an application's own request.
    let own = Custom::new(Endpoint::CUSTOM_DATA, b"x").unwrap();
    assert_eq!(Request::phase(&own), Phase::Data);
}

#[test]
fn a_forged_answer_and_nonsense_cost_session_and_link() {
    for bytes in [&b"\x08\x01\x5a\x02\x10\x01?"[..], b"\xff#"] {
        let (mut bench, _) = bring("answer");
        let mut ask = Ask::<_, WifiStatus>::new(GetWifiStatus);
        *Task::<Broken>::ticket(&mut ask) = bench.engine.ticket;
        let input = bench.reply(bytes);
        let end = bench.engine.step(&mut ask, input, bench.now, Limits::UNKNOWN);
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
        let refused = Input::Fault(Broken(LinkFault::Refused { link_alive: alive }));
        let next = bench.step(&mut probe, refused).unwrap().map(|(word, ..)| word);
        assert_eq!((&*probe.word(), next), expected, "{retry:?}, {alive}");
    }
}

#[test]
fn a_handshake_without_an_end_has_one() {
    let mut bench = Bench::new(WRONG);
    bench.engine.auth_mut().endless = true;
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
        let taken = Input::Fault(Broken(LinkFault::SessionTaken));
        let Some((word, until)) = bench.step(&mut probe, taken).unwrap() else {
            break;
        };
        assert_eq!(word, "back off");
        pauses.push((until - bench.now).as_millis());
        bench.now = until;
        assert_eq!(
            bench.step(&mut probe, Input::Elapsed).unwrap().unwrap().0,
            "reconnect"
        );
        let handshake = bench.step(&mut probe, Input::Reconnected).unwrap().unwrap();
        assert_eq!(handshake.0, "handshake");
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
    let taken = Input::Fault(Broken(LinkFault::SessionTaken));
    assert_eq!(bench.step(&mut probe, taken), Ok(None));
    assert_eq!(probe.word(), "Taken Handshake");
    // A pause that ends with it leaves no time to ask.
    for (until, next) in [(200, None), (201, Some("back off"))] {
        let (mut bench, mut probe) = (Bench::new(WRONG), Probe::new(answer));
        probe.until = Duration::from_millis(until);
        bench.until(&mut probe, "handshake");
        let then = bench.step(&mut probe, taken).unwrap();
        assert_eq!(then.map(|(word, ..)| word), next, "{until}");
    }
}

#[test]
fn a_question_taken_over_is_the_tasks_to_repeat() {
    let (mut bench, mut probe) = bring("answer");
    let taken = Input::Fault(Broken(LinkFault::SessionTaken));
    assert_eq!(bench.step(&mut probe, taken), Ok(None));
    assert_eq!(probe.word(), "Taken Status");
    assert!(probe.may_go_on);
}

#[test]
fn a_cut_off_question_is_delivered_if_the_link_says_so() {
    for delivered in [true, false] {
        let (mut bench, mut probe) = bring("answer");
        let input = if delivered {
            Input::Unanswered
        } else {
            Input::Elapsed
        };
        assert_eq!(bench.step(&mut probe, input), Ok(None));
        assert_eq!(probe.trail.delivered, delivered);
        // Of other exchanges it says nothing about the question.
        let (mut bench, mut probe) = bring("second handshake");
        assert_eq!(bench.step(&mut probe, input), Ok(None));
        assert!(!probe.trail.delivered);
        assert!(probe.trail.heard, "the first message was answered");
    }
    // What was answered reached the device, also where the answer turns out to be none.
    for bytes in [CONNECTING, b"?"] {
        let (mut bench, mut probe) = bring("answer");
        let reply = bench.reply(bytes);
        assert_eq!(bench.step(&mut probe, reply), Ok(None));
        assert_eq!(
            probe.heard.is_some_and(|heard| heard.is_ok()),
            bytes == CONNECTING
        );
        assert!(probe.trail.delivered && probe.trail.heard);
    }
}
