//! Counts what a client handshake costs, without a UART: both halves in one image, the client's steps measured.

use crate::{NotRandom, board, report};
use espprov_security::{DeviceHandshake, Handshake};

/// Reports the instructions and the peak stack of the client alone. `None` if the handshake fails.
pub fn count(mut client: impl Handshake, mut device: impl DeviceHandshake) -> Option<()> {
    let (mut request, mut reply) = ([0; 512], [0; 512]);
    let (mut instructions, mut stack) = (0, 0);
    let below = board::stack_depth();
    let mut measure = |step: &mut dyn FnMut() -> Option<Option<usize>>| {
        board::paint_stack();
        let start = board::instructions();
        let result = step();
        instructions += board::instructions() - start;
        stack = stack.max(board::stack_peak() - below);
        result
    };
    while let Some(len) = measure(&mut || client.poll_request(&mut request).ok())? {
        let len = device
            .handle_request(request.get(..len)?, &mut NotRandom(2), &mut reply)
            .ok()?;
        measure(&mut || client.handle_response(reply.get(..len)?).ok().map(|()| None))?;
    }
    client.into_channel().ok()?;
    report::figure("instructions", instructions);
    report::figure("stack", stack as u64);
    Some(())
}
