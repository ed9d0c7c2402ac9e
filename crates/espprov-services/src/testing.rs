//! A small service for the tests of front ends.

use crate::{Answer, Presence, Service, with_ids};
use core::time::Duration;
use std::borrow::ToOwned;
use std::string::String;
use std::vec::Vec;

/// Endpoints: `echo` answers with the request, `count` with the number of requests in this session,
/// `refuse`, `silent`, `slow` (two seconds, then `slow`), `empty`, `big` (600 bytes), `close`.
#[derive(Debug, Default)]
pub(crate) struct Stub {
    pub(crate) sessions: u32,
    pub(crate) handled: Vec<(String, Vec<u8>)>,
    pub(crate) count: u8,
    pub(crate) off: Option<(Duration, Duration)>,
}

impl Service for Stub {
    fn handle(&mut self, endpoint: &str, buf: &mut [u8], len: usize, now: Duration) -> Answer {
        let request = buf[..len].to_vec();
        self.handled.push((endpoint.to_owned(), request));
        self.count += 1;
        if endpoint != "echo" {
            buf.fill(0);
        }
        buf[len..].fill(0);
        match endpoint {
            "echo" => Answer::Reply(len),
            "count" => Answer::reply(&[self.count], buf),
            "empty" => Answer::Reply(0),
            "big" => Answer::reply(&[7; 600], buf),
            "refuse" | "prov-session" => Answer::Refused,
            "silent" => Answer::Silence,
            "close" => Answer::Closed { delivered: true },
            "slow" => Answer::Pending {
                until: now + Duration::from_secs(2),
            },
            _ => Answer::NoSuchEndpoint,
        }
    }

    fn resume(&mut self, buf: &mut [u8], _: Duration) -> Answer {
        Answer::reply(b"slow", buf)
    }

    fn new_session(&mut self) {
        self.sessions += 1;
        self.count = 0;
    }

    fn presence(&mut self, now: Duration) -> Presence {
        match self.off {
            Some((from, to)) if now >= from && now < to => Presence::Away { back_at: Some(to) },
            Some((_, to)) if now >= to => Presence::On { boot: 2 },
            _ => Presence::On { boot: 1 },
        }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        let names = [
            "echo",
            "count",
            "empty",
            "big",
            "refuse",
            "silent",
            "close",
            "slow",
            "prov-session",
        ];
        for (id, name) in with_ids(names) {
            visit(id, name);
        }
    }
}
