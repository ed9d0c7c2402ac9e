//! One client socket.

use super::Patience;
use super::head::{Method, Parsed, parse};
use super::input::Input;
use super::reply::{self, HEAD_ROOM, explanation};
use super::session::Sessions;
use super::socket::Socket;
use crate::breathe::breathe;
use crate::is_served;
use crate::{Access, Answer, Presence, Service};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use espprov_transport::{Clock, Elapsed, with_deadline};
use rand_core::TryCryptoRng;

/// Longest body the device takes.
const BODY_MAX: usize = 4096;

/// How often a waiting connection looks whether the device is still there.
const TICK: Duration = Duration::from_millis(200);

/// What a client may still send while its connection is being closed.
const LINGER_BYTES: usize = 64 * 1024;

/// How long it may do so.
const LINGER: Duration = Duration::from_secs(1);

/// What a compressed file begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// Bytes of the page that are handed to the socket at a time.
const PIECE: usize = 1024;

/// What a connection is served with.
pub(super) struct Server<'s, A, C> {
    pub(super) device: &'s A,
    pub(super) clock: &'s C,
    pub(super) patience: Patience,
    /// The page at `/`, if there is one.
    pub(super) page: Option<&'s [u8]>,
}

pub(super) struct Connection<'b, 's, K, A, C> {
    pub(super) socket: K,
    pub(super) number: u64,
    pub(super) boot: u32,
    pub(super) server: Server<'s, A, C>,
    pub(super) input: Input<'b>,
    /// Room for the head of an answer, then for a body and the reply to it.
    pub(super) body: &'b mut [u8],
    /// Whether a request is being handled. The firmware's server does one thing at a time: a client that comes meanwhile is
    /// let in, and evicts the one before, when the answer is out.
    pub(super) busy: &'s Busy,
}

/// See [`Connection`]. Atomic for the sake of executors with threads.
#[derive(Debug, Default)]
pub(super) struct Busy(AtomicBool);

impl Busy {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, busy: bool) {
        self.0.store(busy, Ordering::Relaxed);
    }
}

/// How a connection ends.
enum End {
    /// Close, after letting the client finish its sentence: what is unread would turn the close into a reset.
    Close,
    /// Break it.
    Reset,
}

/// What a request leads to.
enum Reply {
    Ok {
        len: usize,
        set_cookie: Option<u32>,
    },
    /// The page at `/`.
    Page,
    /// Answered and then closed.
    Error(u16),
}

impl<K: Socket, A: Access, C: Clock> Connection<'_, '_, K, A, C> {
    /// Serves requests until the connection ends. Dropping the future closes it.
    pub(super) async fn serve<R: TryCryptoRng>(mut self, sessions: &mut Sessions<R>) {
        let end = loop {
            match self.serve_one(sessions).await {
                // Others have something to do, too, however fast requests come.
                Ok(()) => breathe().await,
                Err(end) => break end,
            }
        };
        self.busy.set(false);
        match end {
            End::Close => self.linger().await,
            End::Reset => self.socket.reset(),
        }
    }

    async fn serve_one<R: TryCryptoRng>(&mut self, sessions: &mut Sessions<R>) -> Result<(), End> {
        self.idle().await?;
        self.busy.set(true);
        let until = self.server.after(self.server.patience.request);
        while parse(self.input.bytes(), self.input.room()) == Parsed::Incomplete {
            let more = self.server.read(&mut self.socket, self.input.space(), until);
            let more = more.await?;
            self.input.came(more);
        }
        let reply = self.answer(until, sessions).await?;
        let replied = self.reply(reply).await;
        self.busy.set(false);
        replied
    }

