//! One run of both halves, written down.

use super::format::{Bytes, Exchange, Vector, some};
use super::{CRATE_VERSION, GENERATOR, entropy};
use crate::rng::Script;
use crate::srp;
use crate::world::World;
use core::time::Duration;
use espprov_device::{AnySecurity, AutoStop, Device, Firmware, Outcome, Quirks, Refusal};
use espprov_proto::session::session_data::Proto;
use espprov_proto::session::{SessionData, sec1_payload, sec2_payload};
use espprov_security::{Channel, Handshake, Retry, sec0, sec1, sec2};
use espprov_types::{Capabilities, DeviceInfo, SecurityScheme};
use sha2::{Digest, Sha256};

/// Nothing here depends on time.
const NOW: Duration = Duration::ZERO;

/// How the two halves find each other.
pub(super) enum Scheme {
    Sec0,
    Sec1 {
        client_pop: &'static str,
        device_pop: &'static str,
    },
    Sec2(Sec2),
}

/// Security 2 credentials of both halves.
pub(super) struct Sec2 {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) salt: Vec<u8>,
    /// What the device holds.
    pub(super) verifier: Vec<u8>,
    pub(super) patch: sec2::Patch,
    /// The client goes straight to the proof with the stripped digest.
    pub(super) stripped: bool,
}

/// A run to be made.
pub(super) struct Setup {
    pub(super) seed: String,
    pub(super) note: &'static str,
    pub(super) scheme: Scheme,
    pub(super) firmware: Firmware,
    /// proto-ver is a bare version string.
    pub(super) bare: bool,
    pub(super) auto_stop: AutoStop,
}

pub(super) struct Run {
    scheme: Scheme,
    device: Device<AnySecurity, World>,
    entropy: Script,
    channel: Option<Box<dyn Channel>>,
    records: u32,
    vector: Vector,
}

impl Run {
    pub(super) fn new(setup: Setup) -> Self {
        let quirks = Quirks::vendor(setup.firmware);
        let mut capabilities = Capabilities::wifi();
        capabilities.thread_scan = true;
        capabilities.thread_prov = true;
        let (scheme, security, entropy, patch) = match &setup.scheme {
            Scheme::Sec0 => (SecurityScheme::Sec0, AnySecurity::sec0(), Script::new(&[]), 0),
            Scheme::Sec1 { device_pop, .. } => {
                capabilities.no_pop = device_pop.is_empty();
                let private: [u8; 32] = entropy(&setup.seed, "device_private_key");
                let random: [u8; 16] = entropy(&setup.seed, "device_random");
                (
                    SecurityScheme::Sec1,
                    AnySecurity::sec1(device_pop.as_bytes(), &quirks),
                    Script::new(&[&private, &random]),
                    0,
                )
            }
            Scheme::Sec2(sec2) => {
                let verifier = sec2::Verifier::new(&sec2.salt, &sec2.verifier);
                let b: [u8; 32] = entropy(&setup.seed, "b");
                let nonce: [u8; 16] = entropy(&setup.seed, "device_nonce");
                let drawn = if sec2.patch == sec2::Patch::FixedNonce {
                    16
                } else {
                    8
                };
                (
                    SecurityScheme::Sec2,
                    AnySecurity::sec2(verifier.unwrap_or_else(|error| panic!("{error}")), sec2.patch),
                    Script::new(&[&b, &nonce[..drawn]]),
                    sec2.patch.level(),
                )
            }
        };
        let mut info = setup.firmware.device_info(scheme, capabilities);
        if setup.bare {
            info = DeviceInfo::new(&info.version);
            info.bare = true;
        }
        let vector = Vector {
            generator: GENERATOR,
            crate_version: CRATE_VERSION,
            seed: setup.seed,
            note: setup.note.into(),
            client: "espprov".into(),
            device: format!("espprov-device as {:?}", setup.firmware),
            security: scheme.number(),
            sec_patch_ver: info.security.map(|_| patch),
            result: "ok".into(),
            ..Vector::default()
        };
        Self {
            scheme: setup.scheme,
            device: Device::new(info, security, World::new(setup.auto_stop), quirks),
            entropy,
            channel: None,
            records: 0,
            vector,
        }
    }

