use super::*;
use crate::testing::{answer, converse, encode, poll, request, rng, shake, with_unknown_fields};
use espprov_proto::session::sec0_payload::Payload;
use espprov_proto::session::session_data::Proto;
use espprov_proto::session::{S0SessionCmd, S0SessionResp, Sec0Payload, SecSchemeVersion};
use proptest::prelude::*;

fn message(msg: i32, payload: Option<Payload>) -> std::vec::Vec<u8> {
    encode(
        SecSchemeVersion::SecScheme0,
        Some(Proto::Sec0(Sec0Payload { msg, payload })),
    )
}

fn sr(status: i32) -> Option<Payload> {
    Some(Payload::Sr(S0SessionResp { status }))
}

/// A client that awaits its response.
fn waiting() -> Client {
    let mut client = Client::new();
    request(&mut client);
    client
}

#[test]
fn both_halves_and_the_bytes_on_the_wire() {
    let (mut client, mut device) = (Client::new(), Device::new());
    let command = request(&mut client);
    assert_eq!(command, hex::decode("5203a20100").unwrap());
    let response = answer(&mut device, &command, &mut rng(0)).unwrap();
    assert_eq!(response, hex::decode("52050801aa0100").unwrap());
    client.handle_response(&response).unwrap();
    assert_eq!(poll(&mut client), Ok(None));
    assert_eq!(client.notices(), Notices::default());
    converse(&mut client.into_channel().unwrap(), device.channel().unwrap());
}

#[test]
fn the_device_serves_without_a_handshake() {
    assert!(Device::new().channel().is_some());
    assert!(Device::new().has_endpoint());
}

#[test]
fn unknown_fields_are_ignored() {
    let (mut client, mut device) = (Client::new(), Device::new());
    let command = with_unknown_fields(&request(&mut client));
    let response = answer(&mut device, &command, &mut rng(0)).unwrap();
    client.handle_response(&with_unknown_fields(&response)).unwrap();
}

#[test]
fn client_rejects() {
    use HandshakeError as E;
    let other_scheme = encode(
        SecSchemeVersion::SecScheme1,
        Some(Proto::Sec0(Sec0Payload {
            msg: 1,
            payload: sr(0),
        })),
    );
    let no_payload = encode(SecSchemeVersion::SecScheme0, None);
    for (response, error) in [
        (message(1, sr(0))[..6].to_vec(), E::Malformed),
        (other_scheme, E::SchemeMismatch),
        (no_payload, E::PayloadMismatch),
        (message(1, None), E::PayloadMismatch),
        (message(1, Some(Payload::Sc(S0SessionCmd {}))), E::PayloadMismatch),
        (message(0, sr(0)), E::UnexpectedMessage),
        (message(7, sr(0)), E::UnexpectedMessage),
        (message(1, sr(5)), E::DeviceStatus(5)),
        (std::vec![], E::PayloadMismatch),
    ] {
        let mut client = waiting();
        assert_eq!(client.handle_response(&response), Err(error), "{response:x?}");
        assert_eq!(poll(&mut client), Err(E::Poisoned));
        assert_eq!(client.into_channel(), Err(E::Poisoned));
    }
}

#[test]
fn device_rejects() {
    use HandshakeError as E;
    for (command, error) in [
        (std::vec![0xff], E::Malformed),
        (message(0, sr(0)), E::PayloadMismatch),
        (message(0, None), E::PayloadMismatch),
        (
            message(1, Some(Payload::Sc(S0SessionCmd {}))),
            E::UnexpectedMessage,
        ),
        // The second command of the other schemes.
        (
            message(2, Some(Payload::Sc(S0SessionCmd {}))),
            E::UnexpectedMessage,
        ),
        (message(2, None), E::UnexpectedMessage),
        (encode(SecSchemeVersion::SecScheme2, None), E::SchemeMismatch),
    ] {
        assert_eq!(
            answer(&mut Device::new(), &command, &mut rng(0)),
            Err(error),
            "{command:x?}"
        );
    }
}

#[test]
fn call_order_is_checked() {
    let mut client = Client::new();
    assert_eq!(client.handle_response(&[]), Err(HandshakeError::OutOfTurn));
    let mut client = waiting();
    assert_eq!(poll(&mut client), Err(HandshakeError::OutOfTurn));
    assert_eq!(Client::new().into_channel(), Err(HandshakeError::NotFinished));
    assert_eq!(Client::new().handle_refusal(true), Err(HandshakeError::OutOfTurn));
    let mut client = Client::new();
    assert_eq!(
        client.poll_request(&mut [0; 4]),
        Err(HandshakeError::BufferTooShort { needed: 5 })
    );
}

#[test]
fn a_refusal_says_nothing_about_credentials() {
    let give_up = Retry::GiveUp {
        wrong_credentials: false,
    };
    assert_eq!(waiting().handle_refusal(true), Ok(give_up));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = waiting().handle_response(&bytes);
        let _ = answer(&mut Device::new(), &bytes, &mut rng(0));
        shake(&mut Client::new(), &mut Device::new(), &mut rng(0)).unwrap();
    }
}
