//! Thread, as vendor firmware has it.

mod common;

use common::{TestApp, exchange, plain};
use espprov_device::{Device, Firmware, NoSecurity, Quirks, Refusal};
use espprov_proto::config::{
    NetworkConfigPayload, network_config_payload as config, resp_get_thread_status as thread_status,
};
use espprov_proto::{SetThreadConfigRef, decode};

const OK: i32 = 0;
const INVALID_ARGUMENT: i32 = 4;
const INTERNAL_ERROR: i32 = 5;

fn device() -> Device<NoSecurity, TestApp> {
    plain(Quirks::default())
}

#[test]
fn thread_dataset_of_254_bytes_at_most() {
    for (len, want) in [(0, OK), (254, OK), (255, INVALID_ARGUMENT)] {
        let mut buf = [0; 512];
        let dataset = vec![0xff; len];
        let n = SetThreadConfigRef { dataset: &dataset }.encode(&mut buf).unwrap();
        let reply = exchange(&mut device(), "prov-config", &buf[..n]).unwrap();
        let Some(config::Payload::RespSetThreadConfig(resp)) =
            decode::<NetworkConfigPayload>(&reply).unwrap().payload
        else {
            panic!()
        };
        assert_eq!(resp.status, want, "{len}");
    }
}

#[test]
fn a_thread_network_from_dataset_to_attachment() {
    let mut device = device();
    let answer = |device: &mut _, request: &[u8]| {
        let reply = exchange(device, "prov-config", request).unwrap();
        decode::<NetworkConfigPayload>(&reply).unwrap()
    };
    let apply = [0x08, 0x0a];
    let status = [0x08, 0x06];
    let Some(config::Payload::RespApplyThreadConfig(resp)) = answer(&mut device, &apply).payload else {
        panic!()
    };
    assert_eq!(resp.status, INTERNAL_ERROR, "nothing was set");
    let mut buf = [0; 64];
    let len = SetThreadConfigRef { dataset: &[0x0e; 8] }
        .encode(&mut buf)
        .unwrap();
    answer(&mut device, &buf[..len]);
    let applied = answer(&mut device, &apply);
    assert_eq!(applied.msg, 11);
    let Some(config::Payload::RespApplyThreadConfig(resp)) = applied.payload else {
        panic!()
    };
    assert_eq!(resp.status, OK);
    for wanted in [1, 1, 0] {
        let answered = answer(&mut device, &status);
        assert_eq!(answered.msg, 7);
        let Some(config::Payload::RespGetThreadStatus(resp)) = answered.payload else {
            panic!()
        };
        assert_eq!(resp.thread_state, wanted, "attaching twice, then attached");
        match resp.state {
            Some(thread_status::State::ThreadAttached(on)) => {
                assert_eq!(
                    (on.pan_id, on.channel, &on.name[..]),
                    (0x1234, 15, &b"OpenThread-1"[..])
                );
                assert_eq!(on.ext_pan_id, [0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22]);
                assert_eq!(wanted, 0);
            }
            other => assert_eq!((other, wanted), (None, 1)),
        }
    }
    assert_eq!(device.app_ref().stop_scheduled, 1);
}

#[test]
fn wifi_provisioning_knows_no_thread_messages() {
    for (endpoint, msg) in [("prov-scan", 8), ("prov-config", 6), ("prov-ctrl", 5)] {
        let mut old = plain(Quirks::vendor(Firmware::Idf52));
        assert_eq!(
            exchange(&mut old, endpoint, &[0x08, msg]),
            Err(Refusal::UnknownMessage)
        );
        let mut new = plain(Quirks::vendor(Firmware::Idf6));
        assert!(exchange(&mut new, endpoint, &[0x08, msg]).is_ok());
    }
}
