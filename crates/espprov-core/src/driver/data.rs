//! Custom data, raw requests, and the provisioning state machine's levers.

use super::task::{Desk, Once, Task, Want};
use super::{Deadlines, Observer, Phase, ProvisionError, Provisioner};
use crate::auth::Authenticator;
use crate::request::{Control, ControlAction, Custom, GetThreadStatus, GetWifiStatus, Request};
use core::slice::Chunks;
use espprov_transport::{Clock, Endpoint, Reconnect};
use espprov_types::{ThreadStatus, WifiStatus};
use rand_core::TryCryptoRng;

impl<T, A, R, C, B, O> Provisioner<T, A, R, C, B, O>
where
    T: Reconnect,
    A: Authenticator,
    R: TryCryptoRng,
    C: Clock,
    B: AsMut<[u8]>,
    O: Observer,
{
    /// Sends application data to an endpoint within the session, and hands the answer to `sink`.
    ///
    /// With `chunk`, the data is cut into pieces of at most that many bytes (256 is usual), each its own
    /// exchange; `sink` hears every answer in order. Returns the number of exchanges.
    ///
    /// # Errors
    /// Empty data, plaintext without permission, or the link or session failed; `sink` has heard the answers
    /// up to then.
    pub async fn send(
        &mut self,
        endpoint: Endpoint<'_>,
        data: &[u8],
        chunk: Option<usize>,
        sink: impl FnMut(&[u8]),
    ) -> Result<usize, ProvisionError<T::Error>> {
        let mut rest = data.chunks(chunk.unwrap_or(data.len()).max(1));
        let first = rest.next().unwrap_or_default();
        let mut pieces = Pieces {
            piece: Custom::new(endpoint, first).map_err(|_| ProvisionError::EmptyRequest)?,
            endpoint,
            rest,
            exchanges: 0,
            sink,
        };
        self.run(&mut pieces).await?;
        Ok(pieces.exchanges)
    }

    /// Sends bytes as they are, without session or cipher, and hands the answer to `sink`. For devices that
    /// register endpoints without security, and for looking at the protocol's own. Past a session that enciphers they
    /// disturb it, as they do on `prov-session`: it is given up, and the next call starts another one.
    ///
    /// # Errors
    /// Empty data, or the link failed.
    pub async fn send_raw(
        &mut self,
        endpoint: Endpoint<'_>,
        data: &[u8],
        sink: impl FnOnce(&[u8]),
    ) -> Result<(), ProvisionError<T::Error>> {
        if data.is_empty() {
            return Err(ProvisionError::EmptyRequest);
        }
        let sink = Some(sink);
        self.run(&mut Raw { endpoint, data, sink }).await
    }

    /// Clears a failed attempt, or makes the device accept new credentials after a success.
    ///
    /// # Errors
    /// The device refuses in the wrong state; or the link or session failed.
    pub async fn control(&mut self, action: ControlAction) -> Result<(), ProvisionError<T::Error>> {
        self.ask(Control(action), Phase::Control).await
    }

    /// State of the device's Wi-Fi station. A device that is online takes the question as a sign that
    /// provisioning is over, and stops about a second later.
    ///
    /// # Errors
    /// The link or the session failed.
    pub async fn wifi_status(&mut self) -> Result<WifiStatus, ProvisionError<T::Error>> {
        self.ask(GetWifiStatus, Phase::Status).await
    }

    /// State of the device's Thread interface.
    ///
    /// # Errors
    /// The link or the session failed.
    pub async fn thread_status(&mut self) -> Result<ThreadStatus, ProvisionError<T::Error>> {
        self.ask(GetThreadStatus, Phase::Status).await
    }

    async fn ask<Q, U>(&mut self, question: Q, phase: Phase) -> Result<U, ProvisionError<T::Error>>
    where
        Q: for<'b> Request<Response<'b> = U>,
    {
        let mut once = Once::new(question, phase);
        self.run(&mut once).await?;
        once.answer.ok_or(ProvisionError::Internal)
    }
}

/// Application data, piece by piece.
struct Pieces<'a, F> {
    endpoint: Endpoint<'a>,
    piece: Custom<'a>,
    rest: Chunks<'a, u8>,
    exchanges: usize,
    sink: F,
}

impl<E, F: FnMut(&[u8])> Task<E> for Pieces<'_, F> {
    fn want(&self, deadlines: &Deadlines) -> Want<'_> {
        Want::Answer {
            question: &self.piece,
            phase: Phase::Data,
            limit: deadlines.exchange,
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
            return Ok(true);
        };
        self.piece = Custom::new(self.endpoint, next).map_err(|_| ProvisionError::EmptyRequest)?;
        Ok(false)
    }
}

/// One exchange outside the session.
struct Raw<'a, F> {
    endpoint: Endpoint<'a>,
    data: &'a [u8],
    sink: Option<F>,
}

impl<E, F: FnOnce(&[u8])> Task<E> for Raw<'_, F> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::testing::{Answer, Error, Play, lost};
    use std::vec::Vec;

    /// Sends in pieces; what was asked, and what the sink heard.
    fn send(data: &[u8], chunk: usize, fail_at: usize) -> (Result<usize, Error>, Vec<usize>, Vec<u8>) {
        let mut heard = Vec::new();
        let mut rest = data.chunks(chunk);
        let mut pieces = Pieces {
            piece: Custom::new(Endpoint::CUSTOM_DATA, rest.next().unwrap()).unwrap(),
            endpoint: Endpoint::CUSTOM_DATA,
            rest,
            exchanges: 0,
            sink: |reply: &[u8]| heard.extend_from_slice(reply),
        };
        let mut play = Play::new();
        let end = play.run(&mut pieces, |asked, nth| {
            if nth == fail_at {
                return Answer::error(lost(Phase::Data));
            }
            Answer::ok(asked) // an echo
        });
        let end = end.map(|()| pieces.exchanges);
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
        let mut raw = Raw {
            endpoint: Endpoint::PROTO_VER,
            data: b"---",
            sink: Some(|reply: &[u8]| heard.extend_from_slice(reply)),
        };
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
        let mut once = Once::new(GetWifiStatus, Phase::Status);
        let mut play = Play::new();
        let end = play.run(&mut once, |_, _| Answer::ok("08015a021001"));
        let connecting = WifiStatus::Connecting {
            attempts_remaining: None,
        };
        assert_eq!((end, once.answer), (Ok(()), Some(connecting)));
        let mut once = Once::new(GetThreadStatus, Phase::Status);
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
