//! The Bluetooth client against peripherals that break the rules, fall silent or hang up, at every step.
//! Whatever they do: an error of the right kind, in time, and the next connection works.

use core::cell::Cell;
use core::time::Duration;
use espprov_embedded::ble::BleError;
use espprov_tests::hostile::{Host, Link, Reply, Script, Server, run};
use espprov_tests::raw::{Packet, packets};
use espprov_transport::{
    Clock as _, Endpoint, LinkFault, Reconnect, SessionIntent, Transport, TransportError,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use std::rc::Rc;

const SECOND: Duration = Duration::from_secs(1);

/// A step of connecting or of an exchange: the kind of request, and which of that kind.
type Step = (u8, u32);

/// MTU; service; the endpoints one by one and that there are no more; their names alike, the cut one again.
const CONNECTING: [Step; 8] = [
    (0x02, 0),
    (0x06, 0),
    (0x06, 1),
    (0x08, 0),
    (0x08, 3),
    (0x08, 4),
    (0x08, 7),
    (0x0a, 0),
];

/// Of `echo` with 60 bytes at MTU 23: prepared writes, their execution, the reading in parts.
const EXCHANGE: [Step; 6] = [(0x16, 0), (0x16, 2), (0x18, 0), (0x0a, 0), (0x0c, 0), (0x0c, 1)];

/// The name of an endpoint is cut at this MTU, and 60 bytes take several packets.
const MTU: u16 = 23;

async fn echo(link: &mut Link<'_, '_, '_>, len: usize) -> Result<(), BleError> {
    let mut buf = [0; 600];
    for (at, byte) in buf[..len].iter_mut().enumerate() {
        *byte = (at * 7 + len) as u8;
    }
    let sent = buf;
    let endpoint = Endpoint::custom("echo").unwrap();
    let got = link.exchange(endpoint, &mut buf, len).await?;
    assert_eq!(buf[..got], sent[..len], "{len}");
    Ok(())
}

/// Does `reply` once, at one step; counts from when it is switched on.
struct Once {
    on: Rc<Cell<bool>>,
    done: Rc<Cell<bool>>,
}

impl Once {
    fn new(on: bool, step: Step, reply: Reply) -> (Self, Script) {
        let once = Self {
            on: Rc::new(Cell::new(on)),
            done: Rc::new(Cell::new(false)),
        };
        let (on, done) = (Rc::clone(&once.on), Rc::clone(&once.done));
        let mut seen = 0;
        let script: Script = Box::new(move |opcode, _, _| {
            if !on.get() || done.get() || opcode != step.0 {
                return Reply::Honest;
            }
            seen += 1;
            if seen <= step.1 {
                return Reply::Honest;
            }
            done.set(true);
            reply.clone()
        });
        (once, script)
    }
}

/// Runs one connection and one exchange, with `reply` at `step`: what came of it, and how long it took.
fn at(step: Step, connecting: bool, reply: Reply) -> (Result<(), BleError>, Duration) {
    let (once, script) = Once::new(connecting, step, reply);
    run(MTU, script, async |host: &Host<'_, '_, '_>| {
        let start = host.clock.now();
        let first = host.connect().await;
        let took = host.clock.now() - start;
        let (result, took, mut link) = match first {
            Err(error) => {
                let link = host.connect().await.expect("the next connection");
                (Err(error), took, link)
            }
            Ok(mut link) => {
                once.on.set(true);
                let start = host.clock.now();
                let result = echo(&mut link, 60).await;
                let took = took.max(host.clock.now() - start);
                if result.is_err() && !link.is_usable() {
                    link.reconnect(SessionIntent::Fresh)
                        .await
                        .expect("a new connection");
                }
                (result, took, link)
            }
        };
        assert!(once.done.get(), "{step:02x?} was never reached");
        assert_eq!(echo(&mut link, 100).await, Ok(()), "afterwards, {step:02x?}");
        link.close().await;
        assert!(!host.air.is_connected());
        (result, took)
    })
}

fn steps() -> impl Iterator<Item = (Step, bool)> {
    let connecting = CONNECTING.into_iter().map(|step| (step, true));
    connecting.chain(EXCHANGE.into_iter().map(|step| (step, false)))
}

#[test]
fn honest_at_first() {
    for (step, connecting) in steps() {
        let (result, took) = at(step, connecting, Reply::Late(SECOND));
        assert_eq!(result, Ok(()), "{step:02x?}");
        assert!(took >= SECOND && took < 2 * SECOND, "{step:02x?}: {took:?}");
    }
}

