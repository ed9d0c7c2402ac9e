//! What an image takes of flash, and which crates it is made of: from its ELF sections and symbols.

use super::build::{ARM, BLUETOOTH, RISCV, Toolchain, images};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use std::collections::BTreeMap;
use std::fs;

/// The size of one image.
pub(super) struct Image {
    pub(super) target: &'static str,
    pub(super) name: &'static str,
    /// Code and constants, initial values of variables included: everything that goes into flash.
    pub(super) flash: u64,
    /// Static variables, without the heap: the buffer and what else has a fixed place.
    pub(super) ram: u64,
    /// Bytes by crate, largest first, without what no symbol claims.
    pub(super) crates: Vec<(String, u64)>,
}

pub(super) fn read_all(toolchain: &Toolchain, whole: bool) -> Result<Vec<Image>, String> {
    let measured = [ARM, RISCV]
        .into_iter()
        .flat_map(|target| images(target, whole).into_iter().map(move |name| (target, name)));
    let mut found = Vec::new();
    for (target, name) in measured.chain([BLUETOOTH]) {
        let path = toolchain.image(target, name);
        let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let image = read(target, name, &bytes).map_err(|e| format!("{}: {e}", path.display()))?;
        found.push(image);
    }
    Ok(found)
}

/// The array in `firmware_qemu::heap` that the allocator is given.
const HEAP: &str = "heap::init::MEMORY";

fn read(target: &'static str, name: &'static str, bytes: &[u8]) -> object::Result<Image> {
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
    let variables: u64 = file
        .sections()
        // By name: what a runtime leaves for the stack is a section too.
        .filter(|section| {
            section
                .name()
                .is_ok_and(|name| name.starts_with(".data") || name.starts_with(".bss"))
        })
        .map(|section| section.size())
        .sum();
    let heap: u64 = file
        .symbols()
        .filter(|symbol| demangled(symbol).ends_with(HEAP))
        .map(|symbol| symbol.size())
        .sum();
    let mut crates = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for symbol in file.symbols() {
        // Folded functions share an address: counted once.
        if symbol.kind() == SymbolKind::Text && seen.insert(symbol.address(), ()).is_none() {
            *crates.entry(owner(&demangled(&symbol)).to_owned()).or_insert(0) += symbol.size();
        }
    }
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.sort_by_key(|(_, size)| core::cmp::Reverse(*size));
    Ok(Image {
        target,
        name,
        flash,
        ram: variables - heap,
        crates,
    })
}

fn demangled<'data>(symbol: &impl ObjectSymbol<'data>) -> String {
    let name = symbol.name().unwrap_or_default();
    format!("{:#}", rustc_demangle::demangle(name))
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
