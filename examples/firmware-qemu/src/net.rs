//! A TCP port on smoltcp, as `espprov_services::http` wants it. No executor, no wakers: who waits is polled again, and each poll
//! moves the network on.

use core::cell::RefCell;
use core::convert::Infallible;
use core::fmt;
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use embedded_io_async::{Error, ErrorKind, ErrorType, Read, Write};
use espprov_services::http::{Listener, Socket};
use espprov_transport::Clock;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::phy::Device;
use smoltcp::socket::tcp::{self, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpCidr};

/// One client is served, the next is let in, and one more is saying goodbye.
const SOCKETS: usize = 3;

/// Bytes on their way in one direction.
const WINDOW: usize = 1024;

/// How long a connection may take to end, once nobody serves it any more.
const GOODBYE: Duration = Duration::from_secs(1);

/// A peer that acknowledges nothing is gone.
const GONE: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(10);

/// The sockets. Apart from their windows, which are all zeros and so take no flash.
pub type Storage = [SocketStorage<'static>; SOCKETS];
/// What is on its way, in both directions of each.
pub type Windows = [[u8; WINDOW]; 2 * SOCKETS];

/// No sockets yet.
pub const NO_SOCKETS: Storage = [SocketStorage::EMPTY; SOCKETS];
/// Nothing on its way.
pub const NO_WINDOWS: Windows = [[0; WINDOW]; 2 * SOCKETS];

/// What becomes of a socket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Waits for a client.
    Free,
    /// A client is served.
    Served,
    /// Nobody serves it any more. Until when it may take its time.
    Leaving(Duration),
}

impl Use {
    const fn until(self) -> Option<Duration> {
        match self {
            Self::Leaving(until) => Some(until),
            Self::Free | Self::Served => None,
        }
    }
}

struct Stack<N> {
    card: N,
    interface: Interface,
    sockets: SocketSet<'static>,
    uses: [(SocketHandle, Use); SOCKETS],
}

/// A network card with an address, and a port on it.
pub struct Port<N, C> {
    stack: RefCell<Stack<N>>,
    clock: C,
    number: u16,
}

impl<N: Device, C: Clock> Port<N, C> {
    /// Listens on a port of this address.
    pub fn new(
        mut card: N,
        hardware: [u8; 6],
        address: IpCidr,
        number: u16,
        clock: C,
        (storage, windows): (&'static mut Storage, &'static mut Windows),
    ) -> Self {
        let config = Config::new(EthernetAddress(hardware).into());
        let mut interface = Interface::new(config, &mut card, instant(&clock));
        // There is room for one.
        interface.update_ip_addrs(|addresses| {
            let _ = addresses.push(address);
        });
        let mut sockets = SocketSet::new(&mut storage[..]);
        let mut windows = windows
            .iter_mut()
            .map(|window| SocketBuffer::new(&mut window[..]));
        let mut none = || SocketBuffer::new(&mut [][..]);
        let uses = [(); SOCKETS].map(|()| {
            let receive = windows.next().unwrap_or_else(&mut none);
            let send = windows.next().unwrap_or_else(&mut none);
            let mut socket = tcp::Socket::new(receive, send);
            socket.set_timeout(Some(GONE));
            socket.set_nagle_enabled(false);
            (sockets.add(socket), Use::Free)
        });
        Self {
            stack: RefCell::new(Stack {
                card,
                interface,
                sockets,
                uses,
            }),
            clock,
            number,
        }
    }

    /// Moves the network on, and does something with it.
    fn with<T>(&self, f: impl FnOnce(&mut Stack<N>, Duration) -> T) -> T {
        let mut stack = self.stack.borrow_mut();
        let now = self.clock.now();
        let Stack {
            card,
            interface,
            sockets,
            uses,
        } = &mut *stack;
        interface.poll(instant(&self.clock), card, sockets);
        // Whoever comes next finds a socket: if there is none, the one that has been leaving longest has had its time.
        let none_free = !uses.iter().any(|(_, usage)| *usage == Use::Free);
        let longest = uses.iter().filter_map(|(_, usage)| usage.until()).min();
        for (handle, usage) in uses {
            let socket = sockets.get_mut::<tcp::Socket<'_>>(*handle);
            if let Some(until) = usage.until() {
                let gone = matches!(socket.state(), State::Closed | State::TimeWait);
                if gone || now >= until || none_free && longest == Some(until) {
                    // Told to the peer when the network moves on; only then can it listen again.
                    socket.abort();
                    *usage = Use::Free;
                }
            } else if *usage == Use::Free && !socket.is_open() {
                // The port is a number other than 0, and the socket is closed: it cannot fail.
                let _ = socket.listen(self.number);
            }
        }
        f(&mut stack, now)
    }

