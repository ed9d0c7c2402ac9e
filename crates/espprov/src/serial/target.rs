//! Which port, and how.

use super::Reset;
use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// The speed that vendor firmware uses unless configured otherwise.
const DEFAULT_BAUD: u32 = 115_200;
/// Characters stock firmware reads per line, its carriage return included.
const STOCK_LINE_LIMIT: usize = 255;

/// How long a device may take to print its prompt: it may be booting.
const DEFAULT_PROMPT_WAIT: Duration = Duration::from_secs(5);
/// An hour is a mistake.
const LONGEST_PROMPT_WAIT: Duration = Duration::from_secs(3600);

/// A serial port: `PATH[?OPTION[&OPTION]…]`.
///
/// | option | meaning | default |
/// |---|---|---|
/// | `baud=N` | bits per second | 115200 |
/// | `line-limit=N` | characters that the device reads per line, its carriage return included; 0 = any number | 255 |
/// | `reset=auto` | what opening does to DTR and RTS: see [`Reset`]; `hold`, `none` | `auto` |
/// | `prompt-wait=TIME` | how long the device's prompt may take, and a port that has gone to come back: `20`, `20s`, `500ms` | 5 s |
///
/// ```
/// use espprov::serial::SerialTarget;
///
/// let target: SerialTarget = "/dev/ttyUSB0?baud=921600&line-limit=0".parse()?;
/// assert_eq!((target.path(), target.baud(), target.line_limit()), ("/dev/ttyUSB0", 921_600, None));
/// assert_eq!("COM3".parse::<SerialTarget>()?.baud(), 115_200);
/// # Ok::<(), espprov::serial::InvalidSerialTarget>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialTarget {
    path: String,
    baud: u32,
    line_limit: Option<usize>,
    reset: Reset,
    prompt_wait: Duration,
}

impl SerialTarget {
    /// The port's name: a path, or `COM3`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Bits per second.
    #[must_use]
    pub const fn baud(&self) -> u32 {
        self.baud
    }

    /// Characters the device reads per line, its carriage return included; `None` = no limit.
    #[must_use]
    pub const fn line_limit(&self) -> Option<usize> {
        self.line_limit
    }

    /// What opening does to the lines that reset boards.
    #[must_use]
    pub const fn reset(&self) -> Reset {
        self.reset
    }

    /// How long the device's prompt may take.
    #[must_use]
    pub const fn prompt_wait(&self) -> Duration {
        self.prompt_wait
    }
}

/// `20`, `20s` or `500ms`; not nothing, and not for ever.
fn time(text: &str) -> Option<Duration> {
    let time = match text.strip_suffix("ms") {
        Some(digits) => Duration::from_millis(digits.parse().ok()?),
        None => Duration::from_secs(text.strip_suffix('s').unwrap_or(text).parse().ok()?),
    };
    (!time.is_zero() && time <= LONGEST_PROMPT_WAIT).then_some(time)
}

impl FromStr for SerialTarget {
    type Err = InvalidSerialTarget;

    fn from_str(text: &str) -> Result<Self, InvalidSerialTarget> {
        let (path, options) = text.split_once('?').unwrap_or((text, ""));
        if path.is_empty() {
            return Err(InvalidSerialTarget::NoPath);
        }
        let mut target = Self {
            path: path.to_owned(),
            baud: DEFAULT_BAUD,
            line_limit: Some(STOCK_LINE_LIMIT),
            reset: Reset::default(),
            prompt_wait: DEFAULT_PROMPT_WAIT,
        };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("baud", value)) => {
                    let baud = value.parse().ok().filter(|&baud| baud > 0);
                    target.baud = baud.ok_or(InvalidSerialTarget::Baud)?;
                }
                Some(("line-limit", value)) => {
                    let limit = value.parse().map_err(|_| InvalidSerialTarget::LineLimit)?;
                    target.line_limit = (limit > 0).then_some(limit);
                }
                Some(("reset", value)) => {
                    target.reset = value.parse().map_err(|()| InvalidSerialTarget::Reset)?;
                }
                Some(("prompt-wait", value)) => {
                    target.prompt_wait = time(value).ok_or(InvalidSerialTarget::PromptWait)?;
                }
                _ => return Err(InvalidSerialTarget::Option),
            }
        }
        Ok(target)
    }
}

