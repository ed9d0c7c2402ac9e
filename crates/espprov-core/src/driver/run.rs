//! The only place that waits: does what the engine says, one thing at a time.

use super::engine::{Action, Happened, What, World};
use super::task::Task;
use super::{Observer, ProvisionError, Provisioner};
use crate::auth::Authenticator;
use core::future::pending;
use core::pin::pin;
use espprov_transport::{Clock, Reconnect, SessionIntent, with_deadline};
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
    /// Runs a task to its end; its result is in it then.
    pub(super) async fn run<K: Task<T::Error>>(
        &mut self,
        task: &mut K,
    ) -> Result<(), ProvisionError<T::Error>> {
        self.engine.begin();
        let mut happened = Ok(Ok(0));
        loop {
            // In a function of its own, so that what it needs lives on the stack and not in this future.
            let Some(action) = self.step(task, happened)? else {
                return Ok(());
            };
            happened = self.act(action).await;
        }
    }

    fn step<'t>(
        &mut self,
        task: &'t mut dyn Task<T::Error>,
        happened: Happened<T::Error>,
    ) -> Result<Option<Action<'t>>, ProvisionError<T::Error>> {
        let world = World {
            limits: self.transport.limits(),
            now: &|| self.clock.now(),
        };
        self.engine.step(task, &world, happened)
    }

    /// Does one thing, within its limit.
    pub(super) async fn act(&mut self, action: Action<'_>) -> Happened<T::Error> {
        let deadline = self.clock.now().saturating_add(action.limit).min(action.until);
        let Self {
            transport,
            engine,
            clock,
        } = self;
        // Pinned here: handed over by value, it would take its place in this future twice.
        let work = pin!(async {
            match action.what {
                What::Exchange { endpoint, len } => {
                    transport.exchange(endpoint, engine.buf.bytes(), len).await
                }
                What::Reconnect => transport.reconnect(SessionIntent::Fresh).await.map(|()| 0),
                What::Close => {
                    transport.close().await;
                    Ok(0)
                }
                What::Pause => pending().await, // ends by its deadline
            }
        });
        with_deadline(&*clock, deadline, work).await
    }
}
