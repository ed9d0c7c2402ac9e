//! The vendor's device firmware as referee of the security layer.
//!
//! Client role: given the recorded secrets and responses, our half must produce every recorded request.
//! Device role: given the recorded entropy and requests, our half must produce every recorded response and
//! refuse exactly what the firmware refused. What a file is good for follows from its content.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U256, U512, U1024, U3072};
use espprov_proto::session::SessionData;
use espprov_security::sec1::CtrChannel;
use espprov_security::sec2::{GcmChannel, Patch, Verifier};
use espprov_security::{
    Budget, Channel, ChannelError, DeviceHandshake, Handshake, HandshakeError, Progress, Retry, sec0, sec1,
    sec2,
};
use espprov_tests::generate;
use espprov_tests::rng::Script;
use espprov_tests::vendor::{self, Exchange, Hex, Vector};
use sha2::{Digest, Sha512};

// ---- helpers ----

fn session(bytes: &[u8], name: &str) -> SessionData {
    espprov_proto::decode(bytes).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn array<const N: usize>(vector: &Vector, value: &Option<Hex>, what: &str) -> [u8; N] {
    let bytes = vector.need(value, what);
    bytes
        .try_into()
        .unwrap_or_else(|_| panic!("{}: {what} of {} bytes", vector.name, bytes.len()))
}

/// A number of `N` bytes, perhaps recorded without its leading zeros.
fn private<const N: usize>(vector: &Vector, value: &Option<Hex>, what: &str) -> [u8; N] {
    let bytes = padded_to(vector.need(value, what), N);
    bytes
        .try_into()
        .unwrap_or_else(|_| panic!("{}: {what} is too long", vector.name))
}

fn text<'a>(vector: &Vector, value: &'a Option<String>, what: &str) -> &'a [u8] {
    match value {
        Some(text) => text.as_bytes(),
        None => panic!("{}: no {what}", vector.name),
    }
}

fn stripped(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros.min(bytes.len().saturating_sub(1))..]
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    [vec![0; 384 - bytes.len()], bytes.to_vec()].concat()
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    Sha512::digest(parts.concat()).to_vec()
}

/// A channel of the recorded scheme, for tests that do not care which.
enum AnyChannel {
    Plain(espprov_security::Plain),
    Ctr(CtrChannel),
    Gcm(GcmChannel),
}

impl AnyChannel {
    fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut buf = plain.to_vec();
        buf.resize(plain.len() + 16, 0);
        let len = match self {
            Self::Plain(channel) => channel.seal(&mut buf, plain.len()),
            Self::Ctr(channel) => channel.seal(&mut buf, plain.len()),
            Self::Gcm(channel) => channel.seal(&mut buf, plain.len()),
        };
        buf.truncate(len.expect("a record can be sealed"));
        buf
    }

    fn open(&mut self, record: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let mut buf = record.to_vec();
        match self {
            Self::Plain(channel) => channel.open(&mut buf).map(<[u8]>::to_vec),
            Self::Ctr(channel) => channel.open(&mut buf).map(<[u8]>::to_vec),
            Self::Gcm(channel) => channel.open(&mut buf).map(<[u8]>::to_vec),
        }
    }
}

/// Application exchanges: those the record cipher applies to.
fn records(vector: &Vector) -> impl Iterator<Item = (&Exchange, &[u8])> {
    vector
        .exchange
        .iter()
        .filter(|exchange| !exchange.is_handshake() && !exchange.is_version())
        .filter(|exchange| exchange.request_encrypted || vector.security == 0)
        .map(|exchange| (exchange, vector.need(&exchange.request_plain, "request_plain")))
}

