//! What the library tells. Each struct begins with its size: set it before each call.

use super::{EspprovClass, EspprovEventKind, EspprovPhase, EspprovReason, EspprovRetry, EspprovState};
use core::ffi::{c_char, c_void};

/// What to do next. Everything in it lives to the next call on the handle.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovAction {
    /// `sizeof (EspprovAction)`.
    pub size: usize,
    /// `ESPPROV_EXCHANGE`: the endpoint, such as `prov-session`; text that ends with a NUL. Else NULL.
    pub endpoint: *const c_char,
    /// `ESPPROV_EXCHANGE`: the bytes to send. Else NULL.
    pub request: *const c_void,
    /// How many.
    pub request_len: usize,
    /// When to give up, or until when to wait, in the caller's own time. `ESPPROV_NEVER`: there is no limit.
    pub deadline_ms: u64,
    /// `ESPPROV_RECONNECT`: the device must forget the session (HTTP: no cookie; a console: a new session).
    pub fresh_session: bool,
}

/// Why something failed, in words for people, and a code for programs. Holds no secret. The texts are UTF-8, end with a
/// NUL, and live to the next call on the handle.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovError {
    /// `sizeof (EspprovError)`.
    pub size: usize,
    /// What kind of failure it was.
    pub error_class: EspprovClass,
    /// Whether trying again may help.
    pub retry: EspprovRetry,
    /// A word for programs, such as `wrong_pop`. It stays the same from version to version.
    pub code: *const c_char,
    /// What happened.
    pub message: *const c_char,
    /// Why it probably did; empty where nobody knows.
    pub cause: *const c_char,
    /// What to do next; may be empty.
    pub help: *const c_char,
    /// A request or reply was too long: the bytes it takes. Else 0.
    pub bytes_needed: usize,
    /// A request was too long: the bytes there may be. Else 0.
    pub bytes_limit: usize,
}

/// Something happened while a call was under way.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovEvent {
    /// `sizeof (EspprovEvent)`.
    pub size: usize,
    /// What happened.
    pub kind: EspprovEventKind,
    /// The step under way, where that matters.
    pub phase: EspprovPhase,
    /// A number that goes with the kind.
    pub number: i64,
    /// The device restarted.
    pub restarted: bool,
    /// Session: older firmware that uses one nonce for all records.
    pub nonce_reuse: bool,
    /// Session: the device claims another patch level than it has.
    pub patch_mismatch: bool,
    /// Session: whoever answered can test guesses of the PoP from now on.
    pub guessable_pop: bool,
    /// Session: nothing proves who answered.
    pub unauthenticated: bool,
}

impl EspprovEvent {
    pub(crate) const fn new(kind: EspprovEventKind) -> Self {
        Self {
            size: 0,
            kind,
            phase: EspprovPhase::None,
            number: -1,
            restarted: false,
            nonce_reuse: false,
            patch_mismatch: false,
            guessable_pop: false,
            unauthenticated: false,
        }
    }
}

/// What a device says about itself. Nothing proves it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovInfo {
    /// `sizeof (EspprovInfo)`.
    pub size: usize,
    /// Version of the provisioning protocol, such as `v1.1` or `netprov-v1.2`.
    pub version: [c_char; 36],
    /// Number of the security scheme it uses.
    pub security: i32,
    /// The scheme's patch level, 0 if it does not say.
    pub patch: i32,
    /// It has no security.
    pub no_sec: bool,
    /// It has no proof of possession.
    pub no_pop: bool,
    /// It can scan for Wi-Fi networks.
    pub wifi_scan: bool,
    /// It takes Wi-Fi credentials.
    pub wifi_prov: bool,
    /// It can scan for Thread networks.
    pub thread_scan: bool,
    /// It takes a Thread dataset.
    pub thread_prov: bool,
    /// Old firmware that tells nothing but its version.
    pub bare: bool,
    /// Applications that describe themselves: `espprov_get_app`.
    pub app_count: usize,
}

/// What an application on the device says about itself.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovApp {
    /// `sizeof (EspprovApp)`.
    pub size: usize,
    /// Its name.
    pub label: [c_char; 36],
    /// Its version.
    pub version: [c_char; 36],
}

/// A Wi-Fi network that the device hears.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovAccessPoint {
    /// `sizeof (EspprovAccessPoint)`.
    pub size: usize,
    /// Network name: any bytes, UTF-8 as a rule. A NUL follows. Empty: hidden.
    pub ssid: [c_char; 33],
    /// How many bytes it has.
    pub ssid_len: u8,
    /// The access point's address.
    pub bssid: [u8; 6],
    /// Channel.
    pub channel: u32,
    /// Strength in dBm.
    pub rssi: i32,
    /// How it authenticates, as the protocol numbers it.
    pub auth: i32,
    /// The same in words, such as `WPA2`.
    pub auth_name: [c_char; 24],
    /// It asks for a passphrase, or more.
    pub needs_secret: bool,
    /// It asks for a user name, too: provisioning cannot give one.
    pub is_enterprise: bool,
}

/// A Thread network that the device hears.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovThreadNetwork {
    /// `sizeof (EspprovThreadNetwork)`.
    pub size: usize,
    /// Network name: any bytes, UTF-8 as a rule. A NUL follows.
    pub name: [c_char; 17],
    /// How many bytes it has.
    pub name_len: u8,
    /// PAN id.
    pub pan_id: u16,
    /// Extended PAN id.
    pub ext_pan_id: [u8; 8],
    /// Extended address of who answered.
    pub ext_addr: [u8; 8],
    /// Channel.
    pub channel: u16,
    /// Strength in dBm.
    pub rssi: i32,
    /// Link quality.
    pub lqi: u32,
}

/// Where a device is with its Wi-Fi network. After provisioning, following and asking for the status.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovWifi {
    /// `sizeof (EspprovWifi)`.
    pub size: usize,
    /// How far it has come.
    pub state: EspprovState,
    /// Why it failed.
    pub reason: EspprovReason,
    /// While it is joining: attempts left; -1 if it does not say.
    pub attempts_remaining: i64,
    /// The network it is on: any bytes, and a NUL.
    pub ssid: [c_char; 33],
    /// How many bytes it has.
    pub ssid_len: u8,
    /// The device said its address.
    pub has_ip: bool,
    /// IPv4 address.
    pub ip: [u8; 4],
    /// The device said which access point it is on.
    pub has_bssid: bool,
    /// The access point's address.
    pub bssid: [u8; 6],
    /// Channel; 0 if it does not say.
    pub channel: i32,
    /// How the network authenticates, as the protocol numbers it.
    pub auth: i32,
}

/// Where a device is with its Thread network. After provisioning, following and asking for the status.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovThread {
    /// `sizeof (EspprovThread)`.
    pub size: usize,
    /// How far it has come.
    pub state: EspprovState,
    /// Why it failed.
    pub reason: EspprovReason,
    /// The network it is on: any bytes, and a NUL.
    pub name: [c_char; 17],
    /// How many bytes it has.
    pub name_len: u8,
    /// PAN id.
    pub pan_id: u16,
    /// The device said the extended PAN id.
    pub has_ext_pan_id: bool,
    /// Extended PAN id.
    pub ext_pan_id: [u8; 8],
    /// Channel.
    pub channel: u16,
}

/// An answer of the application. The bytes live to the next call on the handle.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovAnswer {
    /// `sizeof (EspprovAnswer)`.
    pub size: usize,
    /// Its bytes; never NULL.
    pub data: *const c_void,
    /// How many; may be 0.
    pub len: usize,
}
