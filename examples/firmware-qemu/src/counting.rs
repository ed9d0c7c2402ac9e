//! Counting without a UART: both halves in one image, the client's steps measured.

use crate::{NotRandom, board, report};
use espprov_security::{Budget, DeviceHandshake, Handshake, Progress};

/// What the client alone took.
#[derive(Default)]
struct Taken {
    instructions: u64,
    /// The longest time that nothing else could have run.
    longest: u64,
    stack: usize,
}

/// Reports the instructions and the peak stack of the client alone. `None` if the handshake fails.
pub fn count(client: impl Handshake, device: impl DeviceHandshake) -> Option<()> {
    let taken = run(client, device, Budget::UNLIMITED)?;
    report::figure("instructions", taken.instructions);
    report::figure("stack", taken.stack as u64);
    Some(())
}

/// Reports the same of a client that computes so much at a time, and the instructions of its longest step.
pub fn count_steps(client: impl Handshake, device: impl DeviceHandshake, budget: Budget) -> Option<()> {
    let taken = run(client, device, budget)?;
    report::figure("instructions_in_steps", taken.instructions);
    report::figure("longest_step", taken.longest);
    Some(())
}

#[inline(never)]
fn run(mut client: impl Handshake, mut device: impl DeviceHandshake, budget: Budget) -> Option<Taken> {
    let (mut request, mut reply) = ([0; 512], [0; 512]);
    let mut taken = Taken::default();
    let below = board::stack_depth();
    let mut measure = |step: &mut dyn FnMut() -> Option<usize>| {
        board::paint_stack();
        let start = board::instructions();
        let result = step();
        let instructions = board::instructions() - start;
        taken.instructions += instructions;
        taken.longest = taken.longest.max(instructions);
        taken.stack = taken.stack.max(board::stack_peak() - below);
        result
    };
    loop {
        while measure(&mut || Some(usize::from(client.compute(budget).ok()? == Progress::Busy)))? != 0 {}
        // 0 is the length of no request.
        let len = measure(&mut || Some(client.poll_request(&mut request).ok()?.unwrap_or(0)))?;
        if len == 0 {
            break;
        }
        let len = device
            .handle_request(request.get(..len)?, &mut NotRandom(2), &mut reply)
            .ok()?;
        measure(&mut || client.handle_response(reply.get(..len)?).ok().map(|()| 0))?;
    }
    client.into_channel().ok()?;
    Some(taken)
}
