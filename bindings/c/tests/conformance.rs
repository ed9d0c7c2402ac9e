//! The conformance suite through the C functions. The flows run with a handle as the client; what the suite says to a bare link
//! goes through `espprov_send_raw`. Everything crosses the border as from C: structs, lengths, numbers.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "calls the C functions as C does: each pointer is to something that outlives the call"
)]

#[path = "support/device.rs"]
mod device;

use core::ffi::{CStr, c_void};
use core::fmt;
use core::time::Duration;
use espprov_c::*;
use espprov_conformance::{CASES, Client, ClientLink, Credentials, Ended, Scheme, Tally, Told, USERNAME};
use espprov_simulator::scenario::Link as SimLink;
use espprov_simulator::time::VirtualClock;
use espprov_simulator::{MemoryTransport, Shared, SimDevice};
use espprov_transport::blocking::{Blocked, Clock, Link, Stopped, Wait};
use espprov_transport::{Endpoint, Limits, LinkFault, SessionIntent, TransportError};
use std::ffi::CString;

/// Room for any reply.
const ROOM: usize = 16 * 1024;

/// A record of the header as C makes it: zero, with its size.
macro_rules! record {
    ($name:ident) => {{
        let mut record: $name = unsafe { core::mem::zeroed() };
        record.size = size_of::<$name>();
        record
    }};
}

type Wire = Blocked<MemoryTransport<SimDevice, VirtualClock>, VirtualClock, VirtualClock>;

/// The link under the C library, as a program has it.
struct Program {
    wire: Wire,
    clock: VirtualClock,
    kind: EspprovLink,
    usable: bool,
    /// What the wire said last.
    fault: Option<LinkFault>,
}

/// A handle.
struct Handle(*mut EspprovDevice);

impl Drop for Handle {
    fn drop(&mut self) {
        unsafe { espprov_free(self.0) };
    }
}

impl Handle {
    fn new(kind: EspprovLink, limits: Limits, credentials: Option<Credentials>) -> Self {
        let mut config = record!(EspprovConfig);
        config.link = kind as i32;
        config.max_request = limits.max_request.unwrap_or(0);
        config.max_response = limits.max_response.unwrap_or(0);
        config.allow_plaintext = 1;
        if let Some(Credentials { scheme, secret }) = credentials {
            let (to, len) = match scheme {
                Scheme::Sec0 => (None, None),
                Scheme::Sec1 => (Some(&mut config.pop), Some(&mut config.pop_len)),
                Scheme::Sec2Patch0 | Scheme::Sec2Patch1 => {
                    config.username = USERNAME.as_ptr().cast();
                    config.username_len = USERNAME.len();
                    (Some(&mut config.password), Some(&mut config.password_len))
                }
            };
            if let (Some(to), Some(len)) = (to, len) {
                config.allow_plaintext = 0;
                (*to, *len) = (secret.as_ptr().cast(), secret.len());
            }
        }
        let device = unsafe { espprov_new(&config) };
        assert!(!device.is_null());
        Self(device)
    }

    /// Code, and sizes, of the last error.
    fn error(&self) -> (String, usize, usize) {
        let mut error = record!(EspprovError);
        unsafe {
            assert_eq!(espprov_get_error(self.0, &mut error), ESPPROV_OK);
            let code = CStr::from_ptr(error.code).to_str().unwrap().to_owned();
            (code, error.bytes_needed, error.bytes_limit)
        }
    }

    fn told(&self) -> Told {
        match self.error() {
            (code, need, limit) if code == "request_too_large" => Told::RequestTooLarge { need, limit },
            (code, ..) if code == "wrong_pop" || code == "wrong_password" => Told::WrongCredentials,
            (code, ..) => Told::Other(code),
        }
    }
}

impl Program {
    fn now(&self) -> u64 {
        u64::try_from(Clock::now(&self.time()).as_millis()).unwrap()
    }

    fn time(&self) -> Wait<VirtualClock, VirtualClock> {
        Wait::new(self.clock.clone(), self.clock.clone())
    }

    fn left(&self, deadline_ms: u64) -> Duration {
        Duration::from_millis(deadline_ms.saturating_sub(self.now()))
    }

