//! Numbers: what functions return, and what goes into and comes out of structs.

/// Version of this interface. Within one, functions and the ends of structs are added, and nothing else changes: compare
/// it with `espprov_abi_version()` where the library is loaded dynamically.
pub const ESPPROV_ABI_VERSION: u32 = 1;

/// As a length: the bytes are text that ends with a NUL, and the library counts them.
pub const ESPPROV_TEXT: usize = usize::MAX;

/// As a time: none.
pub const ESPPROV_NEVER: u64 = u64::MAX;

/// For `espprov_scan_wifi`: the device listens only, and sends no probes.
pub const ESPPROV_SCAN_PASSIVE: u32 = 1;

/// Done as asked.
pub const ESPPROV_OK: i32 = 0;
/// From `espprov_poll`: the call is over; `espprov_get_…` gives its result.
pub const ESPPROV_DONE: i32 = 1;
/// From `espprov_poll`: the call failed; `espprov_get_error` says why, and what to do.
pub const ESPPROV_FAILED: i32 = 2;
/// From `espprov_poll`: send the request to the endpoint, then call `espprov_reply` or `espprov_fault`.
pub const ESPPROV_EXCHANGE: i32 = 3;
/// From `espprov_poll`: open the link (again), then call `espprov_reconnected` or `espprov_fault`.
pub const ESPPROV_RECONNECT: i32 = 4;
/// From `espprov_poll`: nothing to do until `deadline_ms`. Poll again then.
pub const ESPPROV_WAIT: i32 = 5;
/// From `espprov_poll`: time went by in computing. Poll again, with the time as it is now.
pub const ESPPROV_BUSY: i32 = 6;

/// A pointer is NULL that must not be.
pub const ESPPROV_ERROR_NULL: i32 = -1;
/// An argument cannot be meant. Where a call was to be started, `espprov_get_error` says more.
pub const ESPPROV_ERROR_ARGUMENT: i32 = -2;
/// The field `size` of a struct is not `sizeof` it, or the struct has newer fields than this library knows.
pub const ESPPROV_ERROR_SIZE: i32 = -3;
/// Not now: no call is under way, another one is, or the last `espprov_poll` asked for something else.
pub const ESPPROV_ERROR_ORDER: i32 = -4;
/// There is no such entry: the index is beyond the end.
pub const ESPPROV_ERROR_INDEX: i32 = -5;
/// The last call has no such result: it was of another kind, is not over, or failed before.
pub const ESPPROV_ERROR_NO_RESULT: i32 = -6;
/// The handle is in use on another thread right now. Nothing was done.
pub const ESPPROV_ERROR_THREAD: i32 = -7;
/// There is no memory for a copy of the bytes.
pub const ESPPROV_ERROR_MEMORY: i32 = -8;
/// A fault of this library; please report it. The handle is of no more use but to be freed.
pub const ESPPROV_ERROR_PANIC: i32 = -9;

/// What the link is: how much it carries, how scans are asked for, and what errors advise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovLink {
    /// Something else, without a known limit.
    Other = 0,
    /// HTTP, as devices in SoftAP mode speak it.
    Http = 1,
    /// Bluetooth LE. Values of 512 bytes; after the MTU is known, `espprov_set_limits`.
    Ble = 2,
    /// A serial console. Lines of 254 characters, two for each byte.
    Serial = 3,
}

/// Which security scheme is asked for. The numbers are not those of the schemes, so that none is meant by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovSecurity {
    /// What the device says, but never weaker than the credentials given.
    Auto = 0,
    /// Exactly security 0.
    Sec0 = 10,
    /// Exactly security 1.
    Sec1 = 11,
    /// Exactly security 2.
    Sec2 = 12,
}

/// What happened to the link, for `espprov_fault`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovFault {
    /// It broke, or could not be opened: reset, disconnected, out of reach.
    Lost = 1,
    /// No answer in time.
    TimedOut = 2,
    /// The device refused without an answer, and the link is closed (HTTP: the connection was closed without a byte).
    Refused = 3,
    /// The device refused without an answer, and the link stands (HTTP 500, an ATT error).
    RefusedAlive = 4,
    /// The device has no such endpoint (HTTP 404, no such characteristic).
    NoSuchEndpoint = 5,
    /// Another client came in between (HTTP: the connection had been closed since the session began).
    SessionTaken = 6,
    /// The link demands pairing first (Bluetooth LE).
    NeedsPairing = 7,
    /// What came back is not of this link's protocol: no ESP32 there?
    Garbled = 8,
    /// Foreign text came among the answer or in its place (a console's log). The link is well.
    Spoiled = 9,
    /// The device restarted before it had answered.
    Restarted = 10,
    /// The link cannot carry a request of this length; nothing was sent.
    RequestTooLarge = 11,
    /// The link is not open.
    NotOpen = 12,
}

/// What to do with the device's state, for `espprov_control`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovControl {
    /// After a failed attempt: clear it.
    ResetWifi = 1,
    /// After a success: take other credentials.
    ReprovWifi = 2,
    /// As `ESPPROV_CONTROL_RESET_WIFI`, for Thread.
    ResetThread = 3,
    /// As `ESPPROV_CONTROL_REPROV_WIFI`, for Thread.
    ReprovThread = 4,
}

