//! Devices, on the host: each at a controller of its own, and as good as new whenever that is asked for.

use crate::Outcome;
use core::time::Duration;
use espprov_conformance::{SECRET, USERNAME, WORLD};
use espprov_simulator::scenario::Link;
use espprov_simulator::{Answer, Presence, Scenario, Service, Shared, SimDevice};
use espprov_simulator_ble::{Hci, Options};

/// Writing here puts another device of the same make into the old one's place.
pub(crate) const FRESH: &str = "bench-fresh";

/// Serves devices: `NAME,HCI,MTU,LINK,FLAVOUR,SCHEME,PATCH,WHEN` each, with `WHEN` the device is replaced:
/// `asked` or `connected`.
pub(crate) async fn serve(devices: &[&str]) -> Outcome {
    let mut serving = Vec::new();
    for device in devices {
        let parts: Vec<String> = device.split(',').map(str::to_owned).collect();
        serving.push(tokio::task::spawn_local(async move {
            one(&parts).await.map_err(|error| error.to_string())
        }));
    }
    for task in serving {
        task.await??;
    }
    Ok(())
}

async fn one(parts: &[String]) -> Outcome {
    let [name, hci, mtu, link, flavour, scheme, patch, when] = parts else {
        return Err(format!("eight parts are needed: {parts:?}").into());
    };
    let mut text = format!("{WORLD}\n[security]\nscheme = {scheme}\npop = \"{SECRET}\"\n");
    text.push_str(&format!("username = \"{USERNAME}\"\npassword = \"{SECRET}\"\n"));
    if scheme == "2" {
        text.push_str(&format!("patch = {patch}\n"));
    }
    let mut scenario = Scenario::parse(&text)?;
    scenario.device.name.clone_from(name);
    scenario.device.link = match link.as_str() {
        "nimble" => Link::Nimble,
        "bluedroid" => Link::Bluedroid,
        _ => return Err(format!("no such link: {link}").into()),
    };
    scenario.device.flavour = flavour.parse()?;
    let device = SimDevice::new(scenario.clone())?;
    let mut options = Options::of(&device);
    options.mtu = mtu.parse().map_err(|error| format!("{mtu}: {error}"))?;
    let hci: Hci = hci.parse().map_err(|error| format!("{hci}: {error}"))?;
    let controller = hci.open().await?;
    let device = Shared::new(Renewable {
        scenario,
        device,
        at_connection: when == "connected",
    });
    espprov_simulator_ble::serve(controller, &device, &options, &mut |_| {}).await?;
    Ok(())
}

/// A device that another takes the place of.
struct Renewable {
    scenario: Scenario,
    device: SimDevice,
    at_connection: bool,
}

impl Renewable {
    /// Whether it worked: the scenario has made a device before.
    fn renew(&mut self) -> bool {
        match SimDevice::new(self.scenario.clone()) {
            Ok(device) => {
                self.device = device;
                self.device.new_session();
                true
            }
            Err(_) => false,
        }
    }
}

impl Service for Renewable {
    fn handle(&mut self, endpoint: &str, buf: &mut [u8], len: usize, now: Duration) -> Answer {
        if endpoint != FRESH {
            return self.device.handle(endpoint, buf, len, now);
        }
        if self.renew() {
            Answer::reply(b"as new", buf)
        } else {
            Answer::Refused
        }
    }

    fn resume(&mut self, buf: &mut [u8], now: Duration) -> Answer {
        self.device.resume(buf, now)
    }

    fn new_session(&mut self) {
        if !(self.at_connection && self.renew()) {
            self.device.new_session();
        }
    }

    fn presence(&mut self, now: Duration) -> Presence {
        self.device.presence(now)
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        let mut last = 0;
        self.device.endpoints(&mut |id, name| {
            last = id;
            visit(id, name);
        });
        if !self.at_connection {
            // The device has some of its own, and the last of them came last.
            visit(last + 1, FRESH);
        }
    }
}
