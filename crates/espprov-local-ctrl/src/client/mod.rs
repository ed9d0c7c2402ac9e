//! The client half.

#[cfg(feature = "auto")]
pub(crate) mod in_turn;
pub(crate) mod list;
pub(crate) mod property;
mod reading;
pub(crate) mod requests;
pub(crate) mod set;

#[cfg(all(test, feature = "device"))]
mod dialogue_tests;