    /// Waits for a request to begin, as long as the device is there.
    async fn idle(&mut self) -> Result<(), End> {
        let patience = self.server.patience.idle;
        let tick = TICK.min(patience);
        let mut waited = Duration::ZERO;
        while self.input.bytes().is_empty() {
            let now = self.server.clock.now();
            if self.server.device.with(|device| device.presence(now)) != (Presence::On { boot: self.boot }) {
                return Err(End::Reset);
            }
            let some = read(&mut self.socket, self.input.space());
            match with_deadline(self.server.clock, now.saturating_add(tick), some).await {
                Ok(more) => self.input.came(more?),
                Err(Elapsed) if waited >= patience => return Err(End::Close),
                Err(Elapsed) => waited = waited.saturating_add(tick),
            }
        }
        Ok(())
    }

    /// What comes of the request whose head has come.
    async fn answer<R: TryCryptoRng>(
        &mut self,
        until: Duration,
        sessions: &mut Sessions<R>,
    ) -> Result<Reply, End> {
        let server = &self.server;
        let head = match parse(self.input.bytes(), self.input.room()) {
            Parsed::Head(head) => head,
            Parsed::Bad(status) => return Ok(Reply::Error(status)),
            Parsed::Incomplete => return Err(End::Close),
        };
        let mut used = head.len;
        if head.endpoint.is_empty() && head.method == Method::Get && server.page.is_some() {
            self.input.used(used);
            return Ok(Reply::Page);
        }
        if !is_served(server.device, head.endpoint) {
            return Ok(Reply::Error(404));
        }
        if head.method != Method::Post {
            return Ok(Reply::Error(405));
        }
        let buf = self.body.get_mut(HEAD_ROOM..).unwrap_or_default();
        // The device does not read what it will not take, and so its close becomes a reset.
        let request = buf.get_mut(..head.body.min(BODY_MAX.saturating_add(1)));
        let request = request.filter(|_| head.body <= BODY_MAX).ok_or(End::Reset)?;
        let ahead = self.input.bytes().get(used..).unwrap_or_default();
        let mut come = copied(ahead, request);
        used = used.saturating_add(come);
        while let Some(rest @ [_, ..]) = request.get_mut(come..) {
            let more = server.read(&mut self.socket, rest, until).await?;
            come = come.saturating_add(more);
        }
        let entered = sessions.enter(server.device, head.cookie, self.number, self.boot);
        let set_cookie = entered.map_err(|_| End::Reset)?;
        // A path with a query is found, but its handler is not.
        if head.has_query {
            return Err(End::Close);
        }
        let now = server.clock.now();
        let mut answer = server
            .device
            .with(|device| device.handle(head.endpoint, buf, head.body, now));
        while let Answer::Pending { until } = answer {
            let now = server.clock.now();
            server.clock.sleep(until.saturating_sub(now)).await;
            let now = server.clock.now();
            answer = server.device.with(|device| device.resume(buf, now));
        }
        self.input.used(used);
        match answer {
            Answer::Reply(len) => Ok(Reply::Ok { len, set_cookie }),
            Answer::Silence => {
                self.busy.set(false);
                self.ignore().await;
                Err(End::Reset)
            }
            Answer::Closed { .. } => Err(End::Reset),
            Answer::Refused | Answer::ReplyTooLong | Answer::NoSuchEndpoint | Answer::Pending { .. } => {
                Err(End::Close)
            }
        }
    }

    async fn reply(&mut self, reply: Reply) -> Result<(), End> {
        let (status, set_cookie, text, end): (_, _, Option<&[u8]>, _) = match reply {
            Reply::Ok { len, set_cookie } => return self.send(len, set_cookie).await,
            Reply::Page => (200, None, self.server.page, Ok(())),
            Reply::Error(status) => (status, None, Some(explanation(status)), Err(End::Close)),
        };
        let body = text.unwrap_or_default();
        let mut place = [0; HEAD_ROOM];
        let len = reply::Head {
            status,
            set_cookie,
            body: body.len(),
            gzip: self.server.page == text && body.starts_with(GZIP),
        }
        .write(&mut place);
        let head = place.get(..len).unwrap_or_default();
        self.server.write(&mut self.socket, head).await?;
        for piece in body.chunks(PIECE) {
            self.server.write(&mut self.socket, piece).await?;
        }
        end
    }

