//! C programs, built against the static library as anybody would build them, and devices for them.

use espprov_simulator::{HttpServer, Shared, SimDevice};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output};
use std::thread;

/// What every warning is an error under.
const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-g"];

/// What the static library needs of the system (`rustc --print native-static-libs`).
const SYSTEM: &[&str] = if cfg!(target_os = "linux") {
    &["-lpthread", "-ldl", "-lm", "-lgcc_s"]
} else {
    &[]
};

pub(crate) fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the programs go.
pub(crate) fn out() -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c-programs");
    std::fs::create_dir_all(&out).expect("a folder for the programs");
    out
}

/// The static library: this test depends on the crate, so cargo has built it, in all its forms, beside the test.
pub(crate) fn library() -> PathBuf {
    let test = env::current_exe().expect("a test has a path");
    let library = test.with_file_name("libespprov_c.a");
    assert!(library.is_file(), "{}: not there", library.display());
    library
}

/// A compiler of the system: there must be one.
fn compiler(variable: &str, usual: &str) -> Command {
    Command::new(env::var_os(variable).unwrap_or_else(|| usual.into()))
}

/// Runs it. Its complaints are the test's.
fn compile(mut command: Command) {
    let shown = format!("{command:?}");
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("a C compiler is needed (apt-get install gcc g++): {shown}: {error}"));
    assert!(
        output.status.success(),
        "{shown}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Builds a program of these sources, as C99 without extensions, or as C++11 if that is what they are.
pub(crate) fn program(name: &str, sources: &[&str]) -> PathBuf {
    // Under a name of this run's own at first: another run of the tests may be at it, too.
    let (target, fresh) = (out().join(name), out().join(format!("{name}-{}", process::id())));
    let cpp = sources.iter().all(|source| source.ends_with(".cpp"));
    let (variable, usual, standard) = if cpp {
        ("CXX", "c++", "-std=c++11")
    } else {
        ("CC", "cc", "-std=c99")
    };
    let mut command = compiler(variable, usual);
    command
        .arg(standard)
        .args(STRICT)
        .arg("-I")
        .arg(here().join("include"))
        .args(sources.iter().map(|source| here().join(source)))
        .arg(library())
        .args(SYSTEM)
        .arg("-o")
        .arg(&fresh);
    compile(command);
    std::fs::rename(&fresh, &target).expect("a program in its place");
    target
}

/// Has the header compiled alone, in this language.
pub(crate) fn header_alone(cpp: bool, standard: &str) {
    let (variable, usual, language) = if cpp {
        ("CXX", "c++", "c++")
    } else {
        ("CC", "cc", "c")
    };
    let mut command = compiler(variable, usual);
    command
        .arg(format!("-std={standard}"))
        .args(STRICT)
        .args(["-x", language, "-fsyntax-only", "-include"])
        .arg(here().join("include/espprov.h"))
        .arg("/dev/null");
    compile(command);
}

/// Runs a program to its end; under what `ESPPROV_C_UNDER` says, as `cargo xtask c` has it.
pub(crate) fn run(program: &Path, args: &[&str]) -> Output {
    let under = env::var("ESPPROV_C_UNDER").unwrap_or_default();
    let program = program.display().to_string();
    let mut words = under.split_whitespace().chain([program.as_str()]);
    Command::new(words.next().expect("a program"))
        .args(words)
        .args(args)
        .output()
        .unwrap_or_else(|error| panic!("{under} {program}: {error}"))
}

/// Fails with what the program said, unless it ended well.
pub(crate) fn succeed(program: &Path, args: &[&str]) -> String {
    let output = run(program, args);
    assert!(
        output.status.success(),
        "{} {args:?}: {}\n{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The device over HTTP, on a thread that ends with the test's process; its port.
pub(crate) fn serve(device: SimDevice) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let server = runtime
        .block_on(HttpServer::bind("127.0.0.1:0", Shared::new(device)))
        .expect("a free port");
    let port = server.local_addr().expect("an address").port();
    thread::spawn(move || runtime.block_on(server.run()));
    port
}
