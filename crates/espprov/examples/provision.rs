//! A desktop program: gives a device its network.
//! `cargo run -p espprov --features simulator --example provision -- sim:zero abcd1234 Home correct-horse`

use espprov::Event;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, pop, ssid, passphrase] = arguments.as_slice() else {
        eprintln!("usage: provision TARGET POP SSID PASSPHRASE");
        return 2.into();
    };
    match provision(target, pop, ssid, passphrase).await {
        Ok(()) => 0.into(),
        Err(error) => {
            eprintln!("{error}\n  cause: {}\n  next:  {}", error.cause(), error.help());
            1.into()
        }
    }
}

async fn provision(target: &str, pop: &str, ssid: &str, passphrase: &str) -> Result<(), espprov::Error> {
    let mut device = espprov::connect(target)
        .pop(pop)
        .observe(|event| {
            if let Event::Connecting { .. } = event {
                println!("the device is trying to join");
            }
        })
        .open()
        .await?;
    let joined = device.provision(ssid, passphrase).await;
    device.close().await; // on every way out
    match joined?.ip() {
        Some(ip) => println!("online at {ip}"),
        None => println!("online"),
    }
    Ok(())
}