    /// The loop of the header. `open`: whether the link may be opened, or counts as open as it is.
    fn drive(&mut self, handle: &Handle, open: bool) -> i32 {
        let device = handle.0;
        loop {
            let mut action = record!(EspprovAction);
            let status = unsafe { espprov_poll(device, self.now(), &mut action) };
            let told = match status {
                ESPPROV_EXCHANGE => self.exchange(device, &action),
                ESPPROV_RECONNECT if !open && self.usable => unsafe { espprov_reconnected(device) },
                ESPPROV_RECONNECT if !open => self.fail(device, LinkFault::NeedsReconnect),
                ESPPROV_RECONNECT => {
                    let intent = match action.fresh_session {
                        true => SessionIntent::Fresh,
                        false => SessionIntent::Keep,
                    };
                    match Link::reconnect(self, intent, self.left(action.deadline_ms)) {
                        Ok(()) => unsafe { espprov_reconnected(device) },
                        Err(stopped) => self.fail(device, stopped.into_fault()),
                    }
                }
                ESPPROV_WAIT => {
                    self.time().sleep(self.left(action.deadline_ms));
                    continue;
                }
                ESPPROV_BUSY => continue,
                over => return over,
            };
            assert_eq!(told, ESPPROV_OK);
        }
    }

    fn exchange(&mut self, device: *mut EspprovDevice, action: &EspprovAction) -> i32 {
        let mut buf = vec![0; ROOM];
        let (endpoint, request) = unsafe {
            let request = core::slice::from_raw_parts(action.request.cast::<u8>(), action.request_len);
            (CStr::from_ptr(action.endpoint).to_str().unwrap(), request)
        };
        let endpoint = Endpoint::custom(endpoint).unwrap();
        buf[..request.len()].copy_from_slice(request);
        let (len, timeout) = (request.len(), self.left(action.deadline_ms));
        let result = self.wire.exchange(endpoint, &mut buf, len, timeout);
        self.usable = match &result {
            Ok(_) => true,
            Err(Stopped::Fault(error)) => matches!(
                error.fault(),
                LinkFault::Refused { link_alive: true }
                    | LinkFault::NoSuchEndpoint
                    | LinkFault::RequestTooLarge { .. }
            ),
            Err(_) => false,
        };
        match result {
            Ok(len) => unsafe { espprov_reply(device, buf.as_ptr().cast(), len) },
            Err(Stopped::Fault(error)) => self.fail(device, error.fault()),
            Err(stopped) => self.fail(device, stopped.into_fault()),
        }
    }

    /// Tells the library of a link that failed, or ran out of time.
    fn fail(&mut self, device: *mut EspprovDevice, fault: LinkFault) -> i32 {
        self.fault = Some(fault);
        let number = match fault {
            LinkFault::Refused { link_alive: true } => EspprovFault::RefusedAlive,
            LinkFault::Refused { link_alive: false } => EspprovFault::Refused,
            LinkFault::SessionTaken => EspprovFault::SessionTaken,
            LinkFault::NoSuchEndpoint => EspprovFault::NoSuchEndpoint,
            LinkFault::TimedOut { .. } => EspprovFault::TimedOut,
            LinkFault::NeedsPairing => EspprovFault::NeedsPairing,
            LinkFault::RequestTooLarge { .. } => EspprovFault::RequestTooLarge,
            LinkFault::Garbled => EspprovFault::Garbled,
            LinkFault::Spoiled => EspprovFault::Spoiled,
            LinkFault::Restarted => EspprovFault::Restarted,
            LinkFault::NeedsReconnect => EspprovFault::NotOpen,
            _ => EspprovFault::Lost,
        };
        unsafe {
            if fault.may_have_been_delivered() {
                espprov_sent(device);
            }
            espprov_fault(device, number as i32)
        }
    }
}

/// What a link says that stopped.
trait IntoFault {
    fn into_fault(self) -> LinkFault;
}

impl<E: TransportError> IntoFault for Stopped<E> {
    fn into_fault(self) -> LinkFault {
        match self {
            Self::Fault(error) => error.fault(),
            stopped => LinkFault::TimedOut {
                delivered: matches!(stopped, Self::Unanswered),
            },
        }
    }
}

/// The suite's bare link: every exchange is a call of the library.
impl Link for Program {
    type Error = Failed;

    fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
        timeout: Duration,
    ) -> Result<usize, Stopped<Failed>> {
        let handle = Handle::new(self.kind, self.wire.limits(), None);
        if !self.usable {
            assert_eq!(unsafe { espprov_close(handle.0) }, ESPPROV_OK);
        }
        let name = CString::new(endpoint.as_str()).unwrap();
        let until = self
            .now()
            .saturating_add(u64::try_from(timeout.as_millis()).unwrap());
        unsafe {
            assert_eq!(espprov_limit_total(handle.0, until), ESPPROV_OK);
            let data = buf.as_ptr().cast::<c_void>();
            assert_eq!(espprov_send_raw(handle.0, name.as_ptr(), data, len), ESPPROV_OK);
        }
        self.fault = None;
        if self.drive(&handle, false) == ESPPROV_DONE {
            let mut answer = record!(EspprovAnswer);
            let answer = unsafe {
                assert_eq!(espprov_get_answer(handle.0, 0, &mut answer), ESPPROV_OK);
                core::slice::from_raw_parts(answer.data.cast::<u8>(), answer.len)
            };
            let need = answer.len();
            let Some(room) = buf.get_mut(..need) else {
                self.usable = false;
                return Err(Stopped::Fault(Failed(LinkFault::ReplyTooLarge { need })));
            };
            room.copy_from_slice(answer);
            return Ok(need);
        }
        // What the library makes of it must be what the wire said.
        let fault = self.fault;
        let (code, _, limit) = handle.error();
        Err(match (code.as_str(), fault) {
            ("request_too_large", Some(fault @ LinkFault::RequestTooLarge { limit: wire }))
                if wire == limit =>
            {
                Stopped::Fault(Failed(fault))
            }
            ("no_such_endpoint", Some(fault @ LinkFault::NoSuchEndpoint))
            | ("refused", Some(fault @ LinkFault::Refused { .. }))
            | ("link_lost", Some(fault @ (LinkFault::Lost { .. } | LinkFault::NeedsReconnect))) => {
                Stopped::Fault(Failed(fault))
            }
            ("deadline", Some(LinkFault::TimedOut { delivered: true })) => Stopped::Unanswered,
            ("deadline", Some(LinkFault::TimedOut { .. })) => Stopped::Elapsed,
            other => panic!("the library says {other:?}"),
        })
    }

    fn reconnect(&mut self, intent: SessionIntent, timeout: Duration) -> Result<(), Stopped<Failed>> {
        let result = self.wire.reconnect(intent, timeout);
        self.usable = result.is_ok();
        result.map_err(|stopped| match stopped {
            Stopped::Fault(error) => Stopped::Fault(Failed(error.fault())),
            Stopped::Unanswered => Stopped::Unanswered,
            _ => Stopped::Elapsed,
        })
    }

    fn limits(&self) -> Limits {
        self.wire.limits()
    }

    fn close(&mut self, timeout: Duration) {
        self.usable = false;
        self.wire.close(timeout);
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Failed(LinkFault);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl core::error::Error for Failed {}

impl TransportError for Failed {
    fn fault(&self) -> LinkFault {
        self.0
    }
}

/// A handle as the suite's client.
struct OverC<'p> {
    program: &'p mut Program,
    handle: Handle,
}

impl ClientLink for Program {
    fn client(&mut self, credentials: Credentials) -> Box<dyn Client + '_> {
        let handle = Handle::new(self.kind, self.wire.limits(), Some(credentials));
        if !self.usable {
            assert_eq!(unsafe { espprov_close(handle.0) }, ESPPROV_OK);
        }
        Box::new(OverC {
            program: self,
            handle,
        })
    }
}

impl OverC<'_> {
    /// Takes the call that was begun to its end.
    fn run(&mut self, begun: i32) -> Result<(), Told> {
        assert_eq!(begun, ESPPROV_OK);
        match self.program.drive(&self.handle, true) {
            ESPPROV_DONE => Ok(()),
            ESPPROV_FAILED => Err(self.handle.told()),
            misuse => panic!("{misuse}"),
        }
    }
}

