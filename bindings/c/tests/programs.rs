//! C programs on the static library, each against a simulated device over a socket.
#![cfg(unix)] // their sockets are

#[path = "support/device.rs"]
mod device;
#[path = "support/programs.rs"]
mod support;

use device::{device, device_in};
use espprov_conformance::{Scheme, WORLD};
use espprov_simulator::SimDevice;
use espprov_simulator::scenario::Link;
use support::{header_alone, program, run, serve, succeed};

const HTTP: &str = "examples/http.c";

fn secret(scheme: Scheme) -> &'static str {
    if scheme == Scheme::Sec0 {
        "-"
    } else {
        espprov_conformance::SECRET
    }
}

/// A device that is still joining the network after ten minutes.
fn slow_device(link: Link, scheme: Scheme) -> SimDevice {
    let world = WORLD.replace("connect_ms = 0", "connect_ms = 600000");
    assert_ne!(world, WORLD);
    device_in(&world, link, scheme)
}

#[test]
fn every_function_is_misused() {
    succeed(&program("misuse", &["tests/c/misuse.c"]), &[]);
}

#[test]
fn scenarios_with_every_scheme() {
    let scenarios = program("scenarios", &["tests/c/scenarios.c", HTTP]);
    for scheme in Scheme::ALL {
        for name in [
            "whole",
            "wrong-secret",
            "lost-link",
            "vanish",
            "vanish-unsent",
            "vanish-sent",
        ] {
            if name == "wrong-secret" && scheme == Scheme::Sec0 {
                continue;
            }
            let joins_in_time = !name.starts_with("vanish");
            let made = if joins_in_time {
                device(Link::Http, scheme)
            } else {
                slow_device(Link::Http, scheme)
            };
            let port = serve(made).to_string();
            succeed(&scenarios, &[&port, name, secret(scheme)]);
        }
        let ports = [0; 2].map(|_| serve(device(Link::Http, scheme)).to_string());
        succeed(
            &scenarios,
            &[&ports[0], "side-by-side", secret(scheme), &ports[1]],
        );
    }
    let port = serve(device(Link::Http, Scheme::Sec0)).to_string();
    succeed(&scenarios, &[&port, "plaintext", "-"]);
}

#[test]
fn the_example_provisions_and_explains() {
    let example = program("provision", &["examples/provision.c", HTTP]);
    let port = serve(device(Link::Http, Scheme::Sec1)).to_string();
    let said = succeed(
        &example,
        &["127.0.0.1", &port, "abcd1234", "Home", "correct-horse"],
    );
    assert!(said.starts_with("online at 192.168."), "{said}");

    let port = serve(device(Link::Http, Scheme::Sec1)).to_string();
    let wrong = run(&example, &["127.0.0.1", &port, "wrong", "Home", "correct-horse"]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(wrong.status.code(), Some(1), "{said}");
    assert!(said.starts_with("wrong proof of possession (PoP)\n"), "{said}");
    assert!(
        said.contains("check EspprovConfig.pop against the label"),
        "{said}"
    );
    assert!(
        !said.contains("correct-horse") && !said.contains("wrong\n"),
        "{said}"
    );
}

#[test]
fn a_handle_in_a_pointer_of_cpp() {
    succeed(&program("owned", &["tests/c/owned.cpp"]), &[]);
}

#[test]
fn the_header_is_strict_c_and_cpp() {
    for standard in ["c99", "c11", "c17"] {
        header_alone(false, standard);
    }
    for standard in ["c++11", "c++17", "c++20"] {
        header_alone(true, standard);
    }
}
