//! Two Bluetooth controllers and the air between them, in this process: whole Bluetooth hosts talk to each
//! other without any hardware, kernel or daemon.
//!
//! What they can do is what a legacy LE link needs: advertise and scan (with scan responses), connect,
//! exchange ACL packets of at most 27 bytes, disconnect. No encryption, one connection at a time.

use crate::hci::{Controller, over};
use core::cell::RefCell;
use std::rc::Rc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// ACL packets: their length, and how many a controller buffers.
const ACL_LEN: u8 = 27;
const ACL_COUNT: u8 = 8;

/// Time between two advertising events.
const INTERVAL: core::time::Duration = core::time::Duration::from_millis(5);

/// The one connection.
const HANDLE: [u8; 2] = [1, 0];

/// Status codes of HCI.
const SUCCESS: u8 = 0;
const UNKNOWN_COMMAND: u8 = 1;
const UNKNOWN_CONNECTION: u8 = 2;
const LOCAL_HOST_ENDED: u8 = 0x16;

/// H4 packet types.
const COMMAND: u8 = 1;
const ACL: u8 = 2;
const EVENT: u8 = 4;

/// A peripheral's controller and a central's, in either order.
///
/// They live in a thread of their own, until both hosts let go of them.
#[must_use]
pub fn pair() -> (Controller, Controller) {
    let (host_a, air_a) = tokio::io::duplex(4096);
    let (host_b, air_b) = tokio::io::duplex(4096);
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
        else {
            // The hosts see their controllers vanish.
            return;
        };
        tokio::task::LocalSet::new().block_on(&runtime, run(air_a, air_b));
    });
    (host(host_a), host(host_b))
}

fn host(stream: DuplexStream) -> Controller {
    let (reader, writer) = tokio::io::split(stream);
    over(reader, writer)
}

/// One controller.
#[derive(Default)]
struct Node {
    random_address: [u8; 6],
    advertises_random: bool,
    advertisement: Vec<u8>,
    scan_response: Vec<u8>,
    advertising: bool,
    scanning: bool,
    active_scan: bool,
    /// Parameters of LE Create Connection, while it is pending.
    connecting: Option<Vec<u8>>,
    connected: bool,
    out: Option<UnboundedSender<Vec<u8>>>,
}

impl Node {
    fn send(&self, packet: Vec<u8>) {
        if let Some(out) = &self.out {
            // A host that has gone hears nothing.
            let _ = out.send(packet);
        }
    }

    fn event(&self, code: u8, parameters: &[u8]) {
        let len = u8::try_from(parameters.len()).unwrap_or(u8::MAX);
        self.send([&[EVENT, code, len], parameters].concat());
    }

    fn complete(&self, opcode: u16, returned: &[u8]) {
        let [low, high] = opcode.to_le_bytes();
        self.event(0x0e, &[&[1, low, high], returned].concat());
    }

    fn status(&self, opcode: u16, status: u8) {
        let [low, high] = opcode.to_le_bytes();
        self.event(0x0f, &[status, 1, low, high]);
    }

    fn disconnected(&mut self, reason: u8) {
        if core::mem::take(&mut self.connected) {
            self.event(0x05, &[SUCCESS, HANDLE[0], HANDLE[1], reason]);
        }
    }

    /// Type and address it advertises with.
    const fn identity(&self, index: usize) -> (u8, [u8; 6]) {
        if self.advertises_random {
            (1, self.random_address)
        } else {
            (0, public_address(index))
        }
    }
}

const fn public_address(index: usize) -> [u8; 6] {
    [0xc0 + index as u8, 0, 0, 0, 0, 0]
}

type Nodes = Rc<[RefCell<Node>; 2]>;

