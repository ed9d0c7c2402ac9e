//! What the endpoints are called that a device serves by itself.

/// The names of a protocol's own endpoints, with the 16-bit ids that their BLE characteristics carry. Every protocol has two,
/// for the handshake and for the version; provisioning has three more.
///
/// ```
/// use espprov_device::Names;
///
/// const LOCAL: Names = Names::new(("my_ctrl/session", 0xff51), ("my_ctrl/version", 0xff50));
/// assert_ne!(LOCAL, Names::PROVISIONING);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    session: (&'static str, u16),
    version: (&'static str, u16),
    provisioning: bool,
}

/// Who answers on an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handler {
    Session,
    Version,
    Scan,
    Config,
    Ctrl,
    Application,
}

impl Names {
    /// Those of Wi-Fi and Thread provisioning: `prov-session`, `proto-ver`, `prov-scan`, `prov-config`, `prov-ctrl`.
    pub const PROVISIONING: Self = Self {
        session: ("prov-session", 0xff51),
        version: ("proto-ver", 0xff53),
        provisioning: true,
    };

    /// Those of another protocol: the handshake's and the version's.
    #[must_use]
    pub const fn new(session: (&'static str, u16), version: (&'static str, u16)) -> Self {
        Self {
            session,
            version,
            provisioning: false,
        }
    }

    /// Each, in the order devices create them.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u16, &'static str, Handler)> + use<> {
        let (session, version) = (self.session, self.version);
        let provisioning = [
            (0xff4f, "prov-ctrl", Handler::Ctrl),
            (0xff50, "prov-scan", Handler::Scan),
            (session.1, session.0, Handler::Session),
            (0xff52, "prov-config", Handler::Config),
            (version.1, version.0, Handler::Version),
        ];
        let is_provisioning = self.provisioning;
        provisioning.into_iter().filter(move |(_, _, handler)| {
            is_provisioning || matches!(handler, Handler::Session | Handler::Version)
        })
    }

    pub(crate) fn find(&self, endpoint: &str) -> Option<Handler> {
        let found = self.all().find(|(_, name, _)| *name == endpoint);
        found.map(|(_, _, handler)| handler)
    }
}
