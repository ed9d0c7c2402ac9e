//! The device under each real scheme, against the client halves: what the handshake opens, what a refusal does
//! to the cipher state.

mod common;

use common::{Counter, NOW, TestApp, exchange};
use espprov_device::{AnySecurity, AutoStop, Device, Firmware, Quirks, Refusal};
use espprov_security::{Channel, ChannelError, Handshake, HandshakeError, sec0, sec1, sec2};

type AnyDevice = Device<AnySecurity, TestApp>;

fn device(security: AnySecurity) -> AnyDevice {
    Device::new(
        "v1.1",
        security,
        TestApp::new(AutoStop::Enabled),
        Quirks::default(),
    )
}

fn verifier() -> sec2::Verifier {
    sec2::Verifier::generate(b"wifiprov", b"abcd1234", &[0x5a; 16]).unwrap()
}

fn handshake<H: Handshake>(device: &mut AnyDevice, mut client: H) -> Result<H::Channel, Refusal> {
    let mut out = [0; 1024];
    let mut rng = Counter(7);
    while let Some(len) = client.poll_request(&mut out).unwrap() {
        match device.handle("prov-session", &mut out, len, NOW, &mut rng) {
            espprov_device::Outcome::Reply(len) => client.handle_response(&out[..len]).unwrap(),
            espprov_device::Outcome::Refused(refusal) => return Err(refusal),
            other => panic!("{other:?}"),
        }
    }
    Ok(client.into_channel().unwrap())
}

/// A device of security 2 with the session of a client that was told this patch level.
fn session2(patch: sec2::Patch, claimed: u8) -> (AnyDevice, sec2::GcmChannel) {
    let mut device = device(AnySecurity::sec2(verifier(), patch));
    let client = sec2::Client::new(b"wifiprov", b"abcd1234", Some(claimed), &mut Counter(2)).unwrap();
    let channel = handshake(&mut device, client).unwrap();
    (device, channel)
}

/// A request that opens and is then refused moves the state by one, so the client, which counts nothing here, is in step.
fn refusal_moves_by_one(device: &mut AnyDevice, channel: &mut impl Channel) {
    let unknown = sealed(channel, &[0x08, 0x63]);
    assert_eq!(
        exchange(device, "prov-config", &unknown),
        Err(Refusal::UnknownMessage)
    );
    assert_eq!(status_reply(device, channel).unwrap(), CONNECTING);
}

fn sealed(channel: &mut impl Channel, plain: &[u8]) -> Vec<u8> {
    let mut buf = plain.to_vec();
    buf.resize(plain.len() + channel.overhead(), 0);
    let len = channel.seal(&mut buf, plain.len()).unwrap();
    buf.truncate(len);
    buf
}

/// Opens with the client's cipher what the device answered to `plain` on prov-config.
fn status_reply(device: &mut AnyDevice, channel: &mut impl Channel) -> Result<Vec<u8>, Refusal> {
    let mut reply = exchange(device, "prov-config", &sealed(channel, &[0x52, 0x00]))?;
    Ok(channel.open(&mut reply).unwrap().to_vec())
}

const CONNECTING: [u8; 6] = [0x08, 0x01, 0x5a, 0x02, 0x10, 0x01];

#[test]
fn every_scheme_serves_after_its_handshake() {
    let mut dev = device(AnySecurity::sec0());
    assert_eq!(
        exchange(&mut dev, "prov-config", &[0x52, 0x00]).unwrap(),
        CONNECTING,
        "sec0: no handshake"
    );
    let mut channel = handshake(&mut dev, sec0::Client::new()).unwrap();
    assert_eq!(status_reply(&mut dev, &mut channel).unwrap(), CONNECTING);

    for pop in [&b"abcd1234"[..], b""] {
        let mut dev = device(AnySecurity::sec1(pop, &Quirks::default()));
        assert_eq!(
            exchange(&mut dev, "prov-config", &[0x52, 0x00]),
            Err(Refusal::NoSession)
        );
        let mut channel = handshake(&mut dev, sec1::Client::new(pop, &mut Counter(1)).unwrap()).unwrap();
        for _ in 0..3 {
            assert_eq!(status_reply(&mut dev, &mut channel).unwrap(), CONNECTING);
        }
    }
    for (patch, claimed) in [(sec2::Patch::CounterNonce, 1), (sec2::Patch::FixedNonce, 0)] {
        let (mut dev, mut channel) = session2(patch, claimed);
        for _ in 0..3 {
            assert_eq!(status_reply(&mut dev, &mut channel).unwrap(), CONNECTING);
        }
        dev.new_session();
        assert_eq!(status_reply(&mut dev, &mut channel), Err(Refusal::NoSession));
    }
}

#[test]
fn wrong_credentials_are_refused_at_the_proof() {
    let wrong = Err(Refusal::Handshake(HandshakeError::WrongProof));
    let mut dev = device(AnySecurity::sec1(b"abcd1234", &Quirks::default()));
    let client = sec1::Client::new(b"guess", &mut Counter(1)).unwrap();
    assert_eq!(handshake(&mut dev, client).map(drop), wrong);
    let mut dev = device(AnySecurity::sec2(verifier(), sec2::Patch::CounterNonce));
    for (user, password) in [(&b"wifiprov"[..], &b"guess"[..]), (b"somebody", b"abcd1234")] {
        let client = sec2::Client::new(user, password, Some(1), &mut Counter(2)).unwrap();
        assert_eq!(handshake(&mut dev, client).map(drop), wrong);
    }
    // The same device takes the right ones afterwards.
    let client = sec2::Client::new(b"wifiprov", b"abcd1234", Some(1), &mut Counter(3)).unwrap();
    assert!(handshake(&mut dev, client).is_ok());
}

