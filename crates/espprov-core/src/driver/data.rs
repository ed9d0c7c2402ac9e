//! Custom data, raw requests, and the provisioning state machine's levers.

use super::{Observer, Phase, ProvisionError, Provisioner};
use crate::auth::Authenticator;
use crate::request::{Control, ControlAction, Custom, GetThreadStatus};
use espprov_transport::{Clock, Endpoint, Reconnect};
use espprov_types::ThreadStatus;
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
        mut sink: impl FnMut(&[u8]),
    ) -> Result<usize, ProvisionError<T::Error>> {
        if data.is_empty() {
            return Err(ProvisionError::EmptyRequest);
        }
        self.begin();
        self.require_secrecy().await?;
        let mut exchanges = 0_usize;
        for piece in data.chunks(chunk.unwrap_or(data.len()).max(1)) {
            let request = Custom::new(endpoint, piece).map_err(|_| ProvisionError::EmptyRequest)?;
            self.ask(&request, Phase::Data, self.deadlines.exchange, &mut sink)
                .await?;
            exchanges = exchanges.saturating_add(1);
        }
        Ok(exchanges)
    }

    /// Sends bytes as they are, without session or cipher, and hands the answer to `sink`. For devices that
    /// register endpoints without security, and for looking at the protocol's own. An endpoint that the
    /// current session enciphers will refuse them, and the session may be lost.
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
        self.begin();
        self.restore_link().await?;
        let buf = self.buf.bytes();
        let limit = buf.len();
        let too_large = ProvisionError::RequestTooLarge {
            need: data.len(),
            limit,
        };
        buf.get_mut(..data.len()).ok_or(too_large)?.copy_from_slice(data);
        let n = self
            .exchange_for(endpoint, data.len(), Phase::Data, self.deadlines.exchange)
            .await?;
        sink(self.buf.bytes().get(..n).unwrap_or_default());
        Ok(())
    }

    /// Clears a failed attempt, or makes the device accept new credentials after a success.
    ///
    /// # Errors
    /// The device refuses in the wrong state; or the link or session failed.
    pub async fn control(&mut self, action: ControlAction) -> Result<(), ProvisionError<T::Error>> {
        self.begin();
        self.ask(&Control(action), Phase::Control, self.deadlines.exchange, |()| ())
            .await
    }

    /// State of the device's Thread interface.
    ///
    /// # Errors
    /// The link or the session failed.
    pub async fn thread_status(&mut self) -> Result<ThreadStatus, ProvisionError<T::Error>> {
        self.begin();
        self.ask(
            &GetThreadStatus,
            Phase::Status,
            self.deadlines.exchange,
            |status| status,
        )
        .await
    }
}
