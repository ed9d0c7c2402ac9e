//! What an image takes of flash, and which crates it is made of: from its ELF sections and symbols.

use super::build::{IMAGES, Toolchain};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use std::collections::BTreeMap;
use std::fs;

/// The size of one image.
pub(super) struct Image {
    pub(super) target: &'static str,
    pub(super) name: &'static str,
    /// Code and constants, initial values of variables included: everything that goes into flash.
    pub(super) flash: u64,
    /// Bytes by crate, largest first, without what no symbol claims.
    pub(super) crates: Vec<(String, u64)>,
}

/// The two targets with budgets.
pub(super) const MEASURED: [&str; 2] = ["thumbv7em-none-eabihf", "riscv32imc-unknown-none-elf"];

pub(super) fn read_all(toolchain: &Toolchain) -> Result<Vec<Image>, String> {
    let mut images = Vec::new();
    for target in MEASURED {
        for name in IMAGES {
            let path = toolchain.image(target, name);
            let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let (flash, crates) = read(&bytes).map_err(|e| format!("{}: {e}", path.display()))?;
            images.push(Image {
                target,
                name,
                flash,
                crates,
            });
        }
    }
    Ok(images)
}

fn read(bytes: &[u8]) -> object::Result<(u64, Vec<(String, u64)>)> {
    let file = object::File::parse(bytes)?;
    let flash = file
        .sections()
        .filter(|section| {
            let kind = section.kind();
            matches!(
                kind,
                SectionKind::Text
                    | SectionKind::ReadOnlyData
                    | SectionKind::ReadOnlyString
                    | SectionKind::Data
            ) && section.address() != 0
                || section.name() == Ok(".vector_table")
        })
        .map(|section| section.size())
        .sum();
    let mut crates = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for symbol in file.symbols() {
        // Folded functions share an address: counted once.
        if symbol.kind() == SymbolKind::Text && seen.insert(symbol.address(), ()).is_none() {
            let name = format!(
                "{:#}",
                rustc_demangle::demangle(symbol.name().unwrap_or_default())
            );
            *crates.entry(owner(&name).to_owned()).or_insert(0) += symbol.size();
        }
    }
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.sort_by_key(|(_, size)| core::cmp::Reverse(*size));
    Ok((flash, crates))
}

/// The crate a symbol is counted for: the first named in it that is not the standard library's.
fn owner(name: &str) -> &str {
    let words = name.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    words
        .filter_map(|word| word.split_once("::").map(|(first, _)| first))
        .find(|first| {
            !first.is_empty()
                && !matches!(*first, "core" | "alloc" | "compiler_builtins")
                && !first.starts_with('_')
        })
        .unwrap_or("(standard library)")
}
