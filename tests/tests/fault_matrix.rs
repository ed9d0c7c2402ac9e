//! Every scheme × every exchange of a full provisioning × every fault: the flow ends in time, with an error
//! that names the fault's kind, and a second run on the same device succeeds. Then the same with a link that cannot be
//! opened again for a while: from apply on no failure may be claimed, and no success that is none.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use espprov_core::{
    Outcome, Phase, ProvisionError, ScanOptions, SessionError, WifiConfig, WifiConnection, WifiFailure,
};
use espprov_simulator::fault::{Fault, FaultyTransport, Injection, Outage};
use espprov_simulator::{LinkModel, Service as _, SimEvent};
use espprov_tests::pair::{Pair, Scheme, SetUp, WORLD, client, recorded};
use espprov_transport::{Clock as _, TransportError};
use std::sync::Arc;

const DEADLINE: Duration = Duration::from_secs(120);

/// A provisioned device stays away for longer than a client hopes for its return, then is as new. It takes four looks to
/// connect: each of them is a place for every fault.
fn world() -> String {
    WORLD
        .replacen("[device]", "[device]\nrestart_ms = 40000", 1)
        .replacen("connect_ms = 1800", "connect_ms = 700", 1)
}

type Ended<E> = Result<Outcome<WifiConnection, WifiFailure>, ProvisionError<E>>;

/// A whole run: info, handshake, scan, set, apply, polls.
macro_rules! full_run {
    ($device:expr) => {
        async {
            $device.limit_total(DEADLINE);
            let home = WifiConfig::new(b"Home", b"correct-horse").unwrap();
            let result = async {
                $device.scan_wifi(&ScanOptions::default()).await?;
                $device.provision_wifi(&home).await
            }
            .await;
            $device.close().await;
            result
        }
    };
}

/// The phase each exchange of an undisturbed run belongs to.
fn phases(scheme: Scheme, model: LinkModel) -> Vec<Phase> {
    let pair = Pair::new(scheme.scenario(&world()));
    let (link, log) = recorded(pair.link(model));
    let mut device = client(link, scheme.auth(), &pair.clock, 1);
    let (outcome, _) = pair.run(full_run!(device));
    assert!(
        matches!(outcome, Ok(Outcome::Connected(_))),
        "{scheme:?}: {outcome:?}"
    );
    let mut configs = 0;
    let phase = |endpoint: &String| match endpoint.as_str() {
        "proto-ver" => Phase::Info,
        "prov-session" => Phase::Handshake,
        "prov-scan" => Phase::Scan,
        "prov-config" => {
            configs += 1;
            [Phase::Set, Phase::Apply]
                .get(configs - 1)
                .copied()
                .unwrap_or(Phase::Status)
        }
        other => panic!("unexpected endpoint {other}"),
    };
    log.borrow().iter().map(phase).collect()
}

