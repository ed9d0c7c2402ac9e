//! From a target to an open device.

use crate::TokioClock;
use crate::credentials::secret;
use crate::explain::LinkError;
use crate::link::AnyLink;
use crate::target::{Parsed, Target};
use crate::text::clean;
use crate::{Caller, Credentials, Device, Error, Event, LinkKind, Listener, LocalControl, Place};
use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt;
use core::time::Duration;
use espprov_core::auth::{Auto, SecurityChoice};
use espprov_transport::{Clock, Reconnect};
use espprov_types::{SetupNetwork, SetupPayload};
use zeroize::Zeroizing;

/// How long opening a device, and each thing it is asked for, may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Begins with a device: any target of the command (`sim`, `ble:PROV_1A2B`, `ble:PROV_*`, `softap`, `http://10.0.0.7`, `serial`,
/// `serial:/dev/ttyUSB0`) or the text of its setup code.
///
/// ```
/// # #[cfg(feature = "simulator")]
/// # fn main() -> Result<(), espprov::Error> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mut device = espprov::connect("sim:zero").open().await?;
/// let joined = device.provision("Home", "correct-horse").await?;
/// assert!(joined.is_confirmed());
/// device.close().await;
/// # Ok(()) }) }
/// # #[cfg(not(feature = "simulator"))]
/// # fn main() {}
/// ```
pub fn connect(target: &str) -> Connect {
    Connect::new(target)
}

/// What is known of a device before it is opened. The target and the credentials are wiped on drop.
#[must_use = "nothing happens until `open`"]
pub struct Connect {
    /// A setup code holds secrets.
    target: Zeroizing<alloc::string::String>,
    options: Options,
}

/// Everything but where the device is.
struct Options {
    credentials: Credentials,
    choice: SecurityChoice,
    plaintext: bool,
    thread: bool,
    /// It is to be opened for its properties.
    local: bool,
    deadline: Duration,
    caller: Caller,
    listener: Listener,
    #[cfg(feature = "tls")]
    tls: Option<crate::Tls>,
    #[cfg(feature = "ble")]
    adapter: Option<alloc::string::String>,
    #[cfg(feature = "ble")]
    services: alloc::vec::Vec<espprov_btleplug::Uuid>,
}

impl Connect {
    fn new(target: &str) -> Self {
        Self {
            target: Zeroizing::new(target.to_string()),
            options: Options {
                credentials: Credentials::default(),
                choice: SecurityChoice::default(),
                plaintext: false,
                thread: false,
                local: false,
                deadline: DEADLINE,
                caller: Caller::Program,
                listener: Box::new(|_| {}),
                #[cfg(feature = "tls")]
                tls: None,
                #[cfg(feature = "ble")]
                adapter: None,
                #[cfg(feature = "ble")]
                services: alloc::vec::Vec::new(),
            },
        }
    }

    /// The proof of possession on the device's label. Empty: the device has none. On a security 2 device it is the password.
    pub fn pop(mut self, pop: impl AsRef<[u8]>) -> Self {
        self.options.credentials.pop = Some(secret(pop.as_ref()));
        self
    }

    /// User name of a security 2 device, if it is not the usual one.
    pub fn username(mut self, username: impl AsRef<[u8]>) -> Self {
        self.options.credentials.username = Some(secret(username.as_ref()));
        self
    }

    /// Password of a security 2 device. It is never tried on a weaker scheme.
    pub fn password(mut self, password: impl AsRef<[u8]>) -> Self {
        self.options.credentials.password = Some(secret(password.as_ref()));
        self
    }

    /// The security scheme, where the device's own word is not to be taken for it.
    pub const fn security(mut self, choice: SecurityChoice) -> Self {
        self.options.choice = choice;
        self
    }

    /// Credentials may go to a device without encryption (security 0): whoever hears the link reads them.
    pub const fn allow_plaintext(mut self) -> Self {
        self.options.plaintext = true;
        self
    }

    /// The device is wanted for a Thread network: the usual user name of such devices, and a simulated one has that radio.
    pub const fn thread(mut self) -> Self {
        self.options.thread = true;
        self
    }

