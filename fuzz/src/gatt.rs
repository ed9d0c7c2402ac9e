//! A Bluetooth central that sends anything, and the GATT server of firmware on the Bluetooth host below it.

use crate::Messages;
use crate::central::{Central, SOON, run};
use crate::raw::packets;
use core::time::Duration;
use espprov_device::{BleStack, Firmware, Quirks};
use espprov_services::ble::GattOptions;
use espprov_services::{Answer, Presence, Service, with_ids};

/// Longest packet that goes through the air.
const PACKET: usize = 251;

/// Its endpoints answer, answer late, and refuse.
struct Device;

impl Service for Device {
    fn handle(&mut self, endpoint: &str, _: &mut [u8], len: usize, now: Duration) -> Answer {
        match endpoint {
            "echo" => Answer::Reply(len),
            "slow" => Answer::Pending {
                until: now + 10 * SOON,
            },
            _ => Answer::Refused,
        }
    }

    fn resume(&mut self, buf: &mut [u8], _: Duration) -> Answer {
        Answer::reply(b"at last", buf)
    }

    fn new_session(&mut self) {}

    fn presence(&mut self, _: Duration) -> Presence {
        Presence::On { boot: 1 }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(u16, &str)) {
        for (id, name) in with_ids(["echo", "slow", "refuse"]) {
            visit(id, name);
        }
    }
}

/// Handle of the value of `echo`, where no other service is.
const ECHO: u8 = 3;

/// What a central sends. The first byte of each message says what the rest is: ATT PDUs, one in two pieces, other L2CAP
/// channels, packets as they are; or a pause, or that the client goes and another comes. Whatever it was: the next client is served,
/// and soon.
pub fn gatt_server(data: &[u8]) {
    for firmware in [Firmware::Idf55, Firmware::Idf44] {
        let quirks = Quirks::vendor_ble(firmware, BleStack::NimBle);
        let options = GattOptions::new("PROV_FUZZ", &quirks);
        run(Device, &options, async |central, _| {
            assert!(central.connect(SOON).await, "nobody advertises");
            for message in Messages(data).take(64) {
                match message.split_first() {
                    Some((choice, bytes)) => play(central, *choice, bytes).await,
                    None => tokio::time::sleep(SOON / 10).await,
                }
            }
            central.leave().await;
            assert!(central.connect(SOON).await, "nobody advertises again");
            assert_eq!(central.ask(&[0x12, ECHO, 0, 7]).await, Some(vec![0x13]));
            assert_eq!(central.ask(&[0x0a, ECHO, 0]).await, Some(vec![0x0b, 7]));
        });
    }
}

async fn play(central: &mut Central<'_>, choice: u8, bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(600)];
    match choice & 7 {
        0 => tokio::time::sleep(SOON / 10 * u32::from(choice >> 3)).await,
        1 | 2 => central.pdu(bytes).await,
        3 => {
            let mut whole = packets(4, bytes);
            let (first, data) = whole.remove(0);
            let (head, rest) = data.split_at(data.len().min(5 + usize::from(choice >> 3)));
            let mut pieces = vec![(first, head.to_vec()), (false, rest.to_vec())];
            pieces.append(&mut whole);
            central.send(&pieces).await;
        }
        4 => central.send(&packets(u16::from(choice >> 3), bytes)).await,
        5 => {
            let raw = bytes[..bytes.len().min(PACKET)].to_vec();
            central.send(&[(choice & 8 == 0, raw)]).await;
        }
        6 => {
            let _ = central.ask(bytes).await;
        }
        _ => {
            central.leave().await;
            assert!(central.connect(SOON).await, "nobody advertises");
        }
    }
}
