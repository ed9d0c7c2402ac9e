//! ESP Local Control against recordings of the vendor's device code: what our client asks and reads, what our device answers and
//! refuses. (The handshakes and ciphers of the same files are `vendor_security.rs`'s.)

use core::time::Duration;
use espprov_core::request::Request;
use espprov_core::{DeviceInfo, ReplyError, SecurityScheme, StatusCode};
use espprov_device::{AnySecurity, Application, Device, NoSecurity, Outcome, Quirks};
use espprov_local_ctrl::device::{self, Changes, Entry, LocalControl, Properties, Rejected, Version};
use espprov_local_ctrl::{
    CountProperties, GetProperties, Info, Message, Property, Protocol, SetProperties, kind,
};
use espprov_proto::session::SessionData;
use espprov_security::DeviceHandshake;
use espprov_security::sec2::{Patch, Verifier};
use espprov_tests::rng::Script;
use espprov_tests::vendor::{self, Exchange, Vector};

const LOCAL: Protocol = Protocol::ESP_LOCAL_CTRL;
const CONTROL: &str = "esp_local_ctrl/control";

/// The recordings of local control itself.
fn recordings() -> impl Iterator<Item = Vector> {
    vendor::local_control().into_iter().filter(|vector| {
        vector
            .exchange
            .iter()
            .any(|exchange| exchange.endpoint == CONTROL)
    })
}

// ---- client ----

/// The question that the recorded client asked, in our types, and what comes of its answer.
fn ask(request: &[u8], response: &[u8]) -> (Vec<u8>, Result<Vec<Property>, ReplyError>) {
    let message = Message::read(request).unwrap();
    let mut out = vec![0; 512];
    let mut written = |request: &dyn Fn(&mut [u8]) -> usize| {
        let len = request(&mut out);
        out[..len].to_vec()
    };
    match message.msg {
        kind::GET_COUNT => {
            let question = CountProperties::new(&LOCAL);
            assert_eq!(question.decode(response), Ok(4));
            (written(&|out| question.encode(out).unwrap()), Ok(vec![]))
        }
        kind::GET_VALUES => {
            let indices: Vec<_> = message.indices().map(Result::unwrap).collect();
            let question = GetProperties::new(&LOCAL, &indices).unwrap();
            let found = question.decode(response);
            (written(&|out| question.encode(out).unwrap()), found)
        }
        _ => {
            let values: Vec<_> = message.values().map(Result::unwrap).collect();
            let question = SetProperties::new(&LOCAL, &values).unwrap();
            let verdict = question.decode(response).map(|()| vec![]);
            (written(&|out| question.encode(out).unwrap()), verdict)
        }
    }
}

#[test]
fn client_asks_and_reads_as_recorded() {
    let (mut asked, mut refused, mut read) = (0, 0, 0);
    for vector in recordings() {
        for exchange in vector
            .exchange
            .iter()
            .filter(|exchange| exchange.endpoint == CONTROL)
        {
            let (Some(request), Some(response)) = (&exchange.request_plain, &exchange.response_plain) else {
                continue;
            };
            let note = exchange.note.as_deref().unwrap_or_default();
            let (ours, answer) = ask(request, response);
            assert_eq!(
                hex::encode(ours),
                hex::encode(&request.0),
                "{}: {note}",
                vector.name
            );
            asked += 1;
            match answer {
                Ok(found) => read += found.len(),
                Err(ReplyError::Status(code)) => {
                    refused += 1;
                    let expected = match note {
                        _ if note.contains("InvalidProto") => StatusCode::InvalidProto,
                        _ if note.contains("InternalError") => StatusCode::InternalError,
                        _ => StatusCode::InvalidArgument,
                    };
                    assert_eq!(code, expected, "{}: {note}", vector.name);
                }
                Err(error) => panic!("{}: {note}: {error}", vector.name),
            }
        }
    }
    println!("{asked} questions, {refused} refused, {read} properties read");
    assert!(asked >= 70 && refused >= 28 && read >= 30);
}

#[test]
fn client_reads_the_recorded_versions() {
    let mut forms = std::collections::BTreeSet::new();
    for vector in recordings() {
        for exchange in vector.exchange.iter().filter(|exchange| exchange.is_version()) {
            let response = exchange.response.as_ref().unwrap();
            let info = DeviceInfo::parse_as(LOCAL.endpoints.root, response).unwrap();
            assert_eq!(info.version.as_str(), "v1.0");
            if info.names_scheme() {
                assert_eq!(info.scheme(), SecurityScheme::from_number(vector.security));
            }
            forms.insert((info.bare, info.security));
            // Ours says the same, byte for byte.
            let version = version_of(&vector, info.bare);
            assert_eq!(
                version.reply(&LOCAL).as_bytes(),
                &response.0[..],
                "{}",
                vector.name
            );
        }
    }
    let expected = [(false, Some(0)), (false, Some(1)), (false, Some(2)), (true, None)];
    assert!(forms.into_iter().eq(expected));
}

