//! What the endpoints are called.

use espprov_transport::{Endpoint, Endpoints};

/// The names of a local control: [`ESP_LOCAL_CTRL`](Self::ESP_LOCAL_CTRL), or those of firmware that calls them otherwise.
///
/// ```
/// use espprov_local_ctrl::Protocol;
/// use espprov_transport::{Endpoint, Endpoints};
///
/// assert_eq!(Protocol::ESP_LOCAL_CTRL.control.as_str(), "esp_local_ctrl/control");
/// let endpoints = Endpoints::new("my_ctrl/session", "my_ctrl/version")?.with_root("my_ctrl");
/// let mine = Protocol::new(endpoints, Endpoint::application("my_ctrl/control")?);
/// assert!(mine.endpoints.session.is_session() && mine.control.is_encrypted());
/// # Ok::<(), espprov_transport::InvalidEndpoint>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Protocol {
    /// Session and version, and the key of the version's answer.
    pub endpoints: Endpoints,
    /// Where the properties are.
    pub control: Endpoint<'static>,
}

impl Protocol {
    /// ESP-IDF's component `esp_local_ctrl`.
    pub const ESP_LOCAL_CTRL: Self = Self {
        endpoints: match Endpoints::new("esp_local_ctrl/session", "esp_local_ctrl/version") {
            Ok(endpoints) => endpoints.with_root("local_ctrl"),
            Err(_) => Endpoints::PROVISIONING, // the tests say that it is not
        },
        control: match Endpoint::application("esp_local_ctrl/control") {
            Ok(control) => control,
            Err(_) => Endpoint::CUSTOM_DATA,
        },
    };

    /// Other names.
    #[must_use]
    pub const fn new(endpoints: Endpoints, control: Endpoint<'static>) -> Self {
        Self { endpoints, control }
    }
}

impl Default for Protocol {
    fn default() -> Self {
        Self::ESP_LOCAL_CTRL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_roles() {
        let Protocol { endpoints, control } = Protocol::default();
        assert_eq!(endpoints.session.as_str(), "esp_local_ctrl/session");
        assert_eq!(endpoints.version.as_str(), "esp_local_ctrl/version");
        assert_eq!(endpoints.root, "local_ctrl");
        assert_eq!(control.as_str(), "esp_local_ctrl/control");
        assert!(endpoints.session.is_session() && endpoints.version.is_version());
        assert!(control.is_encrypted());
    }
}