impl fmt::Display for SerialTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "serial:{}", self.path)?;
        if self.baud != DEFAULT_BAUD {
            write!(f, "?baud={}", self.baud)?;
        }
        Ok(())
    }
}

/// Not a serial port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSerialTarget {
    /// The port's name is missing.
    NoPath,
    /// `baud` is not a positive number.
    Baud,
    /// `line-limit` is not a number.
    LineLimit,
    /// `reset` is none of its three values.
    Reset,
    /// `prompt-wait` is no time, or none that makes sense.
    PromptWait,
    /// An option that is none of these.
    Option,
}

impl fmt::Display for InvalidSerialTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPath => "the name of the serial port is missing",
            Self::Baud => "the speed is not a positive number",
            Self::LineLimit => "the line limit is not a number",
            Self::Reset => "reset is auto, hold or none",
            Self::PromptWait => "the wait for a prompt is a time of at most an hour: 20s, 500ms",
            Self::Option => "a serial port has the options baud, line-limit, reset and prompt-wait only",
        })
    }
}

impl core::error::Error for InvalidSerialTarget {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn forms() {
        let parse = |text: &str| text.parse::<SerialTarget>();
        let target = parse("/dev/ttyACM0?line-limit=512&baud=9600").unwrap();
        assert_eq!(
            (target.path(), target.baud(), target.line_limit()),
            ("/dev/ttyACM0", 9600, Some(512))
        );
        assert_eq!(target.to_string(), "serial:/dev/ttyACM0?baud=9600");
        let plain = parse("/dev/ttyACM0").unwrap();
        assert_eq!((plain.baud(), plain.line_limit()), (115_200, Some(255)));
        assert_eq!(plain.to_string(), "serial:/dev/ttyACM0");
        assert_eq!(
            (plain.reset(), plain.prompt_wait()),
            (Reset::Auto, Duration::from_secs(5))
        );
        for (text, reset, wait) in [
            ("a?reset=auto", Reset::Auto, 5000),
            ("a?reset=hold&prompt-wait=20", Reset::Hold, 20_000),
            ("a?prompt-wait=3s&reset=none&baud=9600", Reset::None, 3000),
            ("a?prompt-wait=250ms", Reset::Auto, 250),
            ("a?prompt-wait=3600", Reset::Auto, 3_600_000),
        ] {
            let target = parse(text).unwrap();
            let expected = (reset, Duration::from_millis(wait));
            assert_eq!((target.reset(), target.prompt_wait()), expected, "{text}");
        }
        for (text, error) in [
            ("a?reset=on", InvalidSerialTarget::Reset),
            ("a?reset=", InvalidSerialTarget::Reset),
            ("a?prompt-wait=0", InvalidSerialTarget::PromptWait),
            ("a?prompt-wait=0ms", InvalidSerialTarget::PromptWait),
            ("a?prompt-wait=3601s", InvalidSerialTarget::PromptWait),
            ("a?prompt-wait=-1", InvalidSerialTarget::PromptWait),
            ("a?prompt-wait=5m", InvalidSerialTarget::PromptWait),
            ("a?prompt-wait=s", InvalidSerialTarget::PromptWait),
            ("", InvalidSerialTarget::NoPath),
            ("?baud=9600", InvalidSerialTarget::NoPath),
            ("a?baud=0", InvalidSerialTarget::Baud),
            ("a?baud=fast", InvalidSerialTarget::Baud),
            ("a?baud", InvalidSerialTarget::Option),
            ("a?parity=odd", InvalidSerialTarget::Option),
            ("a?line-limit=-1", InvalidSerialTarget::LineLimit),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
