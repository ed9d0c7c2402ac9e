//! From a scenario to a device with one of the three schemes.

use super::SimDevice;
use crate::Secret;
use crate::scenario::{Flavour, Scenario, ScenarioError};
use espprov_device::{AnySecurity, VersionReply};
use espprov_local_ctrl::Protocol;
use espprov_local_ctrl::device::Version;
use espprov_security::sec2::{Patch, Verifier};
use espprov_types::{Capabilities, DeviceInfo, SecurityScheme};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Salt length of the vendor's generator.
const SALT_LEN: usize = 16;

impl SimDevice {
    /// The device of a scenario, with the scheme and the credentials the scenario says.
    ///
    /// # Errors
    /// [`ScenarioError`] when settings were changed after parsing and do not fit together any more.
    pub fn new(scenario: Scenario) -> Result<Self, ScenarioError> {
        scenario.check()?;
        let mut quirks = scenario.device.quirks();
        quirks.guesses = scenario.security.guess_limit();
        let security = match scenario.scheme() {
            0 => AnySecurity::sec0(),
            1 => AnySecurity::sec1(scenario.security.pop.expose(), &quirks),
            _ => sec2(&scenario)?,
        };
        let version = version(&scenario);
        Ok(Self::with_security(scenario, version, security, quirks))
    }
}

fn sec2(scenario: &Scenario) -> Result<AnySecurity, ScenarioError> {
    let password = scenario.proof().map_or(&[][..], Secret::expose);
    if password.is_empty() {
        return Err(ScenarioError::new(
            "security 2 needs a password, and both password and pop are empty; with security 1 an empty pop is none",
        ));
    }
    // Another stream than the handshakes', so that the salt does not shift them.
    let mut rng = ChaCha20Rng::seed_from_u64(scenario.seed);
    rng.set_stream(1);
    let salt = match &scenario.security.salt {
        Some(salt) => salt.clone(),
        None => Verifier::generate_salt(SALT_LEN, &mut rng)
            .map_err(|_| ScenarioError::new("this seed gives no salt"))?,
    };
    let verifier = Verifier::generate(scenario.username().as_bytes(), password, &salt);
    let verifier = verifier.map_err(|_| ScenarioError::new("security username must not be empty"))?;
    let patch = match scenario.patch() {
        0 => Patch::FixedNonce,
        _ => Patch::CounterNonce,
    };
    Ok(AnySecurity::sec2(verifier, patch))
}

/// What the device says of itself, in the protocol it speaks.
fn version(scenario: &Scenario) -> VersionReply {
    if !scenario.is_local_ctrl() {
        return device_info(scenario).into();
    }
    let security = scenario.scheme();
    // The document came with the counter, and says 0 where there is none.
    let version = match scenario.device.flavour.firmware().counts_nonce() || scenario.patch() == 1 {
        false => Version::Bare,
        true => Version::Json {
            security,
            patch: if security == 2 { scenario.patch() } else { 0 },
        },
    };
    version.reply(&Protocol::ESP_LOCAL_CTRL)
}

fn device_info(scenario: &Scenario) -> DeviceInfo {
    let network = scenario.network();
    let mut capabilities = Capabilities::default();
    capabilities.wifi_scan = network.has_wifi();
    capabilities.wifi_prov = network.has_wifi();
    capabilities.no_pop = scenario.security.pop.is_empty();
    capabilities.thread_scan = network.has_thread();
    capabilities.thread_prov = network.has_thread();
    let flavour = scenario.device.flavour;
    let scheme = SecurityScheme::from_number(scenario.scheme());
    let mut info = flavour.firmware().device_info(scheme, capabilities);
    // A point release of 5.x with the counter says so; one without has never heard of the key.
    let knows_key = flavour.firmware().counts_nonce() || (flavour == Flavour::Idf52 && scenario.patch() == 1);
    info.patch = knows_key.then(|| match scheme {
        SecurityScheme::Sec2 => scenario.patch(),
        _ => 0,
    });
    // Four at most, and of a length that fits: checked.
    info.apps = scenario.labels.iter().filter_map(|label| label.info()).collect();
    info
}
