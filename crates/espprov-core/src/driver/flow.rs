//! The provisioning flow: set, apply, and find out what became of it.

use super::{Event, Observer, Phase, ProvisionError, Provisioner};
use crate::WifiConfig;
use crate::auth::Authenticator;
use crate::request::{
    ApplyThread, ApplyWifi, Control, ControlAction, GetThreadStatus, GetWifiStatus, Request, SetThread,
    SetWifi,
};
use core::time::Duration;
use espprov_transport::{Clock, Reconnect};
use espprov_types::{
    StatusCode, ThreadAttachment, ThreadDataset, ThreadFailure, ThreadStatus, WifiConnection, WifiFailure,
    WifiStatus,
};
use rand_core::TryCryptoRng;

/// The first pause between two status requests, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often credentials are handed over before giving up: the first time, once more after a lost answer, and
/// once more after clearing an earlier attempt.
const MAX_ATTEMPTS: usize = 3;

/// How a provisioning ended. `C` says where the device is now, `F` why it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<C, F> {
    /// The device says that it is online.
    Connected(C),
    /// The device says that it could not join.
    Failed(F),
    /// The device accepted the credentials, then the link was lost and did not come back: what a device does
    /// that joined and closed its provisioning service before its last answer was read.
    LikelyConnected,
}

/// A status, reduced to what the flow decides by.
pub(super) enum Progress<C, F> {
    Online(C),
    Trying(Option<u32>),
    Idle,
    Gone(F),
}

/// Wi-Fi and Thread take the same way with other messages.
struct Route<'a, S, P, Q, C, F> {
    set: &'a S,
    apply: &'a P,
    status: &'a Q,
    reset: ControlAction,
    reprov: ControlAction,
    /// Whether this connection is the one asked for.
    same: &'a dyn Fn(&C) -> bool,
    /// Nails the types of the outcome.
    failure: core::marker::PhantomData<F>,
}