    /// How long opening may take, and then each thing the device is asked for; 60 s if nothing is said.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = deadline;
        self
    }

    /// Whom the help of errors is for; a program if nothing is said.
    pub const fn caller(mut self, caller: Caller) -> Self {
        self.options.caller = caller;
        self
    }

    /// Tells `listener` what happens: the session, a scan, the device trying to join. Carries no secrets.
    pub fn observe(mut self, listener: impl FnMut(&Event<'_>) + Send + 'static) -> Self {
        self.options.listener = Box::new(listener);
        self
    }

    /// Whom to trust at an `https` target, if not those whom the system trusts.
    ///
    /// ```
    /// # #[cfg(feature = "tls")]
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let root = std::fs::read("our-root.pem")?;
    /// let lamp = espprov::connect("https://lamp.local").tls(espprov::Tls::ca(&root)?);
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self, trust: crate::Tls) -> Self {
        self.options.tls = Some(trust);
        self
    }

    /// Name or address of this computer's Bluetooth adapter.
    #[cfg(feature = "ble")]
    pub fn adapter(mut self, adapter: &str) -> Self {
        self.options.adapter = Some(adapter.to_string());
        self
    }

    /// A service UUID of the firmware's own, beside the usual ones.
    #[cfg(feature = "ble")]
    pub fn service(mut self, service: espprov_btleplug::Uuid) -> Self {
        self.options.services.push(service);
        self
    }

    /// Opens the link: when this returns, something answers there. The session begins with the first question that needs it.
    ///
    /// Needs a tokio runtime with time and I/O enabled.
    ///
    /// # Errors
    /// The target cannot be meant ([`Class::Usage`](crate::Class)), nothing answers there in time, or several devices could be meant.
    pub async fn open(self) -> Result<Device, Error> {
        let (link, auth, place, clock, options) = self.reach().await?;
        options.over(link, auth, place, clock, Device::new)
    }

    /// Opens a device that is on its network already, for its properties. Over Bluetooth, the usual service is that of the vendor's
    /// example; a simulated device (`sim`) is one with the properties of that example, unless its file says otherwise.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_local_control(mut self) -> Result<LocalControl, Error> {
        self.options.local = true;
        let (link, auth, place, clock, options) = self.reach().await?;
        options.over(link, auth, place, clock, LocalControl::new)
    }

    /// The same over a link of one's own, which is open.
    ///
    /// # Errors
    /// As [`open_over`](Self::open_over).
    pub fn open_local_control_over<T>(mut self, link: T) -> Result<LocalControl<T>, Error>
    where
        T: Reconnect,
        T::Error: LinkError,
    {
        self.options.local = true;
        let (auth, place, options) = self.known();
        options.over(link, auth, place, TokioClock::new(), LocalControl::new)
    }

    /// Opens the link to what the target names.
    async fn reach(self) -> Result<(AnyLink, Auto, Place, TokioClock, Options), Error> {
        let Self { target, mut options } = self;
        let caller = options.caller;
        let Parsed { target, setup, .. } = Parsed::parse(&target, caller)?;
        #[cfg(feature = "ble")]
        let target = options.meant(target);
        if let Some(setup) = &setup {
            options.know(setup);
        }
        #[cfg(feature = "tls")]
        if options.tls.is_some() {
            crate::link::https::needs_tls(caller, target.kind(), "tls()")?;
        }
        let place = Place::new(caller, target.kind(), target.to_string());
        let clock = TokioClock::new();
        let until = clock.now().saturating_add(options.deadline);
        let link = options.link(&target, &place, clock, until).await?;
        Ok((link, authenticator(setup.as_ref()), place, clock, options))
    }

    /// The same over a link of one's own, which is open. The target is a name for messages, or the text of the device's setup
    /// code, which is in none.
    ///
    /// # Errors
    /// `too_long`: a credential that no device has.
    pub fn open_over<T>(self, link: T) -> Result<Device<T>, Error>
    where
        T: Reconnect,
        T::Error: LinkError,
    {
        let (auth, place, options) = self.known();
        options.over(link, auth, place, TokioClock::new(), Device::new)
    }

    /// What the target says where the link is one's own.
    fn known(self) -> (Auto, Place, Options) {
        let Self { target, mut options } = self;
        let setup = SetupPayload::parse(&target).ok();
        if let Some(setup) = &setup {
            options.know(setup);
        }
        let label = setup
            .as_ref()
            .map_or_else(|| clean(&target), |_| "the device".to_string());
        let place = Place::new(options.caller, LinkKind::Other, label);
        (authenticator(setup.as_ref()), place, options)
    }
}

