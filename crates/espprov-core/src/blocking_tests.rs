//! The blocking driver with a link that answers as it is told.

use crate::auth::NoSecurity;
use crate::blocking::Provisioner;
use crate::request::ControlAction;
use crate::testing::{Broken, Dice};
use crate::{Deadlines, Phase, ProvisionError};
use alloc::vec::Vec;
use core::cell::Cell;
use core::time::Duration;
use espprov_transport::blocking::{Clock, Link, Stopped};
use espprov_transport::{Endpoint, Limits, LinkFault, SessionIntent};
use std::vec;

struct Still;
impl Clock for Still {
    fn now(&self) -> Duration {
        Duration::from_secs(100)
    }
    fn sleep(&self, _: Duration) {}
}

/// Answers as it is told, and notes what was asked and how long it might have taken.
struct Scripted<'a> {
    script: Vec<Result<&'static [u8], Stopped<Broken>>>,
    asked: &'a Cell<u32>,
    timeout: &'a Cell<Duration>,
    /// What comes of an attempt to open it again.
    reopened: Result<(), Stopped<Broken>>,
}
impl Link for Scripted<'_> {
    type Error = Broken;
    fn exchange(
        &mut self,
        _: Endpoint<'_>,
        buf: &mut [u8],
        _: usize,
        timeout: Duration,
    ) -> Result<usize, Stopped<Broken>> {
        self.asked.set(self.asked.get() + 1);
        self.timeout.set(timeout);
        let reply = self.script.remove(0)?;
        buf[..reply.len()].copy_from_slice(reply);
        Ok(reply.len())
    }
    fn reconnect(&mut self, _: SessionIntent, _: Duration) -> Result<(), Stopped<Broken>> {
        self.reopened
    }
    fn limits(&self) -> Limits {
        Limits::UNKNOWN
    }
    fn close(&mut self, timeout: Duration) {
        self.asked.set(self.asked.get() + 100);
        self.timeout.set(timeout);
    }
}

const LOST: Broken = Broken(LinkFault::Lost { delivered: false });
const INFO: &[u8] = br#"{"prov":{"ver":"v1.1","sec_ver":0,"cap":["no_sec"]}}"#;
const RAW: Endpoint<'_> = Endpoint::CUSTOM_DATA;

#[test]
fn what_the_link_says_is_what_the_caller_hears() {
    let (asked, timeout) = (Cell::default(), Cell::default());
    let script = vec![
        Ok(&b"pong"[..]),
        Err(Stopped::Fault(LOST)),
        Err(Stopped::Elapsed),
        Ok(INFO),
        Ok(b"one"),
        Ok(b"two"),
        Err(Stopped::Fault(LOST)),
    ];
    let link = Scripted {
        script,
        asked: &asked,
        timeout: &timeout,
        reopened: Ok(()),
    };
    let mut device = Provisioner::new(link, NoSecurity, Dice(0), Still, vec![0; 512]);
    let mut heard = Vec::new();
    let sent = device.send_raw(RAW, b"ping", |reply| heard.extend_from_slice(reply));
    assert_eq!((sent, &heard[..], asked.get()), (Ok(()), &b"pong"[..], 1));
    let lost = device.send_raw(RAW, b"ping", |_| panic!("no answer"));
    assert!(
        matches!(lost, Err(ProvisionError::Link { error: LOST, .. })),
        "{lost:?}"
    );
    let late = device.send_raw(RAW, b"ping", |_| panic!("no answer"));
    assert!(matches!(late, Err(ProvisionError::Deadline { .. })), "{late:?}");

    let mut pieces = Vec::new();
    let sent = device.send(RAW, b"abcd", Some(2), |reply| pieces.push(reply.to_vec()));
    assert_eq!((sent, asked.get()), (Ok(2), 6));
    assert_eq!(pieces, [b"one", b"two"]);
    assert_eq!(
        device
            .control(ControlAction::ResetWifi)
            .map_err(|error| error.phase()),
        Err(Some(Phase::Control))
    );
    assert_eq!(asked.get(), 7);
}

/// Nothing was asked there that could have gone unanswered.
#[test]
fn a_link_that_does_not_open_again_in_time() {
    for stopped in [Stopped::Elapsed, Stopped::Unanswered] {
        let (asked, timeout) = (Cell::default(), Cell::default());
        let link = Scripted {
            script: vec![Err(Stopped::Fault(LOST))],
            asked: &asked,
            timeout: &timeout,
            reopened: Err(stopped),
        };
        let mut device = Provisioner::new(link, NoSecurity, Dice(0), Still, vec![0; 512]);
        assert!(device.info().is_err());
        let late = device.info().map(drop);
        let phase = Phase::Connect;
        assert_eq!(late, Err(ProvisionError::Deadline { phase }));
    }
}

#[test]
fn the_time_for_everything_and_the_time_to_close() {
    let (asked, timeout) = (Cell::default(), Cell::default());
    let link = Scripted {
        script: vec![Ok(INFO)],
        asked: &asked,
        timeout: &timeout,
        reopened: Ok(()),
    };
    let mut device = Provisioner::new(link, NoSecurity, Dice(0), Still, vec![0; 512]);
    device.limit_total(Duration::from_millis(1500));
    assert!(device.info().is_ok());
    assert_eq!(timeout.get(), Duration::from_millis(1500));
    device.close();
    assert_eq!((asked.get(), timeout.get()), (101, Deadlines::default().connect));
}
