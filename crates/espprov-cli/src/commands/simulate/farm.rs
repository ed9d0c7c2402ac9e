//! `simulate --count`: many devices, each with a port, a name and credentials of its own.

use super::{cannot_listen, narrate};
use crate::errors::{self, Class, Failure};
use crate::output::{Output, Report, Success};
use crate::signals::heard;
use core::net::SocketAddr;
use espprov_simulator::{HttpServer, Scenario, Secret, Shared};
use std::io;
use tokio::task::JoinSet;

/// Serves them until a signal. What is printed on standard output is a manifest for `batch`: nothing before it, and not before
/// all of them listen.
pub(super) async fn run(
    out: &Output,
    scenario: &Scenario,
    address: SocketAddr,
    count: u16,
) -> Result<Success, Failure> {
    let addresses = addresses(address, count)?;
    let mut serving = JoinSet::new();
    let mut manifest = format!("{}\n", HEADER[usize::from(scenario.scheme())]);
    for (index, address) in addresses.into_iter().enumerate() {
        let scenario = numbered(scenario, index + 1)?;
        let (seed, row) = (scenario.seed, Row::of(&scenario));
        let mut device = espprov::target::sim_device(scenario)?;
        if out.verbosity() > 0 {
            let name = row.name.clone();
            device.observe(move |at, event| narrate(&format!("{name}: "), at, event));
        }
        let device = Shared::new(device);
        let cannot = |error: &io::Error| {
            cannot_listen(address, error).with_help(
                "choose other addresses, for example --http 127.0.0.1:0 for any free ports; \
                 that many devices may need more open files than the system allows (ulimit -n)",
            )
        };
        let server = HttpServer::bind(address, device)
            .await
            .map_err(|error| cannot(&error))?;
        let bound = server.local_addr().map_err(|error| cannot(&error))?;
        serving.spawn(async move { (address, server.with_seed(seed).run().await) });
        let target = format!("http://{bound}");
        manifest.push_str(&row.line(&target));
        // For who asked for JSON; for others, the table is it.
        out.event(&Report::Simulated {
            target,
            name: row.name,
            pop: row.pop,
            username: row.username,
            password: row.password,
        });
    }
    out.say(manifest.trim_end());
    tokio::select! {
        biased;
        signal = heard() => Err(errors::stopped(signal)),
        Some(ended) = serving.join_next() => match ended {
            Ok((address, Err(error))) => Err(cannot_listen(address, &error)),
            // A server has no end of its own.
            _ => Err(Failure::new(Class::Unexpected, "listen", "a device has stopped")),
        },
    }
}

/// What the manifest's columns are called, by scheme.
const HEADER: [&str; 3] = ["target,name", "target,name,pop", "target,name,username,password"];

/// What a client needs to know of one device.
struct Row {
    name: String,
    pop: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

impl Row {
    fn of(scenario: &Scenario) -> Self {
        let scheme = scenario.scheme();
        let proof = scenario
            .proof()
            .map(|secret| String::from_utf8_lossy(secret.expose()).into_owned());
        Self {
            name: scenario.device.name.clone(),
            pop: proof.clone().filter(|_| scheme == 1),
            username: (scheme == 2).then(|| scenario.username().to_owned()),
            password: proof.filter(|_| scheme == 2),
        }
    }

    fn line(&self, target: &str) -> String {
        let mut line = target.to_owned();
        let more = [&self.pop, &self.username, &self.password];
        for cell in core::iter::once(&self.name).chain(more.into_iter().flatten()) {
            line.push(',');
            line.push_str(&quoted(cell));
        }
        line.push('\n');
        line
    }
}

/// A cell of a table: in quotes where it would not be one without.
fn quoted(cell: &str) -> String {
    let plain = !cell.contains([',', ';', '"', '\r', '\n']) && cell.trim() == cell;
    if plain {
        cell.to_owned()
    } else {
        format!("\"{}\"", cell.replace('"', "\"\""))
    }
}

/// From the given port upward; without one, whatever is free.
fn addresses(first: SocketAddr, count: u16) -> Result<Vec<SocketAddr>, Failure> {
    if first.port() == 0 {
        return Ok(vec![first; usize::from(count)]);
    }
    let last = first.port().checked_add(count.saturating_sub(1)).ok_or_else(|| {
        Failure::usage(
            "too_many_devices",
            format!("there are no {count} ports from {} upward", first.port()),
        )
        .with_cause("each device has a port, and the highest is 65535")
        .with_help("give a lower port, or --http 127.0.0.1:0 for any free ones")
    })?;
    let at = |port| SocketAddr::new(first.ip(), port);
    Ok((first.port()..=last).map(at).collect())
}

/// The device of this number: name, credentials and everything random differ from the next one's.
fn numbered(scenario: &Scenario, number: usize) -> Result<Scenario, Failure> {
    let mut own = scenario.clone();
    own.device.name = format!("{}_{number:04}", own.device.name);
    own.seed = own.seed.wrapping_add(u64::try_from(number).unwrap_or_default());
    let security = &mut own.security;
    for secret in core::iter::once(&mut security.pop).chain(&mut security.password) {
        if !secret.is_empty() {
            let ending = format!("-{number:04}");
            *secret = Secret::new(&[secret.expose(), ending.as_bytes()].concat()).map_err(|_| {
                Failure::usage("too_long", "a credential is too long")
                    .with_cause("each device's ends with its number, and the simulated device keeps less")
                    .with_help("shorten it by five characters")
            })?;
        }
    }
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_go_upward_and_end() {
        let all = |first: &str, count| {
            let found = addresses(first.parse().unwrap(), count).map_err(|failure| failure.code());
            found.map(|found| found.iter().map(SocketAddr::port).collect::<Vec<_>>())
        };
        assert_eq!(all("127.0.0.1:8080", 3), Ok(vec![8080, 8081, 8082]));
        assert_eq!(all("127.0.0.1:0", 2), Ok(vec![0, 0]));
        assert_eq!(all("[::1]:65535", 1), Ok(vec![65535]));
        assert_eq!(all("127.0.0.1:65535", 2), Err("too_many_devices"));
    }

    #[test]
    fn devices_share_nothing_that_is_random_or_secret() {
        let scenario = Scenario::builtin("zero").unwrap();
        let [one, two] =
            [1, 2].map(|number| numbered(&scenario, number).unwrap_or_else(|_| panic!("{number}")));
        assert_ne!(one.seed, two.seed, "salts and keys come of it");
        assert_ne!(one.device.name, two.device.name);
        assert_ne!(one.security.pop.expose(), two.security.pop.expose());
        assert_ne!(one.proof(), two.proof());
    }

    #[test]
    fn cells_of_a_manifest() {
        for (cell, written) in [
            ("abcd1234-0001", "abcd1234-0001"),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            (" a", "\" a\""),
            ("", ""),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }
}