/// Replays the records as the client. Gives the number of records compared.
fn client_records(vector: &Vector, channel: &mut AnyChannel) -> usize {
    let mut count = 0;
    for (exchange, plain) in records(vector) {
        let refused_by_cipher = exchange.response.is_none() && channel_was_out_of_step(vector, exchange);
        if !refused_by_cipher {
            assert_eq!(
                channel.seal(plain),
                exchange.request.0,
                "{}: request",
                vector.name
            );
            count += 1;
        }
        if let Some(response) = &exchange.response {
            let want = vector.need(&exchange.response_plain, "response_plain");
            let got = channel
                .open(response)
                .unwrap_or_else(|error| panic!("{}: {error}", vector.name));
            assert_eq!(got, want, "{}: response", vector.name);
            count += 1;
        }
    }
    count
}

/// A last record that the device's cipher refused (damaged or repeated) is not what a correct client seals.
fn channel_was_out_of_step(vector: &Vector, last: &Exchange) -> bool {
    vector.security == 2 && {
        let mut device = record_channel(vector);
        records(vector)
            .take_while(|(exchange, _)| !core::ptr::eq(*exchange, last))
            .for_each(|(exchange, _)| {
                device.open(&exchange.request).expect("accepted by the device");
                device.seal(vector.need(&exchange.response_plain, "response_plain"));
            });
        device.open(&last.request).is_err()
    }
}

/// Replays the records as the device. Gives the number of records compared.
fn device_records(vector: &Vector, channel: &mut AnyChannel) -> usize {
    let mut count = 0;
    for (exchange, plain) in records(vector) {
        match (&exchange.response, channel.open(&exchange.request)) {
            (Some(response), Ok(got)) => {
                assert_eq!(got, plain, "{}: request", vector.name);
                let plain = vector.need(&exchange.response_plain, "response_plain");
                assert_eq!(channel.seal(plain), response.0, "{}: response", vector.name);
                count += 2;
            }
            // The firmware opened it too and a handler refused: beyond this layer.
            (None, Ok(got)) => assert_eq!(got, plain, "{}: refused request", vector.name),
            (None, Err(_)) => count += 1,
            (Some(_), Err(error)) => panic!("{}: {error}", vector.name),
        }
    }
    count
}

/// The record cipher from the recorded key material, standing where the records begin.
fn record_channel(vector: &Vector) -> AnyChannel {
    match vector.security {
        0 => AnyChannel::Plain(espprov_security::Plain),
        1 => {
            let mut channel = CtrChannel::new(
                &array(vector, &vector.aes_key, "aes_key"),
                &array(vector, &vector.device_random, "device_random"),
            );
            let mut verify = vector
                .need(&vector.device_public_key, "device_public_key")
                .to_vec();
            channel.seal(&mut verify, 32).expect("32 bytes of keystream");
            assert_eq!(
                verify,
                vector.need(&vector.client_verify, "client_verify"),
                "{}",
                vector.name
            );
            if let Some(device_verify) = &vector.device_verify {
                let mut verify = vector
                    .need(&vector.client_public_key, "client_public_key")
                    .to_vec();
                channel.seal(&mut verify, 32).expect("32 bytes of keystream");
                assert_eq!(verify, device_verify.0, "{}", vector.name);
            }
            AnyChannel::Ctr(channel)
        }
        2 => {
            let key = array(vector, &vector.aes_key, "aes_key");
            let nonce = vector.need(&vector.device_nonce, "device_nonce");
            AnyChannel::Gcm(match nonce.len() {
                12 => GcmChannel::counter(&key, nonce.try_into().unwrap()),
                16 => GcmChannel::dangerous_fixed_nonce(&key, nonce.try_into().unwrap()),
                len => panic!("{}: nonce of {len} bytes", vector.name),
            })
        }
        other => panic!("{}: security {other}", vector.name),
    }
}

// ---- client role ----