/// What no host should see.
fn malformed() -> Vec<Vec<Packet>> {
    let last_handle = [&[0x09, 21, 0xff, 0xff][..], &[7; 19]].concat();
    let pdus: [&[u8]; 22] = [
        &[],
        &[0x01],
        &[0x01, 0x08, 1, 0],
        &[0x03, 0, 0],
        &[0x05, 1, 0xff, 0xff, 0, 0x28],
        &[0x07],
        &[0x07, 0, 0, 0, 0],
        &[0x07, 1, 0, 0],
        &[0x09],
        &[0x09, 0, 1, 2, 3],
        &[0x09, 1, 1, 2, 3],
        &[0x09, 7, 1, 0, 1],
        &last_handle,
        &[0x11, 20, 1, 0, 0xff, 0xff],
        &[0x19, 0],
        &[0x21],
        &[0x08, 1],
        &[0x0a],
        &[0x10; 21],
        &[0x12, 1],
        &[0x1b, 1],
        &[0x1b; 518],
    ];
    let mut all: Vec<_> = pdus.into_iter().map(|pdu| packets(4, pdu)).collect();
    // Pieces of messages.
    all.push(vec![(true, vec![1, 0, 4])]);
    all.push(vec![(false, vec![1])]);
    all.push(vec![
        (true, vec![9, 0, 4, 0, 0x0b]),
        (true, vec![1, 0, 4, 0, 0x13]),
    ]);
    all.push(vec![(true, vec![2, 0, 4, 0, 0x0b, 1, 2])]);
    all
}

#[test]
fn malformed_answers() {
    for (step, connecting) in steps() {
        for packets in malformed() {
            let shown = format!("{packets:02x?} at {step:02x?}");
            let (result, took) = at(step, connecting, Reply::Packets(packets));
            assert_eq!(result, Err(BleError::Garbled), "{shown}");
            assert!(took < SECOND, "{shown}: {took:?}");
        }
    }
}

#[test]
fn lists_that_do_not_advance() {
    for (step, pdu) in [
        // The same service, or entry, again.
        ((0x06, 1), &[0x07, 1, 0, 0x20, 0][..]),
        ((0x08, 1), &[0x09, 3, 2, 0, 0]),
        ((0x08, 5), &[0x09, 3, 4, 0, 0]),
        // Twice in one answer, and downwards.
        ((0x06, 0), &[0x07, 9, 0, 0x20, 0, 1, 0, 8, 0]),
        ((0x08, 0), &[0x09, 3, 9, 0, 0, 9, 0, 0]),
    ] {
        let (result, took) = at(step, true, Reply::pdu(pdu));
        assert_eq!(result, Err(BleError::Garbled), "{pdu:02x?}");
        assert!(took < SECOND, "{took:?}");
    }
}

/// Lists that do advance, one handle at a time.
#[test]
fn lists_without_end() {
    let services: Script = Box::new(|opcode, _, pdu| match opcode {
        0x06 => Reply::pdu(&[0x07, pdu[1], pdu[2], pdu[1], pdu[2]]),
        _ => Reply::Honest,
    });
    let endpoints: Script = Box::new(|opcode, _, pdu| match opcode {
        0x08 => Reply::pdu(&[&[0x09, 7][..], &pdu[1..3], &[0, 9, 0, 1, 1]].concat()),
        _ => Reply::Honest,
    });
    for (script, expected) in [
        (services, BleError::Garbled),
        (endpoints, BleError::TooManyEndpoints),
    ] {
        run(MTU, script, async |host: &Host<'_, '_, '_>| {
            assert_eq!(host.connect().await.err(), Some(expected));
        });
    }
    // Nothing that could be an endpoint, through the whole range of handles; each answer takes some time.
    let slow: Script = Box::new(|opcode, _, pdu| match opcode {
        0x06 if pdu[1..3] == [1, 0] => Reply::pdu(&[0x07, 1, 0, 0xff, 0xff]),
        0x08 => Reply::LatePackets(
            SECOND / 10,
            packets(4, &[&[0x09, 3][..], &pdu[1..3], &[0]].concat()),
        ),
        _ => Reply::Honest,
    });
    run(MTU, slow, async |host: &Host<'_, '_, '_>| {
        let start = host.clock.now();
        assert_eq!(host.connect().await.err(), Some(BleError::ConnectTimedOut));
        assert!(host.clock.now() - start <= 16 * SECOND);
    });
}

#[test]
fn silence() {
    for (step, connecting) in steps() {
        let (result, took) = at(step, connecting, Reply::Silence);
        let fault = result.unwrap_err().fault();
        let delivered = !connecting && matches!(step.0, 0x0a | 0x0c);
        assert_eq!(fault, LinkFault::TimedOut { delivered }, "{step:02x?}");
        assert!(took <= 21 * SECOND, "{step:02x?}: {took:?}");
    }
}

#[test]
fn hanging_up() {
    for (step, connecting) in steps() {
        let (result, took) = at(step, connecting, Reply::HangUp);
        if connecting {
            // Tried again, unasked.
            assert_eq!(result, Ok(()), "{step:02x?}");
        } else {
            let delivered = matches!(step.0, 0x0a | 0x0c);
            assert_eq!(result, Err(BleError::LinkLost { delivered }), "{step:02x?}");
        }
        assert!(took < SECOND, "{step:02x?}: {took:?}");
    }
}

