//! The extension module of the Python package `espprov`: the front door (crate `espprov`) for Python.
//!
//! It must never contain protocol, and neither may the Python around it: what a call does is the front door's. Here are only what
//! waits for it (`call.rs`: with the interpreter's lock released, signals heard, cancelled cleanly), links written in Python
//! (`own.rs`), and values as Python has them.
//!
//! Every call is made once, as a [`call::Call`]; the package's `Device` waits for it, and its `aio.Device` awaits it.

mod arguments;
mod call;
mod cause;
mod cli;
mod codes;
mod connect;
mod device;
mod error;
mod event;
mod local;
mod own;
mod runtime;
mod simulator;
mod values;

use pyo3::prelude::*;

/// What the package's Python calls; private to it.
#[pymodule]
mod _espprov {
    #[pymodule_export]
    use super::call::Call;
    #[pymodule_export]
    use super::cli::cli;
    #[pymodule_export]
    use super::codes::{Credentials, SetupPayload, ThreadDataset, credentials, shown};
    #[pymodule_export]
    use super::connect::{Connector, serial_ports};
    #[pymodule_export]
    use super::device::Device;
    #[pymodule_export]
    use super::event::Event;
    #[pymodule_export]
    use super::local::LocalControl;
    #[pymodule_export]
    use super::own::Reply;
    #[pymodule_export]
    use super::simulator::{Simulator, SimulatorEvent, SimulatorLink};
    #[pymodule_export]
    use super::values::{
        AccessPoint, DeviceInfo, Property, Provisioned, ThreadNetwork, ThreadProvisioned, ThreadStatus,
        WifiStatus,
    };

    use super::{Bound, PyModule, PyModuleMethods as _, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
