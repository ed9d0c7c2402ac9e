//! Finding a device by what it advertises.

use super::{BleError, LongWrite, ServiceUuid};
use bt_hci::cmd::le::LeSetScanParams;
use bt_hci::controller::ControllerCmdSync;
use core::cell::RefCell;
use core::time::Duration;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::signal::Signal;
use espprov_transport::{Clock, with_deadline};
use trouble_host::advertise::AdStructure;
use trouble_host::prelude::{
    Address, Controller, EventHandler, LeAdvReportsIter, LeExtAdvReportsIter, PacketPool, ScanConfig,
    Scanner, Stack,
};

/// Devices that are remembered until their other half (name or service) comes in.
const REMEMBERED: usize = 16;

/// Scan interval and window: all the time, since a scan here is short and somebody waits for it.
const WINDOW: embassy_time::Duration = embassy_time::Duration::from_millis(60);

/// Which names match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Name<'f> {
    /// All of them, and none.
    Any,
    /// This one.
    Exact(&'f str),
    /// Those that start like this.
    Prefix(&'f str),
}

/// Which devices match. A device always has to advertise one of the services.
#[derive(Debug, Clone, Copy)]
pub struct Filter<'f> {
    services: &'f [ServiceUuid],
    name: Name<'f>,
    address: Option<Address>,
}

impl<'f> Filter<'f> {
    /// Any device with one of the two usual services.
    #[must_use]
    pub const fn any() -> Self {
        Self {
            services: &[ServiceUuid::DEFAULT, ServiceUuid::EXAMPLE],
            name: Name::Any,
            address: None,
        }
    }

    /// Only devices with such a name.
    #[must_use]
    pub const fn with_name(mut self, name: Name<'f>) -> Self {
        self.name = name;
        self
    }

    /// Only devices with one of these services.
    #[must_use]
    pub const fn with_services(mut self, services: &'f [ServiceUuid]) -> Self {
        self.services = services;
        self
    }

    /// Only the device with this address.
    #[must_use]
    pub const fn with_address(mut self, address: Address) -> Self {
        self.address = Some(address);
        self
    }

    fn has_name(&self, name: &[u8]) -> bool {
        match self.name {
            Name::Any => true,
            Name::Exact(wanted) => name == wanted.as_bytes(),
            Name::Prefix(start) => name.starts_with(start.as_bytes()),
        }
    }

    fn has_service(&self, listed: &[[u8; 16]]) -> bool {
        self.services
            .iter()
            .any(|service| listed.contains(&service.wire()))
    }
}

/// A device that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// Where to connect to.
    pub address: Address,
    /// Signal strength of the last packet in dBm.
    pub rssi: i8,
}

/// What is known of a device that does not match yet.
struct Sighting {
    address: Address,
    service: bool,
    name: bool,
}

/// Collects advertisements and scan responses until a device matches: the event handler of the stack's runner.
pub struct Finder<'f> {
    filter: Filter<'f>,
    sightings: RefCell<heapless::Vec<Sighting, REMEMBERED>>,
    found: Signal<NoopRawMutex, Found>,
}

impl<'f> Finder<'f> {
    /// A finder for devices that match.
    #[must_use]
    pub const fn new(filter: Filter<'f>) -> Self {
        Self {
            filter,
            sightings: RefCell::new(heapless::Vec::new()),
            found: Signal::new(),
        }
    }

    /// Scans until a device matches. The runner must be running with this finder as its handler.
    ///
    /// Cancel-safe: a dropped scan is stopped by the runner.
    ///
    /// # Errors
    /// [`BleError::NotFound`] after `limit`; [`BleError::Controller`].
    pub async fn find<C, P, K>(
        &self,
        stack: &Stack<'_, LongWrite<'_, C>, P>,
        clock: &K,
        limit: Duration,
    ) -> Result<Found, BleError>
    where
        C: Controller + ControllerCmdSync<LeSetScanParams>,
        P: PacketPool,
        K: Clock,
    {
        self.sightings.borrow_mut().clear();
        self.found.reset();
        let config = ScanConfig {
            active: true,
            interval: WINDOW,
            window: WINDOW,
            ..ScanConfig::default()
        };
        let deadline = clock.now().saturating_add(limit);
        let scan = async {
            let mut central = stack.central();
            let session = Scanner::new(&mut central)
                .scan(&config)
                .await
                .map_err(|_| BleError::Controller)?;
            let found = self.found.wait().await;
            session.stop().await;
            Ok(found)
        };
        with_deadline(clock, deadline, scan)
            .await
            .map_err(|_| BleError::NotFound)?
    }

