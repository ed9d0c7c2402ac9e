//! Arbitrary bytes from the server end in an answer or an error, never in a panic, a hang or an overrun.

mod common;

use common::canned::Canned;
use espprov_http::{HttpError, HttpTarget, HttpTransport};
use espprov_transport::{Endpoint, Transport};
use proptest::prelude::*;
use std::io::Cursor;

/// One exchange with a server that answers `reply` and closes.
fn exchange(reply: Vec<u8>, room: usize) -> Result<usize, HttpError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let mut client = HttpTransport::with_connector(HttpTarget::SOFTAP, Canned(Cursor::new(reply)));
    let mut buf = vec![0xaa; room];
    let result = runtime.block_on(client.exchange(Endpoint::PROV_CONFIG, &mut buf, 1));
    if let Ok(len) = result {
        assert!(len <= room);
    }
    result
}

/// Pieces of answers, put together in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Just(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        Just(b"HTTP/1.0 404 Not Found\r\n".to_vec()),
        Just(b"Content-Length: 3\r\n".to_vec()),
        Just(b"Transfer-Encoding: chunked\r\n".to_vec()),
        Just(b"Set-Cookie: session=1\r\n".to_vec()),
        Just(b"Connection: close\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"3\r\nabc\r\n".to_vec()),
        Just(b"0\r\n\r\n".to_vec()),
        Just(b"abc".to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes(reply in prop::collection::vec(any::<u8>(), 0..200), room in 1_usize..64) {
        // Random bytes do not add up to an HTTP answer.
        prop_assert!(exchange(reply, room).is_err());
    }

    #[test]
    fn any_order_of_pieces(reply in pieces(), room in 1_usize..64) {
        let _ = exchange(reply, room);
    }
}

#[test]
fn the_harness_can_succeed() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".to_vec();
    assert_eq!(exchange(reply.clone(), 3), Ok(3));
    assert_eq!(exchange(reply, 2), Err(HttpError::ReplyTooLarge { need: 3 }));
    assert_eq!(exchange(Vec::new(), 2), Err(HttpError::ClosedWithoutAnswer));
}
