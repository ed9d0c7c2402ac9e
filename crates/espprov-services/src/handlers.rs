//! How many endpoints the HTTP server of stock firmware has, which decides what a client meets there.

use crate::{Access, Service as _};

/// URI handlers the firmware's server has room for: those of the firmware and the application's first. Others answer 404.
const HANDLERS_MAX: usize = 8;

/// Whether the firmware's server, which has room for eight handlers, has this endpoint.
pub fn is_served(device: &impl Access, endpoint: &str) -> bool {
    let (mut known, mut handlers) = (false, 0_usize);
    let visit = &mut |_, name: &str| {
        known |= handlers < HANDLERS_MAX && name == endpoint;
        handlers = handlers.saturating_add(1);
    };
    device.with(|device| device.endpoints(visit));
    known
}
