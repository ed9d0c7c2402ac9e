//! The C library: its header, which is made from the sources, and what a C compiler and valgrind say of both.

use crate::tools::{CBINDGEN, capture, cargo, root, run, target_dir};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the library for C is.
const CRATE: &str = "bindings/c";

/// Most bytes of a stripped program that provisions with security 1 and 2, the library and its share of `std` in it.
const LARGEST: u64 = 800_000;

/// How the C programs of the tests are run. Whatever valgrind finds, a leak included, is a failure.
const VALGRIND: &str = "valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible";

/// Writes `include/espprov.h`; or, with `check`, only compares.
pub(crate) fn header(check: bool) -> Result<(), String> {
    let dir = root().join(CRATE);
    let committed = dir.join("include/espprov.h");
    let made = target_dir().join("espprov.h");
    run(Command::new(CBINDGEN.ensure()?)
        .args(["--quiet", "--config", "cbindgen.toml", "--output"])
        .arg(&made)
        .arg(".")
        .current_dir(&dir))?;
    let text = fs::read_to_string(&made).map_err(|e| format!("{}: {e}", made.display()))?;
    if !check {
        return fs::write(&committed, text).map_err(|e| format!("{}: {e}", committed.display()));
    }
    if fs::read_to_string(&committed).ok().as_ref() == Some(&text) {
        Ok(())
    } else {
        Err(format!(
            "{CRATE}/include/espprov.h is stale\nfix: cargo xtask codegen"
        ))
    }
}

/// The C programs of the tests under valgrind, one that must fail there, and the size of a program.
pub(crate) fn c() -> Result<String, String> {
    let found = capture(Command::new("valgrind").arg("--version"));
    let Ok((true, version)) = found else {
        return Err("the C programs run under valgrind: apt-get install valgrind".into());
    };
    // Of the whole workspace: cargo then resolves the features that `cargo test --workspace` has, and compiles nothing twice.
    run(cargo()
        .args(["test", "--quiet", "--locked", "--workspace", "--test", "programs"])
        .env("ESPPROV_C_UNDER", VALGRIND))?;
    let bytes = size()?;
    control()?;
    if bytes > LARGEST {
        return Err(format!(
            "a program with security 1 and 2 takes {bytes} bytes, and may take {LARGEST}"
        ));
    }
    Ok(format!(
        "clean under {}; a program takes {} KB",
        version.trim(),
        bytes / 1000
    ))
}

/// A program that leaks: were it to pass, the others' passing would prove nothing.
fn control() -> Result<(), String> {
    let program = compile("c-leak", &["tests/c/leak.c"], &["-g"])?;
    let mut words = VALGRIND.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    let (passed, text) = capture(command.args(words).arg(&program))?;
    if passed || !text.contains("definitely lost") {
        return Err(format!("valgrind overlooks a leak:\n{text}"));
    }
    Ok(())
}

/// Bytes of the stripped example, built as people hand it out.
fn size() -> Result<u64, String> {
    run(cargo().args([
        "build",
        "--quiet",
        "--locked",
        "--profile",
        "dist",
        "--package",
        "espprov-c",
    ]))?;
    let program = compile(
        "c-provision",
        &["examples/provision.c", "examples/http.c"],
        &["-Os", "-ffunction-sections", "-Wl,--gc-sections", "-s"],
    )?;
    let found = fs::metadata(&program).map_err(|e| format!("{}: {e}", program.display()))?;
    println!("{}: {} bytes", program.display(), found.len());
    Ok(found.len())
}

/// A program on the library as it is handed out, which has been built.
fn compile(name: &str, sources: &[&str], flags: &[&str]) -> Result<PathBuf, String> {
    let dist = target_dir().join("dist");
    let program = dist.join(name);
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    run(Command::new(compiler)
        .arg("-std=c99")
        .args(flags)
        .arg("-I")
        .arg(path("include"))
        .args(sources.iter().map(path))
        .arg(dist.join("libespprov_c.a"))
        .args(["-lpthread", "-ldl", "-lm", "-lgcc_s", "-o"])
        .arg(&program))?;
    Ok(program)
}

fn path(inside: impl AsRef<Path>) -> PathBuf {
    root().join(CRATE).join(inside)
}
