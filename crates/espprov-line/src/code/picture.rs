//! Pictures as grey pixels: PNG and JPEG.

use core::fmt;
use std::io::Cursor;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// The most pixels on a side, and in all: more than any camera makes.
const SIDE_MAX: usize = 20_000;
const PIXELS_MAX: usize = 64 << 20;

/// Why nothing was read from a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureError {
    /// Neither PNG nor JPEG.
    NoPicture,
    /// A PNG or JPEG that is broken or cut off.
    Broken,
    /// More pixels than any camera makes.
    TooLarge,
    /// There is a picture, and no code in it that can be read.
    NoCode,
}

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPicture => "this is neither a PNG nor a JPEG picture",
            Self::Broken => "the picture is broken or cut off",
            Self::TooLarge => "the picture has more pixels than any camera makes",
            Self::NoCode => "there is no QR code in the picture that can be read",
        })
    }
}

impl core::error::Error for PictureError {}

/// Pixels from 0, black, to 255.
pub(super) struct Grey {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl Grey {
    pub(super) fn at(&self, x: usize, y: usize) -> u8 {
        self.pixels.get(y * self.width + x).copied().unwrap_or(255)
    }

    /// Reads a picture.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, PictureError> {
        if bytes.starts_with(b"\x89PNG") {
            png(bytes)
        } else if bytes.starts_with(&[0xff, 0xd8]) {
            jpeg(bytes)
        } else {
            Err(PictureError::NoPicture)
        }
    }
}

fn check_size(width: usize, height: usize) -> Result<(), PictureError> {
    match width.checked_mul(height) {
        Some(0) => Err(PictureError::Broken),
        Some(pixels) if pixels <= PIXELS_MAX && width <= SIDE_MAX && height <= SIDE_MAX => Ok(()),
        _ => Err(PictureError::TooLarge),
    }
}

/// Transparency is white: codes on labels are printed on something light.
fn png(bytes: &[u8]) -> Result<Grey, PictureError> {
    let limits = png::Limits {
        bytes: 4 * PIXELS_MAX,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let broken = |error: png::DecodingError| match error {
        png::DecodingError::LimitsExceeded => PictureError::TooLarge,
        _ => PictureError::Broken,
    };
    let header = decoder.read_header_info().map_err(broken)?;
    let (width, height) = (header.width as usize, header.height as usize);
    check_size(width, height)?;
    let mut reader = decoder.read_info().map_err(broken)?;
    let size = reader.output_buffer_size().ok_or(PictureError::TooLarge)?;
    let mut data = vec![0; size];
    let frame = reader.next_frame(&mut data).map_err(broken)?;
    let (color, _) = reader.output_color_type();
    let over_white = |grey: u8, alpha: u8| {
        let alpha = u32::from(alpha);
        ((u32::from(grey) * alpha + 255 * (255 - alpha)) / 255) as u8
    };
    let pixel = |cell: &[u8]| match *cell {
        [grey] => grey,
        [grey, alpha] => over_white(grey, alpha),
        [r, g, b] => luma(r, g, b),
        [r, g, b, alpha] => over_white(luma(r, g, b), alpha),
        _ => 255,
    };
    let mut pixels = Vec::with_capacity(width * height);
    for line in data.chunks_exact(frame.line_size.max(1)).take(height) {
        pixels.extend(line.chunks_exact(color.samples()).take(width).map(pixel));
    }
    grey(width, height, pixels)
}

fn grey(width: usize, height: usize, pixels: Vec<u8>) -> Result<Grey, PictureError> {
    if pixels.len() != width * height {
        return Err(PictureError::Broken);
    }
    Ok(Grey {
        width,
        height,
        pixels,
    })
}

const fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((r as u32 * 299 + g as u32 * 587 + b as u32 * 114) / 1000) as u8
}

fn jpeg(bytes: &[u8]) -> Result<Grey, PictureError> {
    let options = DecoderOptions::default()
        .set_max_width(SIDE_MAX)
        .set_max_height(SIDE_MAX)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| PictureError::Broken)?;
    let info = decoder.info().ok_or(PictureError::Broken)?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    check_size(width, height)?;
    let pixels = decoder.decode().map_err(|_| PictureError::Broken)?;
    grey(width, height, pixels)
}