impl<T, A, R, C, B, O> Provisioner<T, A, R, C, B, O>
where
    T: Reconnect,
    A: Authenticator,
    R: TryCryptoRng,
    C: Clock,
    B: AsMut<[u8]>,
    O: Observer,
{
    /// Gives the device Wi-Fi credentials and follows it until it is online or gave up.
    ///
    /// A device that still holds an earlier failed attempt is reset first, so this also serves to try again
    /// with another passphrase in the same run. Finding out what an earlier attempt is doing can take several
    /// minutes in the worst case: [`limit_total`](Self::limit_total) bounds the whole.
    ///
    /// # Errors
    /// Anything that went wrong before the device accepted to apply the credentials, or the deadline. A link
    /// lost after that is not an error: see [`Outcome::LikelyConnected`].
    pub async fn provision_wifi(
        &mut self,
        config: &WifiConfig<'_>,
    ) -> Result<Outcome<WifiConnection, WifiFailure>, ProvisionError<T::Error>> {
        self.provision(&Route {
            set: &SetWifi(config),
            apply: &ApplyWifi,
            status: &GetWifiStatus,
            reset: ControlAction::ResetWifi,
            reprov: ControlAction::ReprovWifi,
            same: &|on: &WifiConnection| on.ssid.as_bytes() == config.ssid(),
            failure: core::marker::PhantomData,
        })
        .await
    }

    /// Gives the device a Thread dataset and follows it until it is attached or gave up.
    ///
    /// # Errors
    /// As [`provision_wifi`](Self::provision_wifi).
    pub async fn provision_thread(
        &mut self,
        dataset: &ThreadDataset,
    ) -> Result<Outcome<ThreadAttachment, ThreadFailure>, ProvisionError<T::Error>> {
        self.provision(&Route {
            set: &SetThread(dataset),
            apply: &ApplyThread,
            status: &GetThreadStatus,
            reset: ControlAction::ResetThread,
            reprov: ControlAction::ReprovThread,
            same: &|on: &ThreadAttachment| on.ext_pan_id.is_some() && on.ext_pan_id == dataset.ext_pan_id(),
            failure: core::marker::PhantomData,
        })
        .await
    }

    async fn provision<S, P, Q, D, F>(
        &mut self,
        route: &Route<'_, S, P, Q, D, F>,
    ) -> Result<Outcome<D, F>, ProvisionError<T::Error>>
    where
        S: for<'b> Request<Response<'b> = ()>,
        P: for<'b> Request<Response<'b> = ()>,
        Q: for<'b> Request<Response<'b>: Into<Progress<D, F>>>,
    {
        self.begin();
        self.require_secrecy().await?;
        // The error that left it unclear whether the device acted on `apply`.
        let mut doubt = None;
        for _ in 0..MAX_ATTEMPTS {
            match self.hand_over(route).await {
                Ok(Handed::Applied) => {
                    self.observer.event(&Event::ConfigApplied);
                    return self.follow(route).await;
                }
                // Handing over again is safe in a new session: if the device acted, it refuses the second
                // apply and we look at what it is doing.
                Ok(Handed::Unclear(error)) => {
                    self.observer.event(&Event::LinkLost { phase: Phase::Apply });
                    doubt = Some(error);
                }
                Ok(Handed::WrongState(code)) => {
                    if let Some(outcome) = self.clear_the_way(route, code, doubt.is_some()).await? {
                        return Ok(outcome);
                    }
                }
                Err(error) => return Err(doubt.unwrap_or(error)),
            }
        }
        Err(doubt.unwrap_or(ProvisionError::Status {
            phase: Phase::Apply,
            code: StatusCode::InternalError,
        }))
    }

    /// Set and apply.
    async fn hand_over<S, P, Q, D, F>(
        &mut self,
        route: &Route<'_, S, P, Q, D, F>,
    ) -> Result<Handed<ProvisionError<T::Error>>, ProvisionError<T::Error>>
    where
        S: for<'b> Request<Response<'b> = ()>,
        P: for<'b> Request<Response<'b> = ()>,
    {
        self.ask(route.set, Phase::Set, self.deadlines.exchange, |()| ())
            .await?;
        self.observer.event(&Event::ConfigSent);
        match self
            .ask(route.apply, Phase::Apply, self.deadlines.exchange, |()| ())
            .await
        {
            Ok(()) => Ok(Handed::Applied),
            Err(ProvisionError::Status {
                code: StatusCode::InternalError,
                ..
            }) => Ok(Handed::WrongState(StatusCode::InternalError)),
            Err(error) if error.is_link_trouble() => Ok(Handed::Unclear(error)),
            Err(error) => Err(error),
        }
    }

    /// `apply` came at a bad moment: an attempt is under way or has ended, an earlier run's or (`ours`) perhaps
    /// the one whose answer was lost. Finds out how it ends, or makes room for another one (`None`).
    async fn clear_the_way<S, P, Q, D, F>(
        &mut self,
        route: &Route<'_, S, P, Q, D, F>,
        code: StatusCode,
        ours: bool,
    ) -> Result<Option<Outcome<D, F>>, ProvisionError<T::Error>>
    where
        Q: for<'b> Request<Response<'b>: Into<Progress<D, F>>>,
    {
        let refused = ProvisionError::Status {
            phase: Phase::Apply,
            code,
        };
        let lever = match self.look(route.status).await? {
            // Ours or a stale one? One more attempt answers that for certain.
            Progress::Gone(_) => route.reset,
            Progress::Online(on) if (route.same)(&on) => return Ok(Some(Outcome::Connected(on))),
            Progress::Online(_) => route.reprov,
            Progress::Trying(_) => match self.follow(route).await? {
                Outcome::Connected(on) if (route.same)(&on) => return Ok(Some(Outcome::Connected(on))),
                Outcome::Connected(_) => route.reprov,
                Outcome::Failed(why) if ours => return Ok(Some(Outcome::Failed(why))),
                Outcome::Failed(_) => route.reset,
                Outcome::LikelyConnected if ours => return Ok(Some(Outcome::LikelyConnected)),
                // Whatever it joined, it was not told to by us.
                Outcome::LikelyConnected => return Err(refused),
            },
            Progress::Idle => return Err(refused),
        };
        self.ask(&Control(lever), Phase::Control, self.deadlines.exchange, |()| ())
            .await?;
        Ok(None)
    }

    /// One look at the status.
    async fn look<Q, D, F>(&mut self, status: &Q) -> Result<Progress<D, F>, ProvisionError<T::Error>>
    where
        Q: for<'b> Request<Response<'b>: Into<Progress<D, F>>>,
    {
        self.ask(status, Phase::Status, self.deadlines.poll, |status| status.into())
            .await
    }

    /// Polls until an end state. The first question goes out at once: apply sets "connecting" before it
    /// answers, so there is no stale failure to read.
    async fn follow<S, P, Q, D, F>(
        &mut self,
        route: &Route<'_, S, P, Q, D, F>,
    ) -> Result<Outcome<D, F>, ProvisionError<T::Error>>
    where
        Q: for<'b> Request<Response<'b>: Into<Progress<D, F>>>,
    {
        let until = self
            .clock
            .now()
            .saturating_add(self.deadlines.connecting)
            .min(self.total);
        let mut pause = FIRST_PAUSE;
        // Since when nothing came back, and the latest reason.
        let mut lost = None;
        loop {
            self.until = until;
            if let Some((at, _)) = &lost {
                self.until = self.deadlines.recover.saturating_add(*at).min(until);
            }
            let seen = self.look(route.status).await;
            let patience = self.until;
            self.until = self.total;
            match seen {
                Ok(Progress::Online(on)) => return Ok(Outcome::Connected(on)),
                Ok(Progress::Gone(why)) => return Ok(Outcome::Failed(why)),
                Ok(Progress::Trying(attempts_remaining)) => {
                    lost = None;
                    self.observer.event(&Event::Connecting { attempts_remaining });
                }
                Ok(Progress::Idle) => lost = None,
                Err(error @ (ProvisionError::Status { .. } | ProvisionError::Policy(_))) => {
                    return Err(error);
                }
                // The question was cut off because time is up, not because the link failed it.
                Err(ProvisionError::Deadline { .. }) if lost.is_none() && self.clock.now() >= until => {
                    return Err(ProvisionError::Deadline { phase: Phase::Status });
                }
                // Link, session or even handshake trouble: the device's radio may be on another channel, or its
                // provisioning service gone because it is online. Keep trying for a while.
                Err(error) => {
                    let now = self.clock.now();
                    let at = lost.as_ref().map_or(now, |(at, _)| *at);
                    if lost.replace((at, error)).is_none() {
                        self.observer.event(&Event::LinkLost { phase: Phase::Status });
                    } else if now >= patience {
                        return gone(lost);
                    }
                }
            }
            let now = self.clock.now();
            if now >= until {
                return gone(lost);
            }
            self.clock.sleep(pause.min(until.saturating_sub(now))).await;
            pause = pause
                .saturating_mul(3)
                .checked_div(2)
                .unwrap_or(LONGEST_PAUSE)
                .min(LONGEST_PAUSE);
        }
    }
}

