//! The GATT server against centrals that break the rules, fall silent, flood it or leave, at every step. Whatever they do,
//! the next client is served, and soon.

use core::cell::Cell;
use core::time::Duration;
use espprov_device::{BleStack, Firmware, Quirks};
use espprov_services::ble::{GattOptions, Patience};
use espprov_services::{Access as _, Answer, Local, Presence, Service, with_ids};
use espprov_tests::central::{Central, SOON, run, with_packets};
use espprov_tests::raw::packets;
use espprov_transport::Clock as _;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use std::rc::Rc;

const SECOND: Duration = Duration::from_secs(1);

/// Handles of values, where there is no other service.
const ECHO: u8 = 3;
const SLOW: u8 = 6;
const REFUSE: u8 = 9;

/// What `slow` takes.
const TAKES: Duration = Duration::from_secs(90);

/// A device with an endpoint per habit.
#[derive(Default)]
struct Habits {
    sessions: u32,
    handled: Rc<Cell<u32>>,
    boot: Rc<Cell<u32>>,
}

impl Service for Habits {
    fn handle(&mut self, endpoint: &str, _: &mut [u8], len: usize, now: Duration) -> Answer {
        self.handled.set(self.handled.get() + 1);
        match endpoint {
            "echo" => Answer::Reply(len),
            "slow" => Answer::Pending { until: now + TAKES },
            _ => Answer::Refused,
        }
    }

    fn resume(&mut self, buf: &mut [u8], _: Duration) -> Answer {
        Answer::reply(b"at last", buf)
    }

    fn new_session(&mut self) {
        self.sessions += 1;
    }

    fn presence(&mut self, _: Duration) -> Presence {
        Presence::On {
            boot: 1 + self.boot.get(),
        }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        for (id, name) in with_ids(["echo", "slow", "refuse"]) {
            visit(id, name);
        }
    }
}

/// Firmware that clears no values and does not hang up by itself: what is left behind shows.
fn options() -> GattOptions<'static> {
    GattOptions::new(
        "PROV_HABITS",
        &Quirks::vendor_ble(Firmware::Idf55, BleStack::NimBle),
    )
}

fn write(handle: u8, value: &[u8]) -> Vec<u8> {
    [&[0x12, handle, 0], value].concat()
}

fn prepare(handle: u8, offset: u16, part: &[u8]) -> Vec<u8> {
    [&[0x16, handle, 0], &offset.to_le_bytes()[..], part].concat()
}

fn read(handle: u8) -> Vec<u8> {
    vec![0x0a, handle, 0]
}

/// What an error to a request looks like.
fn error(request: u8, handle: u8, code: u8) -> Option<Vec<u8>> {
    Some(vec![0x01, request, handle, 0, code])
}

/// An honest client: connects at once, is served, and leaves.
async fn next_client(central: &mut Central<'_>) {
    central.leave().await;
    assert!(central.connect(SOON).await, "nobody advertises");
    assert_eq!(central.ask(&[0x02, 0, 1]).await, Some(vec![0x03, 0, 1]), "MTU");
    assert_eq!(central.ask(&write(ECHO, b"hello")).await, Some(vec![0x13]));
    assert_eq!(central.ask(&read(ECHO)).await, Some(b"\x0bhello".to_vec()));
    central.leave().await;
}

