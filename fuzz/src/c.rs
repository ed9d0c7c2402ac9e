//! The C functions, called in any order with any bytes, against a device that answers or does not.

use crate::Messages;
use core::ffi::{CStr, c_void};
use core::ptr;
use core::time::Duration;
use espprov_c::*;
use espprov_simulator::service::BUFFER;
use espprov_simulator::{Answer, Scenario, Service, Shared, SimDevice};

/// Most messages that are looked at: each may cost a handshake.
const MOST: usize = 200;

/// What stands behind a record of the caller's and must stay.
const CANARY: u8 = 0xc5;

/// The first byte chooses the scheme and the link; each message is a call. No panic, no number that the header does not
/// know, no byte written beyond what the caller said, and an error has words.
pub fn c_boundary(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let mut scenario = Scenario::builtin("zero").expect("it is built in");
    scenario.security.scheme = Some(choice % 3);
    let mut program = Program {
        device: Shared::new(SimDevice::new(scenario).expect("it was checked")),
        handle: ptr::null_mut(),
        now: 0,
        endpoint: String::new(),
        request: Vec::new(),
    };
    program.make(choice, b"abcd1234");
    for message in Messages(rest).take(MOST) {
        let Some((&call, bytes)) = message.split_first() else {
            continue;
        };
        program.call(call, bytes);
    }
    // SAFETY: made by `espprov_new`, or NULL.
    unsafe { espprov_free(program.handle) };
}

struct Program {
    device: Shared<SimDevice>,
    handle: *mut EspprovDevice,
    now: u64,
    /// Of the exchange that `espprov_poll` asked for.
    endpoint: String,
    request: Vec<u8>,
}

fn known(status: i32) -> i32 {
    assert!(
        (ESPPROV_ERROR_MEMORY..=ESPPROV_BUSY).contains(&status),
        "{status}"
    );
    status
}

/// A record in memory of its own, with a size that is right, or is not.
fn record<T>(size: u8, call: impl FnOnce(*mut T) -> i32) -> (i32, Vec<u64>) {
    let right = size_of::<T>();
    let size = match size % 8 {
        0 => 0,
        1 => right - 1,
        2 => right + 24,
        3 => 4097,
        _ => right,
    };
    let mut memory = vec![u64::from_ne_bytes([CANARY; 8]); right.max(size).div_ceil(8) + 8];
    memory[0] = size as u64;
    let status = known(call(memory.as_mut_ptr().cast()));
    let written = if status >= 0 { size } else { 8 };
    let bytes = memory.iter().flat_map(|word| word.to_ne_bytes());
    assert!(
        bytes.skip(written).all(|byte| byte == CANARY),
        "written beyond {written}"
    );
    (status, memory)
}

impl Program {
    /// Another handle; the secrets are what is given.
    fn make(&mut self, choice: u8, secret: &[u8]) {
        // SAFETY: made by `espprov_new`, or NULL; all of it outlives the calls.
        unsafe {
            espprov_free(self.handle);
            let entropy = [7_u8; 4096];
            let mut config: EspprovConfig = core::mem::zeroed();
            config.size = size_of::<EspprovConfig>();
            config.link = i32::from(choice >> 2 & 7);
            config.buffer_len = if choice & 32 == 0 { 0 } else { 512 };
            config.allow_plaintext = choice & 64;
            config.compute_budget = u32::from(choice >> 7) * 50;
            (config.pop, config.pop_len) = (secret.as_ptr().cast(), secret.len());
            if choice % 5 == 4 {
                (config.setup_code, config.setup_code_len) = (config.pop, config.pop_len);
                (config.pop, config.pop_len) = (ptr::null(), 0);
            }
            (config.danger_test_entropy, config.danger_test_entropy_len) =
                (entropy.as_ptr().cast(), entropy.len());
            self.handle = espprov_new(&config);
        }
        self.endpoint.clear();
        self.device.connect();
    }

    fn call(&mut self, call: u8, bytes: &[u8]) {
        let handle = self.handle;
        let (data, len) = (bytes.as_ptr().cast::<c_void>(), bytes.len());
        let first = bytes.first().copied().unwrap_or(0);
        // SAFETY: the handle is there, or NULL; every pointer comes with its own length.
        unsafe {
            match call % 16 {
                0..=2 => self.poll(u64::from(first)),
                3 | 4 => self.honest(bytes, call & 16 != 0),
                5 => {
                    known(espprov_reply(handle, data, len));
                }
                6 => {
                    known(espprov_fault(handle, i32::from(first) - 1));
                }
                7 => {
                    known(espprov_sent(handle));
                    known(espprov_reconnected(handle));
                }
                8 | 9 => self.start(first, bytes),
                10 => self.look(first, call),
                11 => {
                    known(espprov_cancel(handle));
                }
                12 => {
                    known(espprov_close(handle));
                    self.device.connect();
                }
                13 => {
                    known(espprov_set_limits(handle, usize::from(first), len));
                    let until = self.now.saturating_add(u64::from(first) * 1000);
                    known(espprov_limit_total(
                        handle,
                        if first == 0 { ESPPROV_NEVER } else { until },
                    ));
                }
                14 => {
                    record::<EspprovSetupCode>(first, |setup| espprov_parse_setup_code(data, len, setup));
                }
                _ => self.make(first, bytes),
            }
        }
    }

