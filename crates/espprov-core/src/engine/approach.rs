//! The way to what a call wants: what is the next step there?

use super::state::{Link, Stage, UnderWay};
use super::{Engine, Step};
use crate::auth::Authenticator;
use crate::call::{Call, Want};
use crate::deadlines::Time;
use crate::{Deadlines, Event, Observer, ProvisionError};
use espprov_transport::{Limits, SessionIntent};
use rand_core::TryCryptoRng;

impl<A: Authenticator, R: TryCryptoRng, B: AsMut<[u8]>, O: Observer> Engine<A, R, B, O> {
    /// Begins the next step towards `want`, if one is left.
    pub(super) fn approach<E>(
        &mut self,
        want: &Want<'_>,
        limits: Limits,
    ) -> Result<UnderWay, ProvisionError<E>> {
        match want {
            Want::Pause(_) => return Ok(UnderWay::Pause),
            Want::Info if self.info.is_some() => return Ok(UnderWay::Nothing),
            Want::Info | Want::Raw { .. } => {}
            Want::Session | Want::Answer { .. } => {
                // A session that lost an exchange is beyond repair, and so is its transport session.
                if let Stage::Ready { session, .. } = &self.stage
                    && !session.is_synchronised()
                {
                    self.lose_session();
                }
            }
        }
        if self.run.takeover.is_due() {
            return Ok(UnderWay::BackOff);
        }
        if self.link == Link::Broken {
            if let Stage::Ready { .. } = self.stage {
                self.forget();
            }
            self.observer.event(&Event::Reconnecting);
            return Ok(UnderWay::Reconnect);
        }
        if let Want::Raw { endpoint, data } = want {
            return self.copy(*endpoint, data);
        }
        if self.info.is_none() {
            return self.ask_info();
        }
        if let Stage::Nothing = self.stage {
            self.begin_handshake()?;
        }
        match (self.poll_handshake()?, want) {
            (UnderWay::Nothing, Want::Answer { question, .. }) => self.seal(*question, limits),
            (under_way, _) => Ok(under_way),
        }
    }

    /// The step for what is now under way.
    pub(super) fn next_step<'c, E>(&self, call: &'c dyn Call<E>, now: Time) -> Step<'c> {
        let Deadlines {
            connect,
            exchange,
            handshake,
            ..
        } = &self.deadlines;
        let (endpoint, limit) = match (self.run.under_way, call.want(&self.deadlines)) {
            (UnderWay::Info, _) => (self.endpoints.version, (*exchange).into()),
            (UnderWay::Handshake, _) => (self.endpoints.session, (*handshake).into()),
            (UnderWay::Answer, Want::Answer { question, limit }) => (question.endpoint(), limit),
            (UnderWay::Raw, Want::Raw { endpoint, .. }) => {
                (self.endpoints.resolve(endpoint), (*exchange).into())
            }
            (UnderWay::Computing, _) => return Step::Busy,
            (UnderWay::BackOff, _) => {
                let until = now.plus(self.run.takeover.pause()).into();
                return Step::Wait { until };
            }
            (_, Want::Pause(time)) => {
                let until = now.plus(time).into();
                return Step::Wait { until };
            }
            _ => {
                let latest = call.reconnect_deadline(&self.deadlines).min(self.total);
                return Step::Reconnect {
                    intent: SessionIntent::Fresh,
                    until: now.plus((*connect).into()).min(latest).into(),
                };
            }
        };
        let latest = call.deadline(&self.deadlines).min(self.total);
        Step::Exchange {
            endpoint,
            len: self.run.sent,
            until: now.plus(limit).min(latest).into(),
        }
    }
}
