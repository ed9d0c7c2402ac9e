//! The JSON of a vector: field names as in the recordings of the vendor's firmware, in a fixed order.

use serde::{Serialize, Serializer};

/// A byte string, written in hex.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

/// A field that is left out when there is nothing to say.
pub(super) type Field = Option<Bytes>;

#[derive(Debug, Clone, Serialize, Default)]
pub(super) struct Exchange {
    pub(super) endpoint: String,
    pub(super) request: Bytes,
    pub(super) request_plain: Bytes,
    pub(super) request_encrypted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_nonce: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_plain: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_encrypted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_nonce: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

#[derive(Debug, Clone, Serialize, Default)]
#[expect(non_snake_case, reason = "the names are those of the protocol")]
pub(super) struct Vector {
    pub(super) generator: &'static str,
    pub(super) crate_version: &'static str,
    pub(super) seed: String,
    pub(super) note: String,
    pub(super) client: String,
    pub(super) device: String,
    pub(super) security: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sec_patch_ver: Option<u8>,
    pub(super) result: String,
    pub(super) exchange: Vec<Exchange>,

    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pop: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device_pop: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_private_key: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_public_key: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device_private_key: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device_public_key: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device_random: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ecdh_shared: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_verify: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device_verify: Field,

    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) salt: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verifier: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verifier_from_bytes_exact_x: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) a: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) A: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) A_on_wire_len: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) b: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) B: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) B_on_wire_len: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) k: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inner_hash: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) x: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) u: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) S: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) S_len: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) K: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) M1: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) M2: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device_nonce: Field,

    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aes_key: Field,
}

/// Shorthand.
pub(super) fn some(bytes: &[u8]) -> Field {
    Some(Bytes(bytes.to_vec()))
}
