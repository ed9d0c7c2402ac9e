//! What JavaScript holds of one device.

use crate::entropy::WebCrypto;
use crate::events::Events;
use crate::fault::Fault;
use crate::json::Json;
use crate::order::{self, Desk, Order, Wanted, What};
use crate::{payload, values};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use espprov::{Caller, Credentials, Error, LinkKind, Place};
use espprov_core::auth::{Auto, SecurityChoice};
use espprov_core::{Budget, Deadlines, Engine, Input, SecurityScheme};
use espprov_transport::Limits;
use espprov_web_polled::{fault, millis, time};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

/// Room for one request or reply: more than any device sends.
const BUFFER: usize = 16 * 1024;
/// A handshake lets the page draw after so many products of large numbers: some 20 ms on a phone.
const BUDGET: u32 = 600;
/// How long connecting again may take over Bluetooth, and how long a device is looked for there.
const BLE_CONNECT: Duration = Duration::from_secs(20);
const BLE_RECOVER: Duration = Duration::from_secs(30);

/// What [`Client::step`] says; `wasm.ts` has the same numbers.
const EXCHANGE: u8 = 0;
const RECONNECT: u8 = 1;
const WAIT: u8 = 2;
const BUSY: u8 = 3;
const DONE: u8 = 4;
const FAILED: u8 = 5;
/// A reconnect after which the device must have forgotten the session.
const RECONNECT_FRESH: u8 = 6;

/// What [`Client::tell`] hears; `wasm.ts` has the same numbers.
const SENT: u8 = 0;
const RECONNECTED: u8 = 1;
const ELAPSED: u8 = 2;
const CANCELLED: u8 = 3;

/// What [`Client::text`] and [`Client::bytes`] say; `wasm.ts` has the same numbers.
const ENDPOINT: u8 = 0;
const EVENTS: u8 = 1;
const REQUEST: u8 = 0;

type Work = Pin<Box<dyn Future<Output = Result<String, Error>>>>;

/// The engine of one device, and the call under way.
#[wasm_bindgen]
pub struct Client {
    desk: Rc<Desk>,
    events: Events,
    work: Option<Work>,
    /// The exchange under way has been handed over completely.
    sent: bool,
    result: String,
}

