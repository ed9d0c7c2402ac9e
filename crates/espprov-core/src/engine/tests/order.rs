//! What the caller sees: deadlines, the order of calls and what is not in it, names that are data, nothing secret.

use super::*;

#[test]
fn every_step_ends_by_the_earliest_of_three() {
    let deadlines = Deadlines::default();
    let seconds = Duration::from_secs;
    let mut probe = Probe::new(answer);
    let mut bench = Bench::new(WRONG);
    bench.now = seconds(100);
    // The limit of the step.
    let first = bench.step(&mut probe, Input::Start).unwrap().unwrap();
    assert_eq!(first, ("info", seconds(100) + deadlines.exchange));
    // The overall one.
    bench.engine.limit_total(seconds(107));
    let info = bench.reply(INFO);
    let second = bench.step(&mut probe, info).unwrap().unwrap();
    assert_eq!(second, ("handshake", seconds(107)));
    // The call's own.
    probe.until = seconds(103);
    let yes = bench.reply(b"yes");
    let third = bench.step(&mut probe, yes).unwrap().unwrap();
    assert_eq!(third, ("handshake", seconds(103)));
    let (mut bench, mut probe) = bring("reconnect");
    bench.now = seconds(100);
    let fourth = bench.begin(&mut probe);
    assert_eq!(fourth, "reconnect");
    probe.ticket = Ticket::NEW;
    let again = bench.step(&mut probe, Input::Start).unwrap().unwrap();
    assert_eq!(again.1, seconds(100) + deadlines.connect);
    probe.ticket = Ticket::NEW;
    probe.until = seconds(101);
    let again = bench.step(&mut probe, Input::Start).unwrap().unwrap();
    assert_eq!(again.1, seconds(101));
}

#[test]
fn time_is_told_again_after_computing() {
    let deadlines = Deadlines::default();
    let (mut bench, mut probe) = (Bench::new(WRONG), Probe::new(answer));
    bench.until(&mut probe, "info");
    let info = bench.reply(INFO);
    for (input, next) in [
        (info, "handshake"),
        (Input::Reply(3), "handshake"),
        (Input::Reply(3), "answer"),
    ] {
        let step = bench.engine.step(&mut probe, input, bench.now, Limits::UNKNOWN);
        assert_eq!(step, Ok(Step::Busy));
        bench.now += Duration::from_secs(9); // a slow machine
        let (word, until) = bench.step(&mut probe, Input::Continue).unwrap().unwrap();
        let limit = match word {
            "handshake" => deadlines.handshake,
            _ => Duration::from_secs(5),
        };
        assert_eq!((word, until), (next, bench.now + limit));
    }
}

/// Each request takes 10 products: how often the engine gives control back before it goes out, and that its deadline is
/// reckoned from when it does.
#[test]
fn a_budget_bounds_each_step_of_computing() {
    for (budget, times) in [
        (Budget::UNLIMITED, 1),
        (Budget::products(10), 1),
        (Budget::products(9), 2),
        (Budget::products(4), 3),
        (Budget::products(1), 10),
    ] {
        let (mut bench, mut probe) = (Bench::new(WRONG), Probe::new(answer));
        bench.engine.auth.work = 10;
        bench.engine = bench.engine.with_budget(budget);
        bench.until(&mut probe, "info");
        let mut input = bench.reply(INFO);
        for _ in 0..2 {
            for _ in 0..times {
                let step = bench.engine.step(&mut probe, input, bench.now, Limits::UNKNOWN);
                assert_eq!(step, Ok(Step::Busy), "{budget:?}");
                bench.now += Duration::from_secs(3); // a slow machine
                input = Input::Continue;
            }
            let (word, until) = bench.step(&mut probe, input).unwrap().unwrap();
            assert_eq!(word, "handshake", "{budget:?}");
            assert_eq!(until, bench.now + Deadlines::default().handshake);
            input = bench.reply(b"yes");
        }
    }
}

