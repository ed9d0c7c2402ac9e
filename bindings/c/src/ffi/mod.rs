//! The functions of the header. Each is a line or two around `border` and `device`; what they promise to those
//! who call them stands in their comments, which become the header's.
#![expect(unsafe_code, reason = "exported names, and pointers of C handed to `border`")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the rules about memory are the same for all: the header begins with them"
)]

mod calls;
mod link;
mod results;

pub use calls::*;
pub use link::*;
pub use results::*;

pub use crate::border::EspprovDevice;

use self::results::chars;
use crate::border::{copy, guard, read, with, write};
use crate::config::{self, Given, Settings};
use crate::device::{Device, Refusal, internal};
use crate::failure::Failure;
use crate::job::Copied;
use crate::types::*;
use core::cell::RefCell;
use core::ffi::{c_char, c_void};
use core::ptr;
use espprov::Error;
use espprov_types::{SetupNetwork, SetupTransport};
use std::sync::Mutex;

thread_local! {
    /// Why the last handle of this thread could not be made, or the last setup code not be read.
    static LAST: RefCell<Option<Failure>> = const { RefCell::new(None) };
}

fn remember(error: Error) {
    LAST.set(Some(error.into()));
}

/// Remembers what an error says, and what a status says where there is no error.
fn remember_refusal(refusal: Refusal) -> i32 {
    let status = refusal.status;
    remember(refusal.error.unwrap_or_else(|| {
        let said = status_text(status).to_string_lossy().into_owned();
        Error::usage("invalid_config", said).with_help("see the header for what the function takes")
    }));
    status
}

/// Version of the interface that this library has: `ESPPROV_ABI_VERSION` of the header it was built with.
#[unsafe(no_mangle)]
pub extern "C" fn espprov_abi_version() -> u32 {
    ESPPROV_ABI_VERSION
}

/// Version of the library, such as `0.1.0`.
#[unsafe(no_mangle)]
pub extern "C" fn espprov_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// What a status means, in words: for a log, or an assertion that failed. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn espprov_status_text(status: i32) -> *const c_char {
    status_text(status).as_ptr()
}

/// Makes a handle for the device at the other end of a link. The link counts as open: call `espprov_close` where it is not,
/// and the first action is `ESPPROV_RECONNECT`. NULL: `espprov_last_error` says why.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_new(config: *const EspprovConfig) -> *mut EspprovDevice {
    let mut made = ptr::null_mut();
    let status = guard(|| {
        // SAFETY: the caller's promise about `config` and the bytes it points to.
        match unsafe { settings(config) } {
            Ok(settings) => {
                made = Box::into_raw(Box::new(EspprovDevice(Mutex::new(Device::new(settings)))));
                ESPPROV_OK
            }
            Err(refusal) => remember_refusal(refusal),
        }
    });
    if status == ESPPROV_ERROR_PANIC {
        guard(|| {
            remember(internal());
            ESPPROV_OK
        });
    }
    made
}

/// # Safety
/// As [`read`] and [`copy`].
unsafe fn settings(config: *const EspprovConfig) -> Result<Settings, Refusal> {
    // SAFETY: the caller's promise.
    let config = unsafe { read(config) }?;
    // SAFETY: each pointer with its own length, as the caller promises.
    let given = unsafe {
        Given {
            pop: credential("pop", config.pop, config.pop_len)?,
            username: credential("username", config.username, config.username_len)?,
            password: credential("password", config.password, config.password_len)?,
            setup_code: credential("setup_code", config.setup_code, config.setup_code_len)?,
            entropy: copy(config.danger_test_entropy, config.danger_test_entropy_len)?,
        }
    };
    Ok(Settings::new(&config, given)?)
}