#[derive(Debug, PartialEq, Eq)]
enum Origin {
    /// Byte-exact rules: ours must be the same.
    Exact,
    /// The inner digest without its leading zeros: ours must be the same in the fallback form.
    StrippedDigest,
    /// A was sent with fewer than 384 bytes.
    ShortA,
    /// Some other known fault in x, u, K or M1: ours must differ.
    Faulty(&'static str),
}

/// Which rules did the recording client follow? Computed from the recorded values alone, with none of our
/// own code but SHA-512.
fn origin(vector: &Vector) -> Origin {
    let command0 = session(
        &vector.handshake().next().expect("a first command").request,
        &vector.name,
    );
    let Some(espprov_proto::session::session_data::Proto::Sec2(payload)) = command0.proto else {
        panic!("{}: not security 2", vector.name)
    };
    let Some(espprov_proto::session::sec2_payload::Payload::Sc0(command0)) = payload.payload else {
        panic!("{}: no command 0", vector.name)
    };
    let a_wire = command0.client_pubkey;
    if a_wire.len() != 384 {
        return Origin::ShortA;
    }
    if vector.handshake().count() == 1 {
        // Refused at command 0 although A has its length: nothing more to learn.
        return Origin::Exact;
    }
    let salt = vector.need(&vector.salt, "salt");
    let inner = hash(&[
        text(vector, &vector.username, "username"),
        b":",
        text(vector, &vector.password, "password"),
    ]);
    assert_eq!(
        padded_to(vector.need(&vector.inner_hash, "inner_hash"), 64),
        inner,
        "{}",
        vector.name
    );

    // B as the device sent it, and both numbers padded.
    let b_wire = device_public(vector);
    let u = padded_to(vector.need(&vector.u, "u"), 64);
    let u_form = if hash(&[&a_wire, &padded(&b_wire)]) == u {
        Origin::Exact
    } else if hash(&[stripped(&a_wire), stripped(&b_wire)]) == u {
        Origin::Faulty("u hashes A or B without their zeros")
    } else {
        panic!("{}: u follows no known rule", vector.name)
    };

    // The recorded `x` and `S` are the byte-exact ones whatever the client did; its K tells what it did.
    let key = vector.need(&vector.K, "K");
    let secret_of = |salt: &[u8], inner: &[u8]| client_secret(vector, &b_wire, &u, &hash(&[salt, inner]));
    let key_is = |salt: &[u8], inner: &[u8]| hash(&[stripped(&secret_of(salt, inner))]) == key;
    let x_form = if key_is(salt, &inner) {
        Origin::Exact
    } else if key_is(salt, stripped(&inner)) {
        Origin::StrippedDigest
    } else if key_is(stripped(salt), &inner) || key_is(stripped(salt), stripped(&inner)) {
        Origin::Faulty("x hashes the salt without its zeros")
    } else if hash(&[&secret_of(salt, &inner)]) == key {
        Origin::Faulty("K hashes S with its zeros")
    } else {
        panic!("{}: K follows no known rule", vector.name)
    };

    let group: Vec<u8> = hash(&[&n()])
        .iter()
        .zip(hash(&[&padded(&[5])]))
        .map(|(n, g)| n ^ g)
        .collect();
    let identity = hash(&[text(vector, &vector.username, "username")]);
    let m1 = vector.need(&vector.M1, "M1");
    let m1_is = |salt: &[u8], a: &[u8], b: &[u8]| hash(&[&group, &identity, salt, a, b, key]) == m1;
    let m1_form = if m1_is(salt, &a_wire, &b_wire) {
        Origin::Exact
    } else {
        let mut known = false;
        for salt in [salt, stripped(salt)] {
            for a in [&a_wire[..], stripped(&a_wire)] {
                for b in [&b_wire[..], &padded(&b_wire)] {
                    known |= m1_is(salt, a, b);
                }
            }
        }
        assert!(known, "{}: M1 follows no known rule", vector.name);
        Origin::Faulty("M1 hashes A or the salt without its zeros, or B with them")
    };

    for form in [u_form, m1_form] {
        if form != Origin::Exact {
            return form;
        }
    }
    x_form
}

/// S = (B − k·g^x)^(a + u·x), by a general big-number library.
fn client_secret(vector: &Vector, b: &[u8], u: &[u8], x: &[u8]) -> Vec<u8> {
    let params = FixedMontyParams::new_vartime(Odd::new(U3072::from_be_slice(&n())).unwrap());
    let form = |bytes: &[u8]| FixedMontyForm::new(&U3072::from_be_slice(&padded(bytes)), &params);
    let k = form(&hash(&[&n(), &padded(&[5])]));
    let x = U512::from_be_slice(x);
    let base = form(b) - k * form(&[5]).pow(&x);
    let ux: U1024 = U512::from_be_slice(u).concatenating_mul(&x);
    let exponent = ux.wrapping_add(&U256::from_be_slice(vector.need(&vector.a, "a")).resize());
    base.pow(&exponent).retrieve().to_be_bytes().as_ref().to_vec()
}

fn padded_to(bytes: &[u8], len: usize) -> Vec<u8> {
    [vec![0; len.saturating_sub(bytes.len())], bytes.to_vec()].concat()
}

fn n() -> Vec<u8> {
    hex::decode(espprov_tests::srp::N).unwrap()
}

fn device_public(vector: &Vector) -> Vec<u8> {
    let response = vector
        .handshake()
        .next()
        .and_then(|exchange| exchange.response.as_ref());
    let message = session(response.expect("a first response"), &vector.name);
    match message.proto {
        Some(espprov_proto::session::session_data::Proto::Sec2(payload)) => match payload.payload {
            Some(espprov_proto::session::sec2_payload::Payload::Sr0(reply)) => reply.device_pubkey,
            _ => panic!("{}: no response 0", vector.name),
        },
        _ => panic!("{}: not security 2", vector.name),
    }
}

/// The next request, computed at once or so much at a time.
fn poll(client: &mut impl Handshake, budget: Budget, vector: &Vector) -> SessionData {
    while client.compute(budget) == Ok(Progress::Busy) {}
    let mut out = [0; 2048];
    match client.poll_request(&mut out) {
        Ok(Some(len)) => session(&out[..len], &vector.name),
        other => panic!("{}: {other:?} where the recording has a request", vector.name),
    }
}

/// [`client_handshake`] with security 2, whatever is computed at a time.
fn sec2_handshake(vector: &Vector, fallback: bool) -> Option<AnyChannel> {
    let run = |budget| client_handshake(vector, sec2_client(vector), budget, fallback);
    for products in [1, 97] {
        run(Budget::products(products));
    }
    run(Budget::UNLIMITED).map(AnyChannel::Gcm)
}

/// Feeds a handshake to a client that must produce each recorded request. `None` when it ends refused.
fn client_handshake<H: Handshake>(
    vector: &Vector,
    mut client: H,
    budget: Budget,
    fallback: bool,
) -> Option<H::Channel> {
    for (index, exchange) in vector.handshake().enumerate() {
        let recorded = session(&exchange.request, &vector.name);
        let mut ours = poll(&mut client, budget, vector);
        if fallback && index == 1 {
            assert!(
                ours != recorded,
                "{}: the first proof is the byte-exact one",
                vector.name
            );
            assert_eq!(client.handle_refusal(true), Ok(Retry::Request), "{}", vector.name);
            assert!(client.notices().stripped_digest, "{}", vector.name);
            ours = poll(&mut client, budget, vector);
        }
        assert!(
            ours == recorded,
            "{}: handshake request {index} differs",
            vector.name
        );
        match &exchange.response {
            Some(response) => client
                .handle_response(response)
                .unwrap_or_else(|error| panic!("{}: response {index}: {error}", vector.name)),
            None => {
                let retry = client.handle_refusal(false).expect("a response was awaited");
                let digest_begins_00 = vector
                    .inner_hash
                    .as_ref()
                    .is_some_and(|hash| padded_to(hash, 64).starts_with(&[0]));
                if index == 1 && digest_begins_00 && !fallback {
                    assert_eq!(retry, Retry::Restart, "{}", vector.name);
                } else {
                    let wrong_credentials = index == 1;
                    assert_eq!(retry, Retry::GiveUp { wrong_credentials }, "{}", vector.name);
                }
                return None;
            }
        }
    }
    assert_eq!(
        client.poll_request(&mut [0; 2048]),
        Ok(None),
        "{}: not finished",
        vector.name
    );
    Some(
        client
            .into_channel()
            .unwrap_or_else(|error| panic!("{}: {error}", vector.name)),
    )
}

fn sec2_client(vector: &Vector) -> sec2::Client {
    sec2::Client::dangerous_with_private_number(
        text(vector, &vector.username, "username"),
        text(vector, &vector.password, "password"),
        vector.sec_patch_ver,
        &private(vector, &vector.a, "a"),
    )
    .unwrap_or_else(|error| panic!("{}: {error}", vector.name))
}

/// A faulty client's run: ours must differ exactly where the fault is.
fn faulty_client(vector: &Vector, origin: &Origin) {
    let mut client = sec2_client(vector);
    let exchanges: Vec<_> = vector.handshake().collect();
    let ours = poll(&mut client, Budget::UNLIMITED, vector);
    let same = ours == session(&exchanges[0].request, &vector.name);
    if *origin == Origin::ShortA {
        assert!(!same, "{}: ours sends all of A", vector.name);
        return;
    }
    assert!(same, "{}: command 0 is right in this recording", vector.name);
    client
        .handle_response(exchanges[0].response.as_ref().expect("accepted"))
        .expect("a good response");
    let proof = poll(&mut client, Budget::UNLIMITED, vector);
    assert!(
        proof != session(&exchanges[1].request, &vector.name),
        "{}: {origin:?}, and yet our proof is the same",
        vector.name
    );
}

#[test]
fn vendor_client_role() {
    client_role(vendor::load());
}

#[test]
fn local_control_client_role() {
    client_role(vendor::local_control());
}

#[test]
fn own_client_role() {
    client_role(vendor::load_from(&generate::directory()));
}

fn client_role(vectors: Vec<Vector>) {
    let mut compared = 0;
    for vector in vectors {
        // Refused before there was a handshake, or a value that no right client makes.
        if vector.handshake().next().is_none() || (vector.security == 2 && vector.a.is_none()) {
            assert!(!vector.accepted(), "{}", vector.name);
            continue;
        }
        let channel = match vector.security {
            0 => client_handshake(&vector, sec0::Client::new(), Budget::UNLIMITED, false)
                .map(AnyChannel::Plain),
            1 => {
                let private = array(&vector, &vector.client_private_key, "client_private_key");
                let client = sec1::Client::dangerous_with_private_key(
                    vector.pop.as_deref().unwrap_or("").as_bytes(),
                    &private,
                );
                client_handshake(&vector, client, Budget::UNLIMITED, false).map(AnyChannel::Ctr)
            }
            2 if vector.username.as_deref() == Some("") => {
                // Ours does not even begin.
                let a = array(&vector, &vector.a, "a");
                let refused = sec2::Client::dangerous_with_private_number(b"", b"", None, &a);
                assert!(
                    matches!(refused, Err(HandshakeError::EmptyUsername)),
                    "{}",
                    vector.name
                );
                None
            }
            2 => match origin(&vector) {
                Origin::Exact => sec2_handshake(&vector, false),
                Origin::StrippedDigest => sec2_handshake(&vector, true),
                fault @ (Origin::ShortA | Origin::Faulty(_)) => {
                    println!("{}: a faulty client: {fault:?}", vector.name);
                    assert!(!vector.accepted(), "{}: {fault:?}, and yet accepted", vector.name);
                    faulty_client(&vector, &fault);
                    None
                }
            },
            other => panic!("{}: security {other}", vector.name),
        };
        match channel {
            Some(mut channel) => compared += client_records(&vector, &mut channel),
            None => assert!(
                !vector.accepted(),
                "{}: accepted there, refused here",
                vector.name
            ),
        }
    }
    println!("{compared} records compared in the client role");
}

// ---- device role ----

/// Feeds the recorded requests to a device. `exact`: its entropy is the recorded one, so responses must be
/// the same. Gives whether the handshake was completed.
fn device_handshake<D: DeviceHandshake>(
    vector: &Vector,
    device: &mut D,
    mut entropy: Script,
    exact: bool,
) -> bool {
    let mut out = [0; 2048];
    for (index, exchange) in vector.handshake().enumerate() {
        let result = device.handle_request(&exchange.request, &mut entropy, &mut out);
        match (&exchange.response, result) {
            (Some(response), Ok(len)) => {
                if exact {
                    assert!(
                        session(response, &vector.name) == session(&out[..len], &vector.name),
                        "{}: handshake response {index} differs",
                        vector.name
                    );
                }
            }
            (None, Err(error)) => {
                assert!(
                    error.is_authentication() || error.is_peer_fault(),
                    "{}: refused for the wrong reason: {error}",
                    vector.name
                );
                return false;
            }
            (None, Ok(_)) => panic!("{}: request {index} was refused by the firmware", vector.name),
            (Some(_), Err(error)) => panic!("{}: request {index}: {error}", vector.name),
        }
    }
    true
}

/// With the device's private key, which recordings of real devices do not give.
fn sec1_device(vector: &Vector) {
    let pop = vector.device_pop.as_ref().or(vector.pop.as_ref());
    let entropy = Script::new(&[
        vector.need(&vector.device_private_key, "device_private_key"),
        vector.need(&vector.device_random, "device_random"),
    ]);
    let mut device = sec1::Device::new(pop.map_or(b"", |pop| pop.as_bytes()));
    if device_handshake(vector, &mut device, entropy, true) {
        assert!(device_records(vector, &mut record_channel(vector)) > 0);
    } else {
        assert!(!vector.accepted(), "{}", vector.name);
    }
}

/// Was it a handshake request that the device refused (not a later one)?
fn handshake_refused(vector: &Vector) -> bool {
    vector.handshake().any(|exchange| exchange.response.is_none())
}

fn sec2_device(vector: &Vector) {
    let patch = match (&vector.device_nonce, vector.sec_patch_ver) {
        (Some(nonce), _) if nonce.len() == 16 => Patch::FixedNonce,
        (Some(_), _) => Patch::CounterNonce,
        (None, None | Some(0)) => Patch::FixedNonce,
        (None, Some(_)) => Patch::CounterNonce,
    };
    // Eight bytes at patch level 1 (the counter is not random), all sixteen at 0.
    let nonce = match (&vector.device_nonce, patch) {
        (Some(nonce), Patch::FixedNonce) => nonce.0.clone(),
        (Some(nonce), _) => nonce[..8].to_vec(),
        (None, _) => vec![0; 16],
    };
    let (verifier, b, exact) = match (&vector.salt, &vector.verifier, &vector.b) {
        (Some(salt), Some(verifier), Some(b)) => {
            let verifier = Verifier::new(salt, verifier).unwrap_or_else(|e| panic!("{}: {e}", vector.name));
            (verifier, padded_to(b, 32), true)
        }
        // Nothing but a record, which there was no session for.
        _ if vector.handshake().next().is_none() => return,
        // The device's numbers are not recorded. What it refused must be refused whatever they are.
        _ if handshake_refused(vector) => {
            let verifier = Verifier::generate(b"stand-in", b"stand-in", &[7; 16]).expect("valid");
            (verifier, (1..=32).collect(), false)
        }
        _ => {
            device_records(vector, &mut record_channel(vector));
            return;
        }
    };
    let mut device = sec2::Device::new(verifier, patch);
    if device_handshake(vector, &mut device, Script::new(&[&b, &nonce]), exact) && exact {
        GcmOf(&mut device).records(vector);
    }
}

/// The records through the channel inside the device half.
struct GcmOf<'d>(&'d mut sec2::Device);