async fn run(a: DuplexStream, b: DuplexStream) {
    let nodes: Nodes = Rc::default();
    let mut readers = Vec::new();
    for (index, stream) in [a, b].into_iter().enumerate() {
        let (reader, mut writer) = tokio::io::split(stream);
        let (sender, mut outgoing) = unbounded_channel::<Vec<u8>>();
        nodes[index].borrow_mut().out = Some(sender);
        tokio::task::spawn_local(async move {
            while let Some(packet) = outgoing.recv().await {
                if writer.write_all(&packet).await.is_err() {
                    break;
                }
            }
        });
        let nodes = Rc::clone(&nodes);
        readers.push(tokio::task::spawn_local(async move {
            // It ends when the host lets go, or says something that is not H4.
            let _ = listen(&nodes, index, reader).await;
            let mut node = nodes[index].borrow_mut();
            *node = Node::default();
            drop(node);
            // As if out of range.
            nodes[1 - index].borrow_mut().disconnected(0x08);
        }));
    }
    let advertiser = tokio::task::spawn_local(async move {
        loop {
            advertise(&nodes, 0);
            advertise(&nodes, 1);
            tokio::time::sleep(INTERVAL).await;
        }
    });
    for reader in readers {
        // A reader that panicked has ended, too.
        let _ = reader.await;
    }
    advertiser.abort();
}

/// Packets from a host.
async fn listen(nodes: &Nodes, me: usize, mut reader: impl AsyncRead + Unpin) -> std::io::Result<()> {
    loop {
        match reader.read_u8().await? {
            COMMAND => {
                let opcode = reader.read_u16_le().await?;
                let mut parameters = vec![0; usize::from(reader.read_u8().await?)];
                reader.read_exact(&mut parameters).await?;
                command(nodes, me, opcode, &parameters);
            }
            ACL => {
                let handle = reader.read_u16_le().await?;
                let mut data = vec![0; usize::from(reader.read_u16_le().await?)];
                reader.read_exact(&mut data).await?;
                acl(nodes, me, handle, &data);
            }
            _ => return Err(std::io::ErrorKind::InvalidData.into()),
        }
    }
}

fn command(nodes: &Nodes, me: usize, opcode: u16, parameters: &[u8]) {
    let mut node = nodes[me].borrow_mut();
    let first = parameters.first().copied().unwrap_or_default();
    // Data of an advertisement: a length, then 31 bytes.
    let data = || {
        parameters
            .iter()
            .skip(1)
            .take(usize::from(first))
            .copied()
            .collect()
    };
    match opcode {
        // Disconnect
        0x0406 => {
            node.status(opcode, SUCCESS);
            let reason = parameters.get(2).copied().unwrap_or(0x13);
            node.disconnected(LOCAL_HOST_ENDED);
            nodes[1 - me].borrow_mut().disconnected(reason);
        }
        // Reset
        0x0c03 => {
            let out = node.out.take();
            *node = Node {
                out,
                ..Node::default()
            };
            node.complete(opcode, &[SUCCESS]);
        }
        // Read BD_ADDR
        0x1009 => node.complete(opcode, &[&[SUCCESS], &public_address(me)[..]].concat()),
        // LE Read Buffer Size
        0x2002 => node.complete(opcode, &[SUCCESS, ACL_LEN, 0, ACL_COUNT]),
        // LE Set Random Address
        0x2005 => {
            if let Some(address) = parameters.first_chunk() {
                node.random_address = *address;
            }
            node.complete(opcode, &[SUCCESS]);
        }
        // LE Set Advertising Parameters
        0x2006 => {
            node.advertises_random = parameters.get(5) == Some(&1);
            node.complete(opcode, &[SUCCESS]);
        }
        // LE Set Advertising Data, LE Set Scan Response Data
        0x2008 => {
            node.advertisement = data();
            node.complete(opcode, &[SUCCESS]);
        }
        0x2009 => {
            node.scan_response = data();
            node.complete(opcode, &[SUCCESS]);
        }
        // LE Set Advertising Enable
        0x200a => {
            node.advertising = first != 0;
            node.complete(opcode, &[SUCCESS]);
        }
        // LE Set Scan Parameters, LE Set Scan Enable
        0x200b => {
            node.active_scan = first == 1;
            node.complete(opcode, &[SUCCESS]);
        }
        0x200c => {
            node.scanning = first != 0;
            node.complete(opcode, &[SUCCESS]);
        }
        // LE Create Connection
        0x200d => {
            node.connecting = Some(parameters.to_vec());
            node.status(opcode, SUCCESS);
        }
        // LE Create Connection Cancel
        0x200e => {
            let pending = node.connecting.take().is_some();
            node.complete(opcode, &[if pending { SUCCESS } else { UNKNOWN_CONNECTION }]);
            if pending {
                let mut event = [0; 19];
                (event[0], event[1]) = (1, UNKNOWN_CONNECTION);
                node.event(0x3e, &event);
            }
        }
        // LE Read Filter Accept List Size
        0x200f => node.complete(opcode, &[SUCCESS, 8]),
        // LE Rand
        0x2018 => node.complete(opcode, &[SUCCESS, 1, 2, 3, 4, 5, 6, 7, 8]),
        // Event masks, host buffer sizes, filter accept list: taken, and of no effect.
        0x0c01 | 0x0c63 | 0x2001 | 0x0c33 | 0x0c31 | 0x2010 | 0x2011 | 0x2012 => {
            node.complete(opcode, &[SUCCESS]);
        }
        // Host Number Of Completed Packets has no answer.
        0x0c35 => {}
        _ => node.complete(opcode, &[UNKNOWN_COMMAND]),
    }
}

