//! Running images under QEMU, with the `espprov` command at the other end of their UART.

use super::Results;
use super::bluetooth::be_peripheral;
use super::build::{ARM, BLE_DEVICE, HTTP_DEVICE, RISCV, SMALLEST, SMALLEST_RUN, Toolchain};
use super::network::be_host;
use crate::programs;
use crate::tools::{capture, root, target_dir};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

/// Longest run of an image, start of the emulator included, in seconds of processor time: what a busy machine does
/// not lengthen.
const LIMIT: &str = "60";
/// Nothing takes this long, however busy the machine is: the end of a run that only waits. Seconds of wall time.
pub(super) const HANG: &str = "600";

/// Every `name value` line that an image printed.
#[derive(Default)]
pub(super) struct Figures(Vec<(String, String, String, u64)>);

impl Figures {
    pub(super) fn get(&self, target: &str, image: &str, name: &str) -> Option<u64> {
        let same =
            |entry: &&(String, String, String, u64)| entry.0 == target && entry.1 == image && entry.2 == name;
        self.0.iter().find(same).map(|entry| entry.3)
    }

    fn add(&mut self, target: &str, image: &str, output: &str) {
        for line in output.lines() {
            if let Some((name, value)) = line.split_once(' ')
                && let Ok(value) = value.trim().parse()
            {
                self.0.push((target.into(), image.into(), name.into(), value));
            }
        }
    }
}

/// An emulated board.
pub(super) struct Board {
    target: &'static str,
    program: &'static str,
    machine: &'static [&'static str],
}

pub(super) const BOARDS: [Board; 2] = [
    Board {
        target: ARM,
        program: "qemu-system-arm",
        machine: &["-M", "mps2-an386"],
    },
    Board {
        target: RISCV,
        program: "qemu-system-riscv32",
        machine: &["-M", "virt", "-bios", "none"],
    },
];

/// Where the smallest instruction set is run and not measured. A Cortex-M3, which is more than the code asks for: the
/// emulator's Cortex-M0 board has too little memory.
const SMALLEST_BOARD: Board = Board {
    target: SMALLEST,
    program: "qemu-system-arm",
    machine: &["-M", "mps2-an385"],
};

/// The images that provision, and the security scheme each needs.
const PROVISIONERS: [(&str, &str); 2] = [("provision_sec1", "1"), ("provision_sec2", "2")];

/// One image on one board.
struct Run {
    board: &'static Board,
    image: &'static str,
    kind: Kind,
}

/// What stands at the other end of the image's UART.
enum Kind {
    /// Nothing; its instructions are counted.
    Alone,
    /// The simulator, with this security scheme.
    Provisioner(&'static str),
    /// The command: the image is the device.
    Device,
    /// A Bluetooth controller, and a client within its reach: the image is the device.
    Peripheral,
    /// A network with the command on it: the image is the device.
    Host,
}

fn plan() -> Vec<Run> {
    let mut plan = Vec::new();
    for board in &BOARDS {
        for image in ["baseline", "count_sec1", "count_sec2"] {
            plan.push(Run {
                board,
                image,
                kind: Kind::Alone,
            });
        }
        // With security 2, because its handshake allocates.
        plan.push(Run {
            board,
            image: "exhausted",
            kind: Kind::Provisioner("2"),
        });
    }
    let board = &BOARDS[0];
    // The image that takes what the device says: once is enough.
    plan.push(Run {
        board,
        image: "provision_auto",
        kind: Kind::Provisioner("2"),
    });
    let everywhere = BOARDS
        .iter()
        .flat_map(|board| PROVISIONERS.map(|what| (board, what)));
    let once = PROVISIONERS
        .into_iter()
        .filter(|(image, _)| *image == SMALLEST_RUN)
        .map(|what| (&SMALLEST_BOARD, what));
    for (board, (image, scheme)) in everywhere.chain(once) {
        plan.push(Run {
            board,
            image,
            kind: Kind::Provisioner(scheme),
        });
    }
    plan.push(Run {
        board,
        image: "device",
        kind: Kind::Device,
    });
    plan.push(Run {
        board,
        image: BLE_DEVICE,
        kind: Kind::Peripheral,
    });
    let networked = BOARDS.iter().filter(|board| board.target == HTTP_DEVICE.0);
    plan.extend(networked.map(|board| Run {
        board,
        image: HTTP_DEVICE.1,
        kind: Kind::Host,
    }));
    plan
}

/// Runs everything, as many images at a time as there are processors: an emulator keeps one busy.
pub(super) fn all(results: &mut Results) -> Figures {
    let mut figures = Figures::default();
    let ready = programs::debug("espprov").and_then(|command| Qemu::find().map(|qemu| (command, qemu)));
    let (toolchain, (command, qemu)) = match (Toolchain::find(), ready) {
        (Ok(toolchain), Ok(ready)) => (toolchain, ready),
        (Err(reason), _) | (_, Err(reason)) => {
            results.note("run images", Err(reason));
            return figures;
        }
    };
    let plan = plan();
    let next = AtomicUsize::new(0);
    let outcomes: Vec<_> = plan.iter().map(|_| OnceLock::new()).collect();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((run, outcome)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    plan.get(index).zip(outcomes.get(index))
                } {
                    let image = toolchain.image(run.board.target, run.image);
                    let _ = outcome.set(match run.kind {
                        Kind::Alone => count(&qemu, run.board, &image),
                        Kind::Provisioner(scheme) => provision(&qemu, run, &image, scheme, &command),
                        Kind::Device => be_device(&qemu, run.board, &image, &command),
                        Kind::Host => be_host(&qemu, run.board, &image, &command),
                        Kind::Peripheral => be_peripheral(&qemu, run.board, &image, &programs::air()),
                    });
                }
            });
        }
    });
    for (run, outcome) in plan.iter().zip(outcomes) {
        let outcome = outcome.into_inner().unwrap_or_else(|| Err("was not run".into()));
        if let Ok(output) = &outcome {
            figures.add(run.board.target, run.image, output);
        }
        let shown = outcome.map(|output| output.lines().collect::<Vec<_>>().join(", "));
        results.note(format!("{}: run {}", run.board.target, run.image), shown);
    }
    figures
}

