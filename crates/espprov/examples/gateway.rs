//! A gateway without a screen: provisions whatever appears in its air, one device after the other, for as long as it runs.
//! `cargo run -p espprov --features ble --example gateway -- PROV_ abcd1234 Home correct-horse`

use core::time::Duration;
use espprov::link::{AnyLink, ble};
use espprov::{Caller, LinkKind, Place, Stage, TokioClock};
use espprov_btleplug::{Bluetooth, DeviceFilter, Discovered};
use espprov_transport::Clock as _;
use std::collections::HashMap;
use std::time::Instant;

/// A device that failed is left alone for so long: it may be somebody else's, or its label wrong.
const REST: Duration = Duration::from_secs(300);
/// So long, if trying again can help.
const PAUSE: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [prefix, pop, ssid, passphrase] = arguments.as_slice() else {
        return Err("usage: gateway PREFIX POP SSID PASSPHRASE".into());
    };
    let bluetooth = Bluetooth::open(None).await?;
    let mut resting: HashMap<String, Instant> = HashMap::new();
    loop {
        let mut scan = bluetooth.scan(DeviceFilter::new().name_prefix(prefix)).await?;
        let found = loop {
            let device = scan.next().await?;
            if resting
                .get(&device.id)
                .is_none_or(|until| *until < Instant::now())
            {
                break device;
            }
        };
        scan.stop().await;
        let name = found.name.clone().unwrap_or_else(|| found.id.clone());
        let rest = match provision(&bluetooth, &found, pop, ssid, passphrase).await {
            Ok(()) => {
                println!("{name}: online");
                REST
            }
            Err(error) => {
                println!(
                    "{name}: {} ({}): {error}; {}",
                    error.code(),
                    error.cause(),
                    error.help()
                );
                match error.retry() {
                    Some(Stage::Early) => PAUSE,
                    _ => REST,
                }
            }
        };
        resting.insert(found.id, Instant::now() + rest);
    }
}

async fn provision(
    bluetooth: &Bluetooth,
    found: &Discovered,
    pop: &str,
    ssid: &str,
    passphrase: &str,
) -> Result<(), espprov::Error> {
    let place = Place::new(Caller::Program, LinkKind::Ble, found.id.clone());
    let clock = TokioClock::new();
    let until = clock.now() + Duration::from_secs(30);
    let link = ble::connect(bluetooth, found, &place, clock, until).await?;
    let mut device = espprov::connect(&place.label)
        .pop(pop)
        .open_over(AnyLink::Ble(link.into()))?;
    let joined = device.provision(ssid, passphrase).await;
    device.close().await;
    joined.map(drop)
}
