//! Reading which characteristic is which endpoint.

use crate::diagnosis::Diagnosis;
use crate::endpoints::{EndpointMap, choose_service, valid_name};
use crate::uuids::{USER_DESCRIPTION, endpoint_id, standard_name};
use crate::{BleError, ConnectOptions};
use btleplug::api::{Characteristic, Peripheral};
use uuid::Uuid;

/// The endpoint whose name is always asked for: every device with sessions has it.
const WITNESS: u16 = 0xff51;

/// Ids that firmware's provisioning managers give to their own endpoints, the same ones since there are managers.
/// Those of an application follow in the order it made them.
const MANAGERS: core::ops::RangeInclusive<u16> = 0xff4f..=0xff53;

/// Whether an endpoint of this name is the manager's.
fn is_managers(name: &str) -> bool {
    MANAGERS.filter_map(standard_name).any(|known| known == name)
}

/// The endpoints of a connected device.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) endpoints: EndpointMap,
    /// What was read are names, each once, none where another one belongs, and none is missing. Else the platform may remember a
    /// table that is not there any more, or a part of one.
    pub(crate) makes_sense: bool,
}

/// A characteristic and its name.
struct Row {
    characteristic: Characteristic,
    /// The number in its UUID.
    id: Option<u16>,
    name: Name,
}

#[derive(Debug, PartialEq, Eq)]
enum Name {
    /// Not asked for: what the table says.
    Presumed,
    /// What the device says.
    Told(Vec<u8>),
    /// It has none, or will not tell.
    None,
    /// There is no such attribute in its place.
    Nowhere,
}

impl Row {
    fn new(service: Uuid, characteristic: &Characteristic) -> Self {
        Self {
            characteristic: characteristic.clone(),
            id: endpoint_id(service, characteristic.uuid),
            name: Name::Presumed,
        }
    }

    fn standard(&self) -> Option<&'static str> {
        self.id.and_then(standard_name)
    }

    fn is_managers(&self) -> bool {
        self.id.is_some_and(|id| MANAGERS.contains(&id))
    }

    /// The value of its user description, or what stands for it.
    fn value(&self) -> Option<&[u8]> {
        match &self.name {
            Name::Presumed => self.standard().map(str::as_bytes),
            Name::Told(name) => Some(name),
            Name::None | Name::Nowhere => None,
        }
    }

    fn valid(&self) -> Option<&str> {
        self.value().and_then(valid_name)
    }

    /// Whether what was read can be the name of this endpoint.
    fn makes_sense(&self) -> bool {
        match &self.name {
            Name::Presumed | Name::None => true,
            Name::Nowhere => false,
            Name::Told(name) => {
                let text = core::str::from_utf8(name.strip_suffix(&[0]).unwrap_or(name));
                // Applications may call theirs what they like. One of the manager's in the place of another cannot be.
                text.is_ok_and(|name| {
                    !name.contains(char::is_control)
                        && (!self.is_managers() || self.standard() == Some(name) || !is_managers(name))
                })
            }
        }
    }
}

/// Lists them. What a device calls an endpoint counts, and asking costs a round trip. So the manager's endpoints are
/// believed to be what their UUIDs say where one of them confirms it; the application's are all asked.
pub(crate) async fn list_endpoints<P: Peripheral>(
    peripheral: &P,
    options: &ConnectOptions,
) -> Result<Listing, BleError> {
    peripheral
        .discover_services()
        .await
        .map_err(|e| BleError::idle(&e))?;
    let services = peripheral.services();
    let service = choose_service(services.iter(), options.wanted()).ok_or(BleError::NotProvisionable)?;
    let mut rows: Vec<Row> = service
        .characteristics
        .iter()
        .map(|characteristic| Row::new(service.uuid, characteristic))
        .collect();
    let mut confirmed = false;
    if let Some(witness) = rows.iter_mut().find(|row| row.id == Some(WITNESS)) {
        witness.name = ask(peripheral, &witness.characteristic).await?;
        confirmed = witness.valid() == witness.standard();
    }
    ask_all(peripheral, &mut rows, |row| !confirmed || !row.is_managers()).await?;
    if has_twins(&rows) {
        ask_all(peripheral, &mut rows, |_| true).await?;
    }
    let makes_sense = rows.iter().all(Row::makes_sense)
        && !has_twins(&rows)
        && !lacks_some(&rows)
        && !lacks_the_rest(&rows);
    let described = rows.into_iter().map(|row| {
        let name = row.value().map(<[u8]>::to_vec);
        (row.characteristic, name)
    });
    let endpoints = EndpointMap::new(service.uuid, described);
    if endpoints.is_empty() {
        return Err(BleError::NotProvisionable);
    }
    Ok(Listing {
        endpoints,
        makes_sense,
    })
}

