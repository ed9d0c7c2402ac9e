//! The scan alone: bounds, pages, odd entries, and which network is the active one.

use super::*;
use crate::call::testing::{Answer, Error, Play, lost};
use crate::testing::hex;
use core::time::Duration;
use espprov_transport::Limits;
use espprov_types::{AuthMode, Bssid, Ssid};
use std::string::String;

const STARTED: &str = "08015a00";
/// "ab" on channel 6.
const ENTRY: &str = "0a1b0a026162100618ceffffffffffffffff01220602030405060728 09";
/// Without a BSSID.
const ODD: &str = "0a040a026162";

fn scan(page: Option<u8>) -> ScanWifi {
    ScanWifi::new(&ScanOptions {
        page,
        ..ScanOptions::default()
    })
}

/// The scan is over, so many were found.
fn finished(count: u8) -> Answer {
    let mut content = hex("080110");
    if count > 127 {
        content.extend([count, 1]);
    } else {
        content.push(count);
    }
    let mut reply = hex("08036a");
    reply.push(u8::try_from(content.len()).unwrap());
    reply.extend(content);
    Answer::bytes(reply)
}

fn page(entries: &[&str]) -> Answer {
    let entries = hex(&entries.concat().replace(' ', ""));
    let mut reply = hex("08057a");
    if entries.len() > 127 {
        reply.push(u8::try_from(entries.len() % 128 + 128).unwrap());
        reply.push(u8::try_from(entries.len() / 128).unwrap());
    } else {
        reply.push(u8::try_from(entries.len()).unwrap());
    }
    reply.extend(entries);
    Answer::bytes(reply)
}

/// Start and count of a question for a page.
fn range(asked: &str) -> Option<(u8, u8)> {
    let bytes = hex(asked);
    let content = bytes.strip_prefix(&[0x08, 0x04, 0x72])?.get(1..)?;
    let field = |tag| {
        content
            .chunks(2)
            .find(|pair| pair[0] == tag)
            .map_or(0, |pair| pair[1])
    };
    Some((field(0x08), field(0x10)))
}

fn run(play: &mut Play, scan: &mut ScanWifi, device: impl FnMut(&str, usize) -> Answer) -> Result<(), Error> {
    play.run(scan, device)
}

/// The first question of a scan on a link with this hint, as bytes of the vendor's message.
#[test]
fn a_scan_is_started_as_it_was_asked_for() {
    let started = |task: &mut dyn crate::call::Call<()>, limits| {
        let mut play = Play::new();
        play.limits = limits;
        let end = play.run(task, |_, _| Answer::error(lost(Phase::Scan)));
        assert!(end.is_err());
        play.asked.into_iter().find(|asked| asked != "-").unwrap()
    };
    let options = ScanOptions {
        blocking: false,
        passive: true,
        ..ScanOptions::default()
    };
    // 1 blocking, 2 passive, 3 channels in a group, 4 milliseconds on each.
    for (options, limits, bytes) in [
        (ScanOptions::default(), Limits::UNKNOWN, "52040801 2078"),
        (ScanOptions::default(), Limits::HTTP, "52060801 1805 2078"),
        (options, Limits::UNKNOWN, "52041001 2078"),
    ] {
        let mut task = ScanWifi::new(&options);
        assert_eq!(started(&mut task, limits), bytes.replace(' ', ""));
    }
    for (options, bytes) in [
        (ScanOptions::default(), "0806820102 0801"),
        (options, "0806820100"),
    ] {
        let mut task = ScanThread::new(&options);
        assert_eq!(started(&mut task, Limits::HTTP), bytes.replace(' ', ""));
    }
}

/// So many entries as surely fit the reply and as the link is known to carry.
#[test]
fn a_page_is_as_long_as_the_link_bears() {
    for (limits, pages) in [
        (Limits::HTTP, &[(0, 16), (16, 4)][..]),
        (Limits::UNKNOWN.with_scan(0, 12), &[(0, 12), (12, 8)]),
    ] {
        let (mut play, mut scan) = (Play::new(), scan(None));
        play.limits = limits;
        let mut asked_for = Vec::new();
        run(&mut play, &mut scan, |asked, _| match range(asked) {
            Some((start, count)) => {
                asked_for.push((start, count));
                page(&[ENTRY; 16][..count.into()])
            }
            None if asked.starts_with("52") => Answer::ok(STARTED),
            None => finished(20),
        })
        .unwrap();
        assert_eq!(asked_for, pages);
    }
}

