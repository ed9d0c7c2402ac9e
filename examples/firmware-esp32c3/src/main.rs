//! An ESP32-C3 that gives other ESP32s their Wi-Fi credentials, over Bluetooth LE: press the button, and the first
//! device in reach that waits to be provisioned is.
//!
//! What it hands out is fixed when it is built (see `README.md`); the outcome is on the USB serial port and the
//! light.
#![no_std]
#![no_main]

use core::time::Duration;
use embassy_executor::Spawner;
use embassy_futures::select::{Either, select};
use esp_backtrace as _;
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Input, InputConfig, Level, Output, OutputConfig, Pull};
use esp_hal::rng::Trng;
use esp_hal::timer::timg::TimerGroup;
use esp_println::println;
use esp_radio::ble::controller::BleConnector;
use espprov_core::auth::Auto;
use espprov_core::{Outcome, Phase, ProvisionError, Provisioner, WifiConfig, WifiConnection, WifiFailure};
use espprov_embedded::ble::{BleError, BleOptions, BleTransport, Filter, Finder, LongWrite, Name, Prepared};
use espprov_embedded::clock::EmbassyClock;
use trouble_host::prelude::{Address, DefaultPacketPool, ExternalController, HostResources, Stack};

// What the vendor's boot loader wants to see.
esp_bootloader_esp_idf::esp_app_desc!();

/// The network, and the proof of possession on the label of the devices.
const SSID: &str = env_or(option_env!("ESPPROV_SSID"), "Home");
const PASSPHRASE: &str = env_or(option_env!("ESPPROV_PASSPHRASE"), "correct-horse");
const POP: &str = env_or(option_env!("ESPPROV_POP"), "abcd1234");
/// Devices are called like this.
const NAME: &str = env_or(option_env!("ESPPROV_NAME"), "PROV_");

/// How long to look for a device, and how long the whole of it may take.
const SEARCH: Duration = Duration::from_secs(20);
const TOTAL: Duration = Duration::from_secs(90);

/// Commands to the controller that may be under way at once.
const COMMANDS: usize = 8;

type Ble = ExternalController<BleConnector<'static>, COMMANDS>;
type Host<'h, 'p> = Stack<'h, LongWrite<'p, Ble>, DefaultPacketPool>;

const fn env_or(given: Option<&'static str>, default: &'static str) -> &'static str {
    match given {
        Some(text) => text,
        None => default,
    }
}

#[esp_rtos::main]
async fn main(_spawner: Spawner) -> ! {
    let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    esp_alloc::heap_allocator!(size: 72 * 1024); // nearly all of it for the radio
    let timers = TimerGroup::new(chip.TIMG0);
    esp_rtos::start(timers.timer0, chip.FROM_CPU_INTR0);

    let mut button = Input::new(chip.GPIO9, InputConfig::default().with_pull(Pull::Up));
    let mut light = Output::new(chip.GPIO8, Level::High, OutputConfig::default()); // low is on

    let radio = BleConnector::new(chip.BT, Default::default()).expect("the radio starts");
    // True random numbers: the radio, which is their source, is on.
    let mut rng = Trng::try_new().expect("the radio is on");
    let mut address = [0; 6];
    rng.read(&mut address);
    address[5] |= 0xc0; // a static random address

    let prepared = Prepared::new();
    let mut resources: HostResources<DefaultPacketPool, 1, 2> = HostResources::new();
    let controller = LongWrite::new(Ble::new(radio), &prepared);
    let host = trouble_host::new(controller, &mut resources)
        .set_random_address(Address::random(address))
        .build();
    let mut runner = host.runner();
    let network =
        WifiConfig::new(SSID.as_bytes(), PASSPHRASE.as_bytes()).expect("names and passphrases have limits");
    let finder = Finder::new(Filter::any().with_name(Name::Prefix(NAME)));

    let work = async {
        loop {
            println!("press the button to provision a device for {SSID}");
            button.wait_for_falling_edge().await;
            light.set_low();
            match provision(&host, &prepared, &finder, &mut rng, &network).await {
                Ok(Outcome::Connected(connection)) => println!("online: {:?}", connection.ip),
                Ok(Outcome::LikelyConnected) => println!("it left to join the network"),
                Ok(Outcome::Unconfirmed) => println!("it left without a word"),
                Ok(Outcome::Failed(reason)) => println!("it could not join: {reason:?}"),
                Err(error) => println!("failed: {error}"),
            }
            light.set_high();
        }
    };
    match select(runner.run_with_handler(&finder), work).await {
        Either::First(end) => panic!("the Bluetooth host ended: {end:?}"),
        Either::Second(never) => never,
    }
}

/// Finds a device, connects to it, and stays until it is on the network or has said why not.
async fn provision(
    host: &Host<'_, '_>,
    prepared: &Prepared,
    finder: &Finder<'_>,
    rng: &mut Trng,
    network: &WifiConfig<'_>,
) -> Result<Outcome<WifiConnection, WifiFailure>, ProvisionError<BleError>> {
    let phase = Phase::Connect;
    let failed = |error| ProvisionError::Link { phase, error };
    let found = finder.find(host, &EmbassyClock, SEARCH).await.map_err(failed)?;
    println!("found {:?} at {} dBm", found.address, found.rssi);
    let options = BleOptions::default();
    let link = BleTransport::connect(host, prepared, EmbassyClock, found.address, options)
        .await
        .map_err(failed)?;

    // Security 1 or 2, whichever the device runs; with a proof of possession in hand never without any.
    let auth = Auto::new().with_pop(POP.as_bytes()).expect("at most 128 bytes");
    let mut device = Provisioner::new(link, auth, rng, EmbassyClock, [0; 1024]);
    device.limit_total(TOTAL);
    let outcome = device.provision_wifi(network).await;
    device.close().await; // on every way out
    outcome
}
