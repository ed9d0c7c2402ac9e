//! Errors of a simulated device's link: those of any other.

use super::LinkError;
use espprov_simulator::MemoryError;

impl LinkError for MemoryError {}
