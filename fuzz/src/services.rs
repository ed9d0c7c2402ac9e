//! What clients send to the services of a device.

use crate::console::Echo;
use core::time::Duration;
use espprov_services::Local;
use espprov_services::console::{Console, Step};

/// Bytes typed at a device's console, with a buffer and an output as small as the first two bytes say.
pub fn console_server(data: &[u8]) {
    let [room, piece, rest @ ..] = data else {
        return;
    };
    let device = Local::new(Echo);
    let mut console = Console::new(&device, vec![0; usize::from(*room) + 1]).with_line_limit(0);
    let mut place = vec![0; usize::from(piece % 64) + 1];
    let (mut now, mut printed, mut rest) = (Duration::ZERO, 0, rest);
    loop {
        match console.poll(now, &mut place) {
            Step::Print(len) => {
                assert!(len > 0 && len <= place.len());
                printed += len;
            }
            Step::Wait { until } => {
                assert!(until > now, "it would be asked in a circle");
                now = until;
            }
            _ if rest.is_empty() => break,
            _ => {
                let room = console.room();
                let len = room.len().min(rest.len()).min(usize::from(piece % 61) + 1);
                assert!(len > 0, "it takes what it can");
                room[..len].copy_from_slice(&rest[..len]);
                rest = &rest[len..];
                console.received(len, now);
            }
        }
    }
    // The echo with its line feeds, and for each line a prompt and twice what it holds.
    assert!(printed <= data.len() * 12, "{printed} of {}", data.len());
}
