//! `props`: the properties of a device on its network.

use super::Context;
use crate::args::{PropsArgs, target_by_environment};
use crate::device::Device;
use crate::errors::{self, CALLER, Failure, explain};
use crate::hex_input;
use crate::named_value;
use crate::output::{Report, Success, clean, table};
use crate::plan::Purpose;
use espprov::NewValue;
use espprov::local_control::{changes, find};
use espprov_core::call::Converse;
use espprov_local_ctrl::{Change, Convention, List, Property, Protocol, Set, Type};
use espprov_types::hex::Hex;

/// What to do.
enum Action {
    List,
    Get(Vec<String>),
    Set(Vec<(String, NewValue)>),
}

pub(super) async fn run(context: &Context, args: &PropsArgs) -> Result<Success, Failure> {
    let (target, action) = words(args)?;
    let action = read(action).await?;
    let plan = context
        .plan_for(&target, &args.device, Purpose::Properties)
        .await?;
    plan.run(async |device| {
        device.connect().await?;
        let listed = list(device).await?;
        device.out.stop_progress();
        match &action {
            Action::List => {
                show(device, &listed, listed.iter());
                if listed.is_empty() {
                    device.out.remark("The device has no properties.");
                }
                Ok(Success::done())
            }
            Action::Get(names) => {
                let found: Result<Vec<_>, _> = names.iter().map(|name| find(CALLER, &listed, name)).collect();
                show(device, &listed, found?.into_iter());
                Ok(Success::done())
            }
            Action::Set(wanted) => set(device, &listed, wanted).await,
        }
    })
    .await
}

/// Target and action; either may be missing.
fn words(args: &PropsArgs) -> Result<(String, (String, Vec<String>)), Failure> {
    let is_action = |word: &str| matches!(word, "list" | "get" | "set");
    let mut words: Vec<String> = [&args.device.target, &args.action]
        .into_iter()
        .flatten()
        .chain(&args.properties)
        .cloned()
        .collect();
    // Where the environment names the device, the first word may be the action.
    let by_environment = match words.first() {
        Some(first) if !is_action(first) => None,
        _ => target_by_environment()?,
    };
    let target = match by_environment {
        Some(target) => target,
        None if words.first().is_none_or(|first| is_action(first)) => {
            return Err(errors::missing(
                "the device",
                "TARGET, such as http://HOST or sim (or set ESPPROV_TARGET)",
            )
            .with_cause("the first argument says which device to talk to"));
        }
        None => words.remove(0),
    };
    if words.is_empty() {
        return Ok((target, ("list".to_owned(), words)));
    }
    let action = words.remove(0);
    if !is_action(&action) {
        return Err(
            Failure::usage("usage", format!("no such action: {}", clean(&action)))
                .with_cause("what can be done with properties is list, get and set")
                .with_help("give one of them after the target; espprov props --help explains"),
        );
    }
    Ok((target, (action, words)))
}

/// Everything that the command line says, before the device is asked.
async fn read((action, words): (String, Vec<String>)) -> Result<Action, Failure> {
    match (action.as_str(), words.is_empty()) {
        ("list", true) => Ok(Action::List),
        ("list", false) => Err(Failure::usage("usage", "list takes no names")
            .with_cause("it shows every property")
            .with_help("give get instead of list to see some of them")),
        (_, true) => Err(errors::missing(
            "a property",
            if action == "get" {
                "NAME after get"
            } else {
                "NAME=VALUE after set"
            },
        )),
        ("get", false) => Ok(Action::Get(words)),
        _ => {
            let mut wanted = Vec::with_capacity(words.len());
            for word in &words {
                let (name, value) = named_value::split(word, "set")?;
                let value = new_value(&name, value).await?;
                wanted.push((name, value));
            }
            Ok(Action::Set(wanted))
        }
    }
}

async fn new_value(name: &str, text: &str) -> Result<NewValue, Failure> {
    if let Some(digits) = text.strip_prefix("hex:") {
        let bytes = hex_input::decode(digits, &clean(name))?;
        return Ok(NewValue::Bytes(bytes.to_vec()));
    }
    let Some(path) = text.strip_prefix('@') else {
        return Ok(NewValue::Text(text.to_owned()));
    };
    let bytes = named_value::file(path).await?;
    Ok(NewValue::Bytes(bytes.to_vec()))
}

async fn list(device: &mut Device) -> Result<Vec<Property>, Failure> {
    let listed = device
        .driver
        .run(Converse::new(List::new(&Protocol::ESP_LOCAL_CTRL)))
        .await;
    listed.map_err(|error| device.explain(&error))
}

async fn set(
    device: &mut Device,
    listed: &[Property],
    wanted: &[(String, NewValue)],
) -> Result<Success, Failure> {
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    let changes = changes(CALLER, listed, &wanted)?;
    let changes: Vec<_> = changes
        .iter()
        .map(|(property, value)| Change { property, value })
        .collect();
    let Ok(set) = Set::new(&Protocol::ESP_LOCAL_CTRL, &changes) else {
        return Ok(Success::done());
    };
    // What was sent may have been acted on: it is not sent again by itself.
    let done = device.driver.run(Converse::new(set)).await;
    let done = done.map_err(|error| device.explain_once(&error))?;
    let names: Vec<_> = wanted.iter().map(|(name, _)| *name).collect();
    done.map_err(|error| explain::not_set(CALLER, &error, &names))?;
    let names: Vec<_> = names.into_iter().map(clean).collect();
    Ok(Success {
        summary: format!("Set {}", names.join(", ")),
        ..Success::done()
    })
}

/// Shows some of the properties: events for programs, a table for people.
fn show<'p>(device: &Device, listed: &[Property], some: impl Iterator<Item = &'p Property>) {
    let convention = Convention::of(listed);
    let mut rows = vec![["NAME", "TYPE", "VALUE", ""].map(str::to_owned).to_vec()];
    for property in some {
        device.out.event(&Report::property(property));
        let kind = match property.value_type() {
            Some(Type::Timestamp) => "timestamp".to_owned(),
            Some(Type::Int) => "int".to_owned(),
            Some(Type::Bool) => "bool".to_owned(),
            Some(Type::Text) => "text".to_owned(),
            _ => property.kind.to_string(),
        };
        let value = match property.typed() {
            Some(value) => clean(&value.to_string()),
            None => format!("hex:{}", Hex(&property.value)),
        };
        let flags = match (convention, property.flags) {
            (_, 0) => String::new(),
            (Some(_), _) if property.is_flagged_read_only() => "read-only".to_owned(),
            (_, flags) => format!("flags {flags}"),
        };
        rows.push(vec![clean(&property.name), kind, value, flags]);
    }
    if rows.len() > 1 {
        for line in table(&rows) {
            device.out.say(&line);
        }
    }
}
