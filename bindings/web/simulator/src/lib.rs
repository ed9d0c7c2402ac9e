//! The second WebAssembly module of the npm package `espprov`: a simulated device, for `simulator()`.
//!
//! It must never contain protocol: the device is that of `espprov-simulator`, and so is the link to it.

use espprov_simulator::{MemoryTransport, Scenario, Shared, SimDevice};
use espprov_web_polled::{PolledLink, ToldClock};
use wasm_bindgen::prelude::*;

/// A simulated device and the link to it.
#[wasm_bindgen]
pub struct Simulator {
    link: PolledLink,
    scenario: Scenario,
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
        let proof = self.scenario.proof().map_or(&[][..], |proof| proof.expose());
        String::from_utf8_lossy(proof).into_owned()
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
        self.link.reconnect(fresh);
    }

    /// What is under way is given up.
    #[wasm_bindgen(js_name = giveUp)]
    pub fn give_up(&mut self) {
        self.link.give_up();
    }

    /// It is so late: whether it is over.
    pub fn poll(&mut self, now: f64) -> bool {
        self.link.poll(now)
    }

    /// A number of it: `polled.ts` says which there are.
    #[must_use]
    pub fn number(&self, which: u8) -> f64 {
        self.link.number(which)
    }

    /// The reply.
    #[must_use]
    pub fn reply(&mut self) -> Vec<u8> {
        self.link.take_reply()
    }

    /// The name of the fault, empty without one; or what the link says of it itself.
    #[must_use]
    pub fn fault(&self, said: bool) -> String {
        self.link.fault(said)
    }
}
