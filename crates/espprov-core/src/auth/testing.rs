//! What the policy's tests share: entropy, and devices that claim something.

use espprov_security::{DeviceHandshake, Handshake};
use espprov_types::DeviceInfo;
use rand_core::TryCryptoRng;
use std::format;

/// Not random, but never the same twice in a row: enough for a handshake that is never sent.
pub(super) struct Counter(pub(super) u8);
impl rand_core::TryRng for Counter {
    type Error = core::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0 = self.0.wrapping_add(1);
        Ok(u32::from(self.0) + 1)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.try_next_u32().map(u64::from)
    }
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        for b in dst {
            self.0 = self.0.wrapping_add(1);
            *b = self.0;
        }
        Ok(())
    }
}
impl TryCryptoRng for Counter {}

/// `sec_ver` and further capabilities, as they stand in proto-ver.
pub(super) type Claim = (&'static str, &'static str);

pub(super) const SEC0: Claim = (r#""sec_ver":0,"#, r#","no_sec""#);
pub(super) const SEC1: Claim = (r#""sec_ver":1,"#, "");
pub(super) const SEC1_NO_POP: Claim = (r#""sec_ver":1,"#, r#","no_pop""#);
pub(super) const SEC2: Claim = (r#""sec_ver":2,"sec_patch_ver":1,"#, "");
/// Firmware before 5.0 has no `sec_ver`.
pub(super) const OLD: Claim = ("", "");
pub(super) const OLD_NO_SEC: Claim = ("", r#","no_sec""#);
pub(super) const FUTURE: Claim = (r#""sec_ver":3,"#, "");

/// What a device that claims this answers to proto-ver.
pub(super) fn info((sec_ver, capabilities): Claim) -> DeviceInfo {
    let json = format!(r#"{{"prov":{{"ver":"v1.1",{sec_ver}"cap":["wifi_scan"{capabilities}]}}}}"#);
    DeviceInfo::parse(json.as_bytes()).unwrap()
}

/// The whole handshake, which neither side refuses.
pub(super) fn shake_hands(client: &mut impl Handshake, device: &mut impl DeviceHandshake) {
    let (mut request, mut reply) = ([0; 512], [0; 512]);
    while let Some(len) = client.poll_request(&mut request).unwrap() {
        let len = device
            .handle_request(&request[..len], &mut Counter(9), &mut reply)
            .unwrap();
        client.handle_response(&reply[..len]).unwrap();
    }
}
