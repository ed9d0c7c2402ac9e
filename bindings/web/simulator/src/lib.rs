//! The second WebAssembly module of the npm package `espprov`: a simulated device, for `simulator()`.
//!
//! It must never contain protocol: the device is that of `espprov-simulator`, and so is the link to it.

use core::mem;
use core::time::Duration;
use espprov_simulator::{MemoryTransport, Scenario, Shared, SimDevice};
use espprov_transport::{LinkFault, SessionIntent};
use espprov_web_polled::{Came, PolledLink, ToldClock, fault};
use wasm_bindgen::prelude::*;

/// A simulated device and the link to it.
#[wasm_bindgen]
pub struct Simulator {
    link: PolledLink,
    scenario: Scenario,
    reply: Vec<u8>,
    failed: Option<(LinkFault, String)>,
}

#[wasm_bindgen]
impl Simulator {
    /// A device of this scenario: the name of one that is built in, or the text of a file.
    ///
    /// # Errors
    /// What is wrong with it.
    #[wasm_bindgen(constructor)]
    pub fn new(scenario: &str) -> Result<Self, JsError> {
        let read = if Scenario::BUILTIN.contains(&scenario) {
            Scenario::builtin(scenario)
        } else {
            Scenario::parse(scenario)
        };
        let scenario = read.map_err(|error| JsError::new(&error.to_string()))?;
        let device = SimDevice::new(scenario.clone()).map_err(|error| JsError::new(&error.to_string()))?;
        let clock = ToldClock::default();
        let link = MemoryTransport::new(Shared::new(device), clock.clone(), scenario.device.link_model());
        Ok(Self {
            link: PolledLink::new(link, clock),
            scenario,
            reply: Vec::new(),
            failed: None,
        })
    }

    /// What the device is called.
    #[must_use]
    pub fn name(&self) -> String {
        self.scenario.device.name.clone()
    }

    /// Its security scheme.
    #[must_use]
    pub fn security(&self) -> u8 {
        self.scenario.scheme()
    }

    /// What opens it: the proof of possession, or the password of security 2; empty without.
    #[must_use]
    pub fn pop(&self) -> String {
        let security = &self.scenario.security;
        let secret = match self.scenario.scheme() {
            1 => security.pop.expose(),
            2 => security.password.expose(),
            _ => &[],
        };
        String::from_utf8_lossy(secret).into_owned()
    }

    /// The user name of security 2.
    #[must_use]
    pub fn username(&self) -> String {
        self.scenario.username().into()
    }

    /// Sends a request.
    pub fn exchange(&mut self, endpoint: &str, request: Vec<u8>) {
        self.link.exchange(endpoint, request);
    }

    /// Opens the link again, with a session of its own if it is `fresh`.
    pub fn reconnect(&mut self, fresh: bool) {
        let intent = if fresh {
            SessionIntent::Fresh
        } else {
            SessionIntent::Keep
        };
        self.link.reconnect(intent);
    }

    /// What is under way is given up.
    #[wasm_bindgen(js_name = giveUp)]
    pub fn give_up(&mut self) {
        self.link.give_up();
    }

    /// It is so late: whether it is over.
    pub fn poll(&mut self, now: f64) -> bool {
        let now = Duration::try_from_secs_f64(now / 1000.0).unwrap_or_default();
        let came = self.link.poll(now);
        self.failed = None;
        match came {
            None => return false,
            Some(Came::Reply(reply)) => self.reply = reply,
            Some(Came::Fault(fault, said)) => self.failed = Some((fault, said)),
        }
        true
    }

    /// When to ask again; infinite where only a deadline ends it.
    #[must_use]
    pub fn until(&self) -> f64 {
        self.link
            .until()
            .map_or(f64::INFINITY, |until| until.as_secs_f64() * 1000.0)
    }

    /// The request reached the device.
    #[must_use]
    pub fn delivered(&self) -> bool {
        self.link.delivered()
    }

    /// The longest request that the link carries; 0: as long as one likes.
    #[wasm_bindgen(js_name = maxRequest)]
    #[must_use]
    pub fn max_request(&self) -> usize {
        self.link.limits().max_request.unwrap_or(0)
    }

    /// The reply.
    #[must_use]
    pub fn reply(&mut self) -> Vec<u8> {
        mem::take(&mut self.reply)
    }

    /// The name of the fault; empty without one.
    #[must_use]
    pub fn fault(&self) -> String {
        self.failed
            .as_ref()
            .map_or("", |(fault, _)| fault::name(*fault))
            .into()
    }

    /// What goes with it.
    #[must_use]
    pub fn flag(&self) -> bool {
        self.failed.as_ref().is_some_and(|(fault, _)| fault::flag(*fault))
    }

    /// The size that goes with it.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.failed.as_ref().map_or(0, |(fault, _)| fault::size(*fault))
    }

    /// What it says itself.
    #[must_use]
    pub fn said(&self) -> String {
        self.failed
            .as_ref()
            .map_or_else(String::new, |(_, said)| said.clone())
    }
}
