//! The mutants of a crate, as cargo-mutants lists them, under names that stay when line numbers move.

use std::collections::HashMap;

/// All mutants of a crate, in the order of its files.
pub(super) struct Listing {
    pub(super) mutants: Vec<Mutant>,
    /// The files that have any, in order, each with the hash of its code.
    pub(super) files: Vec<(String, u64)>,
}

pub(super) struct Mutant {
    /// As cargo-mutants names it, with line and column.
    pub(super) name: String,
    /// The file, from the root of the crate.
    pub(super) file: String,
    /// File and change, and which of several equal ones in the file: `src/a.rs: replace + with - in sum #2`.
    pub(super) key: String,
}

impl Listing {
    /// Reads `cargo mutants --list`. `source` gives the text of a file of the crate.
    pub(super) fn new(
        text: &str,
        crate_dir: &str,
        mut source: impl FnMut(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let mut mutants = Vec::new();
        let mut files: Vec<(String, u64)> = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (file, change) = parts(line)
                .and_then(|(path, change)| Some((path.strip_prefix(crate_dir)?.strip_prefix('/')?, change)))
                .ok_or_else(|| format!("not a mutant of {crate_dir}: {line}"))?;
            let plain = format!("{file}: {change}");
            let count = seen.entry(plain.clone()).or_default();
            *count += 1;
            let key = match *count {
                1 => plain,
                n => format!("{plain} #{n}"),
            };
            if files.last().is_none_or(|(last, _)| last != file) {
                files.push((file.to_owned(), fnv(code_of(&source(file)?))));
            }
            mutants.push(Mutant {
                name: line.to_owned(),
                file: file.to_owned(),
                key,
            });
        }
        Ok(Self { mutants, files })
    }

    /// All indices in an order that has nothing to do with where the mutants stand, and is the same in every run.
    pub(super) fn spread(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.mutants.len()).collect();
        order.sort_by_key(|&index| fnv(&self.mutants[index].key));
        order
    }

    /// Splits mutants into batches of at most `size`, but leaves a file together where cargo-mutants cannot be told to try one
    /// mutant and not another: it tries the fields of structs whatever names it is given.
    pub(super) fn batches(&self, chosen: &[usize], size: usize) -> Vec<Vec<usize>> {
        let (whole, single): (Vec<_>, Vec<_>) = chosen.iter().partition(|&&index| self.has_fields(index));
        let mut batches: Vec<_> = single.chunks(size).map(<[usize]>::to_vec).collect();
        for (file, _) in &self.files {
            let of_file: Vec<_> = whole
                .iter()
                .copied()
                .filter(|&index| self.mutants[index].file == *file)
                .collect();
            if !of_file.is_empty() {
                batches.push(of_file);
            }
        }
        batches
    }

    /// Whether the file of this mutant has struct fields among its mutants.
    pub(super) fn has_fields(&self, index: usize) -> bool {
        let file = &self.mutants[index].file;
        self.of_file(file).any(|index| self.mutants[index].is_field())
    }

    /// The indices of a file's mutants.
    pub(super) fn of_file<'a>(&'a self, file: &'a str) -> impl Iterator<Item = usize> + 'a {
        (0..self.mutants.len()).filter(move |&index| self.mutants[index].file == file)
    }

    /// The index of the mutant with this name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.mutants.iter().position(|mutant| mutant.name == name)
    }
}

impl Mutant {
    /// A field left out of a struct that is made with `..`.
    fn is_field(&self) -> bool {
        self.key.contains(": delete field ")
    }
}

/// Path and change of `path:line:column: change`.
fn parts(line: &str) -> Option<(&str, &str)> {
    let mut parts = line.splitn(4, ':');
    let path = parts.next()?;
    let _line: u32 = parts.next()?.parse().ok()?;
    let _column: u32 = parts.next()?.parse().ok()?;
    Some((path, parts.next()?.trim_start()))
}

/// The part of a source file that mutants come from: without the tests at its end, so that another test does not
/// make everything in the file untried.
fn code_of(source: &str) -> &str {
    let tests = source.match_indices("#[cfg(test)]\nmod ").find(|&(at, found)| {
        let declaration = source[at + found.len()..].lines().next();
        declaration.is_some_and(|rest| rest.ends_with('{'))
    });
    tests.map_or(source, |(at, _)| &source[..at]).trim_end()
}

/// FNV-1a: nobody attacks this, and it is the same on every machine.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const LIST: &str = "\
crates/x/src/a.rs:3:9: replace + with - in sum
crates/x/src/a.rs:3:13: replace + with - in sum
crates/x/src/a.rs:9:5: replace ready -> bool with true
crates/x/src/b.rs:1:1: replace Some::<u8>::get -> u8 with 0
";

    pub(in super::super) fn listing(source: &str) -> Listing {
        Listing::new(LIST, "crates/x", |_| Ok(source.to_owned())).unwrap()
    }

    #[test]
    fn equal_changes_are_told_apart() {
        let keys: Vec<_> = listing("").mutants.into_iter().map(|mutant| mutant.key).collect();
        assert_eq!(
            keys,
            [
                "src/a.rs: replace + with - in sum",
                "src/a.rs: replace + with - in sum #2",
                "src/a.rs: replace ready -> bool with true",
                "src/b.rs: replace Some::<u8>::get -> u8 with 0",
            ]
        );
    }

    #[test]
    fn tests_at_the_end_are_not_code() {
        let code = "#[cfg(test)]\nmod testing;\nfn a() {}\n";
        let tests = "#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(code_of(&format!("{code}\n{tests}")), code.trim_end());
        assert_eq!(code_of(code), code.trim_end());
        let hash = |source: &str| listing(source).files[0].1;
        assert_eq!(hash(code), hash(&format!("{code}{tests}")));
        assert_ne!(hash(code), hash("fn b() {}\n"));
    }

    #[test]
    fn every_mutant_has_its_place_in_the_order() {
        let mut order = listing("").spread();
        assert_eq!(order, listing("something else").spread());
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3]);
    }

    #[test]
    fn a_file_with_struct_fields_is_tried_at_once() {
        assert_eq!(listing("").batches(&[3, 0, 2], 2), [vec![3, 0], vec![2]]);
        let list = format!("{LIST}crates/x/src/b.rs:2:1: delete field a from struct S expression\n");
        let listing = Listing::new(&list, "crates/x", |_| Ok(String::new())).unwrap();
        assert_eq!(
            listing.batches(&[3, 0, 4, 2, 1], 2),
            [vec![0, 2], vec![1], vec![3, 4]]
        );
        assert!(listing.batches(&[], 2).is_empty());
    }

    #[test]
    fn what_is_no_mutant_of_the_crate_is_an_error() {
        for line in [
            "crates/y/src/a.rs:3:9: replace",
            "crates/x/src/a.rs: replace",
            "warning: x",
        ] {
            assert!(
                Listing::new(line, "crates/x", |_| Ok(String::new())).is_err(),
                "{line}"
            );
        }
    }
}
