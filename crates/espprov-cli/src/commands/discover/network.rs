//! `discover --network`: which devices announce themselves on this computer's network.

use crate::args::DiscoverArgs;
use crate::errors::{CALLER, Failure};
use crate::output::{Output, Report, Success, clean, padded};
use espprov::network::{Announced, Search};
use tokio::time::{Instant, timeout_at};

pub(super) async fn discover(out: &Output, args: &DiscoverArgs) -> Result<Success, Failure> {
    let end = Instant::now() + args.timeout;
    let mut search = Search::start(args.interface.as_deref(), CALLER)?;
    out.progress("listening");
    let mut count = 0_usize;
    while let Ok(found) = timeout_at(end, search.next()).await {
        if !is_meant(args.prefix.as_deref(), &found) {
            continue;
        }
        count += 1;
        out.event(&report(&found));
        out.say(&line(&found));
    }
    if count == 0 {
        return Err(search.nothing(CALLER));
    }
    Ok(Success::done())
}

/// Its name, its host or its node begins like that.
fn is_meant(prefix: Option<&str>, found: &Announced) -> bool {
    let Some(prefix) = prefix else { return true };
    let names = [
        &*found.name,
        &*found.host,
        found.property("node_id").unwrap_or_default(),
    ];
    names.iter().any(|name| name.starts_with(prefix))
}

/// A device for people: what to give as the target, and what it calls itself.
fn line(found: &Announced) -> String {
    let node = found
        .property("node_id")
        .map_or_else(String::new, |node| format!("  node {}", clean(node)));
    format!(
        "{}  {}  {}  {}{node}",
        padded(&found.target(), 27),
        padded(&clean(&found.name), 24),
        clean(&found.host),
        found.service,
    )
}

fn report(found: &Announced) -> Report {
    Report::Announced {
        name: found.name.clone(),
        address: found.addresses.first().cloned().unwrap_or_default(),
        service: found.service,
        host: found.host.clone(),
        addresses: found.addresses.clone(),
        port: found.port,
        target: found.target(),
        txt: found.txt.iter().cloned().collect(),
    }
}