    /// Waits for what `f` finds in the socket.
    async fn wait<T>(
        &self,
        handle: SocketHandle,
        mut f: impl FnMut(&mut tcp::Socket<'static>) -> Option<T>,
    ) -> T {
        poll_fn(|cx| {
            let found = self.with(|stack, _| f(stack.sockets.get_mut(handle)));
            found.map_or_else(
                || {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                },
                Poll::Ready,
            )
        })
        .await
    }
}

fn instant(clock: &impl Clock) -> Instant {
    Instant::from_micros(i64::try_from(clock.now().as_micros()).unwrap_or(i64::MAX))
}

impl<'p, N: Device, C: Clock> Listener for &'p Port<N, C> {
    type Socket = Client<'p, N, C>;
    type Error = Infallible;

    async fn accept(&mut self) -> Result<Client<'p, N, C>, Infallible> {
        poll_fn(|cx| {
            let accepted = self.with(|Stack { sockets, uses, .. }, _| {
                let client = uses.iter_mut().find(|(handle, usage)| {
                    let state = sockets.get::<tcp::Socket<'_>>(*handle).state();
                    *usage == Use::Free && matches!(state, State::Established | State::CloseWait)
                });
                client.map(|(handle, usage)| {
                    *usage = Use::Served;
                    *handle
                })
            });
            let Some(handle) = accepted else {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            };
            Poll::Ready(Ok(Client { port: self, handle }))
        })
        .await
    }
}

/// A client's connection.
pub struct Client<'p, N: Device, C: Clock> {
    port: &'p Port<N, C>,
    handle: SocketHandle,
}

/// It is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is gone")
    }
}

impl core::error::Error for Gone {}

impl Error for Gone {
    fn kind(&self) -> ErrorKind {
        ErrorKind::ConnectionReset
    }
}

impl<N: Device, C: Clock> ErrorType for Client<'_, N, C> {
    type Error = Gone;
}

impl<N: Device, C: Clock> Read for Client<'_, N, C> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Gone> {
        let some = self.port.wait(self.handle, |socket| {
            if socket.can_recv() {
                return Some(socket.recv_slice(buf).map_err(|_| Gone));
            }
            (!socket.may_recv()).then_some(Ok(0))
        });
        some.await
    }
}

impl<N: Device, C: Clock> Write for Client<'_, N, C> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Gone> {
        let some = self.port.wait(self.handle, |socket| {
            if socket.can_send() {
                return Some(socket.send_slice(buf).map_err(|_| Gone));
            }
            (!socket.may_send()).then_some(Err(Gone))
        });
        some.await
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        let all = self.port.wait(self.handle, |socket| match socket.send_queue() {
            0 => Some(Ok(())),
            _ => (!socket.may_send()).then_some(Err(Gone)),
        });
        all.await
    }
}

impl<N: Device, C: Clock> Socket for Client<'_, N, C> {
    async fn shutdown(&mut self) -> Result<(), Gone> {
        self.port.with(|stack, _| {
            stack.sockets.get_mut::<tcp::Socket<'_>>(self.handle).close();
        });
        Ok(())
    }

    fn reset(&mut self) {
        self.port.with(|stack, _| {
            stack.sockets.get_mut::<tcp::Socket<'_>>(self.handle).abort();
        });
    }
}

impl<N: Device, C: Clock> Drop for Client<'_, N, C> {
    fn drop(&mut self) {
        self.port.with(|stack, now| {
            stack.sockets.get_mut::<tcp::Socket<'_>>(self.handle).close();
            let used = stack.uses.iter_mut().find(|(handle, _)| *handle == self.handle);
            if let Some((_, usage)) = used {
                *usage = Use::Leaving(now + GOODBYE);
            }
        });
    }
}