/// One advertising event of a node, heard by the other one.
fn advertise(nodes: &Nodes, index: usize) {
    let mut advertiser = nodes[index].borrow_mut();
    let mut hearer = nodes[1 - index].borrow_mut();
    if !advertiser.advertising {
        return;
    }
    let (kind, address) = advertiser.identity(index);
    if hearer.scanning {
        report(&hearer, 0, kind, address, &advertiser.advertisement);
        if hearer.active_scan {
            report(&hearer, 4, kind, address, &advertiser.scan_response);
        }
    }
    // LE Create Connection: [4] filter policy, [5] address type, [6..12] address, [12] own address type.
    let Some(wish) = hearer
        .connecting
        .take_if(|wish| wish.len() >= 25 && (wish[4] == 1 || (wish[5] == kind && wish[6..12] == address)))
    else {
        return;
    };
    let central = if wish[12] == 1 {
        (1, hearer.random_address)
    } else {
        (0, public_address(1 - index))
    };
    advertiser.advertising = false;
    advertiser.connected = true;
    hearer.connected = true;
    for (node, role, (kind, address)) in [(&*hearer, 0, (kind, address)), (&*advertiser, 1, central)] {
        // LE Connection Complete, with interval, latency and supervision timeout as wished.
        let head = [1, SUCCESS, HANDLE[0], HANDLE[1], role, kind];
        let timing = [&wish[13..15], &wish[17..19], &wish[19..21], &[0]].concat();
        node.event(0x3e, &[&head[..], &address, &timing].concat());
    }
}

fn report(hearer: &Node, event_type: u8, kind: u8, address: [u8; 6], data: &[u8]) {
    let len = u8::try_from(data.len()).unwrap_or_default();
    let head = [2, 1, event_type, kind];
    let rssi = (-50_i8).to_le_bytes();
    hearer.event(0x3e, &[&head[..], &address, &[len], data, &rssi].concat());
}

fn acl(nodes: &Nodes, me: usize, handle: u16, data: &[u8]) {
    let node = nodes[me].borrow();
    if !node.connected {
        return;
    }
    // Number Of Completed Packets
    node.event(0x13, &[1, HANDLE[0], HANDLE[1], 1, 0]);
    // What starts a message is 00 on its way down and 10 on its way up; what continues one is 01 both ways.
    let boundary: u16 = if (handle >> 12) & 3 == 1 { 1 } else { 2 };
    let handle = (u16::from_le_bytes(HANDLE) | boundary << 12).to_le_bytes();
    let len = u16::try_from(data.len()).unwrap_or_default().to_le_bytes();
    let head = [ACL, handle[0], handle[1], len[0], len[1]];
    nodes[1 - me].borrow().send([&head[..], data].concat());
}
