//! What came of a call. Results live until the next call begins, or the handle is freed; structs are copies and the caller's.

use crate::border::{EspprovDevice, with, write};
use crate::device::{Device, Refusal};
use crate::results::{Ended, Results};
use crate::types::*;
use core::ffi::c_char;
use core::fmt::Write as _;
use espprov_types::{
    AccessPoint, ThreadAttachment, ThreadFailure, ThreadNetwork, WifiConnection, WifiFailure,
};

const NO_RESULT: Refusal = Refusal::new(ESPPROV_ERROR_NO_RESULT);
const BEYOND: Refusal = Refusal::new(ESPPROV_ERROR_INDEX);

/// Text or bytes in an array of C, with a NUL behind them. What is too long is cut.
pub(super) fn chars<const N: usize>(bytes: &[u8]) -> [c_char; N] {
    let mut out = [0; N];
    let room = N.saturating_sub(1);
    for (to, &from) in out.iter_mut().zip(bytes).take(room) {
        // As C has it: signed or not.
        *to = c_char::from_ne_bytes([from]);
    }
    out
}

/// A length that fits a byte: of names of at most 32.
fn short(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).unwrap_or(u8::MAX)
}

/// Why the last call failed, or could not be started. `ESPPROV_ERROR_NO_RESULT`: it did not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_get_error(device: *const EspprovDevice, error: *mut EspprovError) -> i32 {
    let work = |device: &mut Device| {
        let failure = device.failure().ok_or(NO_RESULT)?;
        // SAFETY: the caller's promise about `error`.
        unsafe { write(error, failure.to_c()) }.map(|()| ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

/// The next event, oldest first; may be asked for at any time. `ESPPROV_ERROR_INDEX`: there is none. 64 are kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_get_event(device: *mut EspprovDevice, event: *mut EspprovEvent) -> i32 {
    let work = |device: &mut Device| {
        // SAFETY: the caller's promise about `event`.
        unsafe { crate::border::check(event) }?;
        let next = device.events().next().ok_or(BEYOND)?;
        // SAFETY: as above.
        unsafe { write(event, next) }.map(|()| ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

/// What the device said about itself, once any call has asked for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_get_info(device: *const EspprovDevice, info: *mut EspprovInfo) -> i32 {
    let work = |device: &mut Device| {
        let said = device.info().ok_or(NO_RESULT)?;
        let capabilities = &said.capabilities;
        let value = EspprovInfo {
            size: 0,
            version: chars(said.version.as_bytes()),
            security: said.scheme().number().into(),
            patch: said.patch_level().into(),
            no_sec: capabilities.no_sec,
            no_pop: capabilities.no_pop,
            wifi_scan: capabilities.wifi_scan,
            wifi_prov: capabilities.wifi_prov,
            thread_scan: capabilities.thread_scan,
            thread_prov: capabilities.thread_prov,
            bare: said.bare,
            app_count: said.apps.len(),
        };
        // SAFETY: the caller's promise about `info`.
        unsafe { write(info, value) }.map(|()| ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

/// What an application on the device says about itself; `index` from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_get_app(
    device: *const EspprovDevice,
    index: usize,
    app: *mut EspprovApp,
) -> i32 {
    let work = |device: &mut Device| {
        let said = device.info().ok_or(NO_RESULT)?;
        let found = said.apps.get(index).ok_or(BEYOND)?;
        let value = EspprovApp {
            size: 0,
            label: chars(found.label.as_bytes()),
            version: chars(found.version.as_bytes()),
        };
        // SAFETY: the caller's promise about `app`.
        unsafe { write(app, value) }.map(|()| ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

/// How the session is secured: writes 0, 1 or 2, and -1 for a session without any scheme. `ESPPROV_ERROR_NO_RESULT`: there is
/// no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_get_security(device: *const EspprovDevice, security: *mut i32) -> i32 {
    let work = |device: &mut Device| {
        if security.is_null() {
            return Err(Refusal::new(ESPPROV_ERROR_NULL));
        }
        let number = device.security().ok_or(NO_RESULT)?;
        // SAFETY: not NULL, and the caller's promise that it can be written to.
        unsafe { security.write_unaligned(number) };
        Ok(ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

/// How many networks or answers the last call brought; 0 where there can be none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_count(device: *const EspprovDevice) -> usize {
    let mut count = 0;
    let work = |device: &mut Device| {
        count = match device.results() {
            Results::AccessPoints(found) => found.len(),
            Results::ThreadNetworks(found) => found.len(),
            Results::Answers(heard) => heard.len(),
            _ => 0,
        };
        Ok(ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) };
    count
}

/// A Wi-Fi network of the last scan; `index` from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_get_access_point(
    device: *const EspprovDevice,
    index: usize,
    network: *mut EspprovAccessPoint,
) -> i32 {
    let work = |device: &mut Device| {
        let Results::AccessPoints(found) = device.results() else {
            return Err(NO_RESULT);
        };
        let value = access_point(found.get(index).ok_or(BEYOND)?);
        // SAFETY: the caller's promise about `network`.
        unsafe { write(network, value) }.map(|()| ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

fn access_point(found: &AccessPoint) -> EspprovAccessPoint {
    let ssid = found.ssid.as_bytes();
    let mut name = String::new();
    // Writing to a `String` does not fail.
    let _ = write!(name, "{}", found.auth);
    EspprovAccessPoint {
        size: 0,
        ssid: chars(ssid),
        ssid_len: short(ssid),
        bssid: found.bssid.octets(),
        channel: found.channel,
        rssi: found.rssi,
        auth: found.auth.to_wire(),
        auth_name: chars(name.as_bytes()),
        needs_secret: found.is_private(),
        is_enterprise: found.auth.is_enterprise(),
    }
}

/// A Thread network of the last scan; `index` from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_get_thread_network(
    device: *const EspprovDevice,
    index: usize,
    network: *mut EspprovThreadNetwork,
) -> i32 {
    let work = |device: &mut Device| {
        let Results::ThreadNetworks(found) = device.results() else {
            return Err(NO_RESULT);
        };
        let value = thread_network(found.get(index).ok_or(BEYOND)?);
        // SAFETY: the caller's promise about `network`.
        unsafe { write(network, value) }.map(|()| ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

fn thread_network(found: &ThreadNetwork) -> EspprovThreadNetwork {
    let name = found.name.as_bytes();
    EspprovThreadNetwork {
        size: 0,
        name: chars(name),
        name_len: short(name),
        pan_id: found.pan_id,
        ext_pan_id: found.ext_pan_id,
        ext_addr: found.ext_addr,
        channel: found.channel,
        rssi: found.rssi,
        lqi: found.lqi,
    }
}

/// Where the device is with its Wi-Fi network.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_get_wifi(device: *const EspprovDevice, wifi: *mut EspprovWifi) -> i32 {
    let work = |device: &mut Device| {
        let Results::Wifi(ended) = device.results() else {
            return Err(NO_RESULT);
        };
        // SAFETY: the caller's promise about `wifi`.
        unsafe { write(wifi, wifi_to_c(ended)) }.map(|()| ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

fn state<C, F>(ended: &Ended<C, F>) -> EspprovState {
    match ended {
        Ended::Connected(_) => EspprovState::Connected,
        Ended::LikelyConnected => EspprovState::LikelyConnected,
        Ended::Unconfirmed => EspprovState::Unconfirmed,
        Ended::Connecting { .. } => EspprovState::Connecting,
        Ended::Idle => EspprovState::Disconnected,
        Ended::Failed(_) => EspprovState::Failed,
    }
}

fn attempts<C, F>(ended: &Ended<C, F>) -> i64 {
    match ended {
        Ended::Connecting {
            attempts_remaining: Some(attempts),
        } => i64::from(*attempts),
        _ => -1,
    }
}

fn wifi_to_c(ended: &Ended<WifiConnection, WifiFailure>) -> EspprovWifi {
    let reason = match ended {
        Ended::Failed(WifiFailure::AuthError) => EspprovReason::AuthError,
        Ended::Failed(WifiFailure::NetworkNotFound) => EspprovReason::NetworkNotFound,
        Ended::Failed(_) => EspprovReason::Unknown,
        _ => EspprovReason::None,
    };
    let mut value = EspprovWifi {
        size: 0,
        state: state(ended),
        reason,
        attempts_remaining: attempts(ended),
        ssid: [0; 33],
        ssid_len: 0,
        has_ip: false,
        ip: [0; 4],
        has_bssid: false,
        bssid: [0; 6],
        channel: 0,
        auth: 0,
    };
    if let Ended::Connected(on) = ended {
        let ssid = on.ssid.as_bytes();
        value.ssid = chars(ssid);
        value.ssid_len = short(ssid);
        value.has_ip = on.ip.is_some();
        value.ip = on.ip.map_or([0; 4], |ip| ip.octets());
        value.has_bssid = on.bssid.is_some();
        value.bssid = on.bssid.map_or([0; 6], |bssid| bssid.octets());
        value.channel = on.channel.unwrap_or(0);
        value.auth = on.auth.to_wire();
    }
    value
}

/// Where the device is with its Thread network.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_get_thread(device: *const EspprovDevice, thread: *mut EspprovThread) -> i32 {
    let work = |device: &mut Device| {
        let Results::Thread(ended) = device.results() else {
            return Err(NO_RESULT);
        };
        // SAFETY: the caller's promise about `thread`.
        unsafe { write(thread, thread_to_c(ended)) }.map(|()| ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

fn thread_to_c(ended: &Ended<ThreadAttachment, ThreadFailure>) -> EspprovThread {
    let reason = match ended {
        Ended::Failed(ThreadFailure::DatasetInvalid) => EspprovReason::DatasetInvalid,
        Ended::Failed(ThreadFailure::NetworkNotFound) => EspprovReason::NetworkNotFound,
        Ended::Failed(_) => EspprovReason::Unknown,
        _ => EspprovReason::None,
    };
    let mut value = EspprovThread {
        size: 0,
        state: state(ended),
        reason,
        name: [0; 17],
        name_len: 0,
        pan_id: 0,
        has_ext_pan_id: false,
        ext_pan_id: [0; 8],
        channel: 0,
    };
    if let Ended::Connected(on) = ended {
        let name = on.name.as_bytes();
        value.name = chars(name);
        value.name_len = short(name);
        value.pan_id = on.pan_id;
        value.has_ext_pan_id = on.ext_pan_id.is_some();
        value.ext_pan_id = on.ext_pan_id.unwrap_or_default();
        value.channel = on.channel;
    }
    value
}

/// An answer of the application; `index` from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_get_answer(
    device: *const EspprovDevice,
    index: usize,
    answer: *mut EspprovAnswer,
) -> i32 {
    let work = |device: &mut Device| {
        let Results::Answers(heard) = device.results() else {
            return Err(NO_RESULT);
        };
        let bytes = heard.get(index).ok_or(BEYOND)?;
        let value = EspprovAnswer {
            size: 0,
            data: bytes.as_ptr().cast(),
            len: bytes.len(),
        };
        // SAFETY: the caller's promise about `answer`.
        unsafe { write(answer, value) }.map(|()| ESPPROV_OK)
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}