/// Command 1 with a wrong proof, then the right one, on one session.
fn corrected_proof(security: AnySecurity, mut right: impl Handshake) -> Result<usize, Refusal> {
    let mut dev = device(security);
    let mut out = [0; 1024];
    let len = right.poll_request(&mut out).unwrap().unwrap();
    let reply = exchange_in(&mut dev, &mut out, len)?;
    right.handle_response(&out[..reply]).unwrap();
    let len = right.poll_request(&mut out).unwrap().unwrap();
    let mut wrong = out;
    wrong[len - 1] ^= 1;
    assert!(exchange_in(&mut dev, &mut wrong, len).is_err());
    exchange_in(&mut dev, &mut out, len)
}

fn exchange_in(device: &mut AnyDevice, buf: &mut [u8], len: usize) -> Result<usize, Refusal> {
    match device.handle("prov-session", buf, len, NOW, &mut Counter(9)) {
        espprov_device::Outcome::Reply(len) => Ok(len),
        espprov_device::Outcome::Refused(refusal) => Err(refusal),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_corrected_proof_by_generation() {
    for (firmware, accepted) in [
        (Firmware::Idf44, false),
        (Firmware::Idf52, false),
        (Firmware::Idf55, false),
        (Firmware::Idf55Wifi, false),
        (Firmware::Idf6, true),
    ] {
        let security = AnySecurity::sec1(b"abcd1234", &Quirks::vendor(firmware));
        let client = sec1::Client::new(b"abcd1234", &mut Counter(1)).unwrap();
        assert_eq!(
            corrected_proof(security, client).is_ok(),
            accepted,
            "{firmware:?}"
        );
    }
    for patch in [sec2::Patch::FixedNonce, sec2::Patch::CounterNonce] {
        let client = sec2::Client::new(b"wifiprov", b"abcd1234", None, &mut Counter(2)).unwrap();
        assert!(corrected_proof(AnySecurity::sec2(verifier(), patch), client).is_ok());
    }
}

#[test]
fn what_moves_the_nonce_of_security_2() {
    let (mut dev, mut channel) = session2(sec2::Patch::CounterNonce, 1);
    let request = sealed(&mut channel, &[0x52, 0x00]);

    // Nothing of this moves the device's counter: the request above still opens.
    let mut forged = request.clone();
    forged[0] ^= 1;
    let bad = Err(Refusal::Record(ChannelError::Forged));
    assert_eq!(exchange(&mut dev, "prov-config", &forged), bad);
    assert_eq!(
        exchange(&mut dev, "prov-config", &request[..15]),
        Err(Refusal::Record(ChannelError::RecordTooShort))
    );
    exchange(&mut dev, "proto-ver", b"---").unwrap();
    let mut buf = [1; 64];
    let _ = dev.handle("absent", &mut buf, 64, NOW, &mut Counter(0));
    let mut reply = exchange(&mut dev, "prov-config", &request).unwrap();
    assert_eq!(channel.open(&mut reply).unwrap(), CONNECTING);
    assert_eq!(exchange(&mut dev, "prov-config", &request), bad, "a replay");

    refusal_moves_by_one(&mut dev, &mut channel);
}

/// Even one whose tag is right.
#[test]
fn a_record_of_nothing_but_a_tag_leaves_the_counter_alone() {
    let session = || session2(sec2::Patch::CounterNonce, 1);
    let (mut dev, mut channel) = session();
    let nothing = sealed(&mut channel, &[]);
    assert_eq!(nothing.len(), sec2::TAG_LEN);
    assert_eq!(exchange(&mut dev, "prov-config", &nothing), Err(Refusal::Empty));
    // The same session once more, for a client that has not counted the empty record.
    let (_, mut unmoved) = session();
    assert_eq!(status_reply(&mut dev, &mut unmoved).unwrap(), CONNECTING);
}

#[test]
fn a_refusal_moves_security_1_by_the_request() {
    let mut dev = device(AnySecurity::sec1(b"", &Quirks::default()));
    let client = sec1::Client::new(b"", &mut Counter(1)).unwrap();
    let mut channel = handshake(&mut dev, client).unwrap();
    refusal_moves_by_one(&mut dev, &mut channel);
}

#[test]
fn a_replay_is_taken_at_patch_level_0() {
    let (mut dev, mut channel) = session2(sec2::Patch::FixedNonce, 0);
    let request = sealed(&mut channel, &[0x52, 0x00]);
    let first = exchange(&mut dev, "prov-config", &request).unwrap();
    assert_eq!(exchange(&mut dev, "prov-config", &request).unwrap(), first);
}

#[test]
fn garbage_on_the_handshake_endpoint_keeps_an_open_session() {
    let (mut dev, mut channel) = session2(sec2::Patch::CounterNonce, 1);
    assert!(exchange(&mut dev, "prov-session", b"\xff").is_err());
    assert_eq!(status_reply(&mut dev, &mut channel).unwrap(), CONNECTING);
}