/// What it means that the time is up, `lost` being since when and why nothing came back.
fn gone<D, F, E>(lost: Option<(Duration, ProvisionError<E>)>) -> Result<Outcome<D, F>, ProvisionError<E>> {
    match lost {
        // Somebody is there and answers nonsense: that is no device that left.
        Some((_, error @ ProvisionError::Reply { .. })) => Err(error),
        Some(_) => Ok(Outcome::LikelyConnected),
        None => Err(ProvisionError::Deadline { phase: Phase::Status }),
    }
}

/// How handing over went. `E` is the error that lost the answer to apply.
enum Handed<E> {
    Applied,
    Unclear(E),
    WrongState(StatusCode),
}

impl From<WifiStatus> for Progress<WifiConnection, WifiFailure> {
    fn from(status: WifiStatus) -> Self {
        match status {
            WifiStatus::Connected(on) => Self::Online(on),
            WifiStatus::Connecting { attempts_remaining } => Self::Trying(attempts_remaining),
            WifiStatus::Failed(why) => Self::Gone(why),
            _ => Self::Idle,
        }
    }
}

impl From<ThreadStatus> for Progress<ThreadAttachment, ThreadFailure> {
    fn from(status: ThreadStatus) -> Self {
        match status {
            ThreadStatus::Attached(on) => Self::Online(on),
            ThreadStatus::Attaching => Self::Trying(None),
            ThreadStatus::Failed(why) => Self::Gone(why),
            _ => Self::Idle,
        }
    }
}