#[test]
fn pages_end_where_the_list_does() {
    for (found, page_len, expected) in [
        (7, 4, &[(0, 4), (4, 3)][..]),
        (4, 4, &[(0, 4)]),
        (1, 16, &[(0, 1)]),
        (0, 4, &[]),
        (5, 1, &[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]),
    ] {
        let (mut play, mut scan) = (Play::new(), scan(Some(page_len)));
        let end = run(&mut play, &mut scan, |asked, _| match range(asked) {
            Some((_, count)) => page(&[ENTRY].repeat(count.into())),
            None if asked.starts_with("0800") || asked.starts_with("52") => Answer::ok(STARTED),
            None => finished(found),
        });
        assert_eq!(end, Ok(()), "{found}");
        let pages: Vec<_> = play
            .asked
            .iter()
            .filter(|asked| *asked != "-")
            .filter_map(|asked| range(asked))
            .collect();
        assert_eq!((pages, scan.networks.len()), (expected.to_vec(), found.into()));
    }
}

#[test]
fn one_deadline_over_everything_from_the_start_of_the_scan() {
    let slow = Duration::from_millis(9900);
    let (mut play, mut scan) = (Play::new(), scan(Some(1)));
    play.now = Duration::from_secs(100); // whatever the way there took
    let end = run(&mut play, &mut scan, |asked, _| match range(asked) {
        Some(_) => page(&[ENTRY]).after(slow),
        None if asked.starts_with("52") => Answer::ok(STARTED),
        None => finished(255),
    });
    assert_eq!(end, Err(ProvisionError::Deadline { phase: Phase::Scan }));
    assert_eq!(play.now, Duration::from_secs(140));
    // Polled for ever.
    let (mut play, mut scan) = (Play::new(), self::scan(None));
    let end = run(&mut play, &mut scan, |asked, _| match asked.starts_with("52") {
        true => Answer::ok(STARTED),
        false => Answer::ok("0803"),
    });
    assert_eq!(end, Err(ProvisionError::Deadline { phase: Phase::Scan }));
    assert_eq!(play.now, Duration::from_secs(40), "all of its time, and no more");
    // Polled until it was over.
    let (mut play, mut scan) = (Play::new(), self::scan(None));
    let mut polls = 0;
    let end = run(&mut play, &mut scan, |asked, _| match range(asked) {
        Some(_) => page(&[ENTRY]),
        None if asked.starts_with("52") => Answer::ok(STARTED),
        None => {
            polls += 1;
            if polls < 4 {
                Answer::ok("0803")
            } else {
                finished(1)
            }
        }
    });
    assert_eq!((end, polls, play.now), (Ok(()), 4, Duration::from_millis(1500)));
    // The whole run's deadline, if that is earlier.
    let (mut play, mut scan) = (Play::new(), self::scan(None));
    play.total = Duration::from_secs(3);
    let end = run(&mut play, &mut scan, |_, _| {
        Answer::ok(STARTED).after(Duration::from_secs(4))
    });
    assert_eq!(
        (end, play.now),
        (
            Err(ProvisionError::Deadline { phase: Phase::Scan }),
            Duration::from_secs(3)
        )
    );
}

#[test]
fn an_odd_entry_is_told_and_left_out_and_counts_on_the_page() {
    let (mut play, mut scan) = (Play::new(), scan(Some(2)));
    let end = run(&mut play, &mut scan, |asked, _| match range(asked) {
        Some((0, 2)) => page(&[ENTRY, ODD]),
        // Nothing but odd ones is not the end of the list.
        Some((2, 2)) => page(&[ODD, ODD]),
        Some((4, 1)) => page(&[ENTRY]),
        Some(other) => panic!("{other:?}"),
        None if asked.starts_with("52") => Answer::ok(STARTED),
        None => finished(5),
    });
    assert_eq!((end, scan.networks.len()), (Ok(()), 2));
    let skipped = ["EntriesSkipped { count: 1 }", "EntriesSkipped { count: 2 }"].map(String::from);
    assert_eq!(play.events, skipped);
}

#[test]
fn a_list_that_shrinks_ends_the_scan() {
    let (mut play, mut scan) = (Play::new(), scan(Some(4)));
    let end = run(&mut play, &mut scan, |asked, _| match range(asked) {
        Some((0, _)) => page(&[ENTRY].repeat(3)),
        Some(_) => page(&[]),
        None if asked.starts_with("52") => Answer::ok(STARTED),
        None => finished(9),
    });
    assert_eq!((end, scan.networks.len()), (Ok(()), 3));
}

#[test]
fn another_client_costs_a_question_not_the_scan() {
    let taken = ProvisionError::SessionTaken { phase: Phase::Scan };
    let (mut play, mut scan) = (Play::new(), scan(Some(4)));
    let mut times = 0;
    let end = run(&mut play, &mut scan, |asked, _| match range(asked) {
        Some((4, _)) if times < 3 => {
            times += 1;
            Answer::error(taken).may_go_on()
        }
        Some((_, count)) => page(&[ENTRY].repeat(count.into())),
        None if asked.starts_with("52") => Answer::ok(STARTED),
        None => finished(6),
    });
    assert_eq!((end, scan.networks.len()), (Ok(()), 6));
    for error in [taken, lost(Phase::Scan)] {
        let (mut play, mut scan) = (Play::new(), self::scan(None));
        assert_eq!(run(&mut play, &mut scan, |_, _| Answer::error(error)), Err(error));
    }
}

