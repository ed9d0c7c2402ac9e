//! A device on its network, with properties.

use crate::explain::{self, LinkError};
use crate::link::AnyLink;
use crate::{Caller, Error, Listener, Place, TokioClock};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use espprov_core::auth::{Auto, SessionSecurity};
use espprov_core::call::Converse;
use espprov_core::{DeviceInfo, Provisioner};
use espprov_local_ctrl::{Change, Convention, InTurn, List, NoProperties, Property, Protocol, Set};
use espprov_transport::Reconnect;
use getrandom::SysRng;

/// The driver under a [`LocalControl`].
pub type LocalDriver<T = AnyLink> = Provisioner<T, InTurn, SysRng, TokioClock, Vec<u8>, Listener>;

/// A device on its network that lets clients list, read and set its properties: ESP Local Control, opened by
/// [`Connect::open_local_control`](crate::Connect::open_local_control).
///
/// ```
/// # #[cfg(feature = "simulator")]
/// # fn main() -> Result<(), espprov::Error> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mut device = espprov::connect("sim:zero").open_local_control().await?;
/// for property in device.list().await? {
///     println!("{}: {:?} bytes", property.name, property.value.len());
/// }
/// device.set([("property1", "638".into())]).await?;
/// let property = device.get("property1").await?;
/// assert_eq!(property.value, 638_i32.to_le_bytes());
/// device.close().await;
/// # Ok(()) }) }
/// # #[cfg(not(feature = "simulator"))]
/// # fn main() {}
/// ```
///
/// Deadlines and cancelling are as with a [`Device`](crate::Device).
pub struct LocalControl<T = AnyLink> {
    driver: LocalDriver<T>,
    place: Place,
    deadline: Duration,
}

/// A value to be, for a property.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewValue {
    /// Text, read as the property's type says: a number, `true` or `false`, or text as it is.
    Text(String),
    /// The bytes themselves.
    Bytes(Vec<u8>),
}

impl From<&str> for NewValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<&[u8]> for NewValue {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl fmt::Debug for NewValue {
    /// The value may be a secret of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Bytes(_) => "Bytes(..)",
        })
    }
}

impl NewValue {
    /// The bytes for this property.
    fn encode(&self, caller: Caller, property: &Property) -> Result<Vec<u8>, Error> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.clone()),
            Self::Text(text) => match property.value_type() {
                Some(kind) => kind
                    .encode(text)
                    .map_err(|error| explain::invalid_value(caller, &property.name, error)),
                None => Err(explain::unknown_type(caller, property)),
            },
        }
    }
}

/// The property of this name.
///
/// # Errors
/// `no_such_property`.
pub fn find<'p>(caller: Caller, listed: &'p [Property], name: &str) -> Result<&'p Property, Error> {
    let found = listed.iter().find(|property| property.name == name);
    found.ok_or_else(|| explain::no_such_property(caller, name, listed))
}

/// The properties that are meant, with their values as bytes. Nothing is sent that is known to be refused.
///
/// # Errors
/// `no_such_property`, `property_twice`, `read_only`, `invalid_value`, `unknown_type`.
pub fn changes<'p>(
    caller: Caller,
    listed: &'p [Property],
    wanted: &[(&str, NewValue)],
) -> Result<Vec<(&'p Property, Vec<u8>)>, Error> {
    let convention = Convention::of(listed);
    let mut changes: Vec<(&Property, Vec<u8>)> = Vec::with_capacity(wanted.len());
    for (name, value) in wanted {
        let property = find(caller, listed, name)?;
        if changes.iter().any(|(other, _)| other.index == property.index) {
            return Err(explain::property_twice(caller, name));
        }
        // What the flag means is known only where the whole table keeps a convention.
        if convention.is_some() && property.is_flagged_read_only() {
            return Err(explain::read_only(name));
        }
        changes.push((property, value.encode(caller, property)?));
    }
    Ok(changes)
}

