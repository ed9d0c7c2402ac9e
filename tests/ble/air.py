"""The air: virtual Bluetooth controllers that hear each other, and count what is said.

bumble brings the controllers; what its version 0.0.236 does differently from a real one is put right here:
scan responses, fragments of long packets, addresses on ACL packets, features a Linux host would trip over.
"""
import asyncio
from array import array
from collections import Counter
from fcntl import ioctl
from termios import TIOCOUTQ

from bumble import hci
from bumble.core import UUID
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport import open_transport

# Bytes of a PDU that are written down: enough to see what it asks for; values are test data.
LOGGED = 48
# What is written down of the central's controller: connections, how they come and go.
CONNECTING = {hci.HCI_LE_CREATE_CONNECTION_COMMAND, hci.HCI_LE_CREATE_CONNECTION_CANCEL_COMMAND,
              hci.HCI_DISCONNECT_COMMAND, hci.HCI_LE_SET_SCAN_ENABLE_COMMAND}
CONNECTED = (hci.HCI_LE_Connection_Complete_Event, hci.HCI_Disconnection_Complete_Event, hci.HCI_Command_Status_Event)
# ATT requests by opcode: each costs one round trip.
REQUESTS = {
    0x02: 'mtu', 0x04: 'discover', 0x06: 'discover', 0x08: 'discover', 0x10: 'discover',
    0x0A: 'read', 0x0C: 'read', 0x0E: 'read', 0x12: 'write', 0x16: 'write', 0x18: 'write',
}
READ_BY_TYPE_RESPONSE, MTU_RESPONSE, INFORMATION_RESPONSE = 0x09, 0x03, 0x05
# What connecting is made of: requests by opcode, and by the type of attribute they are about.
KINDS = {0x02: 'exchange MTU', 0x04: 'find information', 0x06: 'find by type value', 0x08: 'read by type',
         0x0A: 'read', 0x0C: 'read blob', 0x10: 'read by group type', 0x12: 'write'}
TYPES = {0x2800: 'primary services', 0x2801: 'secondary services', 0x2802: 'included services',
         0x2803: 'characteristics', 0x2A00: 'device name', 0x2A01: 'appearance', 0x2A04: 'preferred parameters',
         0x2B2A: 'database hash', 0x2B3A: 'server features', 0x2B29: 'client features', 0x2902: 'subscription',
         0x2901: 'name'}
READ_RESPONSES = (0x0B, 0x0D)
# Endpoints by the number in their UUIDs, and the phase of a run they belong to.
BASE = bytes(UUID('1775244d-6b43-439b-877c-060f2d9bed07'))
PHASES = {0xFF4F: 'config', 0xFF50: 'scan', 0xFF51: 'session', 0xFF52: 'config', 0xFF53: 'session'}