/// What kind of failure it was: what a program decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovClass {
    /// None: there is no error.
    None = 0,
    /// Something that should not happen: report it.
    Unexpected = 1,
    /// What was asked for cannot be meant: nothing was sent.
    Usage = 2,
    /// No device there, or the link to it failed.
    Link = 3,
    /// A wrong proof of possession, username or password.
    Credentials = 4,
    /// Refused on this side: what the device offers is less than what was allowed.
    Policy = 5,
    /// The device refused a request.
    Refused = 6,
    /// The network did not let the device in.
    AuthFailed = 7,
    /// The device does not find the network.
    NetworkNotFound = 8,
    /// Time was up.
    Deadline = 9,
    /// The device may have taken the credentials, and was lost before it said so.
    Unconfirmed = 10,
    /// Somebody wanted it to end.
    Interrupted = 11,
}

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovRetry {
    /// It cannot.
    No = 0,
    /// It may, and nothing of the request itself had been sent.
    Early = 1,
    /// It may, and the device may have acted: only what can be repeated may be done again.
    Late = 2,
}

/// Where a device is with its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovState {
    /// Nothing is known.
    Unknown = 0,
    /// It is online: it said so.
    Connected = 1,
    /// It was joining, then went away as devices do that are online. Counts as success.
    LikelyConnected = 2,
    /// It may have taken the credentials, and was lost before it said what became of them.
    Unconfirmed = 3,
    /// It is joining.
    Connecting = 4,
    /// It is on no network, and tries none.
    Disconnected = 5,
    /// It could not join: see `reason`.
    Failed = 6,
}

/// Why a device could not join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovReason {
    /// It has not failed.
    None = 0,
    /// The network refused it: a wrong passphrase, as a rule.
    AuthError = 1,
    /// It does not find the network.
    NetworkNotFound = 2,
    /// It cannot use the Thread dataset.
    DatasetInvalid = 3,
    /// Another one.
    Unknown = 4,
}

/// What happened, for programs that show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovEventKind {
    /// Something that this version has no number for.
    Other = 0,
    /// The device described itself: `espprov_get_info`.
    Info = 1,
    /// A session is established; `number` is its scheme, -1 for none.
    Session = 2,
    /// The device took the credentials.
    ConfigSent = 3,
    /// The device accepted to use them.
    ConfigApplied = 4,
    /// The device is still trying; `number` is how many attempts are left, -1 if it does not count.
    Connecting = 5,
    /// The link broke after the credentials were applied: trying to get it back.
    LinkLost = 6,
    /// An answer was lost though the device is there: it is asked again. See `restarted`.
    AnswerLost = 7,
    /// The link is to be opened again.
    Reconnecting = 8,
    /// Another client took the session over: trying again after a while.
    SessionTaken = 9,
    /// Somebody answers who is not the device that took the credentials.
    Stranger = 10,
    /// A scan goes on; `number` networks so far.
    Scanning = 11,
    /// `number` entries of a scan could not be read and are left out.
    EntriesSkipped = 12,
}

/// The step under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovPhase {
    /// None that is known.
    None = 0,
    /// Opening the link.
    Connect = 1,
    /// Asking for version and capabilities.
    Info = 2,
    /// The handshake.
    Handshake = 3,
    /// Scanning for networks.
    Scan = 4,
    /// Handing over credentials.
    Set = 5,
    /// Applying them.
    Apply = 6,
    /// Asking what became of them.
    Status = 7,
    /// Resetting.
    Control = 8,
    /// The application's data.
    Data = 9,
}

/// How a setup code says that the device is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum EspprovTransport {
    /// In a way that this version has no number for.
    Unknown = 0,
    /// Bluetooth LE: `name` is the advertised one.
    Ble = 1,
    /// The device's own Wi-Fi network: `name` is its SSID.
    Softap = 2,
}

/// The way back, for those that a program gives: any number may come.
macro_rules! given {
    ($($name:ident { $($variant:ident),+ })+) => {
        $(impl $name {
            pub(crate) fn from_c(number: i32) -> Option<Self> {
                [$(Self::$variant),+].into_iter().find(|known| *known as i32 == number)
            }
        })+
    };
}

given! {
    EspprovLink { Other, Http, Ble, Serial }
    EspprovSecurity { Auto, Sec0, Sec1, Sec2 }
    EspprovFault { Lost, TimedOut, Refused, RefusedAlive, NoSuchEndpoint, SessionTaken, NeedsPairing, Garbled, Spoiled, Restarted, RequestTooLarge, NotOpen }
    EspprovControl { ResetWifi, ReprovWifi, ResetThread, ReprovThread }
}

/// What a misused function means, in words.
pub(crate) const fn status_text(status: i32) -> &'static core::ffi::CStr {
    match status {
        ESPPROV_OK => c"ok",
        ESPPROV_DONE => c"done: the call is over",
        ESPPROV_FAILED => c"failed: espprov_get_error says why",
        ESPPROV_EXCHANGE => c"exchange: send the request and bring the reply",
        ESPPROV_RECONNECT => c"reconnect: open the link",
        ESPPROV_WAIT => c"wait: poll again at deadline_ms",
        ESPPROV_BUSY => c"busy: poll again",
        ESPPROV_ERROR_NULL => c"a pointer is NULL that must not be",
        ESPPROV_ERROR_ARGUMENT => {
            c"an argument cannot be meant; after starting a call, espprov_get_error says more"
        }
        ESPPROV_ERROR_SIZE => {
            c"the field size is not sizeof the struct, or the struct is newer than this library"
        }
        ESPPROV_ERROR_ORDER => {
            c"not now: no call is under way, another one is, or espprov_poll asked for something else"
        }
        ESPPROV_ERROR_INDEX => c"there is no such entry",
        ESPPROV_ERROR_NO_RESULT => {
            c"the last call has no such result: it was of another kind, is not over, or failed before"
        }
        ESPPROV_ERROR_THREAD => c"the handle is in use on another thread right now",
        ESPPROV_ERROR_MEMORY => c"there is no memory for a copy of the bytes",
        ESPPROV_ERROR_PANIC => c"a fault of this library (please report it): free the handle",
        _ => c"no such status",
    }
}
