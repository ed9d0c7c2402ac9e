//! What the server needs of a TCP stack.

use embedded_io_async::{Read, Write};

/// A port that clients connect to.
#[expect(
    async_fn_in_trait,
    reason = "no Send bound in generic code; the concrete edge asserts Send"
)]
pub trait Listener {
    /// A client's connection.
    type Socket: Socket;
    /// Why nobody can connect any more.
    type Error;

    /// The next client. While one is served the next is waited for, so there must be two sockets at least.
    ///
    /// Must be cancel-safe: a client that is lost by a dropped future is one that nobody answers.
    ///
    /// # Errors
    /// Only if nobody can connect any more; what goes wrong with one client is not the next one's business.
    async fn accept(&mut self) -> Result<Self::Socket, Self::Error>;
}

/// A client's connection: a stream that can be ended in two ways. Dropping it closes it, too.
///
/// Reads must be cancel-safe: nothing that has come may be lost with a dropped future.
#[expect(
    async_fn_in_trait,
    reason = "no Send bound in generic code; the concrete edge asserts Send"
)]
pub trait Socket: Read + Write {
    /// Says that nothing more will be sent (FIN). What the client still sends can be read.
    ///
    /// # Errors
    /// The stack's own, if the connection is gone already.
    async fn shutdown(&mut self) -> Result<(), Self::Error>;

    /// Breaks the connection (RST), or comes as near to that as the stack can. The socket is dropped then.
    fn reset(&mut self);
}
