//! How many entries does a scan reply hold? Counted before decoding, because an empty entry takes two bytes on
//! the wire and some seventy in memory: a reply that lies must not cost a microcontroller its heap.

use crate::codec::Malformed;
use prost::bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// Field numbers of the two result messages in `NetworkScanPayload`.
const RESULTS: [u32; 2] = [15, 21];
/// Field number of `entries` in both.
const ENTRIES: u32 = 1;

/// Counts the scan result entries in an encoded `NetworkScanPayload`, without allocating.
///
/// # Errors
/// [`Malformed`] for bytes that no decoder would take either.
pub fn count_scan_entries(reply: &[u8]) -> Result<usize, Malformed> {
    let mut count = 0_usize;
    let mut rest = reply;
    while let Some((field, content)) = next_field(&mut rest)? {
        if !RESULTS.contains(&field) {
            continue;
        }
        let mut entries = content;
        while let Some((field, _)) = next_field(&mut entries)? {
            count = count.saturating_add(usize::from(field == ENTRIES));
        }
    }
    Ok(count)
}

/// The next field's number and, for a length-delimited one, its content.
fn next_field<'b>(rest: &mut &'b [u8]) -> Result<Option<(u32, &'b [u8])>, Malformed> {
    if !rest.has_remaining() {
        return Ok(None);
    }
    let (field, wire) = decode_key(rest).map_err(|_| Malformed)?;
    if wire != WireType::LengthDelimited {
        skip_field(wire, field, rest, DecodeContext::default()).map_err(|_| Malformed)?;
        return Ok(Some((field, &[])));
    }
    let len = decode_varint(rest).map_err(|_| Malformed)?;
    let len = usize::try_from(len).map_err(|_| Malformed)?;
    let (content, after) = rest.split_at_checked(len).ok_or(Malformed)?;
    *rest = after;
    Ok(Some((field, content)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::network_scan_payload::Payload;
    use crate::scan::{
        NetworkScanPayload, RespScanThreadResult, RespScanWifiResult, ThreadScanResult, WiFiScanResult,
    };
    use crate::{encode, encoded_len};
    use alloc::vec;
    use alloc::vec::Vec;

    fn encoded(payload: Payload) -> Vec<u8> {
        let message = NetworkScanPayload {
            msg: 5,
            status: 0,
            payload: Some(payload),
        };
        let mut bytes = vec![0; encoded_len(&message)];
        encode(&message, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn counts_what_the_decoder_would_make() {
        for n in [0, 1, 4, 300] {
            let entries = vec![
                WiFiScanResult {
                    ssid: b"ab".to_vec(),
                    rssi: -50,
                    ..Default::default()
                };
                n
            ];
            let wifi = encoded(Payload::RespScanWifiResult(RespScanWifiResult { entries }));
            assert_eq!(count_scan_entries(&wifi), Ok(n));
            let entries = vec![ThreadScanResult::default(); n];
            let thread = encoded(Payload::RespScanThreadResult(RespScanThreadResult { entries }));
            assert_eq!(count_scan_entries(&thread), Ok(n));
        }
        // Two result fields in one message are merged by a decoder.
        assert_eq!(
            count_scan_entries(&[0x7a, 2, 0x0a, 0, 0x7a, 4, 0x0a, 0, 0x0a, 0]),
            Ok(3)
        );
    }

    #[test]
    fn nonsense_is_an_error() {
        for bad in [
            &[0x7a, 9, 0x0a][..],
            &[0xff],
            &[0x7a, 2, 0x0a, 5],
            &[0x00],
            &[0x7b],
        ] {
            assert_eq!(count_scan_entries(bad), Err(Malformed), "{bad:02x?}");
        }
    }
}