/// Asks those that have not been asked.
async fn ask_all<P: Peripheral>(
    peripheral: &P,
    rows: &mut [Row],
    which: impl Fn(&Row) -> bool,
) -> Result<(), BleError> {
    for row in rows {
        if row.name == Name::Presumed && which(row) {
            row.name = ask(peripheral, &row.characteristic).await?;
        }
    }
    Ok(())
}

/// Whether two have the same name.
fn has_twins(rows: &[Row]) -> bool {
    let mut names: Vec<_> = rows.iter().filter_map(Row::valid).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    names.len() < count
}

/// Whether some have names and others none. A device names all its endpoints or, long ago, none; BlueZ remembers half a table
/// when the connection is cut while it reads.
fn lacks_some(rows: &[Row]) -> bool {
    let any = |what: fn(&Name) -> bool| rows.iter().any(|row| what(&row.name));
    any(|name| matches!(name, Name::Told(_))) && any(|name| *name == Name::None)
}

/// A protocol by its endpoints.
struct Protocol {
    /// Every device that speaks it has these.
    always: &'static [&'static str],
    /// Only devices that speak it have one of these, and not all do.
    sometimes: &'static [&'static str],
}

/// Those that are known. A device with endpoints of neither has a protocol of its own, and whatever it has is right.
const PROTOCOLS: [Protocol; 2] = [
    Protocol {
        always: &["prov-config", "proto-ver"],
        sometimes: &["prov-session", "prov-scan"],
    },
    Protocol {
        always: &[
            "esp_local_ctrl/session",
            "esp_local_ctrl/version",
            "esp_local_ctrl/control",
        ],
        sometimes: &[],
    },
];

/// Whether endpoints of a protocol are missing beside others of it. BlueZ drops what it had not read again when a connection
/// is cut.
fn lacks_the_rest(rows: &[Row]) -> bool {
    let has = |name: &&str| rows.iter().any(|row| row.valid() == Some(*name));
    PROTOCOLS.iter().any(|Protocol { always, sometimes }| {
        let speaks_it = always.iter().chain(*sometimes).any(has);
        speaks_it && !always.iter().all(has)
    })
}

/// The user description of a characteristic.
async fn ask<P: Peripheral>(peripheral: &P, characteristic: &Characteristic) -> Result<Name, BleError> {
    let mut descriptors = characteristic.descriptors.iter();
    let Some(descriptor) = descriptors.find(|d| d.uuid == USER_DESCRIPTION) else {
        return Ok(Name::None);
    };
    match peripheral.read_descriptor(descriptor).await {
        Ok(value) => Ok(Name::Told(value)),
        Err(error) if Diagnosis::of(&error).is_elsewhere() => Ok(Name::Nowhere),
        Err(error) => match Diagnosis::of(&error) {
            // Refused, or gone? Where the device is still there, the id table has to do.
            Diagnosis::Att(_) | Diagnosis::Refused if peripheral.is_connected().await.unwrap_or(false) => {
                Ok(Name::None)
            }
            // "Not connected" is not to be doubted: BlueZ can hold a connection for one that has gone.
            _ => Err(BleError::idle(&error)),
        },
    }
}
