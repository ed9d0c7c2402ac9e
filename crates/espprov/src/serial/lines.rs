//! The two lines that boards use to reset their chip, beside the data.
//!
//! On most boards two transistors join DTR and RTS to the chip's reset and boot mode: RTS on with DTR off resets it, DTR on
//! with RTS off selects the boot mode at the next reset, and with both on or both off it runs. A chip with USB of its
//! own reads the same two lines from the host's requests, and many firmwares print over USB only while DTR is on.

use super::SerialTarget;
use core::fmt;
use core::str::FromStr;
use std::io;
use tokio_serial::{SerialPort, SerialPortBuilderExt, SerialStream};

/// What opening a port does to the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reset {
    /// Both lines are on: the board runs, and talks if it is one that looks at DTR. Linux and macOS switch them on when they
    /// open a port, both at once, and nothing is left to do; Windows leaves them off, so they are switched on there, DTR
    /// first. Nothing is reset on purpose.
    #[default]
    Auto,
    /// Both lines are off, and stay so. For boards where one line alone holds the chip in reset. The system may have had them on
    /// for a moment. Firmware that prints over USB only while DTR is on is silent then.
    Hold,
    /// Neither is touched: whatever the system does.
    None,
}

/// The lines, as far as they matter here.
pub(crate) trait Lines {
    /// Switches DTR.
    fn dtr(&mut self, on: bool) -> io::Result<()>;
    /// Switches RTS.
    fn rts(&mut self, on: bool) -> io::Result<()>;
}

impl Lines for SerialStream {
    fn dtr(&mut self, on: bool) -> io::Result<()> {
        Ok(self.write_data_terminal_ready(on)?)
    }

    fn rts(&mut self, on: bool) -> io::Result<()> {
        Ok(self.write_request_to_send(on)?)
    }
}

impl Reset {
    /// Brings the lines from where opening left them to where they are to stay. On the way they never are where the board is
    /// in reset: RTS on, DTR off. Ports without these lines (a pseudo-terminal, a bridge with two wires) have nothing to
    /// bring anywhere.
    pub(crate) fn apply(self, lines: &mut impl Lines) {
        let _ = match self {
            Self::Auto => lines.dtr(true).and_then(|()| lines.rts(true)),
            Self::Hold => lines.rts(false).and_then(|()| lines.dtr(false)),
            Self::None => Ok(()),
        };
    }

    /// Its name in a target.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Hold => "hold",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Reset {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Auto, Self::Hold, Self::None];
        all.into_iter().find(|reset| reset.name() == text).ok_or(())
    }
}

/// Opens the port: 8 data bits, no parity, 1 stop bit, no flow control, for this process alone.
pub(crate) fn open(target: &SerialTarget) -> io::Result<SerialStream> {
    let mut port = tokio_serial::new(target.path(), target.baud()).open_native_async()?;
    target.reset().apply(&mut port);
    Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Lines that note where they have been.
    struct Board {
        dtr: bool,
        rts: bool,
        seen: Vec<(bool, bool)>,
    }

    impl Board {
        /// As the system leaves them when it has opened the port.
        fn opened(on: bool) -> Self {
            Self {
                dtr: on,
                rts: on,
                seen: Vec::new(),
            }
        }
    }

    impl Lines for Board {
        fn dtr(&mut self, on: bool) -> io::Result<()> {
            self.dtr = on;
            self.seen.push((self.dtr, self.rts));
            Ok(())
        }
        fn rts(&mut self, on: bool) -> io::Result<()> {
            self.rts = on;
            self.seen.push((self.dtr, self.rts));
            Ok(())
        }
    }

    #[test]
    fn no_choice_resets_a_board_on_any_system() {
        for on in [true, false] {
            for (reset, end) in [
                (Reset::Auto, (true, true)),
                (Reset::Hold, (false, false)),
                (Reset::None, (on, on)),
            ] {
                let mut board = Board::opened(on);
                reset.apply(&mut board);
                assert_eq!((board.dtr, board.rts), end, "{reset}, opened {on}");
                assert!(!board.seen.contains(&(false, true)), "{reset}: {:?}", board.seen);
                assert_eq!(board.seen.is_empty(), reset == Reset::None);
            }
        }
    }

    #[test]
    fn a_port_without_lines_is_no_failure() {
        struct Bare(u8);
        impl Lines for Bare {
            fn dtr(&mut self, _: bool) -> io::Result<()> {
                self.0 += 1;
                Err(io::ErrorKind::Unsupported.into())
            }
            fn rts(&mut self, _: bool) -> io::Result<()> {
                self.0 += 1;
                Err(io::ErrorKind::Unsupported.into())
            }
        }
        for (reset, tried) in [(Reset::Auto, 1), (Reset::Hold, 1), (Reset::None, 0)] {
            let mut bare = Bare(0);
            reset.apply(&mut bare);
            assert_eq!(bare.0, tried);
        }
    }
}
