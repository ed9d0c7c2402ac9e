//! Application data, within the session and past it.

use super::{Desk, IntoResult, Task, Ticket, Want};
use crate::request::{Custom, EmptyRequest};
use crate::{Deadlines, Misuse, ProvisionError};
use core::fmt;
use core::slice::Chunks;
use espprov_transport::Endpoint;

/// Sends application data to an endpoint within the session; a sink hears every answer in order. The result is the
/// number of exchanges. After a failure the sink has heard the answers up to then.
pub struct SendData<'a, F> {
    endpoint: Endpoint<'a>,
    piece: Custom<'a>,
    rest: Chunks<'a, u8>,
    exchanges: usize,
    over: bool,
    sink: F,
    ticket: Ticket,
}

impl<'a, F: FnMut(&[u8])> SendData<'a, F> {
    /// The call, not yet begun. With `chunk`, the data is cut into pieces of at most that many bytes (256 is usual), each
    /// its own exchange.
    ///
    /// # Errors
    /// [`EmptyRequest`]: there is no data.
    pub fn new(
        endpoint: Endpoint<'a>,
        data: &'a [u8],
        chunk: Option<usize>,
        sink: F,
    ) -> Result<Self, EmptyRequest> {
        let mut rest = data.chunks(chunk.unwrap_or(data.len()).max(1));
        let first = rest.next().unwrap_or_default();
        Ok(Self {
            piece: Custom::new(endpoint, first)?,
            endpoint,
            rest,
            exchanges: 0,
            over: false,
            sink,
            ticket: Ticket::NEW,
        })
    }
}

impl<E, F: FnMut(&[u8])> Task<E> for SendData<'_, F> {
    fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        Want::Answer {
            question: &self.piece,
            limit: deadlines.exchange.into(),
        }
    }

    fn handle(
        &mut self,
        _: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        (self.sink)(answer?);
        self.exchanges = self.exchanges.saturating_add(1);
        let Some(next) = self.rest.next() else {
            self.over = true;
            return Ok(true);
        };
        self.piece = Custom::new(self.endpoint, next)?;
        Ok(false)
    }
}

impl<F: FnMut(&[u8])> IntoResult for SendData<'_, F> {
    type Output = usize;

    fn take_result(&mut self) -> Result<usize, Misuse> {
        if self.over {
            Ok(self.exchanges)
        } else {
            Err(Misuse::NotOver)
        }
    }
}

impl<F> fmt::Debug for SendData<'_, F> {
    /// The data may be a secret of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendData")
            .field("piece", &self.piece)
            .field("exchanges", &self.exchanges)
            .finish_non_exhaustive()
    }
}

/// Sends bytes as they are, without session or cipher; a sink hears the answer.
///
/// For devices that register endpoints without security, and for looking at the protocol's own. Past a session that
/// enciphers they disturb it, as they do on the endpoint of the handshake: it is given up, and the next call starts
/// another one.
pub struct SendRaw<'a, F> {
    endpoint: Endpoint<'a>,
    data: &'a [u8],
    sink: Option<F>,
    ticket: Ticket,
}

impl<'a, F: FnOnce(&[u8])> SendRaw<'a, F> {
    /// The call, not yet begun.
    ///
    /// # Errors
    /// [`EmptyRequest`]: there is no data.
    pub fn new(endpoint: Endpoint<'a>, data: &'a [u8], sink: F) -> Result<Self, EmptyRequest> {
        if data.is_empty() {
            return Err(EmptyRequest);
        }
        Ok(Self {
            endpoint,
            data,
            sink: Some(sink),
            ticket: Ticket::NEW,
        })
    }
}

impl<E, F: FnOnce(&[u8])> Task<E> for SendRaw<'_, F> {
    fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    fn want(&self, _: &Deadlines) -> Want<'_> {
        Want::Raw {
            endpoint: self.endpoint,
            data: self.data,
        }
    }

    fn handle(
        &mut self,
        _: &mut Desk<'_>,
        answer: Result<&[u8], ProvisionError<E>>,
    ) -> Result<bool, ProvisionError<E>> {
        let reply = answer?;
        if let Some(sink) = self.sink.take() {
            sink(reply);
        }
        Ok(true)
    }
}

