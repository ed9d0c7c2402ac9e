//! The two controllers: commands in, events out.

use super::AirOptions;
use bt_hci::transport::PacketKind;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;

/// The one connection.
const HANDLE: [u8; 2] = [1, 0];

/// Status codes of HCI.
const SUCCESS: u8 = 0;
const UNKNOWN_COMMAND: u8 = 1;
const UNKNOWN_CONNECTION: u8 = 2;
const SUPERVISION_TIMEOUT: u8 = 8;
const CONNECTION_EXISTS: u8 = 0x0b;
const LOCAL_HOST_ENDED: u8 = 0x16;

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
    /// Packets the host has not read yet.
    out: VecDeque<(PacketKind, Vec<u8>)>,
    reader: Option<Waker>,
}

impl Node {
    fn send(&mut self, kind: PacketKind, packet: Vec<u8>) {
        self.out.push_back((kind, packet));
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    fn event(&mut self, code: u8, parameters: &[u8]) {
        let len = u8::try_from(parameters.len()).unwrap_or(u8::MAX);
        self.send(PacketKind::Event, [&[code, len], parameters].concat());
    }

    fn complete(&mut self, opcode: u16, returned: &[u8]) {
        let [low, high] = opcode.to_le_bytes();
        self.event(0x0e, &[&[1, low, high], returned].concat());
    }

    fn status(&mut self, opcode: u16, status: u8) {
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

    fn report(&mut self, event_type: u8, (kind, address): (u8, [u8; 6]), data: &[u8]) {
        let len = u8::try_from(data.len()).unwrap_or_default();
        let head = [2, 1, event_type, kind];
        let rssi = (-50_i8).to_le_bytes();
        self.event(0x3e, &[&head[..], &address, &[len], data, &rssi].concat());
    }
}

const fn public_address(index: usize) -> [u8; 6] {
    [0xc0 + index as u8, 0, 0, 0, 0, 0]
}

/// Both of them.
pub(super) struct Nodes {
    nodes: [Node; 2],
    options: AirOptions,
    pub(super) att_requests: u32,
    pub(super) swallow: bool,
    pub(super) hold: bool,
}

impl Nodes {
    pub(super) fn new(options: AirOptions) -> Self {
        Self {
            nodes: Default::default(),
            options,
            att_requests: 0,
            swallow: false,
            hold: false,
        }
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.nodes[0].connected || self.nodes[1].connected
    }

    pub(super) fn sever(&mut self) {
        for node in &mut self.nodes {
            node.disconnected(SUPERVISION_TIMEOUT);
        }
    }

    /// LE Data Length Change, to 251 bytes in 2120 µs both ways.
    pub(super) fn change_length(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| node.connected) {
            let [octets, time] = [251_u16, 2120].map(u16::to_le_bytes);
            node.event(
                0x3e,
                &[&[7], &HANDLE[..], &octets, &time, &octets, &time].concat(),
            );
        }
    }

    pub(super) fn switch_off(&mut self, index: usize) {
        self.nodes[index] = Node::default();
        self.nodes[1 - index].disconnected(SUPERVISION_TIMEOUT);
    }

    pub(super) fn poll_packet(&mut self, index: usize, cx: &mut Context<'_>) -> Poll<(PacketKind, Vec<u8>)> {
        let node = &mut self.nodes[index];
        match node.out.pop_front() {
            Some(packet) => Poll::Ready(packet),
            None => {
                node.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// A command: opcode, length, parameters.
    pub(super) fn command(&mut self, me: usize, packet: &[u8]) {
        let &[low, high, _, ref parameters @ ..] = packet else {
            return;
        };
        let opcode = u16::from_le_bytes([low, high]);
        let first = parameters.first().copied().unwrap_or_default();
        let (acl_len, acl_count) = (self.options.acl_len, self.options.acl_count);
        let connected = self.is_connected();
        let node = &mut self.nodes[me];
        // Data of an advertisement: a length, then 31 bytes.
        let data = || {
            let data = parameters.iter().skip(1).take(usize::from(first));
            data.copied().collect()
        };
        match opcode {
            // Disconnect
            0x0406 if !node.connected => node.status(opcode, UNKNOWN_CONNECTION),
            0x0406 => {
                node.status(opcode, SUCCESS);
                node.disconnected(LOCAL_HOST_ENDED);
                let reason = parameters.get(2).copied().unwrap_or(0x13);
                self.nodes[1 - me].disconnected(reason);
            }
            // Reset
            0x0c03 => {
                let reader = node.reader.take();
                *node = Node {
                    reader,
                    ..Node::default()
                };
                node.complete(opcode, &[SUCCESS]);
            }
            // Read BD_ADDR
            0x1009 => node.complete(opcode, &[&[SUCCESS], &public_address(me)[..]].concat()),
            // LE Read Buffer Size
            0x2002 => node.complete(opcode, &[SUCCESS, acl_len, 0, acl_count]),
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
            0x200d if connected => node.status(opcode, CONNECTION_EXISTS),
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
        for index in 0..2 {
            self.advertise(index);
        }
    }

    /// What a node advertises is heard whenever something changed: who listens later hears it then.
    fn advertise(&mut self, index: usize) {
        let [first, second] = &mut self.nodes;
        let (advertiser, hearer) = if index == 0 {
            (first, second)
        } else {
            (second, first)
        };
        if !advertiser.advertising {
            return;
        }
        let identity = advertiser.identity(index);
        let (kind, address) = identity;
        if hearer.scanning {
            hearer.report(0, identity, &advertiser.advertisement);
            if hearer.active_scan {
                hearer.report(4, identity, &advertiser.scan_response);
            }
        }
        // LE Create Connection: [4] filter policy, [5] address type, [6..12] address, [12] own address type.
        let Some(wish) = hearer.connecting.take_if(|wish| {
            wish.len() >= 25 && (wish[4] == 1 || (wish[5] == kind && wish[6..12] == address))
        }) else {
            return;
        };
        let central = if wish[12] == 1 {
            (1, hearer.random_address)
        } else {
            (0, public_address(1 - index))
        };
        advertiser.advertising = false;
        for (node, role, (kind, address)) in [(hearer, 0, identity), (advertiser, 1, central)] {
            node.connected = true;
            // LE Connection Complete, with interval, latency and supervision timeout as wished.
            let head = [1, SUCCESS, HANDLE[0], HANDLE[1], role, kind];
            let timing = [&wish[13..15], &wish[17..19], &wish[19..21], &[0]].concat();
            node.event(0x3e, &[&head[..], &address, &timing].concat());
        }
    }

    /// An ACL packet: handle and flags, length, data.
    pub(super) fn acl(&mut self, me: usize, packet: &[u8]) {
        let &[low, high, _, _, ref data @ ..] = packet else {
            return;
        };
        let node = &mut self.nodes[me];
        if !node.connected {
            return;
        }
        if !self.hold {
            // Number Of Completed Packets
            node.event(0x13, &[1, HANDLE[0], HANDLE[1], 1, 0]);
        }
        let continues = (u16::from_le_bytes([low, high]) >> 12) & 3 == 1;
        // ATT requests have even opcodes, commands bit 6 besides; a confirmation (1e) is none.
        if let [_, _, 4, 0, opcode, ..] = data
            && !continues
            && opcode & 0x41 == 0
            && *opcode != 0x1e
        {
            self.att_requests += 1;
        }
        if self.swallow {
            return;
        }
        // What starts a message is 00 on its way down and 10 on its way up; what continues one is 01 both ways.
        let boundary: u16 = if continues { 1 } else { 2 };
        let handle = (u16::from_le_bytes(HANDLE) | boundary << 12).to_le_bytes();
        let len = u16::try_from(data.len()).unwrap_or_default().to_le_bytes();
        let head = [handle, len].concat();
        self.nodes[1 - me].send(PacketKind::AclData, [&head[..], data].concat());
    }
}