/// Runs an image that needs no peer, with repeatable instruction counts.
fn count(qemu: &Qemu, board: &Board, image: &Path) -> Result<String, String> {
    let mut command = qemu.command(board, image);
    command.args(["-icount", "shift=0,align=off,sleep=off", "-serial", "none"]);
    let (ok, text) = capture(&mut command)?;
    if ok {
        Ok(text)
    } else {
        Err(format!("the image failed: {text}"))
    }
}

/// Runs a provisioner against the simulator, and believes it only if the simulator saw the same.
fn provision(qemu: &Qemu, run: &Run, image: &Path, scheme: &str, espprov: &Path) -> Result<String, String> {
    let socket = Socket::new(&format!("{}-{}", run.board.target, run.image));
    let mut command = qemu.command(run.board, image);
    let chardev = format!("socket,id=u0,path={},server=on,wait=on", socket.path.display());
    command.args(["-chardev", &chardev, "-serial", "chardev:u0"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let emulator = Guard::spawn(&mut command)?;
    let uart = socket.connect()?;

    let mut simulate = Command::new(espprov);
    simulate.args([
        "simulate",
        "-v",
        "--console",
        "--json",
        "--pop",
        "abcd1234",
        "--password",
        "abcd1234",
    ]);
    simulate.args(["--username", "wifiprov", "--security", scheme]);
    if scheme == "2" {
        simulate.args(["--line-limit", "0"]);
    }
    simulate
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut simulator = Guard::spawn(&mut simulate)?;
    join(&mut simulator.0, &uart)?;

    let (ok, printed) = emulator.finish()?;
    let _ = uart.shutdown(std::net::Shutdown::Both);
    let (_, seen) = simulator.finish()?;
    if !ok {
        return Err(format!("the image failed: {printed}\nthe simulator saw: {seen}"));
    }
    let has = |what: &str| seen.lines().any(|line| line.contains(what));
    if !has("Home") || !has("192.168.1.57") {
        return Err(format!(
            "the image says {printed:?}, but the simulator saw no connection: {seen}"
        ));
    }
    // 192.168.1.57
    if !printed.lines().any(|line| line == "connected 3232235833") {
        return Err(format!("the image was told another address: {printed}"));
    }
    Ok(printed)
}

/// Runs the image that is a device, its UART a pseudo-terminal, and provisions it with the desktop command.
fn be_device(qemu: &Qemu, board: &Board, image: &Path, espprov: &Path) -> Result<String, String> {
    let mut command = qemu.command(board, image);
    command.args(["-serial", "pty"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut emulator = Guard::spawn(&mut command)?;
    let mut announced = String::new();
    let mut byte = [0];
    let mut stdout = emulator.0.stdout.take().ok_or("no stdout")?;
    let path = loop {
        match stdout.read(&mut byte) {
            Ok(1) => announced.push(char::from(byte[0])),
            _ => return Err(format!("QEMU announced no pseudo-terminal: {announced}")),
        }
        let path = announced
            .split_whitespace()
            .find(|word| word.starts_with("/dev/pts/"));
        if let (Some(path), true) = (path, announced.ends_with('\n')) {
            break path.to_owned();
        }
    };
    emulator.0.stdout = Some(stdout);
    let mut provision = Command::new("timeout");
    provision.arg(HANG).arg(espprov);
    provision.args([
        "--json",
        "provision",
        &format!("serial:{path}"),
        "--pop",
        "abcd1234",
    ]);
    provision.args(["--ssid", "Home", "--passphrase", "correct-horse"]);
    let (ok, said) = capture(&mut provision)?;
    let (exit, printed) = emulator.finish()?;
    let last = said
        .lines()
        .rfind(|line| line.contains("\"result\""))
        .unwrap_or_default();
    if !ok || !last.contains("\"connected\"") {
        return Err(format!("espprov: {said}\nthe image: {printed}"));
    }
    if !exit || !printed.lines().any(|line| line == "joined Home") {
        return Err(format!("espprov is content, but the image says: {printed}"));
    }
    Ok("provisioned by the desktop command".into())
}

/// Pumps bytes between a program's standard streams and a socket, until one of them ends.
fn join(program: &mut Child, socket: &Uart) -> Result<(), String> {
    let stdin = program.stdin.take().ok_or("no stdin")?;
    let stdout = program.stdout.take().ok_or("no stdout")?;
    let half = || socket.try_clone().map_err(|e| e.to_string());
    let (from, to) = (half()?, half()?);
    thread::spawn(move || pump(from, stdin));
    thread::spawn(move || pump(stdout, to));
    Ok(())
}

/// Not `io::copy`: each piece must arrive at once.
fn pump(mut from: impl Read, mut to: impl Write) {
    let mut buf = [0; 1024];
    while let Ok(len @ 1..) = from.read(&mut buf) {
        if to.write_all(&buf[..len]).and_then(|()| to.flush()).is_err() {
            break;
        }
    }
}

/// A child that does not outlive this run.
pub(super) struct Guard(pub(super) Child);

impl Guard {
    pub(super) fn spawn(command: &mut Command) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        command
            .spawn()
            .map(Self)
            .map_err(|e| format!("cannot start {name}: {e}"))
    }

    /// Waits for the end: whether it was a success, and everything it printed.
    pub(super) fn finish(mut self) -> Result<(bool, String), String> {
        let mut text = String::new();
        if let Some(mut stdout) = self.0.stdout.take() {
            let _ = stdout.read_to_string(&mut text);
        }
        if let Some(mut stderr) = self.0.stderr.take() {
            let _ = stderr.read_to_string(&mut text);
        }
        let status = self.0.wait().map_err(|e| e.to_string())?;
        Ok((status.success(), text))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What an emulated board's UART is on this side.
#[cfg(unix)]
type Uart = std::os::unix::net::UnixStream;
#[cfg(not(unix))]
type Uart = std::net::TcpStream;

#[cfg(unix)]
fn uart(path: &Path) -> std::io::Result<Uart> {
    Uart::connect(path)
}

#[cfg(not(unix))]
fn uart(_: &Path) -> std::io::Result<Uart> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// A unix socket in the target directory... which may be too deep for one: in the system's temporary directory.
pub(super) struct Socket {
    pub(super) path: PathBuf,
}

impl Socket {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("espprov-{}-{name}.sock", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Self { path }
    }

    /// The emulator listens soon.
    fn connect(&self) -> Result<Uart, String> {
        let start = Instant::now();
        loop {
            match uart(&self.path) {
                Ok(stream) => return Ok(stream),
                Err(e) if start.elapsed() > Duration::from_secs(60) => {
                    return Err(format!("QEMU's UART: {e}"));
                }
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// QEMU: the machine's, or unpacked for this.
pub(super) enum Qemu {
    Installed,
    Unpacked(PathBuf),
}

impl Qemu {
    pub(super) fn find() -> Result<Self, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let installed = |program: &str| std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
        if BOARDS.iter().all(|board| installed(board.program)) {
            return Ok(Self::Installed);
        }
        let dir = target_dir().join("tools/qemu");
        let script = root().join("xtask/scripts/qemu-setup.sh");
        let (ok, text) = capture(Command::new(script).arg(&dir))?;
        if ok {
            Ok(Self::Unpacked(dir.join("root")))
        } else {
            Err(format!("no QEMU: {text}"))
        }
    }

    /// QEMU with an image, under both limits; what the image reports comes out of its standard output.
    pub(super) fn command(&self, board: &Board, image: &Path) -> Command {
        let emulator = self.bare(board, image);
        let mut command = Command::new("timeout");
        command.arg(HANG).arg("prlimit").arg(format!("--cpu={LIMIT}"));
        command.arg(emulator.get_program()).args(emulator.get_args());
        command
    }

    /// The same without limits.
    pub(super) fn bare(&self, board: &Board, image: &Path) -> Command {
        let mut command = match self {
            Self::Installed => Command::new(board.program),
            Self::Unpacked(dir) => {
                let arch = std::env::consts::ARCH;
                let libraries = [
                    format!("usr/lib/{arch}-linux-gnu"),
                    format!("lib/{arch}-linux-gnu"),
                ];
                let libraries = libraries
                    .map(|path| dir.join(path).display().to_string())
                    .join(":");
                let mut command = Command::new("env");
                command.arg(format!("LD_LIBRARY_PATH={libraries}"));
                command.arg(dir.join("usr/bin").join(board.program));
                command.arg("-L").arg(dir.join("usr/share/qemu"));
                command.arg("-L").arg(dir.join("usr/lib/ipxe/qemu"));
                command
            }
        };
        command.args(board.machine);
        command.args(["-display", "none", "-monitor", "none"]);
        command.args(["-semihosting-config", "enable=on,target=native"]);
        command.arg("-kernel").arg(image);
        command
    }
}
