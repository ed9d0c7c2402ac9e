//! The secret-carrying requests, encoded straight from the caller's slices: no copy of a passphrase
//! or network key ever lies on the heap.

use crate::codec::EncodeError;
use crate::config::NetworkConfigMsgType;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

/// `prov-config` set-wifi-config, borrowed. Encodes the whole `NetworkConfigPayload`.
#[derive(Clone, Copy)]
pub struct SetWifiConfigRef<'a> {
    /// Network name, raw bytes (≤ 32 for a device that will accept it).
    pub ssid: &'a [u8],
    /// Passphrase; empty for an open network.
    pub passphrase: &'a [u8],
    /// Access point address: empty or 6 bytes. Stock firmware ignores it.
    pub bssid: &'a [u8],
    /// Channel hint, 0 = any. Stock firmware ignores it.
    pub channel: i32,
}

/// `prov-config` set-thread-config, borrowed. Encodes the whole `NetworkConfigPayload`.
#[derive(Clone, Copy)]
pub struct SetThreadConfigRef<'a> {
    /// Operational dataset TLVs (≤ 254 bytes for a device that will accept it).
    pub dataset: &'a [u8],
}

impl SetWifiConfigRef<'_> {
    /// Encodes the request at the start of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError`] when `out` is too short; `out` is untouched then.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let fields = [(1, self.ssid), (2, self.passphrase), (3, self.bssid)];
        // A negative channel is ten bytes of varint, as protobuf sign-extends int32.
        let channel = i64::from(self.channel).cast_unsigned();
        payload(
            NetworkConfigMsgType::TypeCmdSetWifiConfig,
            12,
            &fields,
            (4, channel),
            out,
        )
    }
}

impl SetThreadConfigRef<'_> {
    /// Encodes the request at the start of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError`] when `out` is too short; `out` is untouched then.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        payload(
            NetworkConfigMsgType::TypeCmdSetThreadConfig,
            18,
            &[(1, self.dataset)],
            (2, 0),
            out,
        )
    }
}

/// `{ msg = 1, <tag>: { <bytes fields>, <int field> } }`; empty and zero fields stay absent (proto3).
fn payload(
    msg: NetworkConfigMsgType,
    tag: u32,
    fields: &[(u32, &[u8])],
    (int_tag, int): (u32, u64),
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let msg = u64::from((msg as i32).unsigned_abs());
    let int_len = if int == 0 {
        0
    } else {
        key_len(int_tag).saturating_add(encoded_len_varint(int))
    };
    let inner = fields.iter().fold(int_len, |sum, (tag, data)| {
        sum.saturating_add(field_len(*tag, data.len()))
    });
    let needed = [
        key_len(1),
        encoded_len_varint(msg),
        key_len(tag),
        encoded_len_varint(inner as u64),
        inner,
    ]
    .iter()
    .fold(0, |sum: usize, part| sum.saturating_add(*part));
    let available = out.len();
    let mut target = out.get_mut(..needed).ok_or(EncodeError { needed, available })?;
    let target = &mut target;
    encode_key(1, WireType::Varint, target);
    encode_varint(msg, target);
    encode_key(tag, WireType::LengthDelimited, target);
    encode_varint(inner as u64, target);
    for (tag, data) in fields.iter().filter(|(_, data)| !data.is_empty()) {
        encode_key(*tag, WireType::LengthDelimited, target);
        encode_varint(data.len() as u64, target);
        prost::bytes::BufMut::put_slice(target, data);
    }
    if int != 0 {
        encode_key(int_tag, WireType::Varint, target);
        encode_varint(int, target);
    }
    Ok(needed)
}

fn field_len(tag: u32, len: usize) -> usize {
    if len == 0 {
        0
    } else {
        key_len(tag)
            .saturating_add(encoded_len_varint(len as u64))
            .saturating_add(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::network_config_payload::Payload;
    use crate::config::{CmdSetThreadConfig, CmdSetWifiConfig, NetworkConfigPayload};
    use crate::{decode, encode};

    fn generated(config: CmdSetWifiConfig) -> NetworkConfigPayload {
        NetworkConfigPayload {
            msg: 2,
            payload: Some(Payload::CmdSetWifiConfig(config)),
        }
    }

    #[test]
    fn same_bytes_as_the_generated_message() {
        for (ssid, pass, bssid, channel) in [
            (&b""[..], &b""[..], &b""[..], 0),
            (b"Home", b"correct-horse", b"", 0),
            (&[0xff; 32], &[b'p'; 63], &[1, 2, 3, 4, 5, 6], 13),
            (&[b's'; 200], b"x", b"", -1),
        ] {
            let mut ours = [0; 512];
            let mut theirs = [0; 512];
            let n = SetWifiConfigRef {
                ssid,
                passphrase: pass,
                bssid,
                channel,
            }
            .encode(&mut ours)
            .unwrap();
            let message = generated(CmdSetWifiConfig {
                ssid: ssid.to_vec(),
                passphrase: pass.to_vec(),
                bssid: bssid.to_vec(),
                channel,
            });
            let m = encode(&message, &mut theirs).unwrap();
            assert_eq!(ours[..n], theirs[..m]);
        }
    }

    #[test]
    fn thread_dataset_round_trip() {
        let mut buf = [0; 300];
        let n = SetThreadConfigRef { dataset: &[7; 254] }
            .encode(&mut buf)
            .unwrap();
        let back: NetworkConfigPayload = decode(&buf[..n]).unwrap();
        let want = CmdSetThreadConfig {
            dataset: [7; 254].to_vec(),
        };
        assert_eq!(back.msg, 8);
        assert!(back.payload == Some(Payload::CmdSetThreadConfig(want)));
    }

    #[test]
    fn short_buffer_is_an_error() {
        let request = SetWifiConfigRef {
            ssid: b"Home",
            passphrase: b"12345678",
            bssid: b"",
            channel: 0,
        };
        let mut buf = [0; 19];
        assert_eq!(
            request.encode(&mut buf),
            Err(EncodeError {
                needed: 20,
                available: 19
            })
        );
        assert_eq!(buf, [0; 19]);
    }
}
