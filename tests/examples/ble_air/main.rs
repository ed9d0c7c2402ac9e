//! See `air`; emulators of boards speak to it through a Unix socket.

#[cfg(unix)]
mod air;

fn main() {
    #[cfg(unix)]
    air::main();
    #[cfg(not(unix))]
    eprintln!("needs Unix sockets");
}
