//! The same for programs without async: it brings a runtime of its own.
//!
//! ```
//! # #[cfg(feature = "simulator")]
//! # fn main() -> Result<(), espprov::Error> {
//! let mut device = espprov::blocking::open(espprov::connect("sim:zero"))?;
//! let joined = device.provision("Home", "correct-horse")?;
//! assert!(joined.is_confirmed());
//! device.close();
//! # Ok(()) }
//! # #[cfg(not(feature = "simulator"))]
//! # fn main() {}
//! ```

use crate::link::AnyLink;
use crate::{
    AccessPoint, Class, Connect, ControlAction, DeviceInfo, Error, Joined, NewValue, Property,
    SessionSecurity, ThreadAttachment, ThreadDataset, ThreadNetwork, ThreadStatus, WifiConnection,
    WifiStatus,
};
use alloc::format;
use alloc::vec::Vec;
use tokio::runtime::Runtime;

/// An open device, for threads that may wait. See the async [`Device`](crate::Device) for what each call does and how it fails.
///
/// # Panics
/// Every call panics within async code, as tokio's runtimes do: use the async one there.
#[derive(Debug)]
pub struct Device {
    // Dropped first: a link may have something to say to its runtime.
    device: crate::Device<AnyLink>,
    runtime: Runtime,
}

/// A device on its network, for threads that may wait. See the async [`LocalControl`](crate::LocalControl).
///
/// # Panics
/// As with a [`Device`].
#[derive(Debug)]
pub struct LocalControl {
    // Dropped first: a link may have something to say to its runtime.
    device: crate::LocalControl<AnyLink>,
    runtime: Runtime,
}

/// Opens a device: [`Connect::open`], waited for.
///
/// # Errors
/// Those of [`Connect::open`], and `runtime` if the system is out of threads or descriptors.
pub fn open(connect: Connect) -> Result<Device, Error> {
    let runtime = runtime()?;
    let device = runtime.block_on(connect.open())?;
    Ok(Device { device, runtime })
}

/// Opens a device for its properties: [`Connect::open_local_control`], waited for.
///
/// # Errors
/// As [`open`].
pub fn open_local_control(connect: Connect) -> Result<LocalControl, Error> {
    let runtime = runtime()?;
    let device = runtime.block_on(connect.open_local_control())?;
    Ok(LocalControl { device, runtime })
}

fn runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(Class::Unexpected, "runtime", format!("cannot start: {error}"))
                .with_cause("the system is out of file descriptors, threads or memory")
                .with_help("close other programs, or raise the limits (ulimit -a), then try again")
        })
}

/// Methods that wait for the async ones.
macro_rules! waited {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $kind:ty),*) -> $what:ty;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// As the async method of this name.
            pub fn $name(&mut self, $($arg: $kind),*) -> Result<$what, Error> {
                self.runtime.block_on(self.device.$name($($arg),*))
            }
        )*
    };
}

impl Device {
    waited! {
        /// What the device says about itself.
        info() -> DeviceInfo;
        /// Begins the session now, to know whether the credentials are right.
        authenticate() -> SessionSecurity;
        /// The Wi-Fi networks that the device hears.
        scan() -> Vec<AccessPoint>;
        /// The Thread networks that the device hears.
        scan_thread() -> Vec<ThreadNetwork>;
        /// Gives the device a Wi-Fi network and follows it until it is online.
        provision(ssid: impl AsRef<[u8]>, passphrase: impl AsRef<[u8]>) -> Joined<WifiConnection>;
        /// Gives the device a Thread dataset and follows it until it is attached.
        provision_thread(dataset: &ThreadDataset) -> Joined<ThreadAttachment>;
        /// State of the device's Wi-Fi station.
        status() -> WifiStatus;
        /// State of the device's Thread interface.
        thread_status() -> ThreadStatus;
        /// Clears a failed attempt to join a Wi-Fi network.
        reset() -> ();
        /// Has a device that is online accept another Wi-Fi network.
        reprovision() -> ();
        /// Clears a failed attempt, or has the device accept another network.
        control(action: ControlAction) -> ();
        /// Sends data to an endpoint of the application; its answer.
        send(endpoint: &str, data: impl AsRef<[u8]>) -> Vec<u8>;
        /// The same in pieces of at most so many bytes.
        send_pieces(endpoint: &str, data: impl AsRef<[u8]>, piece: Option<usize>) -> Vec<u8>;
        /// Sends bytes as they are, without session or cipher; the answer.
        send_raw(endpoint: &str, data: impl AsRef<[u8]>) -> Vec<u8>;
    }

    /// The async device, and the runtime that it lives on.
    pub const fn parts(&mut self) -> (&mut crate::Device<AnyLink>, &Runtime) {
        (&mut self.device, &self.runtime)
    }

    /// Ends the link in an orderly way.
    pub fn close(self) {
        self.runtime.block_on(self.device.close());
    }
}

impl LocalControl {
    waited! {
        /// What the device says about itself.
        info() -> DeviceInfo;
        /// Begins the session now, to know whether the credentials are right.
        authenticate() -> SessionSecurity;
        /// All properties with their values.
        list() -> Vec<Property>;
        /// One property, by its name.
        get(name: &str) -> Property;
    }

    /// Sets properties by their names, all in one request.
    ///
    /// # Errors
    /// As the async method of this name.
    pub fn set<'n>(&mut self, values: impl IntoIterator<Item = (&'n str, NewValue)>) -> Result<(), Error> {
        self.runtime.block_on(self.device.set(values))
    }

    /// The async device, and the runtime that it lives on.
    pub const fn parts(&mut self) -> (&mut crate::LocalControl<AnyLink>, &Runtime) {
        (&mut self.device, &self.runtime)
    }

    /// Ends the link in an orderly way.
    pub fn close(self) {
        self.runtime.block_on(self.device.close());
    }
}
