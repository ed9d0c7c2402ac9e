//! Bluetooth packets as a controller has them, for tests that are both ends of the link below a host.

use bt_hci::ControllerToHostPacket;
use bt_hci::controller::Controller;
use bt_hci::data::{AclBroadcastFlag, AclPacket, AclPacketBoundary};
use bt_hci::event::EventKind;
use bt_hci::param::ConnHandle;
use espprov_simulator_ble::air::AirController;
use tokio::sync::mpsc::UnboundedSender;

/// The one connection there can be.
pub(crate) const CONNECTION: u16 = 1;

/// An ACL packet: whether it begins a message, and its data.
pub type Packet = (bool, Vec<u8>);

/// A message on an L2CAP channel, in packets as long as they may be.
#[must_use]
pub fn packets(channel: u16, message: &[u8]) -> Vec<Packet> {
    let len = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let frame = [&len.to_le_bytes()[..], &channel.to_le_bytes(), message].concat();
    let parts = frame.chunks(251).enumerate();
    parts.map(|(at, part)| (at == 0, part.to_vec())).collect()
}

/// What comes from the controller.
pub(crate) enum Heard {
    Connected,
    Gone,
    Packet(bool, Vec<u8>),
}

/// Hands on what comes from the controller.
pub(crate) async fn listen(controller: &AirController, heard: UnboundedSender<Heard>) {
    loop {
        let mut buf = controller.alloc_buf().expect("a buffer");
        let message = match controller.read(&mut buf).await {
            Ok(ControllerToHostPacket::Acl(packet)) => {
                let first = packet.boundary_flag() != AclPacketBoundary::Continuing;
                Heard::Packet(first, packet.data().to_vec())
            }
            Ok(ControllerToHostPacket::Event(event)) => match event.kind {
                EventKind::Le if event.data.first() == Some(&1) => Heard::Connected,
                EventKind::DisconnectionComplete => Heard::Gone,
                _ => continue,
            },
            _ => continue,
        };
        if heard.send(message).is_err() {
            return;
        }
    }
}

/// Sends packets as they are.
pub(crate) async fn send(controller: &AirController, packets: &[Packet]) {
    for (first, data) in packets {
        let boundary = if *first {
            AclPacketBoundary::FirstNonFlushable
        } else {
            AclPacketBoundary::Continuing
        };
        let packet = AclPacket::new(
            ConnHandle::new(CONNECTION),
            boundary,
            AclBroadcastFlag::PointToPoint,
            data,
        );
        controller
            .write_acl_data(&packet)
            .await
            .expect("a packet goes out");
    }
}