/// What a run may end in when `fault` hits an exchange of `phase`.
fn allowed<E: TransportError>(
    scheme: Scheme,
    model: LinkModel,
    phase: Phase,
    fault: Fault,
    ended: &Ended<E>,
) -> bool {
    use ProvisionError as P;
    let authenticated = matches!(scheme, Scheme::Sec2Patch0 | Scheme::Sec2Patch1);
    let connected = matches!(ended, Ok(Outcome::Connected(_) | Outcome::LikelyConnected));
    let here = |e: &P<E>| e.phase() == Some(phase);
    // The steps come in this order; a fault may show at its own step or the one after.
    let order = [
        Phase::Info,
        Phase::Handshake,
        Phase::Scan,
        Phase::Set,
        Phase::Apply,
        Phase::Status,
    ];
    let step = |p: Phase| order.iter().position(|o| *o == p).unwrap_or(usize::MAX);
    let soon = |e: &P<E>| {
        e.phase()
            .is_some_and(|p| step(p) == step(phase) || step(p) == step(phase) + 1)
    };
    let err = |check: &dyn Fn(&P<E>) -> bool| ended.as_ref().is_err_and(check);
    match (phase, fault) {
        // Changed bytes without authentication can mean anything, also another network name.
        (Phase::Set, Fault::FlipRequestBit | Fault::FlipReplyBit) if !authenticated => {
            connected || matches!(ended, Ok(Outcome::Failed(_))) || err(&here)
        }
        (Phase::Apply | Phase::Status, Fault::FlipRequestBit | Fault::FlipReplyBit) if !authenticated => true,
        // An old answer passes for a new one where nothing is authenticated, or a nonce is used twice: the device is gone without an unanswered
        // question.
        (Phase::Status, Fault::DuplicateReply) if matches!(scheme, Scheme::Sec0 | Scheme::Sec2Patch0) => {
            connected || matches!(ended, Ok(Outcome::Unconfirmed))
        }
        // From apply on, nothing that happens to the link is a proof of failure.
        (Phase::Apply | Phase::Status, _) => connected,
        (_, Fault::DropRequest | Fault::DropReply | Fault::Delay) => {
            err(&|e| here(e) && matches!(e, P::Deadline { .. }))
        }
        (_, Fault::CloseBefore | Fault::CloseAfter) => err(&|e| here(e) && matches!(e, P::Link { .. })),
        // The device answers a repeated request by the book: in step (nonce by counter apart), refused, or as
        // a wrong proof. It never reads as a lost link.
        (_, Fault::DuplicateRequest) => {
            connected || err(&|e| soon(e) && matches!(e, P::Refused { .. } | P::WrongCredentials { .. }))
        }
        (_, Fault::DuplicateReply) => {
            connected || err(&|e| soon(e) && matches!(e, P::Reply { .. } | P::Handshake(_)))
        }
        (Phase::Scan | Phase::Set, Fault::FlipRequestBit | Fault::TruncateRequest) if authenticated => {
            // Some devices hang up instead of saying no.
            let hangs_up = matches!(model, LinkModel::Ble(_)) && !model.survives_refusal();
            err(&|e| here(e) && (matches!(e, P::Refused { .. }) || hangs_up && matches!(e, P::Link { .. })))
        }
        (Phase::Scan | Phase::Set, Fault::FlipReplyBit | Fault::TruncateReply) if authenticated => {
            err(&|e| {
                here(e)
                    && matches!(
                        e,
                        P::Reply {
                            error: SessionError::Channel(_),
                            ..
                        }
                    )
            })
        }
        // The handshake's own bytes decide the keys: a changed one is a wrong proof or nonsense.
        (Phase::Handshake, _) => err(&|e| {
            here(e)
                && matches!(
                    e,
                    P::WrongCredentials { .. } | P::Handshake(_) | P::Refused { .. } | P::Policy(_)
                )
        }),
        (_, Fault::FlipRequestBit | Fault::FlipReplyBit | Fault::TruncateRequest | Fault::TruncateReply) => {
            connected || err(&soon)
        }
        (_, fault) => panic!("{fault:?} has no row yet"),
    }
}

