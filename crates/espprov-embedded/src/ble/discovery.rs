//! Which attribute is which endpoint.

use super::{BleError, ServiceUuid};
use core::ops::ControlFlow;
use espprov_transport::Endpoint;
use trouble_host::prelude::{BleHostError, Controller, Error, GattClient, PacketPool, Uuid};

/// Endpoints a device may have.
const MAX: usize = 16;

/// Declaration of a characteristic, and its description by the firmware.
const CHARACTERISTIC: Uuid = Uuid::new_short(0x2803);
const USER_DESCRIPTION: Uuid = Uuid::new_short(0x2901);

/// Names are cut here by a Read By Type Response, whatever the MTU.
const LONGEST_LISTED: usize = 253;

type Name = heapless::String<{ Endpoint::MAX_LEN }>;

/// The endpoints of a device.
#[derive(Debug, Default)]
pub(super) struct Endpoints(heapless::Vec<Entry, MAX>);

#[derive(Debug)]
struct Entry {
    /// Of the characteristic's value.
    handle: u16,
    name: Name,
}

/// A characteristic on the way to becoming an entry.
struct Candidate {
    handle: u16,
    name: Name,
    /// The descriptor, if its value was cut.
    cut: Option<u16>,
}

impl Endpoints {
    /// Where to write requests to `name`, and read the replies.
    pub(super) fn handle(&self, name: &str) -> Option<u16> {
        self.0
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.handle)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|entry| entry.name.as_str())
    }
}

/// Lists the endpoints of the first of `services` that the device has.
///
/// Descriptors are read by type, several in one response, so it takes fewer round trips than asking each
/// characteristic. A characteristic without a name is known by its id.
pub(super) async fn discover<C: Controller, P: PacketPool, const N: usize>(
    client: &GattClient<'_, C, P, N>,
    mtu: u16,
    services: &[ServiceUuid],
) -> Result<Endpoints, BleError> {
    let failed = |error| BleError::host(&error, false);
    for service in services {
        let listed = client.services_by_uuid(&service.att()).await.map_err(failed)?;
        let Some(range) = listed.first().map(|found| found.handle_range()) else {
            continue;
        };
        let (start, end) = (*range.start(), *range.end());

        let mut candidates = heapless::Vec::<Candidate, MAX>::new();
        let overflow = client
            .read_by_type(start, end, &CHARACTERISTIC, |_, declaration| {
                // Properties, handle of the value, UUID.
                let &[_, low, high, ref uuid @ ..] = declaration else {
                    return ControlFlow::Continue(());
                };
                let name = service.standard_name(uuid).unwrap_or_default();
                let candidate = Candidate {
                    handle: u16::from_le_bytes([low, high]),
                    name: Name::try_from(name).unwrap_or_default(),
                    cut: None,
                };
                match candidates.push(candidate) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            })
            .await
            .map_err(failed)?;
        if overflow.is_some() {
            return Err(BleError::TooManyEndpoints);
        }
        // Handle and value of a listed descriptor leave this much for the value.
        let room = usize::from(mtu).saturating_sub(4).min(LONGEST_LISTED);
        let named = client
            .read_by_type(start, end, &USER_DESCRIPTION, |descriptor, value| {
                let owner = candidates
                    .iter_mut()
                    .filter(|candidate| candidate.handle < descriptor)
                    .max_by_key(|candidate| candidate.handle);
                if let Some(owner) = owner {
                    owner.describe(value);
                    owner.cut = (value.len() >= room).then_some(descriptor);
                }
                ControlFlow::<()>::Continue(())
            })
            .await;
        match named {
            // Firmware that will not show the names: the ids have to do.
            Ok(_) | Err(BleHostError::BleHost(Error::Att(_))) => {}
            Err(error) => return Err(failed(error)),
        }
        for candidate in &mut candidates {
            if let Some(descriptor) = candidate.cut {
                let mut name = [0; Endpoint::MAX_LEN];
                let len = client.read_handle(descriptor, &mut name).await.map_err(failed)?;
                candidate.describe(name.get(..len).unwrap_or_default());
            }
        }
        let mut endpoints = Endpoints::default();
        for Candidate { handle, name, .. } in candidates {
            if !name.is_empty() {
                // As many as there are candidates fit.
                let _ = endpoints.0.push(Entry { handle, name });
            }
        }
        return Ok(endpoints);
    }
    Err(BleError::NoService)
}

impl Candidate {
    /// Takes the name the firmware gives; one that cannot be an endpoint's leaves the usual one.
    fn describe(&mut self, value: &[u8]) {
        let end = value
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last.saturating_add(1));
        let text = value
            .get(..end)
            .and_then(|value| core::str::from_utf8(value).ok());
        if let Some(endpoint) = text.and_then(|text| Endpoint::custom(text).ok())
            && let Ok(name) = Name::try_from(endpoint.as_str())
        {
            self.name = name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions() {
        let describe = |value: &[u8]| {
            let mut candidate = Candidate {
                handle: 1,
                name: Name::try_from("prov-scan").unwrap(),
                cut: None,
            };
            candidate.describe(value);
            candidate.name
        };
        assert_eq!(describe(b"cloud-assoc"), "cloud-assoc");
        assert_eq!(describe(b"cloud-assoc\0\0"), "cloud-assoc");
        for unusable in [&b""[..], b"\0", b"no spaces", b"\xff\xfe", &[b'a'; 65]] {
            assert_eq!(describe(unusable), "prov-scan", "{unusable:02x?}");
        }
    }
}