/// # Safety
/// As [`copy`].
unsafe fn credential(name: &str, from: *const c_void, len: usize) -> Result<Option<Copied>, Refusal> {
    if !from.is_null() && len == 0 {
        // A length that was forgotten would turn a PoP into none.
        let error = Error::usage("invalid_config", format!("{name} has a pointer, and the length 0"))
            .with_cause("its length was not set")
            .with_help(format!(
                "set {name}_len to its bytes, or to ESPPROV_TEXT for text that ends with a NUL (an empty one is \"\" with \
                 ESPPROV_TEXT); set the pointer to NULL where nothing is known"
            ));
        return Err(error.into());
    }
    // SAFETY: the caller's promise.
    unsafe { copy(from, len) }
}

/// Wipes everything the handle knows and frees it. NULL is nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_free(device: *mut EspprovDevice) {
    guard(|| {
        if !device.is_null() {
            // SAFETY: made by `espprov_new`, and not freed before: the caller's promise.
            drop(unsafe { Box::from_raw(device) });
        }
        ESPPROV_OK
    });
}

/// Why the last `espprov_new` or `espprov_parse_setup_code` of this thread failed. The texts live to the next one on this
/// thread that fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_last_error(error: *mut EspprovError) -> i32 {
    guard(|| {
        LAST.with_borrow(|last| match last {
            // SAFETY: the caller's promise about `error`.
            Some(failure) => match unsafe { write(error, failure.to_c()) } {
                Ok(()) => ESPPROV_OK,
                Err(refusal) => refusal.status,
            },
            None => ESPPROV_ERROR_NO_RESULT,
        })
    })
}

/// Reads the text of the code on a device: how to reach it, before there is a handle for it. Its secrets stay in it; give the
/// code itself to `espprov_new`. On `ESPPROV_ERROR_ARGUMENT` `espprov_last_error` says what it is instead.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_parse_setup_code(
    code: *const c_void,
    code_len: usize,
    setup: *mut EspprovSetupCode,
) -> i32 {
    guard(|| {
        // SAFETY: the caller's promise about `code` and `setup`.
        match unsafe { parse_setup_code(code, code_len, setup) } {
            Ok(()) => ESPPROV_OK,
            Err(refusal) => remember_refusal(refusal),
        }
    })
}

/// # Safety
/// As [`copy`] and [`write`].
unsafe fn parse_setup_code(
    code: *const c_void,
    code_len: usize,
    to: *mut EspprovSetupCode,
) -> Result<(), Refusal> {
    // SAFETY: the caller's promise.
    let code = unsafe { copy(code, code_len) }?.ok_or(Refusal::new(ESPPROV_ERROR_NULL))?;
    let setup = config::setup_code(&code)?;
    let value = EspprovSetupCode {
        size: 0,
        name: chars(setup.name.as_bytes()),
        transport: match setup.transport {
            SetupTransport::Ble => EspprovTransport::Ble,
            SetupTransport::SoftAp => EspprovTransport::Softap,
            _ => EspprovTransport::Unknown,
        },
        security: setup.security.map_or(-1, i32::from),
        has_pop: setup.pop.is_some(),
        thread: setup.network == SetupNetwork::Thread,
    };
    // SAFETY: the caller's promise.
    unsafe { write(to, value) }
}

/// The link has ended, or will: what is under way is given up, the session is over, and the next call begins with
/// `ESPPROV_RECONNECT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_close(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe {
        with(device, |device| {
            device.close();
            Ok(ESPPROV_OK)
        })
    }
}

/// Gives up the call under way. An exchange that had begun takes the session with it; else the session goes on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_cancel(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe {
        with(device, |device| {
            device.cancel();
            Ok(ESPPROV_OK)
        })
    }
}

/// How much the link carries from now on, such as after its MTU is known; 0 leaves a size as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_set_limits(
    device: *mut EspprovDevice,
    max_request: usize,
    max_response: usize,
) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe {
        with(device, |device| {
            device.set_limits(max_request, max_response);
            Ok(ESPPROV_OK)
        })
    }
}

/// Ends every step at this time, on top of the limits of the steps. `ESPPROV_NEVER`: no longer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_limit_total(device: *mut EspprovDevice, deadline_ms: u64) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe {
        with(device, |device| {
            device.limit_total(deadline_ms);
            Ok(ESPPROV_OK)
        })
    }
}