    /// The wire: what the device makes of `request`. A pending scan is waited for.
    fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut buf = vec![0; 4096];
        buf[..request.len()].copy_from_slice(request);
        let mut outcome = self
            .device
            .handle(endpoint, &mut buf, request.len(), NOW, &mut self.entropy);
        while outcome == Outcome::Pending {
            outcome = self.device.resume(&mut buf, NOW);
        }
        match outcome {
            Outcome::Reply(len) => Ok(buf[..len].to_vec()),
            Outcome::Refused(refusal) => Err(refusal),
            other => panic!("{}: {endpoint}: {other:?}", self.vector.seed),
        }
    }

    /// Sends and writes down an exchange without a record cipher.
    fn plain(&mut self, endpoint: &str, request: &[u8]) -> Option<Vec<u8>> {
        let answer = self.send(endpoint, request);
        let mut exchange = Exchange {
            endpoint: endpoint.into(),
            request: Bytes(request.to_vec()),
            request_plain: Bytes(request.to_vec()),
            ..Exchange::default()
        };
        let reply = match answer {
            Ok(reply) => {
                exchange.status = Some(200);
                exchange.response = some(&reply);
                exchange.response_plain = some(&reply);
                Some(reply)
            }
            Err(refusal) => {
                self.refused_with(refusal, &mut exchange);
                None
            }
        };
        self.vector.exchange.push(exchange);
        reply
    }

    fn refused_with(&mut self, refusal: Refusal, exchange: &mut Exchange) {
        self.vector.result = format!("refused: {refusal}");
        exchange.error = Some(refusal.to_string());
    }

    /// proto-ver, with the filler that an empty request needs.
    pub(super) fn proto_ver(&mut self) {
        let reply = self.plain("proto-ver", b"---");
        assert!(reply.is_some());
    }

    /// The whole handshake; whether it was accepted.
    pub(super) fn handshake(&mut self) -> bool {
        match &self.scheme {
            Scheme::Sec0 => self.shake(sec0::Client::new()),
            Scheme::Sec1 { client_pop, .. } => {
                let private: [u8; 32] = entropy(&self.vector.seed, "client_private_key");
                self.shake(sec1::Client::dangerous_with_private_key(
                    client_pop.as_bytes(),
                    &private,
                ))
            }
            Scheme::Sec2(sec2) => {
                let a: [u8; 32] = entropy(&self.vector.seed, "a");
                let client = sec2::Client::dangerous_with_private_number(
                    sec2.username.as_bytes(),
                    sec2.password.as_bytes(),
                    Some(sec2.patch.level()),
                    &a,
                );
                self.shake(client.unwrap_or_else(|error| panic!("{error}")))
            }
        }
    }

    fn shake<H: Handshake>(&mut self, mut client: H) -> bool
    where
        H::Channel: 'static,
    {
        let stripped = matches!(&self.scheme, Scheme::Sec2(sec2) if sec2.stripped);
        let mut out = [0; 1024];
        let mut turn = 0;
        while let Some(mut len) = client.poll_request(&mut out).unwrap_or_else(|e| panic!("{e}")) {
            if stripped && turn == 1 {
                // As if the first proof had been refused: only the second one is written down.
                assert_eq!(client.handle_refusal(true), Ok(Retry::Request));
                len = match client.poll_request(&mut out) {
                    Ok(Some(len)) => len,
                    other => panic!("{other:?}"),
                };
            }
            let Some(reply) = self.plain("prov-session", &out[..len]) else {
                return false;
            };
            client
                .handle_response(&reply)
                .unwrap_or_else(|error| panic!("{}: {error}", self.vector.seed));
            turn += 1;
        }
        let channel = client.into_channel().unwrap_or_else(|error| panic!("{error}"));
        self.channel = Some(Box::new(channel));
        true
    }

    fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        let Some(channel) = &mut self.channel else {
            panic!("no session")
        };
        let mut record = plain.to_vec();
        record.resize(plain.len() + channel.overhead(), 0);
        let len = channel
            .seal(&mut record, plain.len())
            .unwrap_or_else(|error| panic!("{error}"));
        record.truncate(len);
        record
    }

    /// The nonce of the next record, if the scheme has any; filled in once the device's is known.
    fn count_record(&mut self) -> Option<u32> {
        let count = self.records;
        self.records += 1;
        matches!(self.scheme, Scheme::Sec2(_)).then_some(count)
    }

    /// One exchange that the device answers.
    pub(super) fn ask(&mut self, endpoint: &str, plain: &[u8]) {
        let record = self.seal(plain);
        let refusal = self.record(endpoint, plain, &record);
        assert_eq!(refusal, None, "{}: {endpoint}", self.vector.seed);
    }

    /// One exchange that the device refuses: the last of the run.
    pub(super) fn ask_refused(&mut self, endpoint: &str, plain: &[u8]) {
        let record = self.seal(plain);
        let refusal = self.record(endpoint, plain, &record);
        assert!(refusal.is_some(), "{}: {endpoint} accepted", self.vector.seed);
    }

    /// A record with one bit changed on the way; the last of the run.
    pub(super) fn ask_forged(&mut self, endpoint: &str, plain: &[u8]) {
        let mut record = self.seal(plain);
        record[0] ^= 0x01;
        let refusal = self.record(endpoint, plain, &record);
        assert!(refusal.is_some(), "{}: forged and accepted", self.vector.seed);
    }

    /// The last request once more, byte for byte. Whether it is taken depends on the patch level.
    pub(super) fn replay(&mut self) {
        let Some(last) = self.vector.exchange.last().cloned() else {
            panic!("nothing to repeat")
        };
        let _ = self.record(&last.endpoint, &last.request_plain.0, &last.request.0);
    }

    fn record(&mut self, endpoint: &str, plain: &[u8], record: &[u8]) -> Option<Refusal> {
        let mut exchange = Exchange {
            endpoint: endpoint.into(),
            request: Bytes(record.to_vec()),
            request_plain: Bytes(plain.to_vec()),
            request_encrypted: true,
            request_nonce: self.count_record().map(counter),
            ..Exchange::default()
        };
        let answer = self.send(endpoint, record);
        let refusal = match answer {
            Ok(reply) => {
                let Some(channel) = &mut self.channel else {
                    panic!("no session")
                };
                let mut opened = reply.clone();
                let plain = channel
                    .open(&mut opened)
                    .unwrap_or_else(|error| panic!("{}: {error}", self.vector.seed));
                exchange.response_plain = some(plain);
                exchange.status = Some(200);
                exchange.response = some(&reply);
                exchange.response_encrypted = Some(true);
                exchange.response_nonce = self.count_record().map(counter);
                None
            }
            Err(refusal) => {
                self.refused_with(refusal, &mut exchange);
                Some(refusal)
            }
        };
        self.vector.exchange.push(exchange);
        refusal
    }

    /// The vector, with every value of the handshake worked out from the secrets, not by the library.
    pub(super) fn finish(mut self) -> Vector {
        match &self.scheme {
            Scheme::Sec0 => {}
            Scheme::Sec1 {
                client_pop,
                device_pop,
            } => {
                self.vector.device_pop = Some((*device_pop).into());
                finish_sec1(&mut self.vector, client_pop);
            }
            Scheme::Sec2(sec2) => finish_sec2(&mut self.vector, sec2),
        }
        self.vector
    }
}

