//! Lost answers, asked for again.

use super::*;
use core::sync::atomic::{AtomicUsize, Ordering};

/// A question in this phase.
fn in_phase<const PHASE: u8>() -> Want<'static> {
    const PHASES: [Of; 6] = [
        Of(Phase::Set),
        Of(Phase::Scan),
        Of(Phase::Apply),
        Of(Phase::Control),
        Of(Phase::Data),
        Of(Phase::Status),
    ];
    Want::Answer {
        question: &PHASES[usize::from(PHASE)],
        limit: Duration::from_secs(5).into(),
    }
}

/// Loses the answer in the same way again and again: what the engine wants each time, until the task hears of it.
fn lose(bench: &mut Bench, probe: &mut Probe<'_>, goal: &str, fault: LinkFault) -> usize {
    bench.until(probe, goal);
    let mut repeats = 0;
    loop {
        assert_eq!(probe.heard, None);
        if bench.step(probe, Input::Fault(Broken(fault))) == Ok(None) {
            return repeats;
        }
        repeats += 1;
        // In a session of its own: another link, the handshake from its beginning.
        assert!(bench.engine.run.under_way == UnderWay::Reconnect);
        let mut input = Input::Reconnected;
        loop {
            let doing = bench.step(probe, input).unwrap().unwrap().0;
            if doing == goal {
                break;
            }
            assert_eq!(doing, "handshake");
            input = bench.reply(b"yes");
        }
    }
}

#[test]
fn what_may_be_asked_twice_is_asked_again_twice() {
    for (wants, goal, spoiled, restarted) in [
        (answer as fn() -> Want<'static>, "info", 2, 2),
        (answer, "handshake", 2, 2),
        (in_phase::<0>, "answer", 2, 2),
        // The networks that were found are gone when the device has restarted.
        (in_phase::<1>, "answer", 2, 0),
        // Twice is not the same as once.
        (in_phase::<2>, "answer", 0, 0),
        (in_phase::<3>, "answer", 0, 0),
        (in_phase::<4>, "answer", 0, 0),
        (in_phase::<5>, "answer", 0, 0),
        (raw, "raw", 0, 0),
    ] {
        for (fault, repeats) in [(LinkFault::Spoiled, spoiled), (LinkFault::Restarted, restarted)] {
            let (mut bench, mut probe) = (Bench::new(WRONG), Probe::new(wants));
            let told = lose(&mut bench, &mut probe, goal, fault);
            assert_eq!(told, repeats, "{goal}, {:?}, {fault:?}", wants().phase());
            assert!(
                matches!(probe.heard, Some(Err(ProvisionError::Link { .. }))),
                "{goal}"
            );
            // The next task has its own.
            probe.heard = None;
            assert_eq!(lose(&mut bench, &mut probe, goal, fault), repeats);
        }
    }
}

#[test]
fn the_observer_hears_of_each() {
    let told: fn(&Event<'_>) = |event| {
        if let Event::AnswerLost { phase, restarted } = event {
            assert_eq!((*phase, *restarted), (Phase::Handshake, true));
            TOLD.fetch_add(1, Ordering::Relaxed);
        }
    };
    let mut bench = Bench::new(WRONG);
    bench.engine.observer = told;
    let mut probe = Probe::new(answer);
    assert_eq!(lose(&mut bench, &mut probe, "handshake", LinkFault::Restarted), 2);
    assert_eq!(TOLD.load(Ordering::Relaxed), 2);
}

static TOLD: AtomicUsize = AtomicUsize::new(0);
