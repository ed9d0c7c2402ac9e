//! A product's own data in the session that hands over the network: the MQTT broker ahead of it, the claim code after it.
//!
//! ```sh
//! cargo run -p espprov --features simulator,ble --example recipe -- ble:PROV_51DE01 abcd1234 Home correct-horse
//! ```

use espprov::{Class, Recipe, Side};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mut word = |otherwise: &str| words.next().unwrap_or_else(|| otherwise.to_owned());
    let (target, pop) = (word("sim:zero"), word("abcd1234"));
    let (ssid, passphrase) = (word("Home"), word("correct-horse"));
    match provision(&target, &pop, &ssid, &passphrase).await {
        Ok(code) => {
            println!("claim code: {code}");
            ExitCode::SUCCESS
        }
        // On its network, but not claimed: the product's own way to mend that comes here.
        Err(error) if error.class() == Class::Incomplete => {
            eprintln!("{error}: {}", error.cause());
            ExitCode::from(13)
        }
        Err(error) => {
            eprintln!("{error}: {}\n{}", error.cause(), error.help());
            ExitCode::FAILURE
        }
    }
}

async fn provision(target: &str, pop: &str, ssid: &str, passphrase: &str) -> Result<String, espprov::Error> {
    // The endpoints are those that every simulated device has; a firmware of yours has names of its own.
    let mut recipe = Recipe::new()
        .before("custom-data", "mqtts://broker.example:8883")?
        .after("echo", "4711-0815")?;
    let mut device = espprov::connect(target).pop(pop).open().await?;
    let end = device.provision_with(ssid, passphrase, &mut recipe).await;
    device.close().await; // on every way out
    end?;
    let code = recipe.answers(Side::After).first().cloned().unwrap_or_default();
    Ok(String::from_utf8_lossy(&code).into_owned())
}
