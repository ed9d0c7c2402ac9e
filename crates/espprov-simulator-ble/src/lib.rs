//! The simulated ESP32 as a Bluetooth LE peripheral: the GATT server that firmware has (`espprov_services::ble`), over any
//! HCI controller.
//!
//! The controller is reached over H4 on a TCP or Unix socket ([`Hci`]: a virtual controller of a test bench, or
//! a real one behind a proxy), or lives in this process ([`air::pair`]: no Bluetooth anywhere). The crate must
//! never contain protocol messages, nor what a GATT server does: controllers, packets and the simulation's options are
//! its business.
//!
//! ```
//! use espprov_simulator::{Scenario, Shared, SimDevice};
//! use espprov_simulator_ble::{Options, air, serve};
//!
//! # async fn example() -> Result<(), Box<dyn core::error::Error>> {
//! let device = SimDevice::new(Scenario::builtin("default")?)?;
//! let options = Options::of(&device);
//! // The other one is for a client's Bluetooth host.
//! let (controller, _other) = air::pair();
//! serve(controller, &Shared::new(device), &options, &mut |event| println!("{event}")).await?;
//! # Ok(()) }
//! ```

pub mod air;
mod gatt;
mod hci;
mod options;
pub mod pool;

pub use espprov_services::ble::{BleEvent, ServeError};
pub use gatt::serve;
pub use hci::{Controller, Hci, InvalidHci};
pub use options::{Mtu, Options};
