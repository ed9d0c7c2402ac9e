//! A Bluetooth peripheral whose every packet is a test's own: a small GATT server without a host below it, which
//! a test may overrule at any request.

pub use crate::ble::Link;
use crate::raw::{CONNECTION, Heard, Packet, listen, packets, send};
use crate::{ble, central};
use bt_hci::cmd::SyncCmd;
use bt_hci::cmd::le::{LeSetAdvData, LeSetAdvEnable, LeSetAdvParams};
use bt_hci::cmd::link_control::Disconnect;
use bt_hci::param::{
    AddrKind, AdvChannelMap, AdvFilterPolicy, AdvKind, BdAddr, ConnHandle, DisconnectReason, Duration,
};
use embassy_futures::select::{Either, select};
use espprov::TokioClock;
use espprov_embedded::ble::{BleError, Filter};
use espprov_simulator_ble::air::{Air, AirController, AirOptions};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Longest value of an attribute, and then some.
const LONGEST: usize = 600;

/// What the peripheral does about a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// As it should.
    Honest,
    /// These packets.
    Packets(Vec<Packet>),
    /// These packets, then as it should.
    First(Vec<Packet>),
    /// Waits, then as it should.
    Late(core::time::Duration),
    /// Waits, then these packets.
    LatePackets(core::time::Duration, Vec<Packet>),
    /// Nothing.
    Silence,
    /// Ends the connection.
    HangUp,
}

impl Reply {
    /// One ATT PDU.
    #[must_use]
    pub fn pdu(pdu: &[u8]) -> Self {
        Self::Packets(packets(4, pdu))
    }
}

/// What a request is answered with: given its opcode, how many of that kind there were before on this connection,
/// and the whole PDU.
pub type Script = Box<dyn FnMut(u8, u32, &[u8]) -> Reply>;

/// A GATT server in one function: the provisioning service with three endpoints, which all echo.
#[derive(Debug)]
pub struct Server {
    mtu: u16,
    value: Vec<u8>,
    queue: Vec<u8>,
}

/// Endpoints: handle of the value (declaration before, description after it), id, name.
const ENDPOINTS: [(u16, u16, &str); 3] = [
    (3, 0xff51, "prov-session"),
    (6, 0xff55, "echo"),
    (9, 0xff56, "longer-than-one-packet"),
];

/// Last handle of the service.
const END: u16 = 0x20;

impl Server {
    /// One that grants `mtu`.
    #[must_use]
    pub const fn new(mtu: u16) -> Self {
        Self {
            mtu,
            value: Vec::new(),
            queue: Vec::new(),
        }
    }

    /// The answer to a well-formed request.
    pub fn answer(&mut self, pdu: &[u8]) -> Vec<u8> {
        let number = |at: usize| u16::from_le_bytes([pdu[at], pdu[at + 1]]);
        let room = usize::from(self.mtu) - 1;
        match pdu[0] {
            0x02 => [&[0x03][..], &self.mtu.to_le_bytes()].concat(),
            0x06 if number(1) <= 1 && pdu[7..] == service() => vec![0x07, 1, 0, END as u8, 0],
            0x08 if number(5) == 0x2803 || number(5) == 0x2901 => {
                let declared = number(5) == 0x2803;
                let handle = |value: u16| if declared { value - 1 } else { value + 1 };
                let range = number(1)..=number(3);
                match ENDPOINTS
                    .iter()
                    .find(|(value, ..)| range.contains(&handle(*value)))
                {
                    None => error(pdu, 0x0a),
                    Some(&(value, id, name)) => {
                        let mut uuid = service();
                        uuid[12..14].copy_from_slice(&id.to_le_bytes());
                        let declaration = [&[0x0a][..], &value.to_le_bytes(), &uuid].concat();
                        let item = if declared {
                            &declaration[..]
                        } else {
                            name.as_bytes()
                        };
                        let item = &item[..item.len().min(room - 3)];
                        let len = u8::try_from(item.len() + 2).unwrap_or(u8::MAX);
                        [&[0x09, len][..], &handle(value).to_le_bytes(), item].concat()
                    }
                }
            }
            0x0a => {
                let described = ENDPOINTS.iter().find(|(value, ..)| value + 1 == number(1));
                let value = described.map_or(&self.value[..], |(.., name)| name.as_bytes());
                [&[0x0b][..], &value[..value.len().min(room)]].concat()
            }
            0x0c => {
                let rest = self.value.get(usize::from(number(3))..).unwrap_or_default();
                [&[0x0d][..], &rest[..rest.len().min(room)]].concat()
            }
            0x12 => {
                self.value = pdu[3..].to_vec();
                vec![0x13]
            }
            0x16 => {
                self.queue.extend_from_slice(&pdu[5..]);
                self.queue.truncate(LONGEST);
                [&[0x17][..], &pdu[1..]].concat()
            }
            0x18 => {
                let queued = core::mem::take(&mut self.queue);
                if pdu[1] == 1 {
                    self.value = queued;
                }
                vec![0x19]
            }
            0x06 => error(pdu, 0x0a),
            _ => error(pdu, 0x06),
        }
    }
}

