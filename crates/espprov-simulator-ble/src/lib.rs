//! The simulated ESP32 as a Bluetooth LE peripheral.
//!
//! This crate serves an `espprov_simulator` device as a GATT peripheral on any HCI controller that speaks H4.
//! It must never contain protocol messages or cryptography: those are the device's.
#![forbid(unsafe_code)]
