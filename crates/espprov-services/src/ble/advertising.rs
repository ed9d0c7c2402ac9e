//! Being found: as the vendor's firmware does it, the service in the advertisement, the name in the scan response.

use super::table::cut;
use super::{GattOptions, ServeError};
use core::time::Duration;
use trouble_host::prelude::{
    AdStructure, Advertisement, AdvertisementParameters, BR_EDR_NOT_SUPPORTED, LE_GENERAL_DISCOVERABLE,
};

/// Longest name in a scan response.
const NAME_MAX: usize = 29;

/// What is on the air.
pub(super) struct Shown {
    advertisement: [u8; 31],
    scan_response: [u8; 31],
    lens: (usize, usize),
    interval: embassy_time::Duration,
}

impl Shown {
    pub(super) fn new(options: &GattOptions<'_>) -> Result<Self, ServeError> {
        let mut service = options.service;
        service.reverse();
        let name = cut(options.name, NAME_MAX);
        let (mut advertisement, mut scan_response) = ([0; 31], [0; 31]);
        let beginning = [
            AdStructure::Flags(LE_GENERAL_DISCOVERABLE | BR_EDR_NOT_SUPPORTED),
            AdStructure::CompleteServiceUuids128(&[service]),
        ];
        let advertised = AdStructure::encode_slice(&beginning, &mut advertisement);
        let name = [AdStructure::CompleteLocalName(name.as_bytes())];
        let told = AdStructure::encode_slice(&name, &mut scan_response);
        let (Ok(advertised), Ok(told)) = (advertised, told) else {
            return Err(ServeError::Controller);
        };
        Ok(Self {
            advertisement,
            scan_response,
            lens: (advertised, told),
            interval: milliseconds(options.interval),
        })
    }

    pub(super) fn parameters(&self) -> AdvertisementParameters {
        AdvertisementParameters {
            interval_min: self.interval,
            interval_max: self.interval,
            ..Default::default()
        }
    }

    pub(super) fn advertisement(&self) -> Advertisement<'_> {
        let (advertised, told) = self.lens;
        Advertisement::ConnectableScannableUndirected {
            adv_data: self.advertisement.get(..advertised).unwrap_or_default(),
            scan_data: self.scan_response.get(..told).unwrap_or_default(),
        }
    }
}

fn milliseconds(duration: Duration) -> embassy_time::Duration {
    embassy_time::Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use espprov_device::Quirks;

    #[test]
    fn the_service_is_advertised_and_the_name_is_told_when_asked() {
        let long = "PROV_abcdefghijklmnopqrstuvwxyz";
        for (name, expected) in [("PROV_1", "PROV_1"), (long, &long[..29])] {
            let shown = Shown::new(&GattOptions::new(name, &Quirks::default())).unwrap();
            let Advertisement::ConnectableScannableUndirected { adv_data, scan_data } = shown.advertisement()
            else {
                panic!("connectable, and more when asked");
            };
            assert_eq!(adv_data[..5], [2, 1, 6, 17, 7]);
            assert_eq!(adv_data[5..9], [7, 0xed, 0x9b, 0x2d]);
            assert_eq!(adv_data[17..], [0x4d, 0x24, 0x75, 0x17]);
            assert_eq!(usize::from(scan_data[0]), expected.len() + 1);
            assert_eq!(scan_data[1], 9);
            assert_eq!(&scan_data[2..], expected.as_bytes());
        }
    }
}
