//! Values of fields, and messages around a payload: `msg`, status and content chosen apart.

use espprov_proto::config::{NetworkConfigPayload, network_config_payload};
use espprov_proto::ctrl::{NetworkCtrlPayload, network_ctrl_payload};
use espprov_proto::scan::{NetworkScanPayload, network_scan_payload};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message;

pub(crate) fn int() -> impl Strategy<Value = i32> + Clone {
    prop_oneof![4 => 0..13_i32, 1 => any::<i32>()]
}

pub(crate) fn uint() -> impl Strategy<Value = u32> + Clone {
    int().prop_map(i32::cast_unsigned)
}

pub(crate) fn bytes() -> impl Strategy<Value = Vec<u8>> + Clone {
    vec(any::<u8>(), 0..12)
}

/// Messages on `prov-config`.
pub(crate) fn config(
    payload: impl Strategy<Value = network_config_payload::Payload> + Clone,
) -> impl Strategy<Value = Vec<u8>> + Clone {
    (int(), option::of(payload))
        .prop_map(|(msg, payload)| NetworkConfigPayload { msg, payload }.encode_to_vec())
}

/// Messages on `prov-scan`.
pub(crate) fn scan(
    payload: impl Strategy<Value = network_scan_payload::Payload> + Clone,
) -> impl Strategy<Value = Vec<u8>> + Clone {
    (int(), int(), option::of(payload))
        .prop_map(|(msg, status, payload)| NetworkScanPayload { msg, status, payload }.encode_to_vec())
}

/// Messages on `prov-ctrl`.
pub(crate) fn ctrl(
    payload: impl Strategy<Value = network_ctrl_payload::Payload> + Clone,
) -> impl Strategy<Value = Vec<u8>> + Clone {
    (int(), int(), option::of(payload))
        .prop_map(|(msg, status, payload)| NetworkCtrlPayload { msg, status, payload }.encode_to_vec())
}
