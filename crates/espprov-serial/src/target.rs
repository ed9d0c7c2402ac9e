//! Which port, and how.

use core::fmt;
use core::str::FromStr;

/// The speed that vendor firmware uses unless configured otherwise.
const DEFAULT_BAUD: u32 = 115_200;
/// Characters stock firmware reads per line, its carriage return included.
const STOCK_LINE_LIMIT: usize = 255;

/// A serial port: `PATH[?baud=N][&line-limit=N]`.
///
/// ```
/// use espprov_serial::SerialTarget;
///
/// let target: SerialTarget = "/dev/ttyUSB0?baud=921600&line-limit=0".parse()?;
/// assert_eq!((target.path(), target.baud(), target.line_limit()), ("/dev/ttyUSB0", 921_600, None));
/// assert_eq!("COM3".parse::<SerialTarget>()?.baud(), 115_200);
/// # Ok::<(), espprov_serial::InvalidSerialTarget>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialTarget {
    path: String,
    baud: u32,
    line_limit: Option<usize>,
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
    /// An option that is neither of these.
    Option,
}

impl fmt::Display for InvalidSerialTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPath => "the name of the serial port is missing",
            Self::Baud => "the speed is not a positive number",
            Self::LineLimit => "the line limit is not a number",
            Self::Option => "a serial port has the options baud and line-limit only",
        })
    }
}

impl core::error::Error for InvalidSerialTarget {}

#[cfg(test)]
mod tests {
    use super::*;

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
        for (text, error) in [
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
