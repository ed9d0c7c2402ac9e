//! What needs no server; `tests/line` has one.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Nobody listens there.
fn nowhere() -> Address {
    Address::parse("postgres://me@127.0.0.1:1/x?sslmode=disable")
        .ok()
        .unwrap()
}

fn lease(since: Moment) -> Lease {
    Lease {
        key: "k".into(),
        token: "t".into(),
        since,
    }
}

#[test]
fn the_clock_that_says_more_counts() {
    let now = Moment::now();
    assert!(now.elapsed() < HOUR);
    assert!(now.slept(HOUR).elapsed() >= HOUR);
    assert!(now.set_back(HOUR).elapsed() < HOUR);
}

#[tokio::test]
async fn who_slept_past_the_lease_has_lost_it() {
    let ledger = SharedLedger::closed(nowhere(), "s", HOUR);
    // Ten of the sixty minutes are the margin.
    let slept = lease(Moment::now().slept(HOUR * 5 / 6));
    let lost = timeout(Duration::from_secs(60), ledger.keep(&slept)).await;
    assert_eq!(
        lost.ok(),
        Some(Lost::Away),
        "at once, not when the next renewal is due"
    );
    assert!(!ledger.is_away(), "nobody was asked");
    // Awake, or with a clock that was set back, nothing is due for twenty minutes.
    for since in [Moment::now(), Moment::now().set_back(HOUR)] {
        let lease = lease(since);
        let kept = timeout(Duration::from_millis(50), ledger.keep(&lease)).await;
        assert!(kept.is_err() && !ledger.is_away());
    }
}

#[tokio::test]
async fn a_lease_has_its_bounds() {
    for wrong in [
        Duration::ZERO,
        Duration::from_millis(2999),
        HOUR + Duration::from_millis(1),
        Duration::MAX,
    ] {
        let opened = SharedLedger::open(nowhere(), "s", wrong).await;
        assert_eq!(opened.err(), Some(SharedError::Lease), "{wrong:?}");
    }
    for right in [*LEASES.start(), *LEASES.end()] {
        let opened = SharedLedger::open(nowhere(), "s", right).await;
        assert!(matches!(opened, Err(SharedError::Away(_))), "{right:?}");
    }
}