// ---- device ----

/// The table of the recorded device, with its application's habits.
struct Recorded {
    timestamp: Vec<u8>,
    number: Vec<u8>,
    text: Vec<u8>,
}

impl Properties for Recorded {
    fn count(&self) -> u32 {
        4
    }

    fn read(&mut self, index: u32, give: &mut dyn FnMut(&Entry<'_>)) -> Result<(), Rejected> {
        give(&match index {
            0 => Entry::new("timestamp (us)", 0, &self.timestamp).with_flags(Property::READ_ONLY),
            1 => Entry::new("property1", 1, &self.number),
            2 => Entry::new("property2", 2, &[0]).with_flags(Property::READ_ONLY),
            _ => Entry::new("property3", 3, &self.text),
        });
        Ok(())
    }

    fn size(&self, index: u32) -> Option<usize> {
        [Some(8), Some(4), Some(1), None][index as usize]
    }

    fn set(&mut self, changes: Changes<'_>) -> Result<(), Rejected> {
        for (index, value) in changes {
            match (index, value) {
                (3, b"STATE") => return Err(Rejected::InvalidState),
                (3, b"FAIL") => return Err(Rejected::Failed),
                (1, number) => self.number = number.to_vec(),
                (3, text) => self.text = text.to_vec(),
                _ => return Err(Rejected::InvalidArgument),
            }
        }
        Ok(())
    }

    fn endpoint(&self, index: usize) -> Option<(&str, u16)> {
        [("echo", 0xfe00)].get(index).copied()
    }

    fn custom(
        &mut self,
        _: &str,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, espprov_device::HandlerFailed> {
        reply[..request.len()].copy_from_slice(request);
        Ok(request.len())
    }
}

fn version_of(vector: &Vector, bare: bool) -> Version {
    if bare {
        return Version::Bare;
    }
    // A client that never began a session did not note the patch level: the device is the one of the others.
    let newest = u8::from(vector.security == 2);
    let noted = vector
        .sec_patch_ver
        .filter(|_| vector.handshake().next().is_some());
    Version::Json {
        security: vector.security,
        patch: noted.unwrap_or(newest),
    }
}

type Recording<S> = Device<S, LocalControl<Recorded>>;

fn recorded<S: DeviceHandshake>(vector: &Vector, security: S) -> Recording<S> {
    let table = Recorded {
        timestamp: vec![0; 8],
        number: 123_456_789_i32.to_le_bytes().to_vec(),
        text: vec![],
    };
    let bare = vector
        .exchange
        .iter()
        .any(|exchange| exchange.is_version() && exchange.response.as_ref().is_some_and(|r| r.0 == b"v1.0"));
    device::device(
        &LOCAL,
        version_of(vector, bare),
        security,
        table,
        Quirks::default(),
    )
}

/// The clock is the one thing about the device that its recording does not explain.
fn set_clock<S: DeviceHandshake>(device: &mut Recording<S>, exchange: &Exchange) {
    let Some(response) = &exchange.response_plain else {
        return;
    };
    let Ok(message) = Message::read(response) else {
        return;
    };
    for entry in message.properties().flatten() {
        let info = Info::read(entry).unwrap();
        if info.name == b"timestamp (us)" {
            device.app().properties().timestamp = info.value.to_vec();
        }
    }
}

fn send<S: DeviceHandshake>(
    device: &mut Recording<S>,
    exchange: &Exchange,
    request: &[u8],
    entropy: &mut Script,
) -> Option<Vec<u8>> {
    set_clock(device, exchange);
    let mut buf = vec![0; 4096];
    buf[..request.len()].copy_from_slice(request);
    match device.handle(
        &exchange.endpoint,
        &mut buf,
        request.len(),
        Duration::ZERO,
        entropy,
    ) {
        Outcome::Reply(len) => Some(buf[..len].to_vec()),
        Outcome::Refused(_) => None,
        other => panic!("{}: {other:?}", exchange.endpoint),
    }
}

/// Every file: what was in the records.
#[test]
fn device_answers_as_recorded() {
    let (mut answered, mut refused) = (0, 0);
    for vector in recordings() {
        let mut device = recorded(&vector, NoSecurity::default());
        for exchange in vector.exchange.iter().filter(|exchange| !exchange.is_handshake()) {
            let Some(request) = &exchange.request_plain else {
                continue;
            };
            let ours = send(&mut device, exchange, request, &mut Script::new(&[]));
            let recorded = exchange
                .response_plain
                .as_ref()
                .map(|response| response.0.clone());
            // That there was no session is told where there is one to be missed.
            if recorded.is_none() && vector.handshake().next().is_none() {
                continue;
            }
            let note = exchange.note.as_deref().unwrap_or_default();
            assert_eq!(
                ours.map(hex::encode),
                recorded.map(hex::encode),
                "{}: {note}",
                vector.name
            );
            match exchange.response {
                Some(_) => answered += 1,
                None => refused += 1,
            }
        }
    }
    println!("{answered} answered, {refused} refused");
    assert!(answered >= 70 && refused >= 2);
}

/// Security 2 where the device's private number is known, and security 0: every byte on the wire.
#[test]
fn device_is_the_recorded_one_on_the_wire() {
    let mut replayed = 0;
    for vector in recordings() {
        let (security, mut entropy) = match (vector.security, &vector.b, &vector.device_nonce) {
            (0, ..) => (AnySecurity::sec0(), Script::new(&[])),
            (2, Some(b), Some(nonce)) => {
                let salt = vector.need(&vector.salt, "salt");
                let verifier = Verifier::new(salt, vector.need(&vector.verifier, "verifier")).unwrap();
                let (patch, nonce) = match nonce.len() {
                    16 => (Patch::FixedNonce, &nonce[..]),
                    _ => (Patch::CounterNonce, &nonce[..8]),
                };
                (AnySecurity::sec2(verifier, patch), Script::new(&[b, nonce]))
            }
            _ => continue,
        };
        let mut device = recorded(&vector, security);
        for exchange in &vector.exchange {
            let ours = send(&mut device, exchange, &exchange.request, &mut entropy);
            let recorded = exchange.response.as_ref().map(|response| response.0.clone());
            if exchange.is_handshake() {
                // Encoders differ in the order of fields.
                let read = |bytes: Option<Vec<u8>>| {
                    bytes.map(|bytes| espprov_proto::decode::<SessionData>(&bytes).unwrap())
                };
                assert!(read(ours) == read(recorded), "{}: handshake", vector.name);
            } else {
                assert_eq!(
                    ours.map(hex::encode),
                    recorded.map(hex::encode),
                    "{}",
                    vector.name
                );
            }
        }
        replayed += 1;
    }
    assert!(replayed >= 3, "{replayed}");
}

#[test]
fn device_refuses_what_comes_before_the_session() {
    let mut refused = 0;
    for vector in recordings().filter(|vector| vector.handshake().next().is_none()) {
        let verifier = Verifier::generate(b"wifiprov", b"abcd1234", &[7; 16]).unwrap();
        let mut device = recorded(&vector, AnySecurity::sec2(verifier, Patch::CounterNonce));
        for exchange in &vector.exchange {
            let ours = send(&mut device, exchange, &exchange.request, &mut Script::new(&[]));
            assert_eq!(ours.is_some(), exchange.response.is_some(), "{}", vector.name);
            refused += usize::from(ours.is_none());
        }
    }
    assert_eq!(refused, 1);
}

/// Names and ids as the vendor's example has them on Bluetooth.
#[test]
fn endpoints_and_their_ids() {
    let device = recorded(&recordings().next().unwrap(), AnySecurity::sec0());
    let mut endpoints: Vec<_> = device.endpoints().collect();
    assert_eq!(
        endpoints.pop(),
        Some((0xfe00, "echo")),
        "the application's own come last"
    );
    endpoints.sort_unstable();
    let expected = [
        (0xff50, "esp_local_ctrl/version"),
        (0xff51, "esp_local_ctrl/session"),
        (0xff52, CONTROL),
    ];
    assert_eq!(endpoints, expected);
    assert_eq!(device.app_ref().endpoint(2), None);
    let mut other = recorded(&recordings().next().unwrap(), AnySecurity::sec0());
    for name in ["prov-config", "proto-ver", "prov-session", "nobody"] {
        let outcome = other.handle(name, &mut [0; 64], 2, Duration::ZERO, &mut Script::new(&[]));
        assert_eq!(outcome, Outcome::NoSuchEndpoint, "{name}");
    }
}

// ---- neighbours ----

/// The recordings of RainMaker's endpoints are for a later protocol: whole, and read.
#[test]
fn neighbours_are_well_formed() {
    let neighbours: Vec<_> = vendor::local_control()
        .into_iter()
        .filter(|vector| vector.name.starts_with("rm_"))
        .collect();
    assert_eq!(neighbours.len(), 4);
    for vector in neighbours {
        assert!(vector.handshake().count() == 2, "{}", vector.name);
        let version = vector
            .exchange
            .iter()
            .find(|exchange| exchange.is_version())
            .unwrap();
        let root = match version.endpoint.as_str() {
            "proto-ver" => "prov",
            _ => "on_network",
        };
        let info = DeviceInfo::parse_as(root, version.response.as_ref().unwrap()).unwrap();
        assert!(!info.bare, "{}", vector.name);
        let own = vector
            .exchange
            .iter()
            .filter(|e| !e.is_handshake() && !e.is_version());
        assert!(own.clone().count() > 0);
        assert!(
            own.clone().all(|exchange| exchange.request_plain.is_some()),
            "{}",
            vector.name
        );
    }
}