/// Runs all faults at all exchanges of one scheme on one link; with an outage, those from apply on. Gives the number of
/// cases and what went wrong.
fn sweep(scheme: Scheme, model: LinkModel, outage: Option<Outage>) -> (usize, Vec<String>) {
    let mut cases = 0;
    let mut wrong = Vec::new();
    for (index, phase) in phases(scheme, model).into_iter().enumerate() {
        if outage.is_some() && !matches!(phase, Phase::Apply | Phase::Status) {
            continue;
        }
        for fault in Fault::ALL {
            cases += 1;
            let n = u32::try_from(index).unwrap() + 1;
            let pair = Pair::new(scheme.scenario(&world()));
            let online = watch(&pair);
            let plan = vec![Injection::at_exchange(n, fault)];
            let seed = u64::from(n) * 100 + fault as u64;
            let mut faulty = FaultyTransport::new(pair.link(model), pair.clock.clone(), plan, seed);
            if let Some(outage) = outage {
                faulty = faulty.with_outage(outage);
            }
            let mut device = client(faulty, scheme.auth(), &pair.clock, seed);
            let (ended, took) = pair.run(full_run!(device));
            let case = format!("{scheme:?}, {model:?}, exchange {n} ({phase:?}), {fault}, {outage:?}");
            assert_eq!(device.transport().injected(), 1, "{case}: the fault was injected");
            if took > DEADLINE + Duration::from_secs(1) {
                wrong.push(format!("{case}: took {took:?}"));
            }
            // A device that nobody looks at does not move.
            let now = pair.clock.now();
            pair.device.with(|device| device.presence(now));
            let claims_success = matches!(ended, Ok(Outcome::Connected(_) | Outcome::LikelyConnected));
            let may_lie =
                scheme == Scheme::Sec0 || matches!(fault, Fault::FlipReplyBit) && scheme == Scheme::Sec1;
            if claims_success && !may_lie && !online.load(Ordering::Relaxed) {
                wrong.push(format!("{case}: {ended:?}, but it is not online"));
            }
            // Where a refusal breaks the link, the refused second copy of a request breaks it unseen.
            let broken_by_copy = fault == Fault::DuplicateRequest
                && model != LinkModel::Ideal
                && ended
                    .as_ref()
                    .is_err_and(|e| matches!(e, ProvisionError::Link { .. }));
            let fine = if outage.is_some() {
                claims_success
                    || ended == Ok(Outcome::Unconfirmed)
                    || allowed(scheme, model, phase, fault, &ended)
            } else {
                broken_by_copy || allowed(scheme, model, phase, fault, &ended)
            };
            if !fine {
                wrong.push(format!("{case}: {ended:?}"));
            }
            // Whatever happened: some time later, another client provisions the same device. One that nobody asked stops
            // half a minute after its success.
            pair.clock
                .advance(Duration::from_secs(if outage.is_some() { 120 } else { 60 }));
            let mut second = client(pair.link(model), scheme.auth(), &pair.clock, seed + 1);
            let (again, _) = pair.run(full_run!(second));
            if !matches!(again, Ok(Outcome::Connected(_))) {
                wrong.push(format!("{case}: second run: {again:?}"));
            }
        }
    }
    (cases, wrong)
}

/// Whether the device has been online.
fn watch(pair: &Pair) -> Arc<AtomicBool> {
    let online = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&online);
    pair.device.with(|device| {
        device.observe(move |_, event| {
            if let SimEvent::WifiConnected(..) = event {
                flag.store(true, Ordering::Relaxed);
            }
        });
    });
    online
}

fn matrix(name: &str, columns: &[(Scheme, LinkModel)], outage: Option<Outage>) {
    let results: Vec<_> = columns
        .iter()
        .map(|&(scheme, model)| sweep(scheme, model, outage))
        .collect();
    let cases: usize = results.iter().map(|(cases, _)| cases).sum();
    let wrong: Vec<_> = results.into_iter().flat_map(|(_, wrong)| wrong).collect();
    println!(
        "fault matrix, {name}: {cases} cases ({} columns, {} faults)",
        columns.len(),
        Fault::ALL.len()
    );
    assert!(
        wrong.is_empty(),
        "{} of {cases} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn fault_matrix() {
    matrix(
        "every scheme",
        &Scheme::ALL.map(|scheme| (scheme, LinkModel::Ideal)),
        None,
    );
}

#[test]
fn fault_matrix_over_http_and_bluetooth() {
    matrix(
        "links that break on a refusal",
        &[
            (Scheme::Sec1, LinkModel::http()),
            (Scheme::Sec2Patch1, LinkModel::http()),
            (Scheme::Sec1, LinkModel::bluedroid()),
            (Scheme::Sec2Patch1, LinkModel::bluedroid_sec2()),
        ],
        None,
    );
}

#[test]
fn fault_matrix_with_a_link_that_does_not_come_back_at_once() {
    for outage in [
        Outage::Refused(1),
        Outage::Refused(7),
        Outage::Away(Duration::from_secs(2)),
        Outage::Away(Duration::from_secs(11)),
        Outage::Away(Duration::from_secs(3600)),
    ] {
        matrix(
            &format!("{outage:?}"),
            &[
                (Scheme::Sec1, LinkModel::Ideal),
                (Scheme::Sec1, LinkModel::http()),
                (Scheme::Sec1, LinkModel::nimble()),
            ],
            Some(outage),
        );
    }
}