#[wasm_bindgen]
impl Client {
    /// A client for the device at the other end of a link of this kind. `label`: how messages call it; `page`: a page shows them, else a
    /// program hears them. `security`: this scheme and no other; `plaintext`: a device without encryption is acceptable. What opens it:
    /// `pop`, `username`, `password`, and from `code`, the text of the code on the device, what none of them says. Why it cannot be that is
    /// the [`text`](Self::text) of a result, `{"error":…}`; without one it can.
    #[wasm_bindgen(constructor)]
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "each function that is exported takes its place in what a page downloads"
    )]
    pub fn new(
        kind: &str,
        label: &str,
        page: bool,
        security: Option<u8>,
        plaintext: bool,
        pop: Option<Vec<u8>>,
        username: Option<Vec<u8>>,
        password: Option<Vec<u8>>,
        code: Option<String>,
    ) -> Self {
        let kind = match kind {
            "ble" => LinkKind::Ble,
            "http" => LinkKind::Http,
            "serial" => LinkKind::Serial,
            "sim" => LinkKind::Sim,
            _ => LinkKind::Other,
        };
        let caller = if page { Caller::Page } else { Caller::JavaScript };
        let mut credentials = Credentials::default();
        credentials.pop = pop.map(Zeroizing::new);
        credentials.username = username.map(Zeroizing::new);
        credentials.password = password.map(Zeroizing::new);
        let (auth, result) = match authenticator(credentials, code, caller) {
            Ok(auth) => (auth, String::new()),
            Err(why) => (Auto::new(), payload::error(&why)),
        };
        let choice = security.map_or(SecurityChoice::Auto, |number| {
            SecurityChoice::Exactly(SecurityScheme::from_number(number))
        });
        let auth = auth.with_choice(choice).allow_plaintext(plaintext);
        let mut deadlines = Deadlines::default();
        let mut limits = Limits::UNKNOWN;
        match kind {
            LinkKind::Ble => {
                deadlines.connect = BLE_CONNECT;
                deadlines.recover = BLE_RECOVER;
                limits = Limits::ble(512, 512);
            }
            LinkKind::Http => limits = Limits::HTTP,
            _ => {}
        }
        let events = Events::new();
        let engine = Engine::new(auth, WebCrypto, alloc::vec![0; BUFFER])
            .with_deadlines(deadlines)
            .with_budget(Budget::products(BUDGET))
            .with_observer(events.clone());
        Self {
            desk: Rc::new(Desk {
                engine: RefCell::new(engine),
                place: Place::new(caller, kind, label),
                limits: Cell::new(limits),
                now: Cell::default(),
                wanted: RefCell::default(),
                told: RefCell::default(),
                answer: RefCell::default(),
            }),
            events,
            work: None,
            sent: false,
            result,
        }
    }

    /// The longest request and reply that the link carries; 0 leaves one as it is.
    #[wasm_bindgen(js_name = setLimits)]
    pub fn set_limits(&mut self, max_request: usize, max_response: usize) {
        let mut limits = self.desk.limits.get();
        if max_request > 0 {
            limits.max_request = Some(max_request);
        }
        if max_response > 0 {
            limits.max_response = Some(max_response);
        }
        self.desk.limits.set(limits);
    }

    /// Begins a call, by its number, and gives up what was under way. `deadline`: for all of it, in milliseconds.
    pub fn begin(&mut self, call: u8, first: Vec<u8>, second: Vec<u8>, number: u32, now: f64, deadline: f64) {
        self.cancel();
        let order = Order {
            what: What::numbered(call),
            first: Zeroizing::new(first),
            second: Zeroizing::new(second),
            number,
        };
        let until = time(now).saturating_add(time(deadline));
        self.desk.engine.borrow_mut().limit_total(until);
        self.desk.answer.replace(Vec::new());
        self.result = String::new();
        self.work = Some(Box::pin(order::carry_out(Rc::clone(&self.desk), order)));
    }

    /// What to do next.
    pub fn step(&mut self, now: f64) -> u8 {
        self.desk.now.set(time(now));
        self.sent = false;
        let Some(work) = &mut self.work else {
            return DONE;
        };
        let done = match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => done,
            Poll::Pending => {
                return match &*self.desk.wanted.borrow() {
                    Some(Wanted::Exchange { .. }) => EXCHANGE,
                    Some(Wanted::Reconnect { fresh: true, .. }) => RECONNECT_FRESH,
                    Some(Wanted::Reconnect { .. }) => RECONNECT,
                    Some(Wanted::Wait { .. }) => WAIT,
                    Some(Wanted::Busy) | None => {
                        self.desk.told.replace(Some(Input::Continue));
                        BUSY
                    }
                };
            }
        };
        self.work = None;
        match done {
            Ok(result) => {
                self.result = result;
                DONE
            }
            Err(why) => {
                let mut json = Json::new();
                json.object(|json| values::error(json, &why));
                self.result = json.finish();
                FAILED
            }
        }
    }

    /// The endpoint of the exchange; what happened since the last time, JSON documents with commas between them; or what came of the call, or
    /// its error, a JSON document.
    #[must_use]
    pub fn text(&mut self, which: u8) -> String {
        match (which, &*self.desk.wanted.borrow()) {
            (ENDPOINT, Some(Wanted::Exchange { endpoint, .. })) => endpoint.clone(),
            (EVENTS, _) => self.events.take(),
            _ => mem::take(&mut self.result),
        }
    }

    /// The request of the exchange, or the answers of an application's endpoint.
    #[must_use]
    pub fn bytes(&self, which: u8) -> Vec<u8> {
        match (which, &*self.desk.wanted.borrow()) {
            (REQUEST, Some(Wanted::Exchange { len, .. })) => {
                let mut engine = self.desk.engine.borrow_mut();
                engine.buffer_mut().get(..*len).unwrap_or_default().to_vec()
            }
            _ => self.desk.answer.take(),
        }
    }

    /// When to give up, in milliseconds.
    #[must_use]
    pub fn until(&self) -> f64 {
        match &*self.desk.wanted.borrow() {
            Some(
                Wanted::Exchange { until, .. } | Wanted::Reconnect { until, .. } | Wanted::Wait { until },
            ) => millis(*until),
            _ => 0.0,
        }
    }

    /// The request has been handed over completely, the link is open again, the time is up, the call is given up, or (else) the link has
    /// ended, or will. An exchange that was under way when a call is given up took the session with it.
    pub fn tell(&mut self, what: u8) {
        let input = match what {
            SENT => {
                self.sent = true;
                return;
            }
            RECONNECTED => Input::Reconnected,
            ELAPSED if self.sent => Input::Unanswered,
            ELAPSED => Input::Elapsed,
            _ => {
                self.cancel();
                if what != CANCELLED {
                    self.desk.engine.borrow_mut().close();
                }
                return;
            }
        };
        self.hear(input);
    }

    /// The reply is here.
    pub fn reply(&mut self, reply: &[u8]) {
        let need = reply.len();
        let room = {
            let mut engine = self.desk.engine.borrow_mut();
            let room = engine.buffer_mut().get_mut(..need);
            room.map(|room| room.copy_from_slice(reply)).is_some()
        };
        if room {
            self.hear(Input::Reply(need));
        } else {
            self.fault(
                "reply_too_large",
                true,
                need,
                String::from("the reply is too long"),
            );
        }
    }

    /// The link failed: the name of the fault, whether the link is alive after a refusal or the request had been delivered, the size that it
    /// carries, and what it says itself.
    pub fn fault(&mut self, name: &str, flag: bool, size: usize, said: String) {
        let fault = fault::named(name, flag, size);
        self.hear(Input::Fault(Fault::new(fault, said)));
    }
}

impl Client {
    fn hear(&mut self, input: Input<Fault>) {
        self.desk.told.replace(Some(input));
    }

    fn cancel(&mut self) {
        self.work = None;
        self.desk.told.replace(None);
        self.desk.wanted.replace(None);
    }
}

/// What opens the device.
fn authenticator(mut credentials: Credentials, code: Option<String>, caller: Caller) -> Result<Auto, Error> {
    let code = code.map(Zeroizing::new);
    let setup = code.map(|code| payload::read(&code, caller)).transpose()?;
    if let Some(setup) = &setup {
        credentials.complete(setup);
    }
    credentials.apply(setup.as_ref().map_or_else(Auto::new, Auto::from_payload), caller)
}
