//! The device a command is about, and what the command line says of it.

use crate::errors::{CALLER, Failure, Place};
use crate::output::{Output, clean};
use crate::plan::Purpose;
use crate::signals::unblock;
use espprov::Credentials;
use espprov::target::World;
use espprov::{LinkKind, Parsed, Target};
use espprov_simulator::Scenario;
use espprov_types::{SetupNetwork, SetupPayload};
use zeroize::Zeroizing;

/// What the command line says about the device. No `Debug`: the setup payload brings credentials.
pub(crate) struct Aim {
    pub(crate) target: Target,
    /// The setup payload it came from.
    pub(crate) setup: Option<SetupPayload>,
    /// The simulated device's, read once: it may come from a pipe.
    scenario: Option<Scenario>,
    /// Whom to trust, where the link has TLS.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<espprov::Tls>,
}

impl Aim {
    /// Reads a target.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let Parsed { target, setup, .. } = Parsed::parse(text, CALLER)?;
        Ok(Self {
            target,
            setup,
            scenario: None,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    /// Reads what the target names, if it names a file.
    pub(crate) async fn load(&mut self, purpose: Purpose) -> Result<(), Failure> {
        if let Target::Sim(world) = &self.target {
            let mut scenario = load(world).await?;
            match purpose {
                Purpose::Wifi => {}
                Purpose::Thread => scenario.prefer_thread(),
                Purpose::Properties => scenario.prefer_local_ctrl(),
            }
            self.scenario = Some(scenario);
        }
        Ok(())
    }

    /// The simulated device's scenario.
    pub(crate) const fn scenario(&self) -> Option<&Scenario> {
        self.scenario.as_ref()
    }

    /// For messages.
    pub(crate) fn place(&self, out: &Output) -> Place {
        // What stands on a label is shown to people only: in logs it would tell which device it was.
        let setup = self.setup.as_ref().filter(|_| out.is_private());
        let label = match setup {
            Some(_) => self.target.to_string(),
            None => self.public_label(),
        };
        let mut place = Place::new(CALLER, self.target.kind(), label);
        place.network = setup.map(|setup| clean(&setup.name));
        place.passphrase = setup
            .and_then(|setup| setup.password.as_ref())
            .and_then(|secret| {
                let text = core::str::from_utf8(secret.expose()).ok()?;
                (!text.is_empty()).then(|| Zeroizing::new(clean(text)))
            });
        place.anonymous = self.setup.is_some() && setup.is_none();
        place
    }

    /// The target without anything that a setup payload said.
    pub(crate) fn public_label(&self) -> String {
        match (&self.setup, &self.target) {
            (Some(_), target) if target.kind() == LinkKind::Ble => "ble".to_owned(),
            (_, target) => target.to_string(),
        }
    }

    /// The setup payload says Thread.
    pub(crate) fn wants_thread(&self) -> bool {
        self.setup
            .as_ref()
            .is_some_and(|setup| setup.network == SetupNetwork::Thread)
    }

    /// Adds what the setup payload or the simulated device knows and the user did not say.
    pub(crate) fn complete(&self, credentials: &mut Credentials) {
        if let Some(setup) = &self.setup {
            credentials.complete(setup);
        }
        if let Some(scenario) = &self.scenario {
            credentials.complete_from(scenario);
        }
    }
}

/// Reads a scenario, as long as no signal comes.
pub(crate) async fn load(world: &World) -> Result<Scenario, Failure> {
    let world = world.clone();
    unblock(move || world.load()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_payload_is_in_no_public_label() {
        let aim = Aim::parse(r#"{"ver":"v1","name":"PROV_1","transport":"ble"}"#)
            .ok()
            .unwrap();
        assert_eq!(aim.public_label(), "ble");
        let named = Aim::parse("ble:PROV_1").ok().unwrap();
        assert_eq!(named.public_label(), "ble:PROV_1", "said by the user");
    }
}