impl GcmOf<'_> {
    fn records(&mut self, vector: &Vector) -> usize {
        let channel = self.0.channel().expect("a finished handshake");
        let mut count = 0;
        for (exchange, plain) in records(vector) {
            let mut buf = exchange.request.0.clone();
            match (&exchange.response, channel.open(&mut buf)) {
                (Some(response), Ok(got)) => {
                    assert_eq!(got, plain, "{}: request", vector.name);
                    let mut buf = vector.need(&exchange.response_plain, "response_plain").to_vec();
                    let len = buf.len();
                    buf.resize(len + channel.overhead(), 0);
                    channel.seal(&mut buf, len).expect("a record can be sealed");
                    assert_eq!(buf, response.0, "{}: response", vector.name);
                }
                (None, Ok(got)) => assert_eq!(got, plain, "{}: refused request", vector.name),
                (None, Err(_)) => {}
                (Some(_), Err(error)) => panic!("{}: {error}", vector.name),
            }
            count += 1;
        }
        count
    }
}

#[test]
fn vendor_device_role() {
    device_role(vendor::load());
}

#[test]
fn local_control_device_role() {
    device_role(vendor::local_control());
}

#[test]
fn own_device_role() {
    device_role(vendor::load_from(&generate::directory()));
}

/// A recording may end at any refused exchange, with the device's numbers or without them.
#[test]
fn recordings_that_end_in_a_refused_record() {
    let mut cut = Vec::new();
    // Those in this repository: other directories may hold none that can be cut.
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/vendor");
    for vector in vendor::load_from(&directory) {
        let Some(at) = vector.exchange.iter().position(|e| e.request_encrypted) else {
            continue;
        };
        if !vector.accepted() {
            continue;
        }
        for keep_b in [true, false] {
            let mut vector = vector.clone();
            vector.result = "refused: by a handler".to_owned();
            vector.exchange.truncate(at + 1);
            let last = &mut vector.exchange[at];
            (last.status, last.response, last.response_plain) = (None, None, None);
            vector.b = vector.b.filter(|_| keep_b);
            cut.push(vector);
        }
    }
    assert!(!cut.is_empty());
    client_role(cut.clone());
    device_role(cut);
}

