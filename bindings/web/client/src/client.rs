//! What JavaScript holds of one device.

use crate::entropy::WebCrypto;
use crate::events::Events;
use crate::fault::Fault;
use crate::json::Json;
use crate::order::{self, Bytes, Desk, Order, Wanted};
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
use espprov::{Caller, Credentials, Error, LinkKind, Place, explain};
use espprov_core::auth::{Auto, SecurityChoice};
use espprov_core::request::ControlAction;
use espprov_core::{Budget, Deadlines, Engine, Input, SecurityScheme};
use espprov_transport::Limits;
use espprov_types::{MAX_CREDENTIAL, SetupPayload};
use espprov_web_polled::{fault, time};
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

type Work = Pin<Box<dyn Future<Output = Result<String, Error>>>>;

/// The settings of a device that is not open yet.
#[wasm_bindgen]
pub struct Settings {
    kind: LinkKind,
    place: Place,
    credentials: Credentials,
    setup: Option<SetupPayload>,
    security: SecurityChoice,
    plaintext: bool,
}

#[wasm_bindgen]
impl Settings {
    /// Over which kind of link, how the device is called in messages, and whether a page shows them or a program hears them.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(kind: &str, label: &str, page: bool) -> Self {
        let kind = match kind {
            "ble" => LinkKind::Ble,
            "http" => LinkKind::Http,
            "serial" => LinkKind::Serial,
            "sim" => LinkKind::Sim,
            _ => LinkKind::Other,
        };
        let caller = if page { Caller::Page } else { Caller::JavaScript };
        Self {
            kind,
            place: Place::new(caller, kind, label),
            credentials: Credentials::default(),
            setup: None,
            security: SecurityChoice::Auto,
            plaintext: false,
        }
    }

    /// What opens it: `pop`, `username` or `password`; why it cannot be that, as `{"error":…}`.
    pub fn credential(&mut self, name: &str, value: Vec<u8>) -> Option<String> {
        let value = Zeroizing::new(value);
        if value.len() > MAX_CREDENTIAL {
            return Some(payload::error(&explain::too_long(self.place.caller)));
        }
        match name {
            "pop" => self.credentials.pop = Some(value),
            "username" => self.credentials.username = Some(value),
            _ => self.credentials.password = Some(value),
        }
        None
    }

    /// The text of the code on the device; why it is none, as `{"error":…}`.
    pub fn setup(&mut self, text: &str) -> Option<String> {
        match payload::read(text, self.place.caller) {
            Ok(setup) => {
                self.setup = Some(setup);
                None
            }
            Err(why) => Some(payload::error(&why)),
        }
    }

    /// This scheme and no other.
    pub fn security(&mut self, number: u8) {
        self.security = SecurityChoice::Exactly(SecurityScheme::from_number(number));
    }

    /// A device without encryption is acceptable.
    #[wasm_bindgen(js_name = allowPlaintext)]
    pub fn allow_plaintext(&mut self) {
        self.plaintext = true;
    }
}

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
    /// A client for the device of these settings.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings {
            kind,
            place,
            mut credentials,
            setup,
            security,
            plaintext,
        } = settings;
        if let Some(setup) = &setup {
            credentials.complete(setup);
        }
        let auth = setup.as_ref().map_or_else(Auto::new, Auto::from_payload);
        let auth = auth.with_choice(security).allow_plaintext(plaintext);
        // None of them is too long: that was looked at when they were set.
        let auth = credentials.apply(auth, place.caller).unwrap_or_default();
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
                place,
                limits: Cell::new(limits),
                now: Cell::default(),
                wanted: RefCell::default(),
                told: RefCell::default(),
                answer: RefCell::default(),
            }),
            events,
            work: None,
            sent: false,
            result: String::new(),
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

    /// Begins a call, by its name, and gives up what was under way. `deadline`: for all of it, in milliseconds.
    pub fn begin(
        &mut self,
        name: &str,
        first: Vec<u8>,
        second: Vec<u8>,
        number: u32,
        now: f64,
        deadline: f64,
    ) {
        self.cancel();
        let (first, second) = (Zeroizing::new(first), Zeroizing::new(second));
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        let order = match name {
            "info" => Order::Info,
            "authenticate" => Order::Authenticate,
            "scan" => Order::Scan,
            "scanThread" => Order::ScanThread,
            "provision" => Order::Provision {
                ssid: first,
                passphrase: second,
            },
            "provisionThread" => Order::ProvisionThread { dataset: first },
            "status" => Order::Status,
            "threadStatus" => Order::ThreadStatus,
            "reset" => Order::Control(ControlAction::ResetWifi),
            "resetThread" => Order::Control(ControlAction::ResetThread),
            "reprov" => Order::Control(ControlAction::ReprovWifi),
            "reprovThread" => Order::Control(ControlAction::ReprovThread),
            "sendRaw" => Order::SendRaw {
                endpoint: text(&first),
                data: second,
            },
            _ => Order::Send {
                endpoint: text(&first),
                data: second,
                chunk: usize::try_from(number).ok().filter(|&chunk| chunk > 0),
            },
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

    /// The endpoint of the exchange.
    #[must_use]
    pub fn endpoint(&self) -> String {
        match &*self.desk.wanted.borrow() {
            Some(Wanted::Exchange { endpoint, .. }) => endpoint.clone(),
            _ => String::new(),
        }
    }

    /// Its request.
    #[must_use]
    pub fn request(&self) -> Vec<u8> {
        match &*self.desk.wanted.borrow() {
            Some(Wanted::Exchange { len, .. }) => {
                let mut engine = self.desk.engine.borrow_mut();
                engine.buffer_mut().get(..*len).unwrap_or_default().to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// When to give up, in milliseconds.
    #[must_use]
    pub fn until(&self) -> f64 {
        match &*self.desk.wanted.borrow() {
            Some(
                Wanted::Exchange { until, .. } | Wanted::Reconnect { until, .. } | Wanted::Wait { until },
            ) => until.as_secs_f64() * 1000.0,
            _ => 0.0,
        }
    }

    /// The device must forget the session when the link is opened again.
    #[must_use]
    pub fn fresh(&self) -> bool {
        matches!(
            &*self.desk.wanted.borrow(),
            Some(Wanted::Reconnect { fresh: true, .. })
        )
    }

    /// The request has been handed over completely.
    pub fn sent(&mut self) {
        self.sent = true;
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
            self.tell(Input::Reply(need));
        } else {
            self.fault(
                "reply_too_large",
                true,
                need,
                String::from("the reply is too long"),
            );
        }
    }

    /// The link is open again.
    pub fn reconnected(&mut self) {
        self.tell(Input::Reconnected);
    }

    /// The link failed: the name of the fault, whether the link is alive after a refusal or the request had been delivered, the size that it
    /// carries, and what it says itself.
    pub fn fault(&mut self, name: &str, flag: bool, size: usize, said: String) {
        let fault = fault::named(name, flag, size);
        self.tell(Input::Fault(Fault { fault, said }));
    }

    /// The time is up.
    pub fn elapsed(&mut self) {
        self.tell(if self.sent {
            Input::Unanswered
        } else {
            Input::Elapsed
        });
    }

    fn tell(&mut self, input: Input<Fault>) {
        self.desk.told.replace(Some(input));
    }

    /// Gives up the call under way. An exchange that was under way took the session with it.
    pub fn cancel(&mut self) {
        self.work = None;
        self.desk.told.replace(None);
        self.desk.wanted.replace(None);
    }

    /// The link has ended, or will.
    pub fn close(&mut self) {
        self.cancel();
        self.desk.engine.borrow_mut().close();
    }

    /// What happened since the last time: JSON documents with commas between them.
    #[must_use]
    pub fn events(&self) -> String {
        self.events.take()
    }

    /// What came of the call, or its error: a JSON document.
    #[must_use]
    pub fn result(&mut self) -> String {
        mem::take(&mut self.result)
    }

    /// The answers of an application's endpoint.
    #[must_use]
    pub fn answer(&self) -> Vec<u8> {
        self.desk.answer.take()
    }
}
