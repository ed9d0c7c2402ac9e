//! From a device that was seen to one whose endpoints are known.

use crate::BleError;
use crate::endpoints::{EndpointMap, choose_service};
use crate::lease::{Lease, Ledger};
use crate::uuids::{DEFAULT_SERVICE, EXAMPLE_SERVICE, USER_DESCRIPTION};
use btleplug::api::{Characteristic, Peripheral};
use core::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// How to connect, and how patient to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// Time for one attempt: connecting and listing the endpoints together. Default 12 s.
    pub connect_timeout: Duration,
    /// Attempts in all. Default 2: the first one after a scan fails now and then on every platform.
    pub attempts: u32,
    /// Time for one exchange. Default 30 s, because a blocking scan takes seconds; it is also the limit of the
    /// ATT protocol.
    pub exchange_timeout: Duration,
    /// Services that count as provisioning, in order of preference. Empty: the default one and the examples'.
    /// If none of them is there, one that looks like it is taken.
    pub services: Vec<Uuid>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(12),
            attempts: 2,
            exchange_timeout: Duration::from_secs(30),
            services: Vec::new(),
        }
    }
}

impl ConnectOptions {
    fn wanted(&self) -> &[Uuid] {
        const USUAL: [Uuid; 2] = [DEFAULT_SERVICE, EXAMPLE_SERVICE];
        if self.services.is_empty() {
            &USUAL
        } else {
            &self.services
        }
    }
}

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(300);

/// Connects and lists the endpoints, as one unit that is tried again: each half can fail because of the other.
/// Dropping the future lets go of the connection.
pub(crate) async fn establish<P: Peripheral + 'static>(
    peripheral: &P,
    ledger: &Ledger,
    options: &ConnectOptions,
) -> Result<(Lease<P>, EndpointMap), BleError> {
    // A connection to it that is still being let go would take the new one with it.
    let address = peripheral.address();
    ledger.settled_with(address).await;
    let mut attempt = 1;
    loop {
        let lease = Lease::new(peripheral.clone(), ledger.clone());
        let error = match timeout(options.connect_timeout, once(peripheral, options)).await {
            Ok(Ok(endpoints)) => return Ok((lease, endpoints)),
            Ok(Err(error)) => error,
            Err(_) => BleError::ConnectTimedOut,
        };
        lease.release().await;
        if attempt >= options.attempts || !error.is_passing() {
            return Err(error);
        }
        attempt += 1;
        ledger.settled_with(address).await;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn once<P: Peripheral>(peripheral: &P, options: &ConnectOptions) -> Result<EndpointMap, BleError> {
    peripheral.connect().await.map_err(|e| BleError::idle(&e))?;
    list_endpoints(peripheral, options).await
}

/// Reads which characteristic is which endpoint: one read per characteristic of the provisioning service.
pub(crate) async fn list_endpoints<P: Peripheral>(
    peripheral: &P,
    options: &ConnectOptions,
) -> Result<EndpointMap, BleError> {
    peripheral
        .discover_services()
        .await
        .map_err(|e| BleError::idle(&e))?;
    let services = peripheral.services();
    let service = choose_service(services.iter(), options.wanted()).ok_or(BleError::NotProvisionable)?;
    let mut described = Vec::new();
    for characteristic in &service.characteristics {
        let name = description(peripheral, characteristic).await?;
        described.push((characteristic.clone(), name));
    }
    let endpoints = EndpointMap::new(service.uuid, described);
    if endpoints.is_empty() {
        return Err(BleError::NotProvisionable);
    }
    Ok(endpoints)
}

/// The user description of a characteristic; `None` if it has none or will not tell.
async fn description<P: Peripheral>(
    peripheral: &P,
    characteristic: &Characteristic,
) -> Result<Option<Vec<u8>>, BleError> {
    let mut descriptors = characteristic.descriptors.iter();
    let Some(descriptor) = descriptors.find(|d| d.uuid == USER_DESCRIPTION) else {
        return Ok(None);
    };
    match peripheral.read_descriptor(descriptor).await {
        Ok(value) => Ok(Some(value)),
        Err(error) => match BleError::idle(&error) {
            // Refused, or gone? Where the device is still there, the id table has to do.
            BleError::ConnectFailed if peripheral.is_connected().await.unwrap_or(false) => Ok(None),
            error => Err(error),
        },
    }
}
