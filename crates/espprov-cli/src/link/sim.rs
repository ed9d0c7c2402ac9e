//! A simulated device in this process.

use crate::errors::Failure;
use crate::secret_input::{Credentials, SecretBytes};
use espprov_simulator::{MemoryTransport, Scenario, Shared, SimDevice};
use espprov_tokio::TokioClock;
use zeroize::Zeroizing;

pub(super) type SimLink = MemoryTransport<SimDevice, TokioClock>;

/// Switches the device on and connects to it.
pub(super) fn open(scenario: &Scenario, clock: TokioClock) -> Result<SimLink, Failure> {
    let model = scenario.device.link_model();
    let device = device(scenario.clone())?;
    Ok(MemoryTransport::new(Shared::new(device), clock, model))
}

/// The device of a scenario.
pub(crate) fn device(scenario: Scenario) -> Result<SimDevice, Failure> {
    SimDevice::new(scenario).map_err(|error| {
        Failure::usage(
            "invalid_scenario",
            format!("the scenario cannot be played: {error}"),
        )
        .cause("its settings, or options given beside it, contradict each other")
        .help("correct the scenario or the options; the manual describes the format")
    })
}

/// A simulated device brings what opens it, for whoever did not say anything else.
pub(crate) fn own_credentials(scenario: &Scenario, credentials: &mut Credentials) {
    if credentials.has_proof() {
        return;
    }
    let security = &scenario.security;
    match scenario.scheme() {
        1 => credentials.pop = Some(copy(security.pop.expose())),
        2 => {
            credentials.password = Some(copy(security.password.expose()));
            if credentials.username.is_none() {
                credentials.username = Some(copy(scenario.username().as_bytes()));
            }
        }
        _ => {}
    }
}

fn copy(bytes: &[u8]) -> SecretBytes {
    Zeroizing::new(bytes.to_vec())
}