    /// Sends the reply that lies in the buffer, and its head with it: in one go, for it goes out in one packet then.
    async fn send(&mut self, len: usize, set_cookie: Option<u32>) -> Result<(), End> {
        let mut place = [0; HEAD_ROOM];
        let head_len = reply::Head {
            status: 200,
            set_cookie,
            body: len,
            gzip: false,
        }
        .write(&mut place);
        let start = HEAD_ROOM.saturating_sub(head_len);
        if let (Some(to), Some(head)) = (self.body.get_mut(start..HEAD_ROOM), place.get(..head_len)) {
            to.copy_from_slice(head);
        }
        let bytes = self.body.get(start..HEAD_ROOM.saturating_add(len));
        let bytes = bytes.unwrap_or_default();
        self.server.write(&mut self.socket, bytes).await
    }

    /// Nothing will come; whoever gives up first ends it.
    async fn ignore(&mut self) {
        let mut ignored = 0;
        while ignored <= LINGER_BYTES {
            let patience = self.server.after(self.server.patience.idle);
            let some = read(&mut self.socket, self.body);
            match with_deadline(self.server.clock, patience, some).await {
                Ok(Ok(more)) => ignored = usize::saturating_add(ignored, more),
                Ok(Err(_)) | Err(Elapsed) => return,
            }
            breathe().await;
        }
    }

    /// Says goodbye and reads until the client has heard it.
    async fn linger(&mut self) {
        let until = self.server.after(self.server.patience.transfer.min(LINGER));
        let socket = &mut self.socket;
        let body = &mut *self.body;
        let goodbye = async {
            if socket.shutdown().await.is_err() {
                return;
            }
            let mut heard = 0;
            while heard < LINGER_BYTES {
                let Ok(more) = read(socket, body).await else {
                    return;
                };
                heard = usize::saturating_add(heard, more);
                breathe().await;
            }
        };
        // Whoever has not closed by then is cut off.
        let _ = with_deadline(self.server.clock, until, goodbye).await;
    }
}

impl<A, C: Clock> Server<'_, A, C> {
    fn after(&self, patience: Duration) -> Duration {
        self.clock.now().saturating_add(patience)
    }

    /// Reads the rest of what has begun: at least one byte, within the time for that and until then at the latest.
    async fn read(&self, socket: &mut impl Socket, space: &mut [u8], until: Duration) -> Result<usize, End> {
        let until = self.after(self.patience.transfer).min(until);
        let more = with_deadline(self.clock, until, read(socket, space)).await;
        // One byte at a time, and each of them there already: others have something to do, too.
        breathe().await;
        more.map_err(|Elapsed| End::Close)?
    }

    async fn write(&self, socket: &mut impl Socket, bytes: &[u8]) -> Result<(), End> {
        let all = async {
            let mut rest = bytes;
            while !rest.is_empty() {
                // A stack that takes nothing is as good as gone.
                let Ok(taken @ 1..) = socket.write(rest).await else {
                    return Err(End::Reset);
                };
                rest = rest.get(taken..).unwrap_or_default();
            }
            socket.flush().await.map_err(|_| End::Reset)
        };
        let written = with_deadline(self.clock, self.after(self.patience.transfer), all).await;
        written.map_err(|Elapsed| End::Close)?
    }
}

/// What has come, at least one byte.
async fn read(socket: &mut impl Socket, space: &mut [u8]) -> Result<usize, End> {
    match socket.read(space).await {
        Ok(0) => Err(End::Close),
        Ok(len) => Ok(len),
        Err(_) => Err(End::Reset),
    }
}

/// As many bytes as there are and fit. How many that are.
fn copied(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
        to.copy_from_slice(from);
    }
    len
}