/// The vendor's messages for Thread: 5 in all, 4 to a page.
#[test]
fn a_thread_scan_is_fetched_page_by_page() {
    const NETWORK: &str =
        "0a2b08b424100f18d0ffffffffffffffff0120c8012a080102030405060708320261623a081111111122222222";
    let options = ScanOptions {
        page: Some(4),
        ..ScanOptions::default()
    };
    let (mut play, mut scan) = (Play::new(), ScanThread::new(&options));
    let mut pages = Vec::new();
    let end = play.run(&mut scan, |asked, _| match asked {
        "08068201020801" => Answer::ok("08078a0100"),
        "0808920100" => Answer::ok("08099a010408011005"),
        page => {
            pages.push(String::from(page));
            match pages.len() {
                1 => Answer::ok(&["080baa01b401", &NETWORK.repeat(4)].concat()),
                2 => Answer::ok(&["080baa012d", NETWORK].concat()),
                _ => panic!("asked for {pages:?}"),
            }
        }
    });
    assert_eq!(end, Ok(()));
    // 1 start, 2 count.
    assert_eq!(pages, ["080aa201021004", "080aa2010408041001"]);
    assert_eq!(scan.into_result().unwrap().len(), 5);
}

#[test]
fn which_network_is_asked_last_and_may_stay_unknown() {
    const ON_AB: &str = "08015a065a041a026162"; // connected to "ab"
    for (wanted, answer, active, events) in [
        (true, Answer::ok(ON_AB), true, 0),
        (true, Answer::ok("08015a021001"), false, 0),
        (true, Answer::error(lost(Phase::Status)), false, 1),
        (true, Answer::ok("ff"), false, 1),
        (false, Answer::ok(ON_AB), false, 0),
    ] {
        let options = ScanOptions {
            mark_active: wanted,
            ..ScanOptions::default()
        };
        let (mut play, mut scan) = (Play::new(), ScanWifi::new(&options));
        let end = run(&mut play, &mut scan, |asked, _| match range(asked) {
            Some(_) => page(&[ENTRY]),
            None if asked == "5200" => Answer {
                took: answer.took,
                reply: answer.reply.clone(),
                trail: answer.trail,
                may_go_on: false,
            },
            None if asked.starts_with("52") => Answer::ok(STARTED),
            None => finished(1),
        });
        assert_eq!(end, Ok(()));
        assert_eq!(play.asked.last().is_some_and(|asked| asked == "5200"), wanted);
        assert_eq!(scan.into_result().unwrap()[0].active, active);
        assert_eq!(play.events.len(), events, "{:?}", play.events);
    }
}

fn access_point(ssid: &[u8], bssid: [u8; 6], channel: u32) -> AccessPoint {
    let ssid = Ssid::new(ssid).unwrap();
    AccessPoint::new(ssid, Bssid::new(bssid), channel, -50, AuthMode::Wpa2Psk)
}

#[test]
fn the_active_network_by_what_is_reliable() {
    const A: [u8; 6] = [1, 2, 3, 4, 5, 6];
    const Z: [u8; 6] = [1, 2, 0, 4, 5, 6];
    const CUT: [u8; 6] = [1, 2, 0, 0, 0, 0];
    let list = [
        access_point(b"Home", A, 6),
        access_point(b"Home", Z, 11),
        access_point(b"Cafe", Z, 11),
    ];
    for (what, ssid, bssid, channel, expected) in [
        ("all of it", &b"Home"[..], Some(A), Some(6), [true, false, false]),
        (
            "the BSSID tells two of a name apart",
            b"Home",
            Some(A),
            None,
            [true, false, false],
        ),
        (
            "a BSSID with a zero, cut",
            b"Home",
            Some(CUT),
            Some(11),
            [false, true, false],
        ),
        (
            "a BSSID with a zero, missing",
            b"Home",
            None,
            Some(11),
            [false, true, false],
        ),
        ("the name alone", b"Home", None, None, [true, true, false]),
        (
            "a channel that has changed since",
            b"Home",
            Some(CUT),
            Some(3),
            [true, true, false],
        ),
        ("the BSSID alone", b"", Some(A), Some(6), [true, false, false]),
        (
            "nothing to go by",
            b"",
            Some(CUT),
            Some(11),
            [false, false, false],
        ),
        (
            "a network that was not heard",
            b"Attic",
            Some(A),
            Some(6),
            [false, false, false],
        ),
    ] {
        let mut networks = list.clone();
        let mut on = WifiConnection::new(Ssid::new(ssid).unwrap());
        on.bssid = bssid.map(Bssid::new);
        on.channel = channel;
        mark_active(&mut networks, &on);
        assert_eq!(networks.map(|network| network.active), expected, "{what}");
    }
}
