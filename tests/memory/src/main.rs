//! Runs one case by name: to be started under valgrind, by the tests.

use espprov_memory_tests::cases::CASES;
use espprov_memory_tests::valgrind;
use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some((_, case)) = CASES.iter().find(|(known, _)| *known == name) else {
        eprintln!("no such case: {name}");
        return ExitCode::from(2);
    };
    if !valgrind::is_running() {
        eprintln!("not under valgrind: nothing would be found");
        return ExitCode::from(3);
    }
    case();
    ExitCode::SUCCESS
}