fn with(options: &GattOptions<'_>, client: impl for<'a> AsyncFnOnce(&mut Central<'a>, &Local<Habits>)) {
    run(Habits::default(), options, client);
}

/// What makes the host below panic, were it to see it, or what no client sends.
fn malformed() -> Vec<Vec<(bool, Vec<u8>)>> {
    let pdus: [&[u8]; 24] = [
        &[],
        &[0x02],
        &[0x02, 0, 0],
        &[0x02, 5, 0],
        &[0x04, 1, 0],
        &[0x06, 1, 0, 0xff, 0xff, 0],
        &[0x08, 1],
        &[0x08, 1, 0, 0xff, 0xff],
        &[0x0a],
        &[0x0a, 3],
        &[0x0c, 3, 0],
        &[0x0e, 3],
        &[0x10, 1, 0],
        &[0x10; 21],
        &[0x12],
        &[0x12, 3],
        &[0x16, 3, 0, 0],
        &[0x18],
        &[0x20],
        &[0x20, 3],
        &[0x52, 3],
        &[0x0b, 1, 2],
        &[0x03, 0, 0],
        &[0x1d],
    ];
    let mut all: Vec<_> = pdus.into_iter().map(|pdu| packets(4, pdu)).collect();
    // The end of a channel that was never opened, alone and behind another signal.
    all.push(packets(5, &[0x06, 1, 4, 0, 0, 0, 0, 0]));
    all.push(packets(5, &[0x13, 1, 2, 0, 0, 0, 0x06, 1, 4, 0, 0, 0, 0, 0]));
    // Pieces of messages.
    all.push(vec![(true, vec![1, 0, 4])]);
    all.push(vec![(true, vec![3, 0, 4, 0])]);
    all.push(vec![(false, vec![1])]);
    all.push(vec![
        (true, vec![9, 0, 4, 0, 0x0a]),
        (true, vec![3, 0, 4, 0, 0x0a, 3, 0]),
    ]);
    all.push(vec![(true, vec![2, 0, 4, 0, 0x0a, 3, 0, 4]), (false, vec![5])]);
    all
}

#[test]
fn malformed_requests_end_the_connection() {
    with(&options(), async |central, _| {
        for packets in malformed() {
            assert!(central.connect(SOON).await);
            central.send(&packets).await;
            assert!(central.sent_away(SOON).await.is_some(), "{packets:02x?}");
            next_client(central).await;
            // Also while a request is looked after, and in the middle of a message.
            for before in [
                vec![(true, write(SLOW, b"x"))],
                vec![(true, vec![9, 0, 4, 0, 0x12, 3, 0])],
            ] {
                assert!(central.connect(SOON).await);
                let before = match &before[0].1[..] {
                    [0x12, ..] => espprov_tests::raw::packets(4, &before[0].1),
                    _ => before,
                };
                central.send(&before).await;
                central.send(&packets).await;
                central.clock.sleep(SECOND).await;
                next_client(central).await;
            }
        }
    });
}

#[test]
fn signals_and_channels_that_do_no_harm() {
    let quiet: [(u16, &[u8]); 8] = [
        (5, &[]),
        (5, &[0x13, 1, 2, 0, 0, 0]),
        // Parameters, a channel, credits: from a central, or for a channel that is not there.
        (5, &[0x12, 1, 8, 0, 6, 0, 5, 0, 0, 0, 10, 0]),
        (5, &[0x14, 1, 10, 0, 0x80, 0, 0x40, 0, 64, 0, 64, 0, 1, 0]),
        (5, &[0x16, 1, 4, 0, 0x40, 0, 0xff, 0xff]),
        (5, &[0x77, 1, 0, 0]),
        (6, &[1, 2, 3]),
        (0x40, &[1, 2, 3]),
    ];
    with(&options(), async |central, _| {
        for (channel, message) in quiet {
            assert!(central.connect(SOON).await);
            central.send(&packets(channel, message)).await;
            central.clock.sleep(SECOND).await;
            while central.hear(SECOND / 10).await.is_some() {}
            let answer = central.ask(&write(ECHO, b"x")).await;
            assert_eq!(answer, Some(vec![0x13]), "{channel} {message:02x?}");
            next_client(central).await;
        }
    });
}

#[test]
fn prepared_writes_without_end() {
    with(&options(), async |central, device| {
        assert!(central.connect(SOON).await);
        let part = [7; 18];
        let mut taken = 0_u16;
        let end = loop {
            let request = prepare(ECHO, taken, &part);
            let answer = central.ask(&request).await.expect("an answer to each");
            if answer[0] != 0x17 {
                break answer;
            }
            assert_eq!(answer[1..], request[1..], "the part comes back");
            taken += 18;
            assert!(taken <= 512);
        };
        assert_eq!(taken, 504);
        assert_eq!(Some(end), error(0x16, 0, 0x0d), "more than a value");
        for _ in 0..1000 {
            assert_eq!(
                central.ask(&prepare(ECHO, 504, &part)).await,
                error(0x16, 0, 0x0d)
            );
        }
        // Somewhere else, and where there is nothing.
        assert_eq!(
            central.ask(&prepare(REFUSE, 0, &part)).await,
            error(0x16, REFUSE, 0x09)
        );
        assert_eq!(
            central.ask(&prepare(ECHO, 0xffff, &part)).await,
            error(0x16, 0, 0x0d)
        );
        assert_eq!(central.ask(&prepare(99, 0, &part)).await, error(0x16, 0, 0x01));
        // Not carried out for whoever comes next.
        next_client(central).await;
        assert!(central.connect(SOON).await);
        let before = device.with(|habits| habits.handled.get());
        assert_eq!(central.ask(&[0x18, 1]).await, Some(vec![0x19]));
        assert_eq!(device.with(|habits| habits.handled.get()), before);
        next_client(central).await;
    });
}

/// To the byte: the last part that fits, and the first that does not.
#[test]
fn a_prepared_write_is_as_long_as_a_value() {
    for most in [257, 512] {
        let mut options = options();
        options.max_value = most;
        with(&options, async |central, _| {
            assert!(central.connect(SOON).await);
            let whole = vec![7; most];
            let mut taken = 0;
            for part in whole.chunks(18) {
                let last = taken + part.len() == most;
                let at = u16::try_from(taken).unwrap();
                if last {
                    let longer = [part, &[7]].concat();
                    let no = central.ask(&prepare(ECHO, at, &longer)).await;
                    assert_eq!(no, error(0x16, 0, 0x0d), "{most}");
                }
                let answer = central.ask(&prepare(ECHO, at, part)).await.unwrap();
                assert_eq!(answer[0], 0x17, "{most}");
                taken += part.len();
            }
            assert_eq!(central.ask(&[0x18, 1]).await, Some(vec![0x19]));
        });
    }
}

#[test]
fn reads_without_end() {
    let boot = Rc::new(Cell::new(0));
    let habits = Habits {
        boot: Rc::clone(&boot),
        ..Habits::default()
    };
    run(habits, &options(), async |central, _| {
        assert!(central.connect(SOON).await);
        for _ in 0..1000 {
            assert_eq!(central.ask(&read(ECHO)).await, Some(vec![0x0b]));
        }
        // The device restarts: nobody holds it back.
        boot.set(1);
        let mut answered = 0;
        while central.ask(&read(ECHO)).await.is_some() {
            answered += 1;
            assert!(answered < 1000, "it goes on");
            central.clock.sleep(SECOND / 100).await;
        }
        next_client(central).await;
    });
}

/// Nobody waits for answers: the device takes what it has room for.
#[test]
fn a_flood() {
    with(&options(), async |central, _| {
        for request in [
            read(ECHO),
            write(ECHO, &[7; 100]),
            [&[0x52, ECHO, 0][..], &[7; 100]].concat(),
            write(REFUSE, b"x"),
            write(SLOW, b"x"),
            prepare(ECHO, 0, &[7; 100]),
            vec![0x18, 1],
            // For a client that is none.
            [&[0x1b, ECHO, 0][..], &[7; 100]].concat(),
            [&[0x1d, ECHO, 0][..], &[7; 100]].concat(),
            vec![0x24, 1, 2],
        ] {
            assert!(central.connect(SOON).await, "{request:02x?}");
            for _ in 0..300 {
                central.pdu(&request).await;
            }
            central.clock.sleep(SECOND).await;
            next_client(central).await;
        }
    });
}

#[test]
fn who_says_nothing_is_sent_away() {
    let soon = |expected: u64, took: Option<Duration>| {
        let took = took.expect("it hangs up");
        let expected = Duration::from_secs(expected);
        assert!(took >= expected - SECOND && took <= expected + SECOND, "{took:?}");
    };
    with(&options(), async |central, _| {
        assert!(central.connect(SOON).await);
        soon(30, central.sent_away(TAKES).await);
        next_client(central).await;
        assert!(central.connect(SOON).await);
        assert_eq!(central.ask(&read(ECHO)).await, Some(b"\x0bhello".to_vec()));
        soon(300, central.sent_away(10 * TAKES).await);
        next_client(central).await;
        // Who is in the middle of a message says nothing either.
        assert!(central.connect(SOON).await);
        for _ in 0..29 {
            central.send(&[(true, vec![200, 0, 6, 0, 1])]).await;
            central.clock.sleep(SECOND).await;
            if !central.air.is_connected() {
                break;
            }
        }
        central.clock.sleep(2 * SECOND).await;
        assert!(!central.air.is_connected());
        next_client(central).await;
    });
    // Stock firmware never does.
    let mut endless = options();
    endless.patience = None;
    with(&endless, async |central, _| {
        assert!(central.connect(SOON).await);
        assert_eq!(central.sent_away(40 * TAKES).await, None);
        next_client(central).await;
    });
    let mut short = options();
    let mut patience = Patience::default();
    (patience.first, patience.idle) = (SECOND * 2, SECOND * 5);
    short.patience = Some(patience);
    with(&short, async |central, _| {
        assert!(central.connect(SOON).await);
        soon(2, central.sent_away(TAKES).await);
        // A scan takes longer than a client may be silent: it waits for the answer.
        assert!(central.connect(SOON).await);
        central.pdu(&write(SLOW, b"x")).await;
        assert_eq!(central.hear(2 * TAKES).await, Some(vec![0x13]));
        soon(5, central.sent_away(TAKES).await);
        next_client(central).await;
    });
}

#[test]
fn who_leaves_is_not_waited_for() {
    with(&options(), async |central, device| {
        // In the middle of a long request, after each of its packets.
        let parts: Vec<_> = (0_u16..12)
            .map(|part| prepare(ECHO, part * 18, &[7; 18]))
            .chain([vec![0x18, 1]])
            .collect();
        for packets in 0..=parts.len() {
            assert!(central.connect(SOON).await);
            for part in &parts[..packets] {
                central.pdu(part).await;
            }
            next_client(central).await;
        }
        // While the device works on an answer; without a word; and with more words than a host remembers.
        for (severed, changes) in [(false, 0), (true, 0), (false, 9)] {
            assert!(central.connect(SOON).await);
            central.pdu(&write(SLOW, b"x")).await;
            central.clock.sleep(SECOND).await;
            for _ in 0..changes {
                central.air.change_length();
            }
            if severed {
                central.air.sever();
            }
            next_client(central).await;
        }
        // Before it was let in.
        for _ in 0..20 {
            central.clock.sleep(SECOND).await;
            central.touch().await;
            next_client(central).await;
        }
        assert!(
            device.with(|habits| habits.sessions) > 20,
            "each client has a session"
        );
    });
}

/// A request that got no answer is not to be read by whoever comes next.
#[test]
fn requests_are_not_left_behind() {
    let secret = b"correct-horse-battery-staple";
    let old = GattOptions::new("PROV_OLD", &Quirks::vendor_ble(Firmware::Idf44, BleStack::NimBle));
    assert!(old.close_on_refusal && !old.strict_values);
    for options in [options(), old] {
        requests_left_behind(&options, secret);
    }
}

fn requests_left_behind(options: &GattOptions<'_>, secret: &[u8]) {
    with(options, async |central, _| {
        for handle in [SLOW, REFUSE] {
            for long in [false, true] {
                assert!(central.connect(SOON).await);
                if long {
                    assert!(central.ask(&prepare(handle, 0, &secret[..18])).await.is_some());
                    assert!(central.ask(&prepare(handle, 18, &secret[18..])).await.is_some());
                    central.pdu(&[0x18, 1]).await;
                } else {
                    assert_eq!(central.ask(&[0x02, 0, 1]).await, Some(vec![0x03, 0, 1]));
                    central.pdu(&write(handle, secret)).await;
                }
                // More of them, for a server that is busy or about to hang up.
                for _ in 0..4 {
                    central.pdu(&write(handle, &secret[..18])).await;
                }
                central.clock.sleep(SECOND).await;
                central.leave().await;
                assert!(central.connect(SOON).await);
                assert_eq!(
                    central.ask(&read(handle)).await,
                    Some(vec![0x0b]),
                    "{handle} {long}"
                );
                central.leave().await;
            }
        }
    });
}

/// A client that asks and asks and whose radio takes no answer. With little memory, there is none for its requests either.
#[test]
fn who_takes_no_answers_is_sent_away() {
    for (packets, expected) in [(8, 300), (16, 30)] {
        with_packets(packets);
        with(&options(), async |central, _| {
            assert!(central.connect(SOON).await);
            central.air.hold(true);
            for _ in 0..40 {
                central.pdu(&read(ECHO)).await;
                central.clock.sleep(SECOND / 100).await;
            }
            let took = central.sent_away(10 * TAKES).await.expect("it hangs up");
            let expected = Duration::from_secs(expected);
            assert!(
                took + SECOND > expected && took < expected + SECOND,
                "{packets}: {took:?}"
            );
            // Or it leaves by itself, and there is no room for that piece of news.
            assert!(central.connect(SOON).await);
            for _ in 0..40 {
                central.pdu(&read(ECHO)).await;
                central.clock.sleep(SECOND / 100).await;
            }
            for _ in 0..9 {
                central.air.change_length();
            }
            central.leave().await;
            central.air.hold(false);
            central.clock.sleep(SECOND).await;
            next_client(central).await;
        });
    }
}

/// Anything at all, in one piece or in several.
#[test]
fn chance() {
    with(&options(), async |central, _| {
        for seed in 0..300 {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            assert!(central.connect(SOON).await, "seed {seed}");
            for _ in 0..8 {
                let dice = rng.next_u32();
                let mut noise = vec![0; (rng.next_u32() % 60) as usize];
                rng.fill_bytes(&mut noise);
                let mut pdu = match dice % 6 {
                    0 => write(ECHO, &noise),
                    1 => prepare(ECHO, rng.next_u32() as u16, &noise),
                    2 => vec![0x0c, ECHO, 0, noise.len() as u8, 0],
                    3 => vec![0x08, 1, 0, 0xff, 0xff, noise.len() as u8, 0x28],
                    4 => vec![0x18, 1],
                    _ => noise.clone(),
                };
                if let Some(place) = pdu.len().checked_sub(1) {
                    match dice >> 8 & 7 {
                        0 => pdu[0] = (dice >> 16) as u8,
                        1 => pdu[place] ^= 1 << (dice >> 16 & 7),
                        2 => pdu.truncate(place),
                        3 => pdu.extend_from_slice(&noise),
                        _ => {}
                    }
                }
                let channel = [4, 4, 4, 4, 4, 5, 6, 0x40][(dice >> 20 & 7) as usize];
                let mut sent = packets(channel, &pdu);
                if dice & 1 << 30 != 0 {
                    let whole = sent.remove(0).1;
                    let at = 1 + rng.next_u32() as usize % whole.len();
                    let (head, rest) = whole.split_at(at);
                    sent.insert(0, (true, head.to_vec()));
                    sent.insert(1, (false, rest.to_vec()));
                }
                central.send(&sent).await;
                if dice & 1 << 31 != 0 {
                    central.clock.sleep(SECOND / 10).await;
                }
            }
            central.clock.sleep(SECOND).await;
            next_client(central).await;
        }
    });
}
