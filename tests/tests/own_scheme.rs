//! An application brings a security scheme of its own: both halves by the public traits, nothing patched.

use espprov_core::auth::{Authenticator, NoSecurity, PolicyError, SessionSecurity};
use espprov_core::{DeviceInfo, Outcome, Provisioner, WifiConfig};
use espprov_security::{
    Channel, ChannelError, DeviceHandshake, Handshake, HandshakeError, Notices, Plain, Retry,
};
use espprov_simulator::time::VirtualClock;
use espprov_simulator::{LinkModel, MemoryTransport, Scenario, Shared, SimDevice};
use espprov_tests::pair::WORLD;
use rand_chacha::ChaCha20Rng;
use rand_core::{SeedableRng, TryCryptoRng};

/// Adds a byte to every byte. (A scheme for a test, not for a secret.)
struct Caesar(u8);

impl Channel for Caesar {
    fn overhead(&self) -> usize {
        0
    }

    fn seal(&mut self, buf: &mut [u8], len: usize) -> Result<usize, ChannelError> {
        let text = buf
            .get_mut(..len)
            .ok_or(ChannelError::BufferTooShort { needed: len })?;
        text.iter_mut().for_each(|b| *b = b.wrapping_add(self.0));
        Ok(len)
    }

    fn open<'b>(&mut self, buf: &'b mut [u8]) -> Result<&'b [u8], ChannelError> {
        buf.iter_mut().for_each(|b| *b = b.wrapping_sub(self.0));
        Ok(buf)
    }
}

/// The client sends the number, the device says `ok`.
struct Client {
    key: u8,
    step: u8,
}

impl Handshake for Client {
    type Channel = Caesar;

    fn poll_request(&mut self, out: &mut [u8]) -> Result<Option<usize>, HandshakeError> {
        if self.step > 0 {
            return Ok(None);
        }
        *out.first_mut()
            .ok_or(HandshakeError::BufferTooShort { needed: 1 })? = self.key;
        Ok(Some(1))
    }

    fn handle_response(&mut self, response: &[u8]) -> Result<(), HandshakeError> {
        self.step = 1;
        if response == b"ok" {
            Ok(())
        } else {
            Err(HandshakeError::Malformed)
        }
    }

    fn handle_refusal(&mut self, _: bool) -> Result<Retry, HandshakeError> {
        Ok(Retry::GiveUp {
            wrong_credentials: true,
        })
    }

    fn notices(&self) -> Notices {
        Notices::default()
    }

    fn into_channel(self) -> Result<Caesar, HandshakeError> {
        Ok(Caesar(self.key))
    }
}

struct Device(Option<Caesar>);

impl DeviceHandshake for Device {
    type Channel = Caesar;

    fn handle_request<R: TryCryptoRng>(
        &mut self,
        request: &[u8],
        _: &mut R,
        out: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        let [key @ 1..=255] = *request else {
            return Err(HandshakeError::Malformed);
        };
        self.0 = Some(Caesar(key));
        out.get_mut(..2)
            .ok_or(HandshakeError::BufferTooShort { needed: 2 })?
            .copy_from_slice(b"ok");
        Ok(2)
    }

    fn channel(&mut self) -> Option<&mut Caesar> {
        self.0.as_mut()
    }

    fn reset(&mut self) {
        self.0 = None;
    }
}

struct Key(u8);

impl Authenticator for Key {
    type Handshake = Client;

    fn begin<R: TryCryptoRng>(&mut self, _: &DeviceInfo, _: &mut R) -> Result<Client, PolicyError> {
        Ok(Client { key: self.0, step: 0 })
    }

    fn security(&self, _: &Client) -> SessionSecurity {
        SessionSecurity::Custom
    }
}

/// No security registered at all: every endpoint answers, prov-session does not.
struct Nothing(Plain);

impl DeviceHandshake for Nothing {
    type Channel = Plain;

    fn handle_request<R: TryCryptoRng>(
        &mut self,
        _: &[u8],
        _: &mut R,
        _: &mut [u8],
    ) -> Result<usize, HandshakeError> {
        Err(HandshakeError::OutOfOrder)
    }

    fn channel(&mut self) -> Option<&mut Plain> {
        Some(&mut self.0)
    }

    fn reset(&mut self) {}
}

fn provision<S: DeviceHandshake, A: Authenticator>(security: S, auth: A) -> (bool, Option<SessionSecurity>) {
    let clock = VirtualClock::new();
    let scenario = Scenario::parse(WORLD).unwrap();
    let quirks = espprov_device::Quirks::vendor(espprov_device::Firmware::Idf6);
    let device = SimDevice::with_security(scenario, DeviceInfo::new("own-v1"), security, quirks);
    let link = MemoryTransport::new(Shared::new(device), clock.clone(), LinkModel::Ideal);
    let mut client = Provisioner::new(
        link,
        auth,
        ChaCha20Rng::seed_from_u64(0),
        clock.clone(),
        vec![0; 1024],
    );
    let home = WifiConfig::new(b"Home", b"correct-horse").unwrap();
    let outcome = espprov_simulator::time::block_on(&clock, client.provision_wifi(&home));
    (matches!(outcome, Ok(Outcome::Connected(_))), client.security())
}

#[test]
fn an_own_scheme_provisions() {
    assert_eq!(
        provision(Device(None), Key(13)),
        (true, Some(SessionSecurity::Custom))
    );
}

#[test]
fn an_own_scheme_can_refuse() {
    assert_eq!(provision(Device(None), Key(0)), (false, None));
}

#[test]
fn no_scheme_at_all_provisions() {
    assert_eq!(
        provision(Nothing(Plain), NoSecurity),
        (true, Some(SessionSecurity::None))
    );
}
