//! A simulated device in this process.

use crate::Error;
use crate::TokioClock;
use crate::error::Class;
use crate::target::{World, sim_device};
use espprov_simulator::{MemoryTransport, Scenario, Shared, SimDevice};

/// A link in memory.
pub type SimLink = MemoryTransport<SimDevice, TokioClock>;

/// Switches the device on and connects to it.
///
/// # Errors
/// `invalid_scenario`.
pub fn open(scenario: &Scenario, clock: TokioClock) -> Result<SimLink, Error> {
    let model = scenario.device.link_model();
    let device = sim_device(scenario.clone())?;
    Ok(MemoryTransport::new(Shared::new(device), clock, model))
}

/// Reads the scenario of a world, on a thread that may wait for a file.
pub(crate) async fn load(world: &World) -> Result<Scenario, Error> {
    let world = world.clone();
    let loading = tokio::task::spawn_blocking(move || world.load());
    loading.await.unwrap_or_else(|_| {
        Err(Error::new(
            Class::Unexpected,
            "unexpected",
            "reading the scenario broke",
        ))
    })
}
