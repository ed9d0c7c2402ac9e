//! The devices of these tests.

use espprov_conformance::{Scheme, WORLD};
use espprov_simulator::scenario::Link;
use espprov_simulator::{Scenario, SimDevice};

/// A device in the world of the conformance suite, with the limits of this link.
pub(crate) fn device(link: Link, scheme: Scheme) -> SimDevice {
    device_in(WORLD, link, scheme)
}

/// The same in another world.
pub(crate) fn device_in(world: &str, link: Link, scheme: Scheme) -> SimDevice {
    let scenario = format!("{world}\n{}", scheme.settings());
    let mut scenario = Scenario::parse(&scenario).expect("a scenario");
    scenario.device.link = link;
    SimDevice::new(scenario).expect("a device")
}
