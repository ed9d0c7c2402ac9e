//! Exchanges that are lost though the device is there: asked again, where that can do no harm.

use super::Engine;
use super::state::UnderWay;
use crate::auth::Authenticator;
use crate::{Event, Observer, Phase};
use espprov_transport::LinkFault;

/// How often in one call. Each handshake that is begun anew may cost one of the attempts that a device allows (five, where
/// it counts them), so this leaves some to whoever comes next.
const REPEATS: u8 = 2;

impl<A: Authenticator, R, B: AsMut<[u8]>, O: Observer> Engine<A, R, B, O> {
    /// Whether the exchange that failed like this is to be asked for once more, in a session of its own.
    ///
    /// The device may have acted on it. So nothing is repeated that makes a difference when it is done twice (apply, reset,
    /// an application's data), or that is over when the device has restarted (a scan). What becomes of apply has its own rules:
    /// there a lost answer is evidence.
    pub(super) fn repeats(&mut self, was: UnderWay, phase: Phase, fault: LinkFault) -> bool {
        let restarted = match fault {
            LinkFault::Spoiled => false,
            LinkFault::Restarted => true,
            _ => return false,
        };
        let harmless = match (was, phase) {
            (UnderWay::Info | UnderWay::Handshake, _) | (UnderWay::Answer, Phase::Set) => true,
            (UnderWay::Answer, Phase::Scan) => !restarted,
            _ => false,
        };
        if !harmless || self.run.repeated >= REPEATS {
            return false;
        }
        self.run.repeated = self.run.repeated.saturating_add(1);
        self.observer.event(&Event::AnswerLost { phase, restarted });
        true
    }
}
