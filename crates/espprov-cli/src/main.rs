//! The `espprov` command.
fn main() {}
