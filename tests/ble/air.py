"""The air: virtual Bluetooth controllers that hear each other, and count what is said.

bumble brings the controllers; what its version 0.0.236 does differently from a real one is put right here:
scan responses, fragments of long packets, addresses on ACL packets, features a Linux host would trip over.
"""
import asyncio
from collections import Counter

from bumble import hci
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport import open_transport

# ATT requests by opcode: each costs one round trip.
REQUESTS = {
    0x02: 'mtu', 0x04: 'discover', 0x06: 'discover', 0x08: 'discover', 0x10: 'discover',
    0x0A: 'read', 0x0C: 'read', 0x0E: 'read', 0x12: 'write', 0x16: 'write', 0x18: 'write',
}


class Air(LocalLink):
    """Where all controllers are; counts the ATT requests of the central, per peripheral."""

    def __init__(self):
        super().__init__()
        self.central = None
        self.stats = {}
        # Beginnings of the names of the devices in reach; the others are out of range for now.
        self.in_reach = ('',)

    def send_acl_data(self, sender, to, transport, data):
        connection = sender.le_connections.get(to)
        receiver = self.find_le_controller(to)
        if connection is None or receiver is None:
            return
        if len(data) > 4 and data[2:4] == b'\x04\x00':
            if sender is self.central:
                self.count(receiver.name, data[4:])
            elif data[4] == 0x03:
                stats = self.stats[sender.name]
                stats['mtu'] = max(23, min(stats['mtu'], int.from_bytes(data[5:7], 'little')))
        # The address this side was connected under, which need not be its random one.
        asyncio.get_running_loop().call_soon(
            receiver.on_link_acl_data, connection.self_address, transport, data)

    def send_advertising_pdu(self, sender_controller, packet):
        # Only the central listens, and it hears only what is in reach. What it says itself is heard by all: a
        # wish to connect.
        if sender_controller is self.central or self.central is None:
            super().send_advertising_pdu(sender_controller, packet)
        elif sender_controller.name.startswith(self.in_reach):
            asyncio.get_running_loop().call_soon(self.central.on_ll_advertising_pdu, packet)

    def count(self, peripheral, pdu):
        stats = self.stats.setdefault(peripheral, {})
        kind = REQUESTS.get(pdu[0])
        if kind == 'mtu':
            stats['mtu'] = int.from_bytes(pdu[1:3], 'little')
        elif kind == 'read' and not stats.get('wrote'):
            kind = 'names'
        elif kind == 'write' and pdu[0] == 0x12 and bytes(pdu[3:]) in (b'\x01\x00', b'\x02\x00'):
            # BlueZ subscribes to Service Changed.
            kind = 'discover'
        elif kind == 'write':
            stats['wrote'] = True
        if kind:
            stats.setdefault('requests', Counter())[kind] += 1

    def begin(self):
        """Forgets what was counted."""
        self.stats.clear()

    def connected(self):
        """Whether the central holds a connection, or is making one."""
        return bool(self.central.le_connections) or self.central.pending_le_connection is not None


class VirtualController(Controller):
    """A controller as a host of 2024 meets it: legacy advertising, fragments, scan responses."""

    FRAGMENT = 251

    def __init__(self, name, **options):
        super().__init__(name, **options)
        self.le_features = self.le_features & ~hci.LeFeatureMask.LE_EXTENDED_ADVERTISING

    def on_link_acl_data(self, sender_address, transport, data):
        connection = self.le_connections.get(sender_address)
        if connection is None:
            return
        for offset in range(0, len(data), self.FRAGMENT):
            part = data[offset:offset + self.FRAGMENT]
            self.send_hci_packet(hci.HCI_AclDataPacket(
                connection.handle, 2 if offset == 0 else 1, 0, len(part), part))

    def on_advertising_pdu(self, pdu):
        report = hci.HCI_LE_Advertising_Report_Event
        if self.le_scan_enable:
            heard = [(report.EventType.ADV_IND, pdu.data)]
            if self.le_scan_type == 1:
                for other in self.link.controllers:
                    advertiser = other.le_legacy_advertiser
                    if other is not self and advertiser.enabled and advertiser.address == pdu.advertiser_address:
                        heard.append((report.EventType.SCAN_RSP, advertiser.scan_response_data))
            for kind, data in heard:
                self.hear(kind, pdu.advertiser_address, data)
        wish = self.pending_le_connection
        if wish and wish.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def hear(self, kind, address, data, rssi=-50):
        report = hci.HCI_LE_Advertising_Report_Event
        self.send_hci_packet(report([report.Report(
            event_type=kind, address_type=address.address_type, address=address, data=data, rssi=rssi)]))


class LinuxController(VirtualController):
    """The one under BlueZ: Bluetooth 4.2, because bumble's LL privacy lacks the Enhanced Connection Complete
    event, without which the kernel never regards a connection as made."""

    # Seconds between two reports of one device: the emulated serial port is slow.
    PAUSE = 0.2

    def __init__(self, name, **options):
        super().__init__(name, **options)
        self.last_report = {}
        features = hci.LeFeatureMask
        self.le_features = (features.LE_ENCRYPTION | features.PERIPHERAL_INITIATED_FEATURE_EXCHANGE
                            | features.LE_PING | features.LE_DATA_PACKET_LENGTH_EXTENSION)

    def on_hci_le_create_connection_cancel_command(self, command):
        # bumble says yes and goes on waiting; without the event that ends it the kernel comes to grief later.
        wish, self.pending_le_connection = self.pending_le_connection, None
        if wish is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        asyncio.get_running_loop().call_soon(self.send_hci_packet, hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, connection_handle=0, role=0,
            peer_address_type=wish.peer_address_type, peer_address=wish.peer_address, connection_interval=0,
            peripheral_latency=0, supervision_timeout=0, central_clock_accuracy=0))
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def hear(self, kind, address, data, rssi=-50):
        now, key = asyncio.get_running_loop().time(), (bytes(address), kind)
        if now - self.last_report.get(key, 0) >= self.PAUSE:
            self.last_report[key] = now
            super().hear(kind, address, data, rssi)


async def attach(kind, air, name, path, address):
    """A controller whose host comes in over a Unix socket."""
    transport = await open_transport(f'unix-server:{path}')
    controller = kind(name, host_source=transport.source, host_sink=transport.sink, link=air,
                      public_address=address)
    controller.keep = transport
    return controller


class Ghost:
    """A device that is heard for a while and cannot be connected to: it has just gone."""

    def __init__(self, air, address, advertisement, scan_response):
        self.air, self.address = air, hci.Address(address)
        self.data = ((0x00, advertisement), (0x04, scan_response))

    async def haunt(self, seconds):
        report = hci.HCI_LE_Advertising_Report_Event
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            if self.air.central.le_scan_enable:
                for kind, data in self.data:
                    self.air.central.hear(report.EventType(kind), self.address, data)
            await asyncio.sleep(0.1)