fn error(request: &[u8], code: u8) -> Vec<u8> {
    vec![0x01, request[0], 1, 0, code]
}

/// The service's UUID as it goes over the air.
fn service() -> [u8; 16] {
    0x1775_244d_6b43_439b_877c_060f_2d9b_ed07_u128.to_le_bytes()
}

async fn advertise(controller: &AirController) {
    let uuid = service();
    let mut data = [0; 31];
    data[..5].copy_from_slice(&[2, 1, 6, 17, 7]);
    data[5..21].copy_from_slice(&uuid);
    let params = LeSetAdvParams::new(
        Duration::from_u16(160),
        Duration::from_u16(160),
        AdvKind::AdvInd,
        AddrKind::PUBLIC,
        AddrKind::PUBLIC,
        BdAddr::default(),
        AdvChannelMap::ALL,
        AdvFilterPolicy::default(),
    );
    params.exec(controller).await.expect("parameters");
    LeSetAdvData::new(21, data).exec(controller).await.expect("data");
    LeSetAdvEnable::new(true)
        .exec(controller)
        .await
        .expect("on the air");
}

/// Answers, connection after connection.
async fn serve(
    controller: &AirController,
    mut heard: UnboundedReceiver<Heard>,
    mtu: u16,
    script: &mut Script,
) {
    advertise(controller).await;
    let mut server = Server::new(mtu);
    let mut asked = [0; 256];
    let mut message = Vec::new();
    while let Some(news) = heard.recv().await {
        let (first, data) = match news {
            Heard::Connected => {
                server = Server::new(mtu);
                asked = [0; 256];
                message.clear();
                continue;
            }
            Heard::Gone => {
                advertise(controller).await;
                continue;
            }
            Heard::Packet(first, data) => (first, data),
        };
        if first {
            message.clear();
        }
        message.extend_from_slice(&data);
        let [l0, l1, 4, 0, pdu @ ..] = &message[..] else {
            continue;
        };
        // Whole requests only; an error about what we sent, or a confirmation, is not to be answered.
        if pdu.len() < usize::from(u16::from_le_bytes([*l0, *l1]))
            || pdu.is_empty()
            || pdu[0] & 1 == 1
            || pdu[0] == 0x1e
        {
            continue;
        }
        let pdu = pdu.to_vec();
        let count = &mut asked[usize::from(pdu[0])];
        let reply = script(pdu[0], *count, &pdu);
        *count += 1;
        match reply {
            Reply::Packets(packets) => {
                send(controller, &packets).await;
                continue;
            }
            Reply::LatePackets(time, packets) => {
                tokio::time::sleep(time).await;
                send(controller, &packets).await;
                continue;
            }
            Reply::Silence => continue,
            Reply::HangUp => {
                let reason = DisconnectReason::RemoteUserTerminatedConn;
                let _ = Disconnect::new(ConnHandle::new(CONNECTION), reason)
                    .exec(controller)
                    .await;
                continue;
            }
            Reply::First(packets) => send(controller, &packets).await,
            Reply::Late(time) => tokio::time::sleep(time).await,
            Reply::Honest => {}
        }
        send(controller, &packets(4, &server.answer(&pdu))).await;
    }
}

/// A client's host.
pub struct Host<'a, 's, 'p> {
    host: ble::Host<'a, 's, 'p>,
    /// The time.
    pub clock: TokioClock,
    /// The air.
    pub air: Air,
}

impl<'a, 's, 'p> Host<'a, 's, 'p> {
    /// Finds the peripheral and connects to it.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn connect(&self) -> Result<Link<'a, 's, 'p>, BleError> {
        self.host.connect(core::time::Duration::from_secs(5)).await
    }
}

/// Puts a peripheral that follows `script` on the air, granting `mtu`, and runs `client` on a host of its own.
///
/// # Panics
/// One of the hosts stops.
pub fn run<R>(
    mtu: u16,
    mut script: Script,
    client: impl for<'a, 's, 'p> AsyncFnOnce(&Host<'a, 's, 'p>) -> R,
) -> R {
    central::paused().block_on(async {
        let mut options = AirOptions::default();
        (options.acl_len, options.acl_count) = (251, 4);
        let (air, near, far) = Air::new(options);
        let (heard, news) = unbounded_channel();
        let device = select(listen(&far, heard), serve(&far, news, mtu, &mut script));
        let work = ble::hosted(near, Filter::any(), async |host: ble::Host<'_, '_, '_>| {
            let clock = host.clock;
            client(&Host { host, clock, air }).await
        });
        match select(work, device).await {
            Either::First(result) => result.unwrap_or_else(|end| panic!("{end}")),
            Either::Second(Either::First(()) | Either::Second(())) => panic!("the peripheral stopped"),
        }
    })
}
