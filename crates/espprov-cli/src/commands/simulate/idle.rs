//! What was asked for and would do nothing on this device: whoever gives it expects something else.

use crate::args::SimulateArgs;
use crate::errors::Failure;
use espprov_simulator::Scenario;

/// Which of a device's links is served.
pub(super) struct Serves {
    pub(super) http: bool,
    pub(super) console: bool,
}

/// Says so before the device is there. Values of the environment are not looked at: they are for several commands.
pub(super) fn refuse(args: &SimulateArgs, scenario: &Scenario, serves: &Serves) -> Result<(), Failure> {
    let scheme = scenario.scheme();
    let credentials = &args.credentials;
    let pop = credentials.pop.as_ref().is_some_and(|pop| !pop.is_empty());
    let password = credentials.password.is_some();
    // With a PoP beside them they are for whichever scheme there is, as scripts give them.
    let whichever = pop && scheme == 1;
    let of_security_2 = "leave it out, or let the device be one of security 2: --security 2";
    let without_console = "leave it out, or let the device have one: --console or --pty";
    for (flag, idle, help) in [
        (
            "--pop",
            pop && scheme == 0,
            "leave it out, or give another --security",
        ),
        (
            "--username",
            credentials.username.is_some() && scheme != 2 && !whichever,
            of_security_2,
        ),
        (
            "--password",
            password && scheme != 2 && !whichever,
            if scheme == 1 {
                "the secret of security 1 is the PoP: --pop"
            } else {
                of_security_2
            },
        ),
        ("--patch", args.patch.is_some() && scheme != 2, of_security_2),
        (
            "--line-limit",
            args.line_limit.is_some() && !serves.console,
            without_console,
        ),
        (
            "--page",
            args.page.is_some() && !serves.http,
            "leave it out, or serve HTTP, too: --http ADDR",
        ),
    ] {
        if !idle {
            continue;
        }
        let why = match flag {
            "--line-limit" => "this device has no console".to_owned(),
            "--page" => "this device is not reached over HTTP".to_owned(),
            _ => format!("this device runs security {scheme}"),
        };
        return Err(
            Failure::usage("no_effect", format!("{flag} does nothing here: {why}"))
                .with_cause("the options do not fit each other, or not the scenario")
                .with_help(help),
        );
    }
    Ok(())
}
