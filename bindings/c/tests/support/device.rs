//! The devices of these tests.

use espprov_conformance::{SECRET, USERNAME, WORLD};
use espprov_simulator::scenario::Link;
use espprov_simulator::{Scenario, SimDevice};

/// A device in the world of the conformance suite, with the limits of this link.
pub(crate) fn device(link: Link, scheme: u8, patch: u8) -> SimDevice {
    device_in(WORLD, link, scheme, patch)
}

/// The same in another world.
pub(crate) fn device_in(world: &str, link: Link, scheme: u8, patch: u8) -> SimDevice {
    let patch = if scheme == 2 {
        format!("patch = {patch}")
    } else {
        String::new()
    };
    let security = format!(
        "[security]\nscheme = {scheme}\n{patch}\npop = \"{SECRET}\"\nusername = \"{USERNAME}\"\npassword = \"{SECRET}\"\n"
    );
    let mut scenario = Scenario::parse(&format!("{world}\n{security}")).expect("a scenario");
    scenario.device.link = link;
    SimDevice::new(scenario).expect("a device")
}
