//! From what the caller configured to an engine.

use crate::entropy::Entropy;
use crate::job::{CALLER, Copied};
use crate::types::{EspprovConfig, EspprovLink, EspprovSecurity};
use core::time::Duration;
use espprov::{Credentials, Error, LinkKind, Place, explain};
use espprov_core::auth::{Auto, SecurityChoice};
use espprov_core::{Budget, Deadlines, SecurityScheme};
use espprov_transport::Limits;
use espprov_types::SetupPayload;

/// Room for one request or reply, unless the caller says otherwise.
const BUFFER: usize = 16 * 1024;
/// The least and the most that makes sense: the handshake of security 2 takes 406 bytes.
const BUFFERS: core::ops::RangeInclusive<usize> = 512..=16 * 1024 * 1024;
/// Longest value of Bluetooth LE.
const BLE_VALUE: usize = 512;
/// What a stock console's line of 255 characters carries to the endpoint of the handshake.
const SERIAL_LINE: usize = 119;
/// How long connecting again may take over Bluetooth, and how long a device is looked for there.
const BLE_CONNECT: Duration = Duration::from_secs(20);
const BLE_RECOVER: Duration = Duration::from_secs(30);

/// The bytes of a configuration, copied.
pub(crate) struct Given {
    pub(crate) pop: Option<Copied>,
    pub(crate) username: Option<Copied>,
    pub(crate) password: Option<Copied>,
    pub(crate) setup_code: Option<Copied>,
    pub(crate) entropy: Option<Copied>,
}

/// What a handle needs.
pub(crate) struct Settings {
    pub(crate) auth: Auto,
    pub(crate) entropy: Entropy,
    pub(crate) buffer: Vec<u8>,
    pub(crate) deadlines: Deadlines,
    pub(crate) budget: Budget,
    pub(crate) limits: Limits,
    pub(crate) place: Place,
}

/// A setup code as it was scanned.
pub(crate) fn setup_code(code: &[u8]) -> Result<SetupPayload, Error> {
    let text = core::str::from_utf8(code).map_err(|_| {
        Error::usage("invalid_payload", "the setup code is not text")
            .with_cause("it is no UTF-8, as setup codes are")
            .with_help("give the text of the code as it was scanned")
    })?;
    SetupPayload::parse(text).map_err(|error| explain::payload(CALLER, &error))
}

impl Settings {
    pub(crate) fn new(config: &EspprovConfig, given: Given) -> Result<Self, Error> {
        let number = |field, number| {
            Error::usage(
                "invalid_config",
                format!("{field} is {number}, and there is no such one"),
            )
            .with_cause("the struct was not set to zero first, or the number is of another list")
            .with_help(format!("leave {field} at 0, or see the header for its numbers"))
        };
        let link = EspprovLink::from_c(config.link).ok_or_else(|| number("link", config.link))?;
        let security =
            EspprovSecurity::from_c(config.security).ok_or_else(|| number("security", config.security))?;
        let buffer_len = if config.buffer_len == 0 {
            BUFFER
        } else {
            config.buffer_len
        };
        if !BUFFERS.contains(&buffer_len) {
            return Err(
                Error::usage("invalid_config", format!("buffer_len is {buffer_len}"))
                    .with_cause("one request and reply at a time must fit, and no device sends megabytes")
                    .with_help("buffer_len is 512 to 16777216, or 0 for 16384"),
            );
        }
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(buffer_len).map_err(|_| {
            Error::new(espprov::Class::Unexpected, "out_of_memory", "out of memory")
                .with_cause("there is no room for the buffer")
                .with_help("give a smaller buffer_len")
        })?;
        buffer.resize(buffer_len, 0);
        let kind = match link {
            EspprovLink::Other => LinkKind::Other,
            EspprovLink::Http => LinkKind::Http,
            EspprovLink::Ble => LinkKind::Ble,
            EspprovLink::Serial => LinkKind::Serial,
        };
        let budget = match config.compute_budget {
            0 => Budget::UNLIMITED,
            products => Budget::products(products),
        };
        Ok(Self {
            auth: authenticator(config, security, &given)?,
            entropy: match given.entropy {
                Some(bytes) => Entropy::Given { bytes, used: 0 },
                None => Entropy::System,
            },
            buffer,
            deadlines: deadlines(config, kind),
            budget,
            limits: with_sizes(limits(kind), config.max_request, config.max_response),
            place: Place::new(CALLER, kind, "the other end of the link"),
        })
    }
}

fn authenticator(config: &EspprovConfig, security: EspprovSecurity, given: &Given) -> Result<Auto, Error> {
    let setup = given
        .setup_code
        .as_ref()
        .map(|code| setup_code(code))
        .transpose()?;
    let mut credentials = Credentials::default();
    credentials.pop = given.pop.clone();
    credentials.username = given.username.clone();
    credentials.password = given.password.clone();
    if let Some(setup) = &setup {
        credentials.complete(setup);
    }
    let auth = setup.as_ref().map_or_else(Auto::new, Auto::from_payload);
    let choice = match security {
        EspprovSecurity::Auto => SecurityChoice::Auto,
        EspprovSecurity::Sec0 => SecurityChoice::Exactly(SecurityScheme::Sec0),
        EspprovSecurity::Sec1 => SecurityChoice::Exactly(SecurityScheme::Sec1),
        EspprovSecurity::Sec2 => SecurityChoice::Exactly(SecurityScheme::Sec2),
    };
    let auth = auth
        .with_choice(choice)
        .allow_plaintext(config.allow_plaintext != 0);
    credentials.apply(auth, CALLER)
}

/// As the front door has it, and what the caller says.
fn deadlines(config: &EspprovConfig, kind: LinkKind) -> Deadlines {
    let mut deadlines = Deadlines::default();
    if kind == LinkKind::Ble {
        deadlines.connect = BLE_CONNECT;
        deadlines.recover = BLE_RECOVER;
    }
    for (limit, millis) in [
        (&mut deadlines.connect, config.connect_ms),
        (&mut deadlines.exchange, config.exchange_ms),
        (&mut deadlines.handshake, config.handshake_ms),
        (&mut deadlines.scan, config.scan_ms),
        (&mut deadlines.poll, config.poll_ms),
        (&mut deadlines.recover, config.recover_ms),
        (&mut deadlines.connecting, config.connecting_ms),
        (&mut deadlines.takeover, config.takeover_ms),
    ] {
        if millis > 0 {
            *limit = Duration::from_millis(millis.into());
        }
    }
    deadlines
}

fn limits(kind: LinkKind) -> Limits {
    match kind {
        LinkKind::Http => Limits::HTTP,
        LinkKind::Ble => Limits::ble(BLE_VALUE, BLE_VALUE),
        LinkKind::Serial => Limits::new(Some(SERIAL_LINE), None),
        _ => Limits::UNKNOWN,
    }
}

/// The same limits with other sizes; 0 leaves one as it is.
pub(crate) const fn with_sizes(mut limits: Limits, max_request: usize, max_response: usize) -> Limits {
    if max_request > 0 {
        limits.max_request = Some(max_request);
    }
    if max_response > 0 {
        limits.max_response = Some(max_response);
    }
    limits
}
