//! Handshake messages and records, in both roles and all schemes.
//!
//! Random bytes never guess a proof, so an input says how many exchanges the peer answers honestly before the
//! input's own bytes take over: 0 = hostile from the start, 2 = a finished handshake and hostile records.

use crate::Messages;
use crate::entropy::Counting;
use espprov_security::{Channel, DeviceHandshake, Handshake, Retry, sec0, sec1, sec2};
use std::sync::LazyLock;

const POP: &[u8] = b"abcd1234";
const USERNAME: &[u8] = b"wifiprov";
/// Where the two sides' entropy starts.
const CLIENT: Counting = Counting(0x10);
const DEVICE: Counting = Counting(0x60);
/// Larger than any handshake message or record here.
const ROOM: usize = 9000;

static VERIFIER: LazyLock<sec2::Verifier> = LazyLock::new(|| {
    sec2::Verifier::generate(USERNAME, POP, b"0123456789abcdef").expect("valid credentials")
});

/// The honest run of each scheme: requests and responses, always the same bytes.
type Run = Vec<(Vec<u8>, Vec<u8>)>;
static RUNS: [LazyLock<Run>; 4] = [
    LazyLock::new(|| honest(sec0::Client::new(), sec0::Device::new())),
    LazyLock::new(|| honest(client1(), sec1::Device::new(POP))),
    LazyLock::new(|| honest(client2(None), device2(sec2::Patch::FixedNonce))),
    LazyLock::new(|| honest(client2(Some(1)), device2(sec2::Patch::CounterNonce))),
];

fn client1() -> sec1::Client {
    sec1::Client::new(POP, &mut { CLIENT }).expect("this entropy never fails")
}

fn client2(claimed_patch: Option<u8>) -> sec2::Client {
    sec2::Client::new(USERNAME, POP, claimed_patch, &mut { CLIENT }).expect("this entropy never fails")
}

fn device2(patch: sec2::Patch) -> sec2::Device {
    sec2::Device::new(VERIFIER.clone(), patch)
}

fn honest(mut client: impl Handshake, mut device: impl DeviceHandshake) -> Run {
    let mut entropy = DEVICE;
    let mut run = Vec::new();
    let (mut request, mut response) = (vec![0; ROOM], vec![0; ROOM]);
    while let Some(len) = client.poll_request(&mut request).expect("room enough") {
        let request = &request[..len];
        let len = device
            .handle_request(request, &mut entropy, &mut response)
            .expect("an honest request");
        client
            .handle_response(&response[..len])
            .expect("an honest response");
        run.push((request.to_vec(), response[..len].to_vec()));
    }
    run
}

/// Responses to the client half of security 0 and 1, and records of every cipher. First byte: what to run in the
/// low two bits, honest exchanges in the next two. Each message is a response; an empty one is a refusal.
pub fn session_data_client(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let honest = usize::from(mode >> 2 & 3);
    match mode & 3 {
        0 => client(sec0::Client::new(), 0, honest, rest),
        1 => client(client1(), 1, honest, rest),
        // The handshake of security 2 costs milliseconds: it has targets of its own.
        2 => records(
            &mut sec2::GcmChannel::dangerous_fixed_nonce(&[1; 32], &[2; 16]),
            Messages(rest),
        ),
        _ => records(&mut sec2::GcmChannel::counter(&[1; 32], &[2; 12]), Messages(rest)),
    }
}

/// Responses to the client half of security 2, then records. First byte: claimed patch level in the lowest bit,
/// honest exchanges in bits 2 and 3.
pub fn srp_client(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let honest = usize::from(mode >> 2 & 3);
    match mode & 1 {
        0 => client(client2(None), 2, honest, rest),
        _ => client(client2(Some(1)), 3, honest, rest),
    }
}

fn client(mut client: impl Handshake, scheme: usize, honest: usize, data: &[u8]) {
    let mut honest = RUNS[scheme]
        .iter()
        .take(honest)
        .map(|(_, response)| response.as_slice());
    let mut messages = Messages(data);
    let mut request = vec![0; ROOM];
    loop {
        match client.poll_request(&mut request) {
            Ok(Some(len)) => assert!(len > 0 && len <= ROOM),
            Ok(None) => break,
            Err(_) => return,
        }
        let Some(response) = honest.next().or_else(|| messages.next()) else {
            return;
        };
        let refused = response.is_empty();
        if refused {
            match client.handle_refusal(true) {
                Ok(Retry::Request | Retry::Restart) => {}
                Ok(_) | Err(_) => return,
            }
        } else if client.handle_response(response).is_err() {
            // Sticky: nothing works any more.
            assert!(client.handle_response(response).is_err());
            assert!(client.poll_request(&mut request).is_err());
            assert!(client.into_channel().is_err());
            return;
        }
    }
    let mut channel = client.into_channel().expect("the handshake is finished");
    records(&mut channel, messages);
}

/// Requests to the device half of security 0 and 1, then records. First byte: scheme in the lowest bit, strictness
/// in the next, honest exchanges in bits 2 and 3.
pub fn session_data_device(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let honest = usize::from(mode >> 2 & 3);
    match mode & 1 {
        0 => device(sec0::Device::new(), 0, honest, rest),
        _ => {
            let lenient = mode & 2 != 0;
            let device1 = sec1::Device::new(POP).with_retry_after_wrong_proof(lenient);
            device(device1, 1, honest, rest);
        }
    }
}

/// Requests to the device half of security 2, then records. The first byte is as for the client.
pub fn srp_device(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let honest = usize::from(mode >> 2 & 3);
    match mode & 1 {
        0 => device(device2(sec2::Patch::FixedNonce), 2, honest, rest),
        _ => device(device2(sec2::Patch::CounterNonce), 3, honest, rest),
    }
}

fn device(mut device: impl DeviceHandshake, scheme: usize, honest: usize, data: &[u8]) {
    let mut entropy = DEVICE;
    let mut response = vec![0; ROOM];
    for (request, expected) in RUNS[scheme].iter().take(honest) {
        let len = device
            .handle_request(request, &mut entropy, &mut response)
            .expect("an honest request");
        assert!(
            response[..len] == expected[..],
            "the same entropy gives the same response"
        );
    }
    let mut messages = Messages(data);
    // A refused request leaves the device as it was, so a few can follow each other; SRP makes each dear.
    for request in messages.by_ref().take(3) {
        if let Ok(len) = device.handle_request(request, &mut entropy, &mut response) {
            assert!(len > 0 && len <= ROOM);
        }
    }
    if let Some(channel) = device.channel() {
        records(channel, messages);
    }
    // Whatever happened, an honest client is served.
    if scheme < 2 {
        device.reset();
        let mut entropy = DEVICE;
        for (request, _) in RUNS[scheme].iter() {
            device
                .handle_request(request, &mut entropy, &mut response)
                .expect("an honest request after a hostile one");
        }
    }
}

fn records(channel: &mut impl Channel, messages: Messages<'_>) {
    let overhead = channel.overhead();
    for message in messages {
        let mut record = message.to_vec();
        if let Ok(plain) = channel.open(&mut record) {
            assert!(plain.len() + overhead == message.len());
        }
        let mut record = message.to_vec();
        record.resize(message.len() + overhead, 0);
        if let Ok(len) = channel.seal(&mut record, message.len()) {
            assert!(len == message.len() + overhead);
        }
    }
}
