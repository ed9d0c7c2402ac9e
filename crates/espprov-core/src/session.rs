//! An established session: typed requests in, records out, typed answers back. Sans-IO.

use crate::SessionError;
use crate::request::Request;
use espprov_proto::EncodeError;
use espprov_security::Channel;
use espprov_transport::Endpoint;

/// A session with a device: the record cipher and whether it can still be trusted to be in step.
///
/// Call order: [`request`](Self::request) → send → [`response`](Self::response), strictly one at a time. A
/// [`Pending`] that never comes back (time-out, cancellation, lost link) leaves the session desynchronised,
/// because the device may or may not have advanced its cipher. The type makes visible what the protocol
/// cannot repair.
///
/// ```
/// use espprov_core::request::GetWifiStatus;
/// use espprov_core::{Session, WifiStatus};
/// use espprov_security::Plain;
///
/// let mut session = Session::new(Plain); // a security 0 device
/// let mut buf = [0; 64];
/// let pending = session.request(&GetWifiStatus, &mut buf)?;
/// assert_eq!((pending.endpoint().as_str(), pending.len()), ("prov-config", 2));
/// let mut reply = [0x08, 0x01, 0x5a, 0x02, 0x10, 0x01]; // what the device answered
/// let status = session.response(pending, &mut reply)?;
/// assert_eq!(status, WifiStatus::Connecting { attempts_remaining: None });
/// # Ok::<(), espprov_core::SessionError>(())
/// ```
#[derive(Debug)]
pub struct Session<C> {
    channel: C,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// A `Pending` is out. If the next call is another request, it was dropped.
    InFlight,
    Desynchronised,
}

/// A request under way: send `len` bytes of the buffer to `endpoint`, then hand this to
/// [`Session::response`] together with the reply.
#[derive(Debug)]
#[must_use = "dropping a pending request desynchronises the session"]
pub struct Pending<'r, R> {
    request: &'r R,
    len: usize,
}

impl<R: Request> Pending<'_, R> {
    /// Where to send it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint<'_> {
        self.request.endpoint()
    }

    /// How many bytes of the buffer to send.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }
}

impl<C: Channel> Session<C> {
    /// A session on the record cipher a handshake ended in.
    pub const fn new(channel: C) -> Self {
        Self {
            channel,
            state: State::Ready,
        }
    }