    fn poll(&mut self, later: u64) {
        self.now += later * later;
        // SAFETY: as in `call`; what an action points to lives until the next call.
        unsafe {
            let (status, memory) =
                record::<EspprovAction>(7, |action| espprov_poll(self.handle, self.now, action));
            if status == ESPPROV_EXCHANGE {
                let action = &*memory.as_ptr().cast::<EspprovAction>();
                self.endpoint = CStr::from_ptr(action.endpoint).to_str().expect("text").to_owned();
                self.request =
                    core::slice::from_raw_parts(action.request.cast(), action.request_len).to_vec();
            }
            if status == ESPPROV_FAILED {
                let (status, memory) =
                    record::<EspprovError>(7, |error| espprov_get_error(self.handle, error));
                assert_eq!(status, ESPPROV_OK);
                let error = &*memory.as_ptr().cast::<EspprovError>();
                for text in [error.code, error.message] {
                    assert!(!CStr::from_ptr(text).to_str().expect("text").is_empty());
                }
                for text in [error.cause, error.help] {
                    assert!(CStr::from_ptr(text).to_str().is_ok());
                }
            }
        }
    }

    /// What a device says, with the bytes laid over it if it is to lie.
    fn honest(&mut self, bytes: &[u8], lies: bool) {
        let mut buf = core::mem::take(&mut self.request);
        let len = buf.len();
        buf.resize(BUFFER.max(len), 0);
        let now = Duration::from_millis(self.now);
        let answer = self
            .device
            .with(|device| device.handle(&self.endpoint, &mut buf, len, now));
        // SAFETY: as in `call`.
        unsafe {
            match answer {
                Answer::Reply(len) => {
                    if lies {
                        for (to, from) in buf.iter_mut().zip(bytes) {
                            *to ^= from;
                        }
                    }
                    known(espprov_reply(self.handle, buf.as_ptr().cast(), len));
                }
                Answer::NoSuchEndpoint => {
                    known(espprov_fault(self.handle, EspprovFault::NoSuchEndpoint as i32));
                }
                _ => {
                    known(espprov_fault(self.handle, EspprovFault::RefusedAlive as i32));
                }
            }
        }
    }

    fn start(&mut self, which: u8, bytes: &[u8]) {
        let handle = self.handle;
        let rest = bytes.get(1..).unwrap_or_default();
        let (one, other) = rest.split_at(rest.len().min(usize::from(which >> 4)));
        let (data, len) = (rest.as_ptr().cast::<c_void>(), rest.len());
        let name = [one, b"\0"].concat();
        // SAFETY: as in `call`; `name` ends with a NUL.
        known(unsafe {
            match which % 16 {
                0 => espprov_info(handle),
                1 => espprov_connect(handle),
                2 => espprov_scan_wifi(handle, u32::from(which >> 5)),
                3 => espprov_scan_thread(handle),
                4 => espprov_provision_wifi(
                    handle,
                    one.as_ptr().cast(),
                    one.len(),
                    other.as_ptr().cast(),
                    other.len(),
                ),
                5 => espprov_provision_wifi(
                    handle,
                    c"Home".as_ptr().cast(),
                    4,
                    c"correct-horse".as_ptr().cast(),
                    ESPPROV_TEXT,
                ),
                6 => espprov_provision_thread(handle, data, len),
                7 => espprov_follow_wifi(handle),
                8 => espprov_follow_thread(handle),
                9 => espprov_wifi_status(handle),
                10 => espprov_thread_status(handle),
                11 => espprov_control(handle, i32::from(which >> 5)),
                12 => espprov_send(
                    handle,
                    name.as_ptr().cast(),
                    other.as_ptr().cast(),
                    other.len(),
                    usize::from(which >> 6),
                ),
                13 => espprov_send(handle, c"custom-data".as_ptr(), data, len, 0),
                14 => espprov_send_raw(handle, name.as_ptr().cast(), other.as_ptr().cast(), other.len()),
                _ => espprov_send_raw(handle, c"proto-ver".as_ptr(), data, len),
            }
        });
    }

    /// Every result there is or is not.
    fn look(&self, size: u8, index: u8) {
        let (handle, index) = (self.handle, usize::from(index >> 4));
        // SAFETY: as in `call`.
        unsafe {
            assert!(espprov_count(handle) <= 8192);
            record::<EspprovError>(size, |record| espprov_get_error(handle, record));
            record::<EspprovError>(size, |record| espprov_last_error(record));
            record::<EspprovEvent>(size, |record| espprov_get_event(handle, record));
            record::<EspprovInfo>(size, |record| espprov_get_info(handle, record));
            record::<EspprovApp>(size, |record| espprov_get_app(handle, index, record));
            record::<EspprovAccessPoint>(size, |record| espprov_get_access_point(handle, index, record));
            record::<EspprovThreadNetwork>(size, |record| espprov_get_thread_network(handle, index, record));
            record::<EspprovWifi>(size, |record| espprov_get_wifi(handle, record));
            record::<EspprovThread>(size, |record| espprov_get_thread(handle, record));
            let (status, memory) =
                record::<EspprovAnswer>(size, |record| espprov_get_answer(handle, index, record));
            if status == ESPPROV_OK {
                let answer = &*memory.as_ptr().cast::<EspprovAnswer>();
                // Every byte of it can be read.
                let bytes = core::slice::from_raw_parts(answer.data.cast::<u8>(), answer.len);
                core::hint::black_box(bytes.iter().map(|&byte| usize::from(byte)).sum::<usize>());
            }
            let mut security = 77;
            let status = known(espprov_get_security(handle, &mut security));
            assert_eq!(status == ESPPROV_OK, (-1..=2).contains(&security));
        }
    }
}
