//! Lists provisionable devices for ten seconds. `cargo run -p espprov-btleplug --example discover`

use core::time::Duration;
use espprov_btleplug::{Bluetooth, DeviceFilter};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let bluetooth = Bluetooth::open(None).await?;
    let mut scan = bluetooth.scan(DeviceFilter::new()).await?;
    let end = tokio::time::Instant::now() + Duration::from_secs(10);
    while let Ok(device) = tokio::time::timeout_at(end, scan.next()).await {
        let device = device?;
        let name = device.name.as_deref().unwrap_or("(no name)");
        println!("{name:<24} {:>4} dBm  {}", device.rssi, device.id);
    }
    scan.stop().await;
    Ok(())
}