    fn see(&self, address: Address, rssi: i8, data: &[u8]) {
        if self.filter.address.is_some_and(|wanted| wanted != address) {
            return;
        }
        let mut sightings = self.sightings.borrow_mut();
        if !sightings.iter().any(|seen| seen.address == address) {
            if sightings.is_full() {
                sightings.remove(0);
            }
            // There is room now.
            let _ = sightings.push(Sighting {
                address,
                service: false,
                name: self.filter.name == Name::Any,
            });
        }
        let Some(seen) = sightings.iter_mut().find(|seen| seen.address == address) else {
            return;
        };
        // What cannot be parsed ends the packet.
        for structure in AdStructure::decode(data).map_while(Result::ok) {
            match structure {
                AdStructure::CompleteServiceUuids128(listed)
                | AdStructure::IncompleteServiceUuids128(listed) => {
                    seen.service |= self.filter.has_service(listed);
                }
                AdStructure::CompleteLocalName(name) => seen.name |= self.filter.has_name(name),
                _ => {}
            }
        }
        if seen.service && seen.name {
            self.found.signal(Found { address, rssi });
        }
    }
}

impl EventHandler for Finder<'_> {
    fn on_adv_reports(&self, mut reports: LeAdvReportsIter<'_>) {
        while let Some(Ok(report)) = reports.next() {
            self.see(
                Address::new(report.addr_kind, report.addr),
                report.rssi,
                report.data,
            );
        }
    }

    fn on_ext_adv_reports(&self, mut reports: LeExtAdvReportsIter<'_>) {
        while let Some(Ok(report)) = reports.next() {
            self.see(
                Address::new(report.addr_kind, report.addr),
                report.rssi,
                report.data,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(service: ServiceUuid) -> std::vec::Vec<u8> {
        [&[2, 1, 6, 17, 7], &service.wire()[..]].concat()
    }

    fn name(name: &str) -> std::vec::Vec<u8> {
        [&[u8::try_from(name.len() + 1).unwrap(), 9], name.as_bytes()].concat()
    }

    fn address(last: u8) -> Address {
        Address::random([last, 2, 3, 4, 5, 0xc6])
    }

    #[test]
    fn both_halves_in_either_order() {
        for swapped in [false, true] {
            let finder = Finder::new(Filter::any().with_name(Name::Prefix("PROV_")));
            let mut halves = [service(ServiceUuid::EXAMPLE), name("PROV_1")];
            if swapped {
                halves.reverse();
            }
            finder.see(address(1), -50, &halves[0]);
            assert_eq!(finder.found.try_take(), None);
            finder.see(address(2), -50, &halves[1]);
            assert_eq!(finder.found.try_take(), None, "halves of two devices");
            finder.see(address(1), -40, &halves[1]);
            let found = finder.found.try_take().unwrap();
            assert_eq!((found.address, found.rssi), (address(1), -40));
        }
    }

    #[test]
    fn others_do_not_match() {
        let other = ServiceUuid::new(0x0000_180f_0000_1000_8000_0080_5f9b_34fb);
        let others = [other];
        let cases = [
            (Filter::any(), service(other)),
            (Filter::any(), name("PROV_1")),
            (
                Filter::any().with_services(&others),
                service(ServiceUuid::DEFAULT),
            ),
            (
                Filter::any().with_address(address(9)),
                service(ServiceUuid::DEFAULT),
            ),
            (Filter::any(), std::vec![200, 7, 1, 2, 3]),
        ];
        for (filter, data) in cases {
            let finder = Finder::new(filter);
            finder.see(address(1), -50, &data);
            assert_eq!(finder.found.try_take(), None, "{data:02x?}");
        }
        let finder = Finder::new(Filter::any().with_name(Name::Exact("PROV_1")));
        finder.see(address(1), 0, &service(ServiceUuid::DEFAULT));
        finder.see(address(1), 0, &name("PROV_12"));
        assert_eq!(finder.found.try_take(), None);
        finder.see(address(1), 0, &name("PROV_1"));
        assert!(finder.found.try_take().is_some());
    }

    #[test]
    fn a_crowd_does_not_hide_the_device() {
        let finder = Finder::new(Filter::any());
        for last in 0..100 {
            finder.see(address(last), -90, &name("Fridge"));
        }
        finder.see(address(200), -50, &service(ServiceUuid::DEFAULT));
        assert_eq!(
            finder.found.try_take().map(|found| found.address),
            Some(address(200))
        );
    }

    proptest::proptest! {
        #[test]
        fn anything_may_be_advertised(packets in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..60), 1..8)) {
            let finder = Finder::new(Filter::any().with_name(Name::Prefix("PROV")));
            for packet in packets {
                finder.see(address(1), 0, &packet);
            }
        }
    }
}
