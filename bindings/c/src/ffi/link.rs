//! What is to be done on the link, and what came of it.

use crate::border::{EspprovDevice, check, copy_to, with, write};
use crate::device::{Action, Refusal, millis};
use crate::types::*;
use core::ffi::c_void;
use core::ptr;

/// What to do next. `now_ms` is the caller's time, in milliseconds from any beginning within the last 500 years; it must not go back.
///
/// `ESPPROV_EXCHANGE`, `ESPPROV_RECONNECT` and `ESPPROV_WAIT` fill `action`. Polled again before there is an answer, it says the same again, and
/// from `deadline_ms` on it gives up by itself: a program with an event loop polls whenever it wakes up. `ESPPROV_BUSY`: poll
/// again. `ESPPROV_DONE` and `ESPPROV_FAILED`: the call is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_poll(
    device: *mut EspprovDevice,
    now_ms: u64,
    action: *mut EspprovAction,
) -> i32 {
    let work = |device: &mut crate::device::Device| {
        // SAFETY: the caller's promise about `action`.
        unsafe { check(action) }?;
        let mut told = EspprovAction {
            size: 0,
            endpoint: ptr::null(),
            request: ptr::null(),
            request_len: 0,
            deadline_ms: ESPPROV_NEVER,
            fresh_session: false,
        };
        let status = match device.poll(now_ms)? {
            Action::Exchange {
                endpoint,
                request,
                until,
            } => {
                told.endpoint = endpoint.as_ptr();
                told.request = request.as_ptr().cast();
                told.request_len = request.len();
                told.deadline_ms = millis(until);
                ESPPROV_EXCHANGE
            }
            Action::Reconnect { fresh, until } => {
                told.fresh_session = fresh;
                told.deadline_ms = millis(until);
                ESPPROV_RECONNECT
            }
            Action::Wait { until } => {
                told.deadline_ms = millis(until);
                ESPPROV_WAIT
            }
            Action::Busy => ESPPROV_BUSY,
            Action::Done => ESPPROV_DONE,
            Action::Failed => ESPPROV_FAILED,
        };
        // SAFETY: as above.
        unsafe { write(action, told) }?;
        Ok(status)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

/// The request was handed over completely: written, or its body sent. Optional, and worth saying: a device that took a
/// request and fell silent, or went away, tells more than one that never got it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_sent(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, |device| device.mark_sent().map(|()| ESPPROV_OK)) }
}

/// The reply to the exchange under way, which is copied; it may be empty. Poll next.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_reply(
    device: *mut EspprovDevice,
    reply: *const c_void,
    reply_len: usize,
) -> i32 {
    if reply.is_null() && reply_len > 0 {
        return ESPPROV_ERROR_NULL;
    }
    let work = |device: &mut crate::device::Device| {
        if let Some(room) = device.room(reply_len)? {
            // SAFETY: the caller's promise about `reply`; the room has its length.
            unsafe { copy_to(reply, room) };
        }
        Ok(ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

/// The link is open, as `ESPPROV_RECONNECT` asked. Poll next.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_reconnected(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, |device| device.reconnected().map(|()| ESPPROV_OK)) }
}

/// The exchange or reconnect under way failed: `fault` is an `EspprovFault`. Poll next.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_fault(device: *mut EspprovDevice, fault: i32) -> i32 {
    let work = |device: &mut crate::device::Device| {
        let fault = EspprovFault::from_c(fault).ok_or(Refusal::new(ESPPROV_ERROR_ARGUMENT))?;
        device.fault(fault).map(|()| ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}