/// Never let in: connecting ends, too.
#[test]
fn hanging_up_every_time() {
    for step in CONNECTING {
        let script: Script = Box::new(move |opcode, count, _| {
            if (opcode, count) == step {
                Reply::HangUp
            } else {
                Reply::Honest
            }
        });
        run(MTU, script, async |host: &Host<'_, '_, '_>| {
            let start = host.clock.now();
            assert_eq!(
                host.connect().await.err(),
                Some(BleError::ConnectTimedOut),
                "{step:02x?}"
            );
            assert!(host.clock.now() - start <= 16 * SECOND);
        });
    }
}

/// What nobody asked for, but what is well formed, does no harm.
#[test]
fn unsolicited() {
    let notification = |len: usize| packets(4, &[&[0x1b, 3, 0][..], &vec![9; len]].concat());
    let some = [
        notification(0),
        notification(20),
        notification(514),
        packets(4, &[0x1d, 3, 0, 1]),
        // Requests of a peer that is a client as well.
        packets(4, &[0x02, 23, 0]),
        packets(4, &[0x0a, 1, 0]),
        packets(4, &[0x52, 1, 0, 1]),
        // Signals: a parameter update that is refused, one that is not known, one cut short.
        packets(5, &[0x12, 1, 8, 0, 6, 0, 5, 0, 0, 0, 10, 0]),
        packets(5, &[0x12, 1, 8, 0, 24, 0, 40, 0, 0, 0, 200, 0]),
        packets(5, &[0x77, 1, 0, 0]),
        packets(5, &[0x12, 1, 8, 0]),
        packets(6, &[1, 2, 3]),
    ];
    for (step, connecting) in steps() {
        for packets in &some {
            let (result, _) = at(step, connecting, Reply::First(packets.clone()));
            assert_eq!(result, Ok(()), "{packets:02x?} at {step:02x?}");
        }
    }
}

/// More than the host can queue: the answer may drown, the deadline does not.
#[test]
fn a_flood() {
    let flood: Vec<_> = (0..1000)
        .flat_map(|_| packets(4, &[&[0x1b, 3, 0][..], &[9; 500]].concat()))
        .collect();
    for (step, connecting) in steps() {
        let (result, took) = at(step, connecting, Reply::First(flood.clone()));
        let fault = result.map_err(|error| error.fault());
        assert!(
            matches!(
                fault,
                Ok(()) | Err(LinkFault::TimedOut { .. } | LinkFault::Lost { .. })
            ),
            "{step:02x?}: {fault:?}"
        );
        assert!(took <= 21 * SECOND, "{step:02x?}: {took:?}");
    }
}

/// Nearly right, in every way there is.
#[test]
fn chance() {
    const RUNS: u64 = 400;
    let mut failures = 0;
    for seed in 0..RUNS {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let wrong = Rc::new(Cell::new(true));
        let off = Rc::clone(&wrong);
        let mut server = Server::new(MTU);
        let script: Script = Box::new(move |_, _, pdu| {
            let mut answer = server.answer(pdu);
            let dice = rng.next_u32();
            if !off.get() || dice % 8 != 0 {
                return Reply::Honest;
            }
            let mut noise = vec![0; (rng.next_u32() % 40) as usize];
            rng.fill_bytes(&mut noise);
            let place = (rng.next_u32() as usize) % answer.len();
            match (dice >> 8) % 8 {
                0 => answer.truncate(place),
                1 => answer.extend_from_slice(&noise),
                2 => answer[place] ^= 1 << (dice >> 16 & 7),
                3 => answer[place..].fill(0xff),
                4 => answer[place..].fill(0),
                5 => answer.splice(1.., noise).for_each(drop),
                6 => return Reply::First(packets([4, 5, 6, 0x40][place % 4], &noise)),
                _ => return Reply::Packets(vec![(dice & 256 == 0, noise.clone()), (dice & 512 == 0, noise)]),
            }
            Reply::pdu(&answer)
        });
        failures += run(MTU, script, async |host: &Host<'_, '_, '_>| {
            let mut failures = 0;
            for _ in 0..4 {
                let start = host.clock.now();
                match host.connect().await {
                    Ok(mut link) => {
                        let start = host.clock.now();
                        let mut buf = [5; 600];
                        let echo = Endpoint::custom("echo").unwrap();
                        failures += u32::from(link.exchange(echo, &mut buf, 40).await.is_err());
                        assert!(host.clock.now() - start <= 21 * SECOND, "seed {seed}");
                        link.close().await;
                    }
                    Err(_) => failures += 1,
                }
                assert!(host.clock.now() - start <= 45 * SECOND, "seed {seed}");
            }
            wrong.set(false);
            let mut link = host.connect().await.expect("an honest peripheral");
            assert_eq!(echo(&mut link, 200).await, Ok(()), "seed {seed}");
            link.close().await;
            failures
        });
    }
    println!("{failures} of {} connections failed", 4 * RUNS);
    assert!(
        failures > RUNS as u32,
        "the peripherals are too well behaved: {failures}"
    );
}
