//! A code drawn: for terminals, as SVG and as PNG.

use core::fmt::{self, Write};
use qrcode::types::Color;
use qrcode::{EcLevel, QrCode};

/// Light modules around the code. Readers need four.
const QUIET: usize = 4;
/// The largest picture of one module, in pixels.
const SCALE_MAX: usize = 64;

/// A QR code, as modules. No `Debug`: what is in it may be secret.
pub struct Code {
    width: usize,
    dark: Vec<bool>,
}

/// More text than a QR code holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMuch;

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("that is more text than a QR code holds")
    }
}

impl core::error::Error for TooMuch {}

/// What a terminal shows where nothing is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ground {
    /// Whatever it is: black and white are set, by escape sequences.
    Any,
    /// A dark background, and no escape sequences: light modules are printed.
    Dark,
    /// A light background, and no escape sequences: dark modules are printed.
    Light,
}

impl Code {
    /// The smallest code of this text in which a sixth may be unreadable (level M).
    ///
    /// # Errors
    /// [`TooMuch`]: some two thousand characters fit.
    pub fn new(text: &str) -> Result<Self, TooMuch> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| TooMuch)?;
        Ok(Self {
            width: code.width(),
            dark: code
                .to_colors()
                .into_iter()
                .map(|color| color == Color::Dark)
                .collect(),
        })
    }

    /// Modules on a side, without the quiet zone.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Modules on a side, with the quiet zone.
    #[must_use]
    pub const fn outer_width(&self) -> usize {
        self.width.saturating_add(2 * QUIET)
    }

    /// The module at this place of the picture, quiet zone included.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.dark.get(y * self.width + x).copied().unwrap_or(false),
            _ => false,
        }
    }

    /// For a terminal: two modules in each character, one above the other, with a line break at the end of each line.
    #[must_use]
    pub fn terminal(&self, ground: Ground) -> String {
        let side = self.outer_width();
        let mut text = String::new();
        for y in (0..side).step_by(2) {
            if ground == Ground::Any {
                // Of the cube of 256 colours, which no theme changes: black on white.
                text.push_str("\x1b[38;5;16;48;5;231m");
            }
            for x in 0..side {
                let upper = self.is_dark(x, y);
                // Below the last line the terminal's own ground begins.
                let lower = (y + 1 < side).then(|| self.is_dark(x, y + 1));
                let printed = match ground {
                    Ground::Any | Ground::Light => (upper, lower.unwrap_or(false)),
                    Ground::Dark => (!upper, lower.is_some_and(|dark| !dark)),
                };
                text.push(match printed {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            if ground == Ground::Any {
                text.push_str("\x1b[0m");
            }
            text.push('\n');
        }
        text
    }

    /// As a drawing of one path, one unit a module.
    #[must_use]
    pub fn svg(&self) -> String {
        let side = self.outer_width();
        let mut path = String::new();
        for y in 0..side {
            let mut x = 0;
            while x < side {
                let run = (x..side).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    // Writing into a string does not fail.
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run.max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
        )
    }

    /// As a PNG of one bit a pixel, so many pixels (1 to 64) a module.
    #[must_use]
    pub fn png(&self, scale: usize) -> Vec<u8> {
        let scale = scale.clamp(1, SCALE_MAX);
        let side = self.outer_width() * scale;
        let mut rows = Vec::with_capacity(side.div_ceil(8) * side);
        for y in 0..self.outer_width() {
            let mut row = vec![0_u8; side.div_ceil(8)];
            for (x, byte) in (0..side)
                .filter(|x| !self.is_dark(x / scale, y))
                .map(|x| (x, x / 8))
            {
                if let Some(byte) = row.get_mut(byte) {
                    *byte |= 0x80 >> (x % 8);
                }
            }
            // A module is as high as it is wide.
            rows.extend_from_slice(&row.repeat(scale));
        }
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, side as u32, side as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let written = encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&rows));
        debug_assert!(written.is_ok(), "a Vec takes everything, and the size is right");
        out
    }
}