impl Client for OverC<'_> {
    fn info(&mut self) -> Result<(), Told> {
        let begun = unsafe { espprov_info(self.handle.0) };
        self.run(begun)
    }

    fn connect(&mut self) -> Result<(), Told> {
        let begun = unsafe { espprov_connect(self.handle.0) };
        self.run(begun)
    }

    fn scan(&mut self) -> Result<Vec<i32>, Told> {
        let begun = unsafe { espprov_scan_wifi(self.handle.0, 0) };
        self.run(begun)?;
        let count = unsafe { espprov_count(self.handle.0) };
        let strength = |index| {
            let mut network = record!(EspprovAccessPoint);
            let found = unsafe { espprov_get_access_point(self.handle.0, index, &mut network) };
            assert_eq!(found, ESPPROV_OK);
            network.rssi
        };
        Ok((0..count).map(strength).collect())
    }

    fn provision(&mut self, ssid: &str, passphrase: &str) -> Result<Ended, Told> {
        let begun = unsafe {
            espprov_provision_wifi(
                self.handle.0,
                ssid.as_ptr().cast(),
                ssid.len(),
                passphrase.as_ptr().cast(),
                passphrase.len(),
            )
        };
        let ended = self.run(begun);
        let mut wifi = record!(EspprovWifi);
        if unsafe { espprov_get_wifi(self.handle.0, &mut wifi) } != ESPPROV_OK {
            return Err(ended.expect_err("a result, or an error"));
        }
        Ok(match (ended, wifi.state, wifi.reason) {
            (Ok(()), EspprovState::Connected, _) => {
                let ssid = wifi.ssid[..usize::from(wifi.ssid_len)].iter();
                Ended::Connected(ssid.map(|&c| c.to_ne_bytes()[0]).collect())
            }
            (Err(Told::Other(code)), _, EspprovReason::AuthError) if code == "auth_error" => Ended::AuthError,
            other => Ended::Other(format!("{other:?}")),
        })
    }

    fn send(&mut self, endpoint: &str, data: &[u8], chunk: usize) -> Result<(usize, Vec<u8>), Told> {
        let endpoint = CString::new(endpoint).unwrap();
        let begun = unsafe {
            espprov_send(
                self.handle.0,
                endpoint.as_ptr(),
                data.as_ptr().cast(),
                data.len(),
                chunk,
            )
        };
        self.run(begun)?;
        let count = unsafe { espprov_count(self.handle.0) };
        let mut back = Vec::new();
        for index in 0..count {
            let mut answer = record!(EspprovAnswer);
            unsafe {
                assert_eq!(espprov_get_answer(self.handle.0, index, &mut answer), ESPPROV_OK);
                back.extend_from_slice(core::slice::from_raw_parts(answer.data.cast(), answer.len));
            }
        }
        Ok((count, back))
    }

    fn close(&mut self) {
        assert_eq!(unsafe { espprov_close(self.handle.0) }, ESPPROV_OK);
        Link::close(self.program, Duration::from_secs(1));
    }
}

/// In memory, with the limits of these links: how many cases are beyond them, as through the drivers of Rust.
#[test]
fn every_case_through_c() {
    for (name, kind, link, beyond) in [
        ("in memory", EspprovLink::Other, SimLink::Ideal, 0),
        ("as NimBLE", EspprovLink::Ble, SimLink::Nimble, 4),
        ("as Bluedroid", EspprovLink::Ble, SimLink::Bluedroid, 7),
        ("as HTTP", EspprovLink::Http, SimLink::Http, 1),
    ] {
        let mut tally = Tally::default();
        for case in CASES {
            let clock = VirtualClock::new();
            let device = device::device(link, case.scheme);
            let model = device.scenario().device.link_model();
            let transport = MemoryTransport::new(Shared::new(device), clock.clone(), model);
            let mut program = Program {
                wire: Blocked::new(transport, Wait::new(clock.clone(), clock.clone())),
                clock,
                kind,
                usable: true,
                fault: None,
            };
            tally.add(case, case.run_client(&mut program));
        }
        println!("through C, {name}: {tally}");
        assert!(tally.failures.is_empty(), "{name}: {tally}");
        assert_eq!(tally.run(), CASES.len());
        assert_eq!(tally.beyond, beyond, "{name}: cases beyond the link's limit");
    }
}