#[test]
fn misuse_is_told_and_changes_nothing() {
    let fault = Input::Fault(Broken(LinkFault::Garbled));
    let inputs = [
        ("reply", Input::Reply(1)),
        ("reconnected", Input::Reconnected),
        ("fault", fault),
        ("elapsed", Input::Elapsed),
        ("unanswered", Input::Unanswered),
        ("continue", Input::Continue),
    ];
    for (under_way, allowed) in [
        ("first info", &["reply", "fault", "elapsed", "unanswered"][..]),
        ("second handshake", &["reply", "fault", "elapsed", "unanswered"]),
        ("answer", &["reply", "fault", "elapsed", "unanswered"]),
        ("raw", &["reply", "fault", "elapsed", "unanswered"]),
        ("reconnect", &["reconnected", "fault", "elapsed"]),
        ("back off", &["elapsed"]),
        ("pause", &["elapsed"]),
    ] {
        for (name, input) in inputs {
            let (mut bench, mut probe) = bring(under_way);
            let before = format!("{:?}", bench.engine);
            let end = bench.step(&mut probe, input);
            let misuse = end == Err(Misuse::UnexpectedInput.into());
            assert_eq!(misuse, !allowed.contains(&name), "{under_way}, {name}: {end:?}");
            if misuse {
                assert_eq!(format!("{:?}", bench.engine), before);
                let right = match allowed[0] {
                    "reconnected" => Input::Reconnected,
                    "elapsed" => Input::Elapsed,
                    _ => bench.reply(INFO),
                };
                let goes_on = bench.step(&mut probe, right);
                assert!(!matches!(goes_on, Err(ProvisionError::Misuse(_))), "{goes_on:?}");
            }
        }
    }
    // More than there is room for.
    let (mut bench, mut probe) = bring("answer");
    let beyond = bench.step(&mut probe, Input::Reply(513));
    assert_eq!(beyond, Err(Misuse::ReplyBeyondBuffer.into()));
    // As much as there is room for is none.
    let (mut bench, mut full) = bring("raw");
    assert_eq!(bench.step(&mut full, Input::Reply(512)), Ok(None));
    assert_eq!(
        full.heard.map(|heard| heard.map(|bytes| bytes.len())),
        Some(Ok(512))
    );
    let (mut bench, mut probe) = bring("answer");
    // A call that has not begun, beside one that has.
    let mut other = Probe::new(answer);
    let yes = bench.reply(CONNECTING);
    assert_eq!(bench.step(&mut other, yes), Err(Misuse::NotUnderWay.into()));
    // One that was begun before, and one that is over.
    assert_eq!(
        bench.step(&mut probe, Input::Start),
        Err(Misuse::BegunBefore.into())
    );
    let yes = bench.reply(CONNECTING);
    assert_eq!(bench.step(&mut probe, yes), Ok(None));
    let over = bench.step(&mut probe, Input::Reply(1));
    assert_eq!(over, Err(Misuse::NotUnderWay.into()));
    // One that was given up for another.
    let (mut bench, mut probe) = bring("answer");
    assert_eq!(bench.begin(&mut other), "reconnect");
    let late = bench.step(&mut probe, Input::Reply(1));
    assert_eq!(late, Err(Misuse::NotUnderWay.into()));
}

#[test]
fn a_call_given_up_in_mid_exchange_costs_the_link_one_in_a_pause_nothing() {
    for (under_way, next) in [
        ("first info", "reconnect"),
        ("second handshake", "reconnect"),
        ("answer", "reconnect"),
        ("raw version", "reconnect"),
        ("pause", "answer"),
    ] {
        let (mut bench, _) = bring(under_way);
        assert_eq!(bench.begin(&mut Probe::new(answer)), next, "{under_way}");
        // The same where the link is closed, except that this always costs it.
        let (mut bench, _) = bring(under_way);
        bench.engine.close();
        assert!(bench.engine.security().is_none());
        assert_eq!(bench.begin(&mut Probe::new(answer)), "reconnect", "{under_way}");
    }
}

