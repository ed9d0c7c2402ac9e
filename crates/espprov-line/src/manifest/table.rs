//! Manifests in TOML: `[[device]]`.

use super::{At, Column, Mistake, Raw};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Spanned, Value};
use zeroize::Zeroizing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    device: Vec<Spanned<BTreeMap<Spanned<String>, Spanned<Value>>>>,
}

/// The devices, as far as they can be read, and what is wrong.
pub(super) fn rows(text: &str) -> (Vec<Raw>, Vec<Mistake>) {
    let place = |offset: usize| {
        let before = text.get(..offset).unwrap_or(text);
        At {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
        }
    };
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let at = place(error.span().map_or(0, |span| span.start));
            return (Vec::new(), vec![Mistake::new(at, error.message())]);
        }
    };
    let mut mistakes = Vec::new();
    let mut raws = Vec::new();
    for device in file.device {
        let mut raw = Raw {
            at: place(device.span().start),
            ..Raw::default()
        };
        for (name, value) in device.into_inner() {
            let (name_at, value_at) = (place(name.span().start), place(value.span().start));
            let Some(column) = Column::of(name.get_ref()) else {
                mistakes.push(Mistake::new(
                    name_at,
                    format!(
                        "there is no key {}; there are {}",
                        name.get_ref().escape_debug(),
                        Column::known()
                    ),
                ));
                continue;
            };
            let text = match (column, value.into_inner()) {
                (_, Value::String(text)) => text,
                (Column::Security, Value::Integer(number)) => number.to_string(),
                _ => {
                    mistakes.push(Mistake::new(
                        value_at,
                        format!("{} is text, in quotation marks", column.name()),
                    ));
                    continue;
                }
            };
            raw.cells.insert(column, (value_at, Zeroizing::new(text)));
        }
        raws.push(raw);
    }
    (raws, mistakes)
}
