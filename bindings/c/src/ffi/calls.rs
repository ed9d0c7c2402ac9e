//! What can be asked of a device: each begins a call, which `espprov_poll` takes to its end.

use crate::border::{EspprovDevice, copy, text, with};
use crate::device::{Device, Network, Refusal};
use crate::job::{Copied, Job, Parcel, WifiCredentials};
use crate::types::*;
use core::convert::Infallible;
use core::ffi::{c_char, c_void};
use espprov::Error;
use espprov_core::call::{Ask, Connect, FollowThread, FollowWifi, Info};
use espprov_core::request::{ControlAction, GetThreadStatus, GetWifiStatus};
use espprov_types::ThreadDataset;

/// A call that cannot be wrong.
fn start(device: &mut Device, job: Job) -> Result<i32, Refusal> {
    device.start(Ok::<_, Never>(job)).map(|()| ESPPROV_OK)
}

/// No error.
struct Never(Infallible);

impl From<Never> for Error {
    fn from(never: Never) -> Self {
        match never.0 {}
    }
}

/// Asks the device what it is. Needs no credentials. Result: `espprov_get_info`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_info(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, |device| start(device, Job::Info(Info::new()))) }
}

/// Begins the session now, to know whether the credentials are right. Every other call does it when it must.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_connect(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, |device| start(device, Job::Connect(Connect::new()))) }
}

/// Has the device look for Wi-Fi networks. `flags`: 0, or `ESPPROV_SCAN_PASSIVE`. Result: `espprov_count` and
/// `espprov_get_access_point`, strongest first as a rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_scan_wifi(device: *mut EspprovDevice, flags: u32) -> i32 {
    let work = |device: &mut Device| {
        if flags & !ESPPROV_SCAN_PASSIVE != 0 {
            return Err(Refusal::new(ESPPROV_ERROR_ARGUMENT));
        }
        start(device, Job::scan_wifi(flags & ESPPROV_SCAN_PASSIVE != 0))
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

/// Has the device look for Thread networks. Result: `espprov_count` and `espprov_get_thread_network`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_scan_thread(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, |device| start(device, Job::scan_thread())) }
}

/// Gives the device a Wi-Fi network and follows it until it is online or gave up. No passphrase (NULL and 0): an open network. A
/// device that takes no Wi-Fi is sent nothing secret. Result: `espprov_get_wifi`, after a failure, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_provision_wifi(
    device: *mut EspprovDevice,
    ssid: *const c_void,
    ssid_len: usize,
    passphrase: *const c_void,
    passphrase_len: usize,
) -> i32 {
    // SAFETY: the caller's promise about both and `device`.
    unsafe {
        match (copy(ssid, ssid_len), copy(passphrase, passphrase_len)) {
            (Ok(ssid), Ok(passphrase)) => with(device, |device| provision_wifi(device, ssid, passphrase)),
            (Err(refusal), _) | (_, Err(refusal)) => refusal.status,
        }
    }
}

fn provision_wifi(
    device: &mut Device,
    ssid: Option<Copied>,
    passphrase: Option<Copied>,
) -> Result<i32, Refusal> {
    let credentials = WifiCredentials {
        ssid: ssid.unwrap_or_default().to_vec(),
        passphrase: passphrase.unwrap_or_default(),
    };
    device
        .start_provisioning(Job::provision_wifi(credentials), Network::Wifi)
        .map(|()| ESPPROV_OK)
}

/// Gives the device a Thread network and follows it until it is attached or gave up. `dataset`: the active dataset as bytes
/// (TLVs). Result: `espprov_get_thread`, after a failure, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_provision_thread(
    device: *mut EspprovDevice,
    dataset: *const c_void,
    dataset_len: usize,
) -> i32 {
    // SAFETY: the caller's promise about both.
    unsafe {
        match copy(dataset, dataset_len) {
            Ok(dataset) => with(device, |device| {
                provision_thread(device, &dataset.unwrap_or_default())
            }),
            Err(refusal) => refusal.status,
        }
    }
}

