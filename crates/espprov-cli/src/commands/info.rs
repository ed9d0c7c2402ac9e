//! `info`: what the device says about itself. Needs no credentials.

use crate::device::Device;
use crate::errors::Failure;
use crate::output::human::security_name;
use crate::output::{Success, clean};

pub(super) async fn run(device: &mut Device) -> Result<Success, Failure> {
    let info = match device.driver.info().await {
        Ok(info) => info.clone(),
        Err(error) => return Err(device.explain(&error)),
    };
    device.out.stop_progress();
    let scheme = info.scheme().number();
    let mut security = security_name(Some(scheme)).to_owned();
    match scheme {
        1 if info.capabilities.no_pop => security.push_str(", no PoP"),
        2 => security.push_str(&format!(", patch level {}", info.patch_level())),
        // A guess is not shown as what the device says.
        _ if !info.names_scheme() => "not said".clone_into(&mut security),
        0 | 1 => {}
        other => security = format!("security {other}: unknown to this program"),
    }
    let capabilities: Vec<_> = info.capabilities.names().collect();
    let list = if capabilities.is_empty() {
        "none named".to_owned()
    } else {
        capabilities.join(", ")
    };
    let version = if info.bare {
        format!("{} (very old firmware)", clean(&info.version))
    } else {
        clean(&info.version)
    };
    device.out.say_labelled("Version", &version);
    device.out.say_labelled("Security", &security);
    device.out.say_labelled("Offers", &list);
    for app in &info.apps {
        let line = format!("{} {}", clean(&app.label), clean(&app.version));
        device.out.say_labelled("Also", line.trim_end());
    }
    let mut endpoints = Vec::new();
    espprov_transport::Transport::endpoints(device.driver.transport(), &mut |name| {
        endpoints.push(clean(name))
    });
    if !endpoints.is_empty() {
        device.out.say_labelled("Endpoints", &endpoints.join(", "));
    }
    Ok(Success::done())
}
