//! Setup codes as pictures: the squares that a phone's camera reads.

#[cfg(feature = "codes")]
mod draw;
#[cfg(feature = "pictures")]
mod find;
#[cfg(feature = "pictures")]
mod picture;

#[cfg(feature = "codes")]
pub use draw::{Code, Ground, TooMuch};
#[cfg(feature = "pictures")]
pub use find::read;
#[cfg(feature = "pictures")]
pub use picture::PictureError;

#[cfg(all(test, feature = "codes", feature = "pictures"))]
mod tests;
