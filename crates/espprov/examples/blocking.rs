//! The same without async: what a device hears around it.
//! `cargo run -p espprov --features simulator,blocking --example blocking -- sim:zero`

fn main() -> Result<(), espprov::Error> {
    let target = std::env::args().nth(1).unwrap_or_else(|| "softap".to_owned());
    let mut device = espprov::blocking::open(espprov::connect(&target).pop("abcd1234"))?;
    let networks = device.scan();
    device.close(); // on every way out
    for network in networks? {
        println!("{:4} dBm  {:<17}  {}", network.rssi, network.auth, network.ssid);
    }
    Ok(())
}
