//! A client and a device with nothing in between: the driver's own memory is what counts.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use espprov_core::auth::Auto;
use espprov_core::{Outcome, Provisioner, WifiConfig};
use espprov_device::{
    AnySecurity, Application, Device, Firmware, Outcome as Answer, Quirks, WifiConfigRequest,
};
use espprov_memory_tests::known::{CLIENT_EPHEMERAL, DEVICE_EPHEMERAL, Scripted};
use espprov_security::sec2;
use espprov_transport::{
    Clock, Endpoint, Limits, LinkFault, Reconnect, SessionIntent, Transport, TransportError,
};
use espprov_types::{Capabilities, SecurityScheme, Ssid, StatusCode, WifiConnection, WifiStatus};

pub(crate) type Driver = Provisioner<Direct, Auto, Scripted, Still, Vec<u8>>;

/// Takes any network at once.
struct Willing;

impl Application for Willing {
    fn set_wifi(&mut self, _: &WifiConfigRequest<'_>) -> Result<(), StatusCode> {
        Ok(())
    }

    fn apply_wifi(&mut self) -> Result<(), StatusCode> {
        Ok(())
    }

    fn wifi_status(&mut self) -> Result<WifiStatus, StatusCode> {
        let ssid = Ssid::new(b"Home").map_err(|_| StatusCode::InternalError)?;
        Ok(WifiStatus::Connected(WifiConnection::new(ssid)))
    }
}

/// Calls the device.
pub(crate) struct Direct {
    device: Device<AnySecurity, Willing>,
    rng: Scripted,
}

#[derive(Debug)]
pub(crate) struct Refused;

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("refused")
    }
}

impl core::error::Error for Refused {}

impl TransportError for Refused {
    fn fault(&self) -> LinkFault {
        LinkFault::Refused { link_alive: true }
    }
}

impl Transport for Direct {
    type Error = Refused;

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &mut [u8],
        len: usize,
    ) -> Result<usize, Refused> {
        match self
            .device
            .handle(endpoint.as_str(), buf, len, Duration::ZERO, &mut self.rng)
        {
            Answer::Reply(len) => Ok(len),
            _ => Err(Refused),
        }
    }

    fn limits(&self) -> Limits {
        Limits::UNKNOWN
    }

    async fn close(&mut self) {}
}

impl Reconnect for Direct {
    async fn reconnect(&mut self, _: SessionIntent) -> Result<(), Refused> {
        self.device.new_session();
        Ok(())
    }
}

/// Time stands still, and nobody waits.
#[derive(Clone, Copy)]
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, _: Duration) {
        core::future::pending().await
    }
}

/// A driver for a device of its own.
pub(crate) fn driver(verifier: sec2::Verifier, username: &[u8], password: &[u8]) -> Driver {
    let mut capabilities = Capabilities::default();
    capabilities.wifi_prov = true;
    let device = Device::new(
        Firmware::Idf6.device_info(SecurityScheme::Sec2, capabilities),
        AnySecurity::sec2(verifier, sec2::Patch::CounterNonce),
        Willing,
        Quirks::default(),
    );
    let link = Direct {
        device,
        rng: Scripted::new(&DEVICE_EPHEMERAL),
    };
    let auth = Auto::new()
        .with_username(username)
        .and_then(|auth| auth.with_password(password))
        .expect("short enough");
    Provisioner::new(link, auth, Scripted::new(&CLIENT_EPHEMERAL), Still, vec![0; 2048])
}

/// From connecting to "connected".
pub(crate) fn provision(driver: &mut Driver, passphrase: &[u8]) {
    let config = WifiConfig::new(b"Home", passphrase).expect("within the limits");
    let provisioning = pin!(driver.provision_wifi(&config));
    match provisioning.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(Outcome::Connected(_))) => {}
        Poll::Ready(_) => panic!("not connected"),
        Poll::Pending => panic!("it waits for nothing"),
    }
}