fn device_role(vectors: Vec<Vector>) {
    for vector in vectors {
        match vector.security {
            0 => {
                let mut device = sec0::Device::new();
                if device_handshake(&vector, &mut device, Script::new(&[]), true) {
                    device_records(&vector, &mut AnyChannel::Plain(espprov_security::Plain));
                }
            }
            1 if vector.device_private_key.is_some() => sec1_device(&vector),
            1 if !handshake_refused(&vector) => {
                device_records(&vector, &mut record_channel(&vector));
            }
            1 => {
                // The device's private key is not recorded: any device with another PoP must refuse the same.
                if vector.client_verify.is_some() {
                    record_channel(&vector);
                }
                let mut device = sec1::Device::new(b"the device's own");
                device_handshake(
                    &vector,
                    &mut device,
                    Script::new(&[b"forty-eight bytes, of which no half is the other."]),
                    false,
                );
            }
            2 => sec2_device(&vector),
            other => panic!("{}: security {other}", vector.name),
        }
    }
}

#[test]
fn vendor_generated_verifiers() {
    generated_verifiers(vendor::load());
}

#[test]
fn own_generated_verifiers() {
    generated_verifiers(vendor::load_from(&generate::directory()));
}

fn generated_verifiers(vectors: Vec<Vector>) {
    let mut compared = 0;
    for vector in vectors {
        let (Some(salt), Some(want)) = (&vector.salt, &vector.verifier_from_bytes_exact_x) else {
            continue;
        };
        let made = Verifier::generate(
            text(&vector, &vector.username, "username"),
            text(&vector, &vector.password, "password"),
            salt,
        )
        .unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        assert_eq!(made.verifier(), padded(want), "{}", vector.name);
        compared += 1;
    }
    println!("{compared} verifiers compared");
}