impl<T> LocalControl<T>
where
    T: Reconnect,
    T::Error: LinkError,
{
    pub(crate) fn new(
        link: T,
        auth: Auto,
        place: Place,
        clock: TokioClock,
        deadline: Duration,
        listener: Listener,
    ) -> Self {
        let driver = Provisioner::new(
            link,
            InTurn::new(auth),
            SysRng,
            clock,
            vec![0; crate::device::BUFFER],
        )
        .with_endpoints(Protocol::ESP_LOCAL_CTRL.endpoints)
        .with_observer(listener)
        .with_deadlines(crate::device::deadlines(&place, deadline));
        Self {
            driver,
            place,
            deadline,
        }
    }

    /// Where it is, for messages.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The driver, for what is not here: the application's own endpoints, for one.
    pub const fn driver(&mut self) -> &mut LocalDriver<T> {
        &mut self.driver
    }

    /// What the device says about itself. Older firmware says nothing of its security.
    ///
    /// # Errors
    /// `no_local_control`, and those of the link.
    pub async fn info(&mut self) -> Result<DeviceInfo, Error> {
        self.begin();
        match self.driver.info().await {
            Ok(info) => Ok(info.clone()),
            Err(error) => Err(explain::local_control(&error, &self.place)),
        }
    }

    /// Begins the session now, to know whether the credentials are right.
    ///
    /// # Errors
    /// `wrong_pop`, `wrong_password`, what policy refuses, and those of the link.
    pub async fn authenticate(&mut self) -> Result<SessionSecurity, Error> {
        self.begin();
        let end = self.driver.connect().await;
        end.map_err(|error| explain::local_control(&error, &self.place))
    }

    /// All properties with their values.
    ///
    /// # Errors
    /// `no_local_control`, those of a session, or the device refuses.
    pub async fn list(&mut self) -> Result<Vec<Property>, Error> {
        self.begin();
        let end = self
            .driver
            .run(Converse::new(List::new(&Protocol::ESP_LOCAL_CTRL)));
        end.await
            .map_err(|error| explain::local_control(&error, &self.place))
    }

    /// One property, by its name.
    ///
    /// # Errors
    /// `no_such_property`, and those of [`list`](Self::list).
    pub async fn get(&mut self, name: &str) -> Result<Property, Error> {
        let listed = self.list().await?;
        find(self.place.caller, &listed, name).cloned()
    }

    /// Sets properties by their names, all in one request. Does nothing for none at all.
    ///
    /// # Errors
    /// `partly_set`: the device refused after it had changed some. `not_set`: it refused. `properties_moved`, `no_such_property`, `read_only`,
    /// `invalid_value` and others: nothing was sent. Those of a session.
    pub async fn set<'n>(
        &mut self,
        values: impl IntoIterator<Item = (&'n str, NewValue)>,
    ) -> Result<(), Error> {
        let wanted: Vec<_> = values.into_iter().collect();
        let listed = self.list().await?;
        let changes = changes(self.place.caller, &listed, &wanted)?;
        let changes: Vec<Change<'_>> = changes
            .iter()
            .map(|(property, value)| Change { property, value })
            .collect();
        let set = match Set::new(&Protocol::ESP_LOCAL_CTRL, &changes) {
            Ok(set) => set,
            Err(NoProperties) => return Ok(()),
        };
        self.begin();
        let end = self.driver.run(Converse::new(set)).await;
        let set = end.map_err(|error| explain::local_control(&error, &self.place))?;
        let names: Vec<_> = wanted.iter().map(|(name, _)| *name).collect();
        set.map_err(|error| explain::not_set(self.place.caller, &error, &names))
    }

    /// Ends the link in an orderly way.
    pub async fn close(mut self) {
        self.driver.close().await;
    }

    fn begin(&mut self) {
        self.driver.limit_total(self.deadline);
    }
}

impl<T> fmt::Debug for LocalControl<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalControl")
            .field("at", &self.place.label)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
