//! What a handle is made of.

use super::EspprovTransport;
use core::ffi::{c_char, c_void};

/// What opens a device, and what the link to it is. Set everything to zero, then `size` and what is known:
///
///     EspprovConfig config = { .size = sizeof config, .pop = "abcd1234", .pop_len = ESPPROV_TEXT };
///
/// All bytes are copied, and wiped with the handle. A credential that is NULL was not said, which is something else than
/// an empty one. Times that are 0 are the usual ones.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovConfig {
    /// `sizeof (EspprovConfig)`.
    pub size: usize,
    /// Proof of possession: security 1, and security 2 as its password. A device without one: `""` with `ESPPROV_TEXT`.
    pub pop: *const c_void,
    /// Its bytes, or `ESPPROV_TEXT`.
    pub pop_len: usize,
    /// User name of security 2, if it is not the usual one.
    pub username: *const c_void,
    /// Its bytes, or `ESPPROV_TEXT`.
    pub username_len: usize,
    /// Password of security 2.
    pub password: *const c_void,
    /// Its bytes, or `ESPPROV_TEXT`.
    pub password_len: usize,
    /// The text of the code on the device, as scanned. What it says is held against what the device says.
    pub setup_code: *const c_void,
    /// Its bytes, or `ESPPROV_TEXT`.
    pub setup_code_len: usize,
    /// An `EspprovSecurity`.
    pub security: i32,
    /// An `EspprovLink`.
    pub link: i32,
    /// Not 0: secrets may travel unencrypted to a device without security.
    pub allow_plaintext: u8,
    /// Longest request that the link carries; 0 = as the kind of link has it.
    pub max_request: usize,
    /// Longest reply that the link carries; 0 = as the kind of link has it.
    pub max_response: usize,
    /// Room for one request or reply; 0 = 16 KiB, which is more than any device sends.
    pub buffer_len: usize,
    /// How much of security 2's arithmetic one `espprov_poll` does, in its own unit (the whole is some 2150); 0 = all. For
    /// programs whose thread must not be held up for a tenth of a second: 100 gives some milliseconds.
    pub compute_budget: u32,
    /// Time to open the link.
    pub connect_ms: u32,
    /// Time for one exchange.
    pub exchange_ms: u32,
    /// Time for one exchange of the handshake.
    pub handshake_ms: u32,
    /// Time for a whole scan.
    pub scan_ms: u32,
    /// Time for one question while the device joins its network.
    pub poll_ms: u32,
    /// How long to look for a device that was lost after it took the credentials.
    pub recover_ms: u32,
    /// Time for the device to join its network.
    pub connecting_ms: u32,
    /// How long to try when another client takes the session over.
    pub takeover_ms: u32,
    /// FOR TESTS ONLY: these bytes instead of the system's random numbers, each used once. Whoever knows them reads
    /// everything that is sent. NULL for everybody else.
    pub danger_test_entropy: *const c_void,
    /// Its bytes.
    pub danger_test_entropy_len: usize,
}

/// What stands on a device, without its secrets: `espprov_new` takes the code itself.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EspprovSetupCode {
    /// `sizeof (EspprovSetupCode)`.
    pub size: usize,
    /// The device's name.
    pub name: [c_char; 36],
    /// How the device is reached.
    pub transport: EspprovTransport,
    /// Number of the security scheme; -1 if the code does not say.
    pub security: i32,
    /// There is a proof of possession in it.
    pub has_pop: bool,
    /// The device is to join a Thread network.
    pub thread: bool,
}
