//! Provisions the only device around:
//! `cargo run -p espprov-btleplug --example provision -- POP SSID PASSPHRASE`

use core::time::Duration;
use espprov_btleplug::{BleError, Bluetooth, ConnectOptions, DeviceFilter};
use espprov_core::{Outcome, Provisioner, WifiConfig, auth::Auto};
use espprov_tokio::TokioClock;
use getrandom::SysRng;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pop, ssid, passphrase] = arguments.as_slice() else {
        return Err("usage: provision POP SSID PASSPHRASE".into());
    };
    let bluetooth = Bluetooth::open(None).await.inspect_err(explain)?;
    let filter = DeviceFilter::new();
    let found = bluetooth
        .find(&filter, Duration::from_secs(10))
        .await
        .inspect_err(explain)?;
    let link = bluetooth
        .connect(&found, ConnectOptions::default())
        .await
        .inspect_err(explain)?;
    let auth = Auto::new().with_pop(pop.as_bytes())?;
    let config = WifiConfig::new(ssid.as_bytes(), passphrase.as_bytes())?;
    let mut device = Provisioner::new(link, auth, SysRng, TokioClock::new(), vec![0; 4096]);
    device.limit_total(Duration::from_secs(60));
    let outcome = device.provision_wifi(&config).await;
    device.close().await;
    match outcome? {
        Outcome::Connected(on) => println!("online: {:?}", on.ip),
        Outcome::LikelyConnected => println!("the device left to join the network"),
        Outcome::Unconfirmed => println!("the device left without a word"),
        Outcome::Failed(why) => println!("could not join: {why:?}"),
    }
    bluetooth.settled().await;
    Ok(())
}

fn explain(error: &BleError) {
    if let Some(help) = error.help() {
        eprintln!("{help}");
    }
}
