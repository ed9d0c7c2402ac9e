//! Packets from a Bluetooth peer, as the guard before the host sees them.

use crate::Messages;

// The guard is the transport's own: it is compiled here from its source, for no door to it is needed anywhere else.
#[allow(dead_code, reason = "the transport uses all of it")]
#[path = "../../crates/espprov-embedded/src/ble/guard.rs"]
mod source;

use source::Guard;

const CONNECTION: u16 = 1;

/// L2CAP fragments in both directions. In each message the first byte says: bit 0 = to the peer, bit 1 = goes on with a
/// frame, bit 2 = another connection, bit 3 = the connection ends. Whatever comes: a refusal lasts until the connection
/// ends, and how frames are cut into fragments changes no verdict.
pub fn att_guard(data: &[u8]) {
    let (mut whole, mut cut) = (Guard::new(), Guard::new());
    let mut refused = [false; 2];
    for message in Messages(data).take(64) {
        let Some((&choice, bytes)) = message.split_first() else {
            continue;
        };
        let at = usize::from(choice >> 2 & 1);
        let connection = CONNECTION + u16::from(choice >> 2 & 1);
        if choice & 8 != 0 {
            for guard in [&mut whole, &mut cut] {
                guard.forget(connection);
            }
            refused[at] = false;
        } else if choice & 1 == 1 {
            for guard in [&mut whole, &mut cut] {
                guard.outgoing(connection, bytes);
            }
        } else {
            let first = choice & 2 == 0;
            let verdict = whole.incoming(connection, first, bytes).is_ok();
            assert!(!(refused[at] && verdict), "a refusal lasts");
            refused[at] = !verdict;
            // A first fragment holds at least the L2CAP header.
            let (head, rest) = bytes.split_at(bytes.len().min(4));
            let mut in_pieces = cut.incoming(connection, first, head).is_ok();
            for piece in rest.chunks(3) {
                in_pieces &= cut.incoming(connection, false, piece).is_ok();
            }
            assert_eq!(verdict, in_pieces, "the same in pieces");
        }
    }
}