/// Where a record's nonce will stand: its place in the order of records.
fn counter(count: u32) -> Bytes {
    Bytes(count.to_be_bytes().to_vec())
}

fn session(bytes: &Bytes) -> Option<Proto> {
    let data: SessionData = espprov_proto::decode(&bytes.0).unwrap_or_else(|error| panic!("{error}"));
    data.proto
}

/// Requests and answers of prov-session, in order.
fn handshake_messages(vector: &Vector) -> Vec<Proto> {
    let exchanges = vector.exchange.iter().filter(|e| e.endpoint == "prov-session");
    exchanges
        .flat_map(|exchange| [Some(&exchange.request), exchange.response.as_ref()])
        .flatten()
        .filter_map(session)
        .collect()
}

fn finish_sec1(vector: &mut Vector, pop: &str) {
    vector.pop = Some(pop.into());
    let client: [u8; 32] = entropy(&vector.seed, "client_private_key");
    let device: [u8; 32] = entropy(&vector.seed, "device_private_key");
    let public = |private: [u8; 32]| x25519_dalek::x25519(private, x25519_dalek::X25519_BASEPOINT_BYTES);
    let shared = x25519_dalek::x25519(client, public(device));
    let mut key = shared;
    if !pop.is_empty() {
        for (byte, mask) in key.iter_mut().zip(Sha256::digest(pop)) {
            *byte ^= mask;
        }
    }
    vector.client_private_key = some(&client);
    vector.client_public_key = some(&public(client));
    vector.device_private_key = some(&device);
    vector.device_public_key = some(&public(device));
    vector.device_random = some(&entropy::<16>(&vector.seed, "device_random"));
    vector.ecdh_shared = some(&shared);
    vector.aes_key = some(&key);
    for message in handshake_messages(vector) {
        let Proto::Sec1(payload) = message else {
            panic!("not security 1")
        };
        match payload.payload {
            Some(sec1_payload::Payload::Sc1(command)) => {
                vector.client_verify = Some(Bytes(command.client_verify_data));
            }
            Some(sec1_payload::Payload::Sr1(reply)) => {
                vector.device_verify = Some(Bytes(reply.device_verify_data));
            }
            Some(sec1_payload::Payload::Sr0(reply)) => {
                assert_eq!(reply.device_pubkey, public(device), "{}", vector.seed);
            }
            _ => {}
        }
    }
}