impl<F: FnOnce(&[u8])> IntoResult for SendRaw<'_, F> {
    type Output = ();

    fn take_result(&mut self) -> Result<(), Misuse> {
        match self.sink {
            None => Ok(()),
            Some(_) => Err(Misuse::NotOver),
        }
    }
}

impl<F> fmt::Debug for SendRaw<'_, F> {
    /// As for [`SendData`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendRaw")
            .field("endpoint", &self.endpoint)
            .field("len", &self.data.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;
    use crate::call::Ask;
    use crate::call::testing::{Answer, Error, Play, lost};
    use crate::request::{GetThreadStatus, GetWifiStatus};
    use espprov_types::WifiStatus;
    use std::vec::Vec;

    /// Sends in pieces; what was asked, and what the sink heard.
    fn send(data: &[u8], chunk: usize, fail_at: usize) -> (Result<usize, Error>, Vec<usize>, Vec<u8>) {
        let mut heard = Vec::new();
        let sink = |reply: &[u8]| heard.extend_from_slice(reply);
        let mut pieces = SendData::new(Endpoint::CUSTOM_DATA, data, Some(chunk), sink).unwrap();
        let mut play = Play::new();
        let end = play.run(&mut pieces, |asked, nth| {
            if nth == fail_at {
                return Answer::error(lost(Phase::Data));
            }
            Answer::ok(asked) // an echo
        });
        let end = end.map(|()| pieces.into_result().unwrap());
        let lens = play.asked.iter().map(|asked| asked.len() / 2).collect();
        (end, lens, heard)
    }

    #[test]
    fn pieces_advance_and_their_answers_are_heard_in_order() {
        let data: Vec<u8> = (0..=255).collect();
        for (chunk, lens) in [(100, &[100, 100, 56][..]), (256, &[256]), (128, &[128, 128])] {
            let (end, asked, heard) = send(&data, chunk, 0);
            assert_eq!((end, &asked[..]), (Ok(lens.len()), lens));
            assert_eq!(heard, data);
        }
    }

    #[test]
    fn what_was_heard_before_a_failure_stays_heard() {
        let (end, asked, heard) = send(&[7; 30], 10, 2);
        assert_eq!(
            (end, asked.len(), heard),
            (Err(lost(Phase::Data)), 2, [7; 10].to_vec())
        );
    }

    #[test]
    fn raw_bytes_go_out_as_they_are_and_once() {
        let mut heard = Vec::new();
        let sink = |reply: &[u8]| heard.extend_from_slice(reply);
        let mut raw = SendRaw::new(Endpoint::PROTO_VER, b"---", sink).unwrap();
        assert!(raw.take_result().is_err(), "not before the answer");
        let mut play = Play::new();
        let end = play.run(&mut raw, |_, _| Answer::bytes(b"v1.1".to_vec()));
        assert_eq!(end, Ok(()));
        assert_eq!(
            (&play.asked[..], &heard[..]),
            (&["2d2d2d".into()][..], &b"v1.1"[..])
        );
    }

    #[test]
    fn a_question_of_one_answer() {
        let mut once = Ask::new(GetWifiStatus);
        let mut play = Play::new();
        let end = play.run(&mut once, |_, _| Answer::ok("08015a021001"));
        let connecting = WifiStatus::Connecting {
            attempts_remaining: None,
        };
        assert_eq!((end, once.into_result()), (Ok(()), Ok(connecting)));
        let mut once = Ask::new(GetThreadStatus);
        let end = play.run(&mut once, |_, _| Answer::ok("ff"));
        assert!(
            matches!(
                end,
                Err(ProvisionError::Reply {
                    phase: Phase::Status,
                    ..
                })
            ),
            "{end:?}"
        );
    }
}