    /// Encodes and seals a request into `out`. An error before sealing (buffer too short) leaves the session
    /// usable.
    ///
    /// # Errors
    /// Buffer too short, nothing to send, nonce used up, or the session is desynchronised.
    pub fn request<'r, R: Request>(
        &mut self,
        request: &'r R,
        out: &mut [u8],
    ) -> Result<Pending<'r, R>, SessionError> {
        let len = self.seal(request.endpoint(), &|out| request.encode(out), out)?;
        Ok(Pending { request, len })
    }

    /// [`request`](Self::request) for any kind of question: compiled once, where flash is dear.
    pub(crate) fn seal(
        &mut self,
        endpoint: Endpoint<'_>,
        encode: &dyn Fn(&mut [u8]) -> Result<usize, EncodeError>,
        out: &mut [u8],
    ) -> Result<usize, SessionError> {
        self.check()?;
        let encrypted = endpoint.is_encrypted();
        let overhead = if encrypted { self.channel.overhead() } else { 0 };
        let short = |plain: usize| SessionError::BufferTooShort {
            needed: plain.saturating_add(overhead),
        };
        let plain = encode(out).map_err(|error| short(error.needed))?;
        if plain == 0 {
            return Err(SessionError::EmptyRequest);
        }
        // A request of the application's own may claim more than it wrote.
        if plain.saturating_add(overhead) > out.len() {
            return Err(short(plain));
        }
        if !encrypted {
            self.state = State::InFlight;
            return Ok(plain);
        }
        self.state = State::Desynchronised;
        let len = self.channel.seal(out, plain).map_err(SessionError::Channel)?;
        self.state = State::InFlight;
        Ok(len)
    }

    /// Opens and decodes the reply in `buf` (exactly the bytes received).
    ///
    /// # Errors
    /// A record that cannot be opened desynchronises the session; a reply that decrypts but does not answer
    /// the request leaves it usable.
    pub fn response<'b, R: Request>(
        &mut self,
        pending: Pending<'_, R>,
        buf: &'b mut [u8],
    ) -> Result<R::Response<'b>, SessionError> {
        let plain = self.open(pending.endpoint(), buf)?;
        Ok(pending.request.decode(plain)?)
    }

    /// [`response`](Self::response) up to the plaintext, for any kind of question.
    pub(crate) fn open<'b>(
        &mut self,
        endpoint: Endpoint<'_>,
        buf: &'b mut [u8],
    ) -> Result<&'b [u8], SessionError> {
        if self.state != State::InFlight {
            return Err(SessionError::Desynchronised);
        }
        self.state = State::Desynchronised;
        let plain: &'b [u8] = if endpoint.is_encrypted() {
            self.channel.open(buf).map_err(SessionError::Channel)?
        } else {
            buf
        };
        self.state = State::Ready;
        Ok(plain)
    }

    /// Whether another request can be made.
    #[must_use]
    pub fn is_synchronised(&self) -> bool {
        self.state == State::Ready
    }

    /// Whether records are enciphered: secrets must not travel otherwise, unless the user insists.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.channel.is_encrypted()
    }

    /// Bytes the cipher adds to a record.
    #[must_use]
    pub fn overhead(&self) -> usize {
        self.channel.overhead()
    }

    /// Finds a request that was dropped on its way.
    fn check(&mut self) -> Result<(), SessionError> {
        match self.state {
            State::Ready => Ok(()),
            State::InFlight | State::Desynchronised => {
                self.state = State::Desynchronised;
                Err(SessionError::Desynchronised)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReplyError;
    use crate::request::{ApplyWifi, GetWifiStatus};
    use espprov_security::{ChannelError, Plain};

    /// Adds four bytes; refuses to open anything that does not end in them.
    struct Tagged;
    impl Channel for Tagged {
        fn overhead(&self) -> usize {
            4
        }
        fn seal(&mut self, buf: &mut [u8], len: usize) -> Result<usize, ChannelError> {
            buf[len..len + 4].copy_from_slice(b"tag!");
            Ok(len + 4)
        }
        fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
            buf.strip_suffix(b"tag!").ok_or(ChannelError::Forged)
        }
        fn is_encrypted(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_dropped_request_desynchronises() {
        let mut session = Session::new(Plain);
        let mut buf = [0; 16];
        drop(session.request(&GetWifiStatus, &mut buf).unwrap());
        assert_eq!(
            session.request(&GetWifiStatus, &mut buf).unwrap_err(),
            SessionError::Desynchronised
        );
        assert!(!session.is_synchronised());
    }

    #[test]
    fn a_request_says_where_it_goes_and_how_long_it_is() {
        let mut session = Session::new(Tagged);
        assert_eq!((session.overhead(), session.is_encrypted()), (4, true));
        let mut buf = [0; 16];
        let pending = session.request(&GetWifiStatus, &mut buf).unwrap();
        assert_eq!(pending.endpoint(), Endpoint::PROV_CONFIG);
        assert_eq!(pending.len(), 6);
        assert_eq!(buf[..6], *b"\x52\x00tag!");
        assert!(!session.is_synchronised(), "its answer has not come");
        let plain = Session::new(Plain);
        assert_eq!((plain.overhead(), plain.is_encrypted()), (0, false));
    }

    #[test]
    fn a_short_buffer_does_not() {
        let mut session = Session::new(Tagged);
        assert_eq!(
            session.request(&ApplyWifi, &mut [0; 5]).unwrap_err(),
            SessionError::BufferTooShort { needed: 6 }
        );
        assert_eq!(
            session.request(&ApplyWifi, &mut [0; 1]).unwrap_err(),
            SessionError::BufferTooShort { needed: 6 }
        );
        assert!(session.is_synchronised());
        assert_eq!(session.request(&ApplyWifi, &mut [0; 6]).unwrap().len(), 6);
    }

    #[test]
    fn a_forged_reply_desynchronises_a_strange_one_does_not() {
        let mut session = Session::new(Tagged);
        let mut buf = [0; 16];
        let pending = session.request(&ApplyWifi, &mut buf).unwrap();
        let strange = session.response(pending, &mut b"\x08\x03tag!".to_vec());
        assert_eq!(strange, Err(SessionError::Reply(ReplyError::UnexpectedMessage)));
        assert!(session.is_synchronised());
        let pending = session.request(&ApplyWifi, &mut buf).unwrap();
        let forged = session.response(pending, &mut b"\x08\x05nope".to_vec());
        assert_eq!(forged, Err(SessionError::Channel(ChannelError::Forged)));
        assert_eq!(
            session.request(&ApplyWifi, &mut buf).unwrap_err(),
            SessionError::Desynchronised
        );
    }
}