fn provision_thread(device: &mut Device, dataset: &[u8]) -> Result<i32, Refusal> {
    let job = ThreadDataset::from_bytes(dataset)
        .map(Job::provision_thread)
        .map_err(|error| {
            Error::usage("invalid_dataset", error.to_string())
                .with_cause("it is no list of type, length and value, as datasets are; nothing was sent")
                .with_help("give the active dataset of the border router as bytes (ot-ctl dataset active -x prints them in hex)")
        });
    device
        .start_provisioning(job, Network::Thread)
        .map(|()| ESPPROV_OK)
}

/// Follows a device that has its Wi-Fi credentials until it is online or gave up. Result: `espprov_get_wifi`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_follow_wifi(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, |device| start(device, Job::FollowWifi(FollowWifi::new()))) }
}

/// Follows a device that has its Thread dataset until it is attached or gave up. Result: `espprov_get_thread`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_follow_thread(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe {
        with(device, |device| {
            start(device, Job::FollowThread(FollowThread::new()))
        })
    }
}

/// Asks where the device is with its Wi-Fi network. A device that is online takes the question as a sign that provisioning is
/// over. Result: `espprov_get_wifi`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_wifi_status(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe {
        with(device, |device| {
            start(device, Job::WifiStatus(Ask::new(GetWifiStatus)))
        })
    }
}

/// Asks where the device is with its Thread network. Result: `espprov_get_thread`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_thread_status(device: *mut EspprovDevice) -> i32 {
    // SAFETY: the caller's promise about `device`.
    unsafe {
        with(device, |device| {
            start(device, Job::ThreadStatus(Ask::new(GetThreadStatus)))
        })
    }
}

/// Clears a failed attempt, or has the device take other credentials: `action` is an `EspprovControl`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_control(device: *mut EspprovDevice, action: i32) -> i32 {
    let work = |device: &mut Device| {
        let action = match EspprovControl::from_c(action) {
            Some(EspprovControl::ResetWifi) => ControlAction::ResetWifi,
            Some(EspprovControl::ReprovWifi) => ControlAction::ReprovWifi,
            Some(EspprovControl::ResetThread) => ControlAction::ResetThread,
            Some(EspprovControl::ReprovThread) => ControlAction::ReprovThread,
            None => return Err(Refusal::new(ESPPROV_ERROR_ARGUMENT)),
        };
        start(device, Job::control(action))
    };
    // SAFETY: the caller's promise about `device`.
    unsafe { with(device, work) }
}

/// Sends data to an endpoint of the application within the session; `endpoint` ends with a NUL, `custom-data` is the usual one.
/// `chunk`: cut it into pieces of so many bytes, each an exchange of its own; 0 = all in one. Result: `espprov_count` and `espprov_get_answer`, one for
/// each piece; after a failure, those that came before it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_send(
    device: *mut EspprovDevice,
    endpoint: *const c_char,
    data: *const c_void,
    data_len: usize,
    chunk: usize,
) -> i32 {
    // SAFETY: the caller's promise about all of them.
    unsafe {
        match parcel(endpoint, data, data_len) {
            Ok(parcel) => with(device, |device| {
                device.start(Job::send(parcel, chunk)).map(|()| ESPPROV_OK)
            }),
            Err(refusal) => refusal.status,
        }
    }
}

/// Sends bytes as they are, past session and cipher: for endpoints that were registered without security. Past a session that
/// enciphers they disturb it: the next call starts another one. Result: `espprov_get_answer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espprov_send_raw(
    device: *mut EspprovDevice,
    endpoint: *const c_char,
    data: *const c_void,
    data_len: usize,
) -> i32 {
    // SAFETY: the caller's promise about all of them.
    unsafe {
        match parcel(endpoint, data, data_len) {
            Ok(parcel) => with(device, |device| {
                device.start(Job::send_raw(parcel)).map(|()| ESPPROV_OK)
            }),
            Err(refusal) => refusal.status,
        }
    }
}

/// # Safety
/// As [`text`] and [`copy`].
unsafe fn parcel(endpoint: *const c_char, data: *const c_void, data_len: usize) -> Result<Parcel, Refusal> {
    // SAFETY: the caller's promise.
    unsafe {
        Ok(Parcel {
            endpoint: text(endpoint)?,
            data: copy(data, data_len)?.unwrap_or_default(),
        })
    }
}