/// What the setup code says is pinned.
fn authenticator(setup: Option<&SetupPayload>) -> Auto {
    setup.map_or_else(Auto::new, Auto::from_payload)
}

impl Options {
    /// Adds what the setup code knows and nobody said.
    fn know(&mut self, setup: &SetupPayload) {
        self.credentials.complete(setup);
        self.thread |= setup.network == SetupNetwork::Thread;
    }

    #[cfg_attr(
        not(any(feature = "ble", feature = "http", feature = "serial")),
        expect(unused_variables, reason = "links in this process are open at once")
    )]
    async fn link(
        &mut self,
        target: &Target,
        place: &Place,
        clock: TokioClock,
        until: Duration,
    ) -> Result<AnyLink, Error> {
        match target {
            #[cfg(feature = "simulator")]
            Target::Sim(world) => {
                let mut scenario = crate::link::sim::load(world).await?;
                if self.thread {
                    scenario.prefer_thread();
                }
                if self.local {
                    scenario.prefer_local_ctrl();
                }
                self.credentials.complete_from(&scenario);
                crate::link::sim::open(&scenario, clock).map(|link| AnyLink::Sim(link.into()))
            }
            #[cfg(feature = "tls")]
            Target::Http(target) if target.is_https() => {
                let tls = self.tls.take().unwrap_or_else(crate::Tls::system);
                crate::link::https::open(target.clone(), tls, place, clock, until)
                    .await
                    .map(|link| AnyLink::Https(link.into()))
            }
            #[cfg(feature = "http")]
            Target::Http(target) => crate::link::http::open(target.clone(), place, clock, until)
                .await
                .map(|link| AnyLink::Http(link.into())),
            #[cfg(feature = "ble")]
            Target::Ble(target) => crate::link::ble::open(target, place, clock, until)
                .await
                .map(|link| AnyLink::Ble(link.into())),
            #[cfg(feature = "serial")]
            Target::Serial(target) => crate::link::serial::open(target, place, clock, until)
                .await
                .map(|link| AnyLink::Serial(link.into())),
            #[cfg(feature = "serial")]
            Target::AnyPort => {
                let target = crate::link::serial::only(place).await?;
                crate::link::serial::open(&target, place, clock, until)
                    .await
                    .map(|link| AnyLink::Serial(link.into()))
            }
            Target::None(none) => match *none {},
        }
    }

    /// What `new` makes of an open link: a [`Device`] or a [`LocalControl`].
    fn over<T, D>(
        mut self,
        link: T,
        auth: Auto,
        place: Place,
        clock: TokioClock,
        new: impl FnOnce(T, Auto, Place, TokioClock, Duration, Listener) -> D,
    ) -> Result<D, Error> {
        let auth = self.authenticator(auth)?;
        Ok(new(link, auth, place, clock, self.deadline, self.listener))
    }

    /// With all that was said of credentials and policy.
    fn authenticator(&mut self, auth: Auto) -> Result<Auto, Error> {
        if self.thread && self.credentials.username.is_none() {
            // As the vendor's Thread examples are built.
            self.credentials.username = Some(secret(b"threadprov"));
        }
        let auth = auth.with_choice(self.choice).allow_plaintext(self.plaintext);
        self.credentials.apply(auth, self.caller)
    }
}

#[cfg(feature = "ble")]
impl Options {
    /// The target with what was said beside it.
    fn meant(&self, target: Target) -> Target {
        match target {
            Target::Ble(mut target) => {
                target.adapter.clone_from(&self.adapter);
                target.services.clone_from(&self.services);
                if self.local {
                    target.prefer_local_control();
                }
                Target::Ble(target)
            }
            other => other,
        }
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("credentials", &self.options.credentials)
            .field("deadline", &self.options.deadline)
            .finish_non_exhaustive()
    }
}
