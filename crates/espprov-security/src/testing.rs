//! Helpers of the unit tests.

use crate::{Channel, DeviceHandshake, Handshake, HandshakeError};
use espprov_proto::session::{SecSchemeVersion, SessionData, session_data::Proto};
use rand_chacha::ChaCha20Rng;
use rand_core::{SeedableRng, TryCryptoRng};
use std::vec::Vec;

/// Reproducible entropy.
pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn encode(sec_ver: SecSchemeVersion, proto: Option<Proto>) -> Vec<u8> {
    let data = SessionData {
        sec_ver: sec_ver as i32,
        proto,
    };
    let mut out = std::vec![0; espprov_proto::encoded_len(&data)];
    espprov_proto::encode(&data, &mut out).unwrap();
    out
}

pub(crate) fn poll(client: &mut impl Handshake) -> Result<Option<Vec<u8>>, HandshakeError> {
    let mut out = [0; 1024];
    let len = client.poll_request(&mut out)?;
    Ok(len.map(|len| out[..len].to_vec()))
}

pub(crate) fn request(client: &mut impl Handshake) -> Vec<u8> {
    poll(client).unwrap().expect("a request")
}

pub(crate) fn answer(
    device: &mut impl DeviceHandshake,
    request: &[u8],
    rng: &mut impl TryCryptoRng,
) -> Result<Vec<u8>, HandshakeError> {
    let mut out = [0; 1024];
    let len = device.handle_request(request, rng, &mut out)?;
    Ok(out[..len].to_vec())
}

/// Runs a whole handshake; the first error of either side ends it.
pub(crate) fn shake(
    client: &mut impl Handshake,
    device: &mut impl DeviceHandshake,
    rng: &mut impl TryCryptoRng,
) -> Result<(), HandshakeError> {
    while let Some(request) = poll(client)? {
        client.handle_response(&answer(device, &request, rng)?)?;
    }
    Ok(())
}

/// The client takes the device's answer to this command.
pub(crate) fn pass(
    client: &mut impl Handshake,
    device: &mut impl DeviceHandshake,
    command: &[u8],
    rng: &mut impl TryCryptoRng,
) {
    let response = answer(device, command, rng).unwrap();
    client.handle_response(&response).unwrap();
}

/// A command and its answer; the command.
pub(crate) fn round(
    client: &mut impl Handshake,
    device: &mut impl DeviceHandshake,
    rng: &mut impl TryCryptoRng,
) -> Vec<u8> {
    let command = request(client);
    pass(client, device, &command, rng);
    command
}

/// A client that awaits response 1, its device, and that response.
pub(crate) fn awaiting1<C: Handshake, D: DeviceHandshake>(mut client: C, mut device: D) -> (C, D, Vec<u8>) {
    let mut rng = rng(2);
    round(&mut client, &mut device, &mut rng);
    let command = request(&mut client);
    let response = answer(&mut device, &command, &mut rng).unwrap();
    (client, device, response)
}

/// A device takes command 0 whatever went before, and forgets the session it had.
pub(crate) fn takes_command_0_in_any_state<C: Handshake>(
    mut device: impl DeviceHandshake,
    client: impl Fn(u64) -> C,
) {
    for seed in 0..3 {
        answer(&mut device, &request(&mut client(1)), &mut rng(seed)).unwrap();
        assert!(
            device.channel().is_none(),
            "a new command 0 drops the old session"
        );
        shake(&mut client(seed), &mut device, &mut rng(100 + seed)).unwrap();
        assert!(device.channel().is_some());
    }
    device.reset();
    assert!(device.channel().is_none());
}

pub(crate) fn seal(channel: &mut impl Channel, plain: &[u8]) -> Vec<u8> {
    let mut buf = plain.to_vec();
    buf.resize(plain.len() + channel.overhead(), 0xee);
    let len = channel.seal(&mut buf, plain.len()).unwrap();
    assert_eq!(len, buf.len());
    buf
}

/// Requests and responses of several lengths through two channels.
pub(crate) fn converse(client: &mut impl Channel, device: &mut impl Channel) {
    for len in [0, 1, 15, 16, 17, 31, 300] {
        let request: Vec<u8> = (0..len).map(|byte| byte as u8).collect();
        let mut record = seal(client, &request);
        assert_eq!(device.open(&mut record).unwrap(), request);
        let response: Vec<u8> = request.iter().map(|byte| !byte).collect();
        let mut record = seal(device, &response);
        assert_eq!(client.open(&mut record).unwrap(), response);
    }
}

/// Inserts fields no schema knows, in front, of every wire type.
pub(crate) fn with_unknown_fields(message: &[u8]) -> Vec<u8> {
    // field 100: varint 300; field 101: fixed64; field 102: "hi"; field 103: fixed32
    let unknown =
        b"\xa0\x06\xac\x02\xa9\x06\x01\x02\x03\x04\x05\x06\x07\x08\xb2\x06\x02hi\xbd\x06\x01\x02\x03\x04";
    [unknown.as_slice(), message].concat()
}

#[cfg(any(feature = "sec1", feature = "sec2"))]
pub(crate) use entropy::{Broken, Repeat};

/// Entropy sources that go wrong or are written down.
#[cfg(any(feature = "sec1", feature = "sec2"))]
mod entropy {
    use core::convert::Infallible;
    use rand_core::utils::next_word_via_fill;
    use rand_core::{TryCryptoRng, TryRng};

    /// An entropy source that is out of order.
    pub(crate) struct Broken;

    #[derive(Debug)]
    pub(crate) struct OutOfOrder;

    impl core::fmt::Display for OutOfOrder {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("broken")
        }
    }

    impl core::error::Error for OutOfOrder {}

    impl TryRng for Broken {
        type Error = OutOfOrder;

        fn try_next_u32(&mut self) -> Result<u32, OutOfOrder> {
            Err(OutOfOrder)
        }

        fn try_next_u64(&mut self) -> Result<u64, OutOfOrder> {
            Err(OutOfOrder)
        }

        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), OutOfOrder> {
            Err(OutOfOrder)
        }
    }

    impl TryCryptoRng for Broken {}

    /// Gives the written bytes over and over.
    pub(crate) struct Repeat<'a>(pub(crate) &'a [u8], pub(crate) usize);

    impl TryRng for Repeat<'_> {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            next_word_via_fill(self)
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            next_word_via_fill(self)
        }

        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
            for byte in out {
                *byte = self.0[self.1 % self.0.len()];
                self.1 += 1;
            }
            Ok(())
        }
    }

    impl TryCryptoRng for Repeat<'_> {}
}