#[test]
fn endpoints_are_data() {
    const LOCAL: &[u8] = br#"{"local_ctrl":{"ver":"v1.0","sec_ver":1}}"#;
    let endpoints = Endpoints::new("local/session", "local/version").unwrap();
    let endpoints = endpoints.with_root("local_ctrl");
    let mut bench = Bench::new(WRONG);
    bench.engine.endpoints = endpoints;
    let mut probe = Probe::new(answer);
    let mut input = Input::Start;
    let mut asked = Vec::new();
    while probe.heard.is_none() {
        input = match bench
            .engine
            .step(&mut probe, input, bench.now, Limits::UNKNOWN)
            .unwrap()
        {
            Step::Exchange { endpoint, .. } => {
                asked.push((endpoint.as_str().to_string(), endpoint.is_encrypted()));
                match asked.len() {
                    1 => bench.reply(LOCAL),
                    4 => bench.reply(CONNECTING),
                    _ => bench.reply(b"yes"),
                }
            }
            Step::Done => break,
            _ => Input::Continue,
        };
    }
    let expected = [
        ("local/version", false),
        ("local/session", false),
        ("local/session", false),
        ("prov-config", true),
    ];
    assert_eq!(bench.engine.info().and_then(|info| info.security), Some(1));
    assert_eq!(asked, expected.map(|(name, sealed)| (name.to_string(), sealed)));
    // Raw bytes for the version leave the session alone, by whatever name.
    for (name, lives) in [
        ("local/version", true),
        ("local/session", false),
        ("proto-ver", false),
    ] {
        let endpoint = Endpoint::custom(name).unwrap();
        bench.engine.stage = Stage::Ready {
            session: Session::new(Tagged { encrypts: true }),
            security: SessionSecurity::Custom,
        };
        assert!(bench.engine.copy::<Broken>(endpoint, b"x").is_ok());
        assert_eq!(bench.engine.security().is_some(), lives, "{name}");
    }
}

#[test]
fn neither_secrets_nor_the_buffer_are_shown() {
    let (mut bench, _) = bring("answer");
    bench.reply(b"correct-horse");
    let shown = format!("{:?}", bench.engine);
    assert!(shown.contains("Answer") && shown.contains("Custom"), "{shown}");
    assert!(
        !shown.contains("correct") && !shown.contains("99, 111"),
        "{shown}"
    );
}

#[test]
fn the_buffer_is_wiped() {
    let mut bytes = [0xaa; 16];
    let engine = Engine::new(crate::auth::NoSecurity, Dice(0), &mut bytes[..]);
    drop(engine);
    assert_eq!(bytes, [0; 16]);
    let engine = Engine::new(crate::auth::NoSecurity, Dice(7), std::vec![0xaa; 16]);
    let parts = engine.into_parts();
    assert_eq!((parts.buf, parts.rng.0), (std::vec![0; 16], 7));
}

#[test]
fn too_large_is_known_before_the_cipher_moves() {
    let (mut bench, mut probe) = bring("answer");
    let done = bench.reply(CONNECTING);
    assert_eq!(bench.step(&mut probe, done), Ok(None));
    let limits = Limits::new(Some(2), None);
    let sealed = bench.engine.seal::<Broken>(&GetWifiStatus, limits);
    assert_eq!(
        sealed.err(),
        Some(ProvisionError::RequestTooLarge { need: 3, limit: 2 })
    );
    assert!(bench.engine.security().is_some());
    bench.until(&mut Probe::new(answer), "answer");
    assert_eq!(bench.engine.buffer_mut()[..3], *b"\x52\0#");
    assert_eq!(Request::endpoint(&GetWifiStatus), Endpoint::PROV_CONFIG);
}

#[test]
fn what_is_there_is_not_asked_for_again() {
    let mut bench = Bench::new(WRONG);
    let step = |engine: &mut Engine<_, _, _, _>, call: &mut Info, input: Input<Broken>| {
        engine
            .step(call, input, Duration::ZERO, Limits::UNKNOWN)
            .map(|step| doing(step, engine.run.under_way))
    };
    let mut first = Info::new();
    let asked = step(&mut bench.engine, &mut first, Input::Start).unwrap();
    assert_eq!(asked.unwrap().0, "info");
    let info = bench.reply(INFO);
    assert_eq!(step(&mut bench.engine, &mut first, info), Ok(None));
    assert_eq!(step(&mut bench.engine, &mut Info::new(), Input::Start), Ok(None));
    // What is known from elsewhere is not asked for at all.
    let mut bench = Bench::new(WRONG);
    bench.engine = bench.engine.with_info(DeviceInfo::new("v1.1"));
    assert_eq!(bench.begin(&mut Probe::new(answer)), "handshake");
    // An answer that is no description leaves none.
    let mut bench = Bench::new(WRONG);
    let mut probe = Probe::new(answer);
    bench.until(&mut probe, "info");
    let nonsense = bench.reply(b"<html>");
    assert_eq!(bench.step(&mut probe, nonsense), Ok(None));
    // Why it is none stays known.
    let why = ReplyError::Info(espprov_types::InfoError::NotProvisioning);
    let phase = Phase::Info;
    assert_eq!(probe.heard, Some(Err(ProvisionError::session(phase, why.into()))));
    assert!(bench.engine.info.is_none());
}
