//! A serial console: the bytes are JavaScript's to carry, what they mean is known here.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use espprov_embedded::console::Console;
use espprov_web_polled::{PolledLink, ToldClock};
use wasm_bindgen::prelude::*;

/// What is kept of what nobody has read yet: a device that prints without end fills no memory.
const UNREAD: usize = 64 * 1024;

#[derive(Default)]
struct Port {
    /// Read from the device, and not looked at yet.
    input: RefCell<Vec<u8>>,
    /// To be written to it.
    output: RefCell<Vec<u8>>,
    gone: Cell<bool>,
}

/// One half of the port.
struct Half(Rc<Port>);

impl ErrorType for Half {
    type Error = ErrorKind;
}

impl Read for Half {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let mut input = self.0.input.borrow_mut();
            if input.is_empty() {
                return if self.0.gone.get() {
                    Poll::Ready(Ok(0))
                } else {
                    Poll::Pending
                };
            }
            let len = input.len().min(buf.len());
            for (to, from) in buf.iter_mut().zip(input.drain(..len)) {
                *to = from;
            }
            Poll::Ready(Ok(len))
        })
        .await
    }
}

impl Write for Half {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        if self.0.gone.get() {
            return Err(ErrorKind::BrokenPipe);
        }
        self.0.output.borrow_mut().extend_from_slice(buf);
        Ok(buf.len())
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// A console on a port.
#[wasm_bindgen]
pub struct SerialConsole {
    link: PolledLink,
    port: Rc<Port>,
}

#[wasm_bindgen]
impl SerialConsole {
    /// `line_limit`: the characters that the device reads per line, 0 for firmware without a limit; `None`: as stock firmware.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(line_limit: Option<usize>) -> Self {
        let (port, clock) = (Rc::new(Port::default()), ToldClock::default());
        let mut console = Console::new(Half(Rc::clone(&port)), Half(Rc::clone(&port)), clock.clone());
        if let Some(limit) = line_limit {
            // It counts the carriage return.
            console = console.with_line_limit((limit > 0).then(|| limit.saturating_add(1)));
        }
        Self {
            link: PolledLink::new(console, clock),
            port,
        }
    }

    /// Sends a request.
    pub fn exchange(&mut self, endpoint: &str, request: Vec<u8>) {
        self.link.exchange(endpoint, request);
    }

    /// Synchronises with the device, in a session of its own if it is `fresh`.
    pub fn reconnect(&mut self, fresh: bool) {
        self.link.reconnect(fresh);
    }

    /// What is under way is given up.
    #[wasm_bindgen(js_name = giveUp)]
    pub fn give_up(&mut self) {
        self.link.give_up();
    }

    /// Bytes that came from the device.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut input = self.port.input.borrow_mut();
        input.extend_from_slice(bytes);
        let too_many = input.len().saturating_sub(UNREAD);
        input.drain(..too_many);
    }

    /// The port is gone, or back.
    #[wasm_bindgen(js_name = setGone)]
    pub fn set_gone(&mut self, gone: bool) {
        self.port.gone.set(gone);
    }

    /// It is so late: whether it is over.
    pub fn poll(&mut self, now: f64) -> bool {
        self.link.poll(now)
    }

    /// Bytes for the device.
    #[must_use]
    pub fn output(&mut self) -> Vec<u8> {
        self.port.output.take()
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
