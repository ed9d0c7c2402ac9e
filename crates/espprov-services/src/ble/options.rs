//! How the peripheral shows itself and behaves.

use core::fmt;
use core::time::Duration;
use espprov_device::{BleStack, Quirks};

/// The default service of the provisioning manager.
pub const DEFAULT_SERVICE: [u8; 16] = [
    0x17, 0x75, 0x24, 0x4d, 0x6b, 0x43, 0x43, 0x9b, 0x87, 0x7c, 0x06, 0x0f, 0x2d, 0x9b, 0xed, 0x07,
];

/// The service of local control in the vendor's example.
pub const LOCAL_CONTROL_SERVICE: [u8; 16] = [
    0x3d, 0x98, 0x1e, 0x4a, 0x31, 0xeb, 0x42, 0xb4, 0x8a, 0x68, 0x75, 0xbd, 0x8d, 0x3b, 0xd5, 0x21,
];

/// Longest value of ATT.
pub const MAX_VALUE: usize = 512;

/// How long a client may hold the link without a word. There is one link, and nobody else finds the device meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// From connecting to the first request: clients list the attributes at once.
    pub first: Duration,
    /// Between requests: a person may be looking for the password.
    pub idle: Duration,
}

impl Default for Patience {
    /// Half a minute for the first request, five minutes between two.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(30),
            idle: Duration::from_secs(300),
        }
    }
}

/// How the peripheral shows itself and behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GattOptions<'a> {
    /// The name in the scan response, at most 29 bytes (longer ones are cut).
    pub name: &'a str,
    /// The 128-bit service UUID, most significant byte first.
    pub service: [u8; 16],
    /// Longest value of a request; longer ones get ATT error 0x0d.
    pub max_value: usize,
    /// Hang up after a refused request.
    pub close_on_refusal: bool,
    /// The host's habits: which services stand beside the device's own.
    pub stack: BleStack,
    /// ATT errors say what was wrong: see [`Quirks::strict_values`].
    pub strict_values: bool,
    /// NimBLE: Service Changed is there, see [`Quirks::service_changed`].
    pub service_changed: bool,
    /// Endpoints have names (descriptor 0x2901). Very old firmware had none.
    pub names: bool,
    /// Time between two advertisements.
    pub interval: Duration,
    /// When to hang up on a client that says nothing. Stock firmware never does.
    pub patience: Option<Patience>,
}

impl<'a> GattOptions<'a> {
    /// A peripheral of this name with a firmware's limits and habits, on the provisioning manager's default service.
    #[must_use]
    pub fn new(name: &'a str, quirks: &Quirks) -> Self {
        Self {
            name,
            service: DEFAULT_SERVICE,
            max_value: quirks.max_value.unwrap_or(MAX_VALUE).min(MAX_VALUE),
            close_on_refusal: quirks.close_on_refusal,
            stack: quirks.ble_stack.unwrap_or(BleStack::NimBle),
            strict_values: quirks.strict_values,
            service_changed: quirks.service_changed,
            names: true,
            interval: Duration::from_millis(100),
            patience: Some(Patience::default()),
        }
    }
}

/// What happens on the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BleEvent {
    /// Ready to be found.
    Advertising,
    /// A client connected.
    Connected,
    /// It has gone, or was sent away.
    Disconnected,
}

impl fmt::Display for BleEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Advertising => "advertising",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        })
    }
}

/// The peripheral cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServeError {
    /// The controller does not answer, or refuses a command.
    Controller,
    /// More endpoints than the server has room for, or two of them the same.
    TooManyEndpoints,
    /// The device stopped and will not be back.
    SwitchedOff,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Controller => "the Bluetooth controller failed or went away",
            Self::TooManyEndpoints => "too many endpoints for one service",
            Self::SwitchedOff => "the device has stopped and will not be back",
        })
    }
}

impl core::error::Error for ServeError {}
