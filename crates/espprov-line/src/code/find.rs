//! Codes found in pictures as cameras make them: turned, small, out of focus, white on black, half in the shade.

use super::PictureError;
use super::picture::Grey;
use core::panic::AssertUnwindSafe;
use rqrr::PreparedImage;
use std::panic::catch_unwind;

/// The largest side that is searched first: enough for a code that fills a tenth of it, and quick.
const USUAL: usize = 1600;
/// The smallest side worth enlarging up to.
const ENLARGED: usize = 1200;

/// The texts of the codes in a PNG or JPEG picture, each once.
///
/// ```
/// use espprov_line::code::{PictureError, read};
///
/// assert_eq!(read(b"GIF89a"), Err(PictureError::NoPicture));
/// ```
///
/// # Errors
/// [`PictureError`]. There is at least one text otherwise.
pub fn read(picture: &[u8]) -> Result<Vec<String>, PictureError> {
    let whole = Grey::read(picture)?;
    for attempt in attempts(&whole) {
        let found = search(&attempt.made(&whole));
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(PictureError::NoCode)
}

/// One way to look at the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Attempt {
    /// Its side is so many times as long.
    scale: f32,
    /// Differences to the surroundings, made larger by this factor: for pictures out of focus. 0 = as it is.
    sharpen: f32,
    inverted: bool,
}

/// What is tried, the likely first.
fn attempts(picture: &Grey) -> Vec<Attempt> {
    let side = picture.width.max(picture.height).max(1) as f32;
    let usual = (USUAL as f32 / side).min(1.0);
    let mut scales = vec![usual];
    // Small modules: interpolated pixels have straight edges again.
    for factor in [2.0, 3.0] {
        if side * factor <= ENLARGED as f32 * 1.5 {
            scales.push(factor);
        }
    }
    // Noise and screens average out; and a code that fills a part of a large picture is looked at as it is.
    scales.push(usual * 0.5);
    if usual < 1.0 {
        scales.push(1.0);
    }
    let mut all = Vec::new();
    for sharpen in [0.0, 1.5] {
        for scale in &scales {
            for inverted in [false, true] {
                all.push(Attempt {
                    scale: *scale,
                    sharpen,
                    inverted,
                });
            }
        }
    }
    all
}

impl Attempt {
    fn made(self, whole: &Grey) -> Grey {
        let mut picture = if self.scale < 1.0 {
            shrunk(whole, self.scale)
        } else if self.scale > 1.0 {
            enlarged(whole, self.scale)
        } else {
            Grey {
                pixels: whole.pixels.clone(),
                ..*whole
            }
        };
        if self.sharpen > 0.0 {
            picture = sharpened(&picture, self.sharpen);
        }
        if self.inverted {
            picture.pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
        }
        picture
    }
}

fn scaled(length: usize, scale: f32) -> usize {
    ((length as f32 * scale) as usize).max(1)
}

/// Each pixel is the mean of those it stands for.
fn shrunk(from: &Grey, scale: f32) -> Grey {
    let (width, height) = (scaled(from.width, scale), scaled(from.height, scale));
    let range = |at: usize, of: usize, whole: usize| {
        let begin = at * whole / of;
        begin..((at + 1) * whole / of).clamp(begin + 1, whole.max(begin + 1))
    };
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (mut sum, mut count) = (0_u32, 0_u32);
            for v in range(y, height, from.height) {
                for u in range(x, width, from.width) {
                    sum += u32::from(from.at(u, v));
                    count += 1;
                }
            }
            pixels.push((sum / count.max(1)) as u8);
        }
    }
    Grey {
        width,
        height,
        pixels,
    }
}

/// Bilinear.
fn enlarged(from: &Grey, scale: f32) -> Grey {
    let (width, height) = (scaled(from.width, scale), scaled(from.height, scale));
    let place = |at: usize, most: usize| {
        let at = ((at as f32 + 0.5) / scale - 0.5).clamp(0.0, (most - 1) as f32);
        let whole = at as usize;
        (whole, (whole + 1).min(most - 1), at - whole as f32)
    };
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        let (y0, y1, v) = place(y, from.height);
        for x in 0..width {
            let (x0, x1, u) = place(x, from.width);
            let mix = |a: u8, b: u8| f32::from(a) * (1.0 - u) + f32::from(b) * u;
            let upper = mix(from.at(x0, y0), from.at(x1, y0));
            let lower = mix(from.at(x0, y1), from.at(x1, y1));
            pixels.push((upper * (1.0 - v) + lower * v) as u8);
        }
    }
    Grey {
        width,
        height,
        pixels,
    }
}

/// What a pixel differs by from the mean around it, made larger.
fn sharpened(from: &Grey, amount: f32) -> Grey {
    let (width, height) = (from.width, from.height);
    let reach = 2;
    let mut pixels = Vec::with_capacity(from.pixels.len());
    for y in 0..height {
        for x in 0..width {
            let (mut sum, mut count) = (0_u32, 0_u32);
            for v in y.saturating_sub(reach)..(y + reach + 1).min(height) {
                for u in x.saturating_sub(reach)..(x + reach + 1).min(width) {
                    sum += u32::from(from.at(u, v));
                    count += 1;
                }
            }
            let (own, mean) = (f32::from(from.at(x, y)), sum as f32 / count.max(1) as f32);
            // A cast of a number out of range is the nearest one in it.
            pixels.push((own + (own - mean) * amount) as u8);
        }
    }
    Grey {
        width,
        height,
        pixels,
    }
}

fn search(picture: &Grey) -> Vec<String> {
    // The search is another project's code on somebody's picture: a slip of it is a code that was not found.
    let found = catch_unwind(AssertUnwindSafe(|| {
        let mut prepared =
            PreparedImage::prepare_from_greyscale(picture.width, picture.height, |x, y| picture.at(x, y));
        let mut texts: Vec<String> = Vec::new();
        for grid in prepared.detect_grids() {
            if let Ok((_, text)) = grid.decode()
                && !texts.contains(&text)
            {
                texts.push(text);
            }
        }
        texts
    }));
    found.unwrap_or_default()
}