fn finish_sec2(vector: &mut Vector, sec2: &Sec2) {
    let a: [u8; 32] = entropy(&vector.seed, "a");
    let b: [u8; 32] = entropy(&vector.seed, "b");
    let (username, password) = (sec2.username.as_bytes(), sec2.password.as_bytes());
    let a_pub = srp::power(&a);
    let b_pub = srp::device_public(&sec2.verifier, &b);
    let inner = srp::hash(&[username, b":", password]);
    let exact_x = srp::hash(&[&sec2.salt, &inner]);
    let x = if sec2.stripped {
        srp::hash(&[&sec2.salt, srp::minimal(&inner)])
    } else {
        exact_x.clone()
    };
    let u = srp::scrambler(&a_pub, &b_pub);
    let secret = srp::client_secret(&a, &b_pub, &u, &x);
    let key = srp::hash(&[srp::minimal(&secret)]);
    let proof = srp::client_proof(username, &sec2.salt, &a_pub, srp::minimal(&b_pub), &key);
    let device_proof = srp::hash(&[&a_pub, &proof, &key]);

    vector.username = Some(sec2.username.clone());
    vector.password = Some(sec2.password.clone());
    vector.salt = some(&sec2.salt);
    vector.verifier = some(&sec2.verifier);
    vector.verifier_from_bytes_exact_x = some(&srp::power(&exact_x));
    vector.a = some(&a);
    vector.A = some(&a_pub);
    vector.A_on_wire_len = Some(384);
    vector.b = some(&b);
    vector.B = some(&b_pub);
    vector.B_on_wire_len = Some(srp::minimal(&b_pub).len());
    vector.k = some(&srp::k());
    vector.inner_hash = some(&inner);
    vector.x = some(&x);
    vector.u = some(&u);
    vector.S = some(&secret);
    vector.S_len = Some(srp::minimal(&secret).len());
    vector.K = some(&key);
    vector.M1 = some(&proof);
    for message in handshake_messages(vector) {
        let Proto::Sec2(payload) = message else {
            panic!("not security 2")
        };
        match payload.payload {
            Some(sec2_payload::Payload::Sc0(command)) => assert_eq!(command.client_pubkey, a_pub),
            Some(sec2_payload::Payload::Sr0(reply)) => assert_eq!(reply.device_pubkey, srp::minimal(&b_pub)),
            Some(sec2_payload::Payload::Sc1(command)) => assert_eq!(command.client_proof, proof),
            Some(sec2_payload::Payload::Sr1(reply)) => {
                assert_eq!(reply.device_proof, device_proof);
                vector.M2 = some(&device_proof);
                vector.aes_key = some(&key[..32]);
                vector.device_nonce = Some(Bytes(reply.device_nonce));
            }
            None => panic!("no payload"),
        }
    }
    if let Some(nonce) = vector.device_nonce.clone() {
        for exchange in &mut vector.exchange {
            place_nonce(&mut exchange.request_nonce, &nonce.0);
            place_nonce(&mut exchange.response_nonce, &nonce.0);
        }
    }
}

/// From a record's place in the order to its nonce: counted up from 1, or the same for all at patch level 0.
fn place_nonce(field: &mut Option<Bytes>, nonce: &[u8]) {
    if let Some(Bytes(place)) = field {
        let count = place.iter().fold(0, |sum: u32, byte| sum << 8 | u32::from(*byte));
        *place = match nonce.split_at_checked(8) {
            Some((random, [_, _, _, _])) => [random, &(count + 1).to_be_bytes()].concat(),
            _ => nonce.to_vec(),
        };
    }
}