class Stats:
    """What the central said to one peripheral, and what the least would have been.

    Phases: `connect` is everything until the endpoints and their names are known, `session` the version and the
    handshake, then `scan`, `config` (credentials, apply, asking for the state) and `data`.
    """

    def __init__(self):
        self.mtu = 23
        self.requests, self.phases, self.least, self.exchanges = Counter(), Counter(), Counter(), Counter()
        # The requests of connecting, by what they ask; the names of endpoints are what we ask, the rest BlueZ does.
        self.connect = Counter()
        # Seconds: the wish to connect, and the last word of the handshake.
        self.began = self.session = None
        self.writing = self.reading = None

    def finish_read(self):
        """A value is read once nothing more of it is asked for."""
        if self.reading:
            phase, length = self.reading
            self.least[phase] += 1 + length // (self.mtu - 1)
            self.reading = None

    def wrote(self, phase, length):
        self.exchanges[phase] += 1
        one = length <= self.mtu - 3
        self.least[phase] += 1 if one else -(-length // (self.mtu - 5)) + 1

    def note_connect(self, pdu, type_of):
        """Says what a request is about that belongs to no exchange."""
        opcode, about = pdu[0], None
        if opcode in (0x08, 0x10) and len(pdu) == 7:
            about = int.from_bytes(pdu[5:7], 'little')
        elif opcode in (0x0A, 0x0C, 0x12):
            about = type_of(int.from_bytes(pdu[1:3], 'little'))
        what = TYPES.get(about, f'{about:04x}' if about else None)
        self.connect[KINDS.get(opcode, f'{opcode:02x}') + (f', {what}' if what else '')] += 1

    def is_known(self):
        """The central remembered the device's attributes."""
        return not any(what.endswith(', characteristics') for what in self.connect)

    def names(self):
        """Requests for names of endpoints."""
        return sum(count for what, count in self.connect.items() if what.endswith(', name'))

    def request(self, pdu, phase_of, type_of):
        kind, opcode = REQUESTS.get(pdu[0]), pdu[0]
        if not kind:
            return
        handle = int.from_bytes(pdu[1:3], 'little')
        if opcode == 0x18:
            # Execute: the parts that were prepared are one value.
            phase, length = self.writing or ('connect', 0)
            self.writing = None
            self.wrote(phase, length)
        else:
            phase = phase_of(handle) if kind in ('read', 'write') else 'connect'
        if opcode == 0x02:
            self.mtu = handle
            self.note_connect(pdu, type_of)
        elif phase != 'connect':
            if opcode != 0x0C:
                self.finish_read()
            if opcode == 0x12:
                self.wrote(phase, len(pdu) - 3)
            elif opcode == 0x16:
                self.writing = (phase, (self.writing or (phase, 0))[1] + len(pdu) - 5)
            elif opcode == 0x0A:
                self.reading = (phase, 0)
        elif opcode != 0x18:
            self.note_connect(pdu, type_of)
            # BlueZ subscribes to Service Changed; everything else that is read are names.
            kind = {'write': 'discover', 'read': 'names'}.get(kind, kind)
        self.requests[kind] += 1
        self.phases[phase] += 1

    def response(self, pdu, now):
        if pdu[0] == MTU_RESPONSE:
            self.mtu = max(23, min(self.mtu, int.from_bytes(pdu[1:3], 'little')))
        elif pdu[0] in READ_RESPONSES and self.reading:
            phase, length = self.reading
            self.reading = (phase, length + len(pdu) - 1)
            if phase == 'session':
                self.session = now

    def connect_to_session(self):
        """Milliseconds, or None."""
        if self.began is None or self.session is None:
            return None
        return round((self.session - self.began) * 1000)


class Air(LocalLink):
    """Where all controllers are; counts the ATT requests of the central, per peripheral."""

    def __init__(self):
        super().__init__()
        self.central = None
        self.stats = {}
        # What is behind the handles of a peripheral's values: BlueZ remembers it too.
        self.handles = {}
        # And the 16-bit types of descriptors.
        self.types = {}
        # Beginnings of the names of the devices in reach; the others are out of range for now.
        self.in_reach = ('',)
        # Nobody answers a wish to connect.
        self.holding = False
        # How often the central began to scan actively, which a discovery does.
        self.scans = 0
        # Where everything said is written down, if anywhere.
        self.log = None

    def send_acl_data(self, sender, to, transport, data):
        connection = sender.le_connections.get(to)
        receiver = self.find_le_controller(to)
        if connection is None or receiver is None:
            return
        if len(data) > 4 and data[2:4] == b'\x04\x00':
            self.note(sender, receiver, data[4:])
        # The address this side was connected under, which need not be its random one.
        asyncio.get_running_loop().call_soon(
            receiver.on_link_acl_data, connection.self_address, transport, data)

    def note(self, sender, receiver, pdu):
        if self.log:
            now = asyncio.get_running_loop().time()
            self.log.write(f'{now:.2f} {sender.name} > {receiver.name} {pdu[:LOGGED].hex()} {len(pdu)}\n')
        if sender is self.central:
            handles, types = self.handles.get(receiver.name, {}), self.types.get(receiver.name, {})
            self.of(receiver.name).request(pdu, lambda handle: handles.get(handle, 'connect'), types.get)
        elif receiver is self.central:
            self.of(sender.name).response(pdu, asyncio.get_running_loop().time())
            if pdu[0] == READ_BY_TYPE_RESPONSE and pdu[1] == 21:
                for entry in range(2, len(pdu) - 20, 21):
                    self.learn(sender.name, pdu[entry:entry + 21])
            elif pdu[0] == READ_BY_TYPE_RESPONSE and pdu[1] == 7:
                # Characteristics of the GAP and GATT services.
                types = self.types.setdefault(sender.name, {})
                for entry in range(2, len(pdu) - 6, 7):
                    value, about = pdu[entry + 3:entry + 5], pdu[entry + 5:entry + 7]
                    types[int.from_bytes(value, 'little')] = int.from_bytes(about, 'little')
            elif pdu[0] == INFORMATION_RESPONSE and pdu[1] == 1:
                types = self.types.setdefault(sender.name, {})
                for entry in range(2, len(pdu) - 3, 4):
                    handle, about = pdu[entry:entry + 2], pdu[entry + 2:entry + 4]
                    types[int.from_bytes(handle, 'little')] = int.from_bytes(about, 'little')

    def learn(self, name, declaration):
        """A characteristic of 128 bits: its handle, properties, the value's handle, the UUID."""
        uuid = declaration[5:]
        if uuid[:12] + uuid[14:] == BASE[:12] + BASE[14:]:
            number = int.from_bytes(uuid[12:14], 'little')
            value = int.from_bytes(declaration[3:5], 'little')
            self.handles.setdefault(name, {})[value] = PHASES.get(number, 'data')

    def of(self, name):
        return self.stats.setdefault(name, Stats())

    def send_advertising_pdu(self, sender_controller, packet):
        # Only the central listens, and it hears only what is in reach. What it says itself is heard by all: a
        # wish to connect.
        if sender_controller is self.central or self.central is None:
            super().send_advertising_pdu(sender_controller, packet)
        elif sender_controller.name.startswith(self.in_reach):
            asyncio.get_running_loop().call_soon(self.central.on_ll_advertising_pdu, packet)

    def begin(self):
        """Forgets what was counted."""
        self.stats.clear()
        self.holding = False
        self.scans = 0

    def connected(self):
        """Whether the central holds a connection, or is making one."""
        return bool(self.central.le_connections) or self.central.pending_le_connection is not None

    def name_at(self, address):
        controller = self.find_le_controller(address)
        return controller.name if controller else ''


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

    def listens(self):
        """Whether a report of an advertisement can be taken now."""
        return self.le_scan_enable

    def on_advertising_pdu(self, pdu):
        report = hci.HCI_LE_Advertising_Report_Event
        if self.listens():
            heard = [(report.EventType.ADV_IND, pdu.data)]
            if self.le_scan_type == 1:
                for other in self.link.controllers:
                    advertiser = other.le_legacy_advertiser
                    if other is not self and advertiser.enabled and advertiser.address == pdu.advertiser_address:
                        heard.append((report.EventType.SCAN_RSP, advertiser.scan_response_data))
            for kind, data in heard:
                self.hear(kind, pdu.advertiser_address, data)
        wish = self.pending_le_connection
        if wish and not self.link.holding and wish.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def hear(self, kind, address, data, rssi=-50):
        report = hci.HCI_LE_Advertising_Report_Event
        self.send_hci_packet(report([report.Report(
            event_type=kind, address_type=address.address_type, address=address, data=data, rssi=rssi)]))


class LinuxController(VirtualController):
    """The one under BlueZ: Bluetooth 4.2, because bumble's LL privacy lacks the Enhanced Connection Complete
    event, without which the kernel never regards a connection as made."""

    # Seconds between two reports of one device; and where the host asks not to hear the same twice: controllers differ in
    # how long they remember.
    PAUSE, DUPLICATE = 0.2, 1

    def __init__(self, name, **options):
        super().__init__(name, **options)
        # Whole packets: in pieces of 27 bytes they would cost the emulated serial port ten times the interrupts.
        self.le_acl_data_packet_length = self.FRAGMENT
        self.last_report, self.last_handle = {}, 0
        features = hci.LeFeatureMask
        self.le_features = (features.LE_ENCRYPTION | features.PERIPHERAL_INITIATED_FEATURE_EXCHANGE
                            | features.LE_PING | features.LE_DATA_PACKET_LENGTH_EXTENSION)

    def write_down(self, what):
        if self.link.log:
            self.link.log.write(f'{asyncio.get_running_loop().time():.2f} {what}\n')

    def on_hci_command_packet(self, command):
        if command.op_code in CONNECTING:
            self.write_down(f'central: {command.name} {bytes(command)[4:].hex()}')
        super().on_hci_command_packet(command)

    def send_hci_packet(self, packet):
        if isinstance(packet, CONNECTED):
            self.write_down(f'central hears: {packet.name} {bytes(packet)[3:].hex()}')
        super().send_hci_packet(packet)

    def on_hci_le_set_scan_enable_command(self, command):
        if command.le_scan_enable and not self.le_scan_enable and self.le_scan_type == 1:
            self.link.scans += 1
        # A new scan remembers nothing.
        self.last_report.clear()
        return super().on_hci_le_set_scan_enable_command(command)

    def on_hci_le_create_connection_command(self, command):
        self.link.of(self.link.name_at(command.peer_address)).began = asyncio.get_running_loop().time()
        return super().on_hci_le_create_connection_command(command)

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

    def allocate_connection_handle(self):
        # bumble takes the lowest that is free. What the host still sends to a connection that has just been cut
        # would reach the next one.
        taken = {connection.handle for connection in self.le_connections.values()}
        self.last_handle = next(
            handle for n in range(0xEFF) if (handle := (self.last_handle + n) % 0xEFF + 1) not in taken)
        return self.last_handle

    def on_hci_disconnect_command(self, command):
        # bumble promises an event and sends none: the kernel waits for it for two seconds. A real one says no.
        if self.find_le_connection_by_handle(command.connection_handle) is None:
            self._send_hci_command_status(
                hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code)
            return None
        return super().on_hci_disconnect_command(command)

    def listens(self):
        # As a radio, it drops what its host does not fetch: else a host on a busy machine would have to work off minutes of
        # advertisements, in hours of its own.
        return self.le_scan_enable and not unread(self.keep.sink)

    def hear(self, kind, address, data, rssi=-50):
        now, key = asyncio.get_running_loop().time(), (bytes(address), kind)
        pause = self.DUPLICATE if self.filter_duplicates else self.PAUSE
        if now - self.last_report.get(key, -pause) >= pause:
            self.last_report[key] = now
            super().hear(kind, address, data, rssi)


def unread(sink):
    """Bytes that the other end of a Unix socket has not read yet."""
    transport = sink.transport
    if transport is None:
        return 0
    waiting = array('i', [0])
    ioctl(transport.get_extra_info('socket').fileno(), TIOCOUTQ, waiting)
    return transport.get_write_buffer_size() + waiting[0]


async def attach(kind, air, name, path, address):
    """A controller whose host comes in over a Unix socket."""
    transport = await open_transport(f'unix-server:{path}')
    controller = kind(name, host_source=transport.source, host_sink=transport.sink, link=air,
                      public_address=address)
    controller.keep = transport
    return controller


class Ghost:
    """A device that is heard and cannot be connected to: it has just gone."""

    def __init__(self, air, address, advertisement, scan_response):
        self.air, self.address = air, hci.Address(address)
        self.data = ((0x00, advertisement), (0x04, scan_response))

    async def haunt(self):
        """Until somebody wants to connect."""
        report = hci.HCI_LE_Advertising_Report_Event
        while self.air.central.pending_le_connection is None:
            if self.air.central.le_scan_enable:
                for kind, data in self.data:
                    self.air.central.hear(report.EventType(kind), self.address, data)
            await asyncio.sleep(0.1)
