"""A GATT server that is not ours: bumble's, in front of a simulated device on a console.

Every write goes to `espprov simulate --console` as a line, and its answer is the next value read. So the GATT
side of the link is foreign, and only the bytes inside are the simulator's.
"""
import asyncio
import re

from bumble import att, gatt
from bumble.core import UUID, AdvertisingData
from bumble.device import Device
from bumble.gatt import Characteristic, CharacteristicValue, Descriptor, Service
from bumble.hci import Address
from bumble.host import Host

SERVICE = '1775244d-6b43-439b-877c-060f2d9bed07'
ENDPOINTS = {
    0xFF4F: 'prov-ctrl', 0xFF50: 'prov-scan', 0xFF51: 'prov-session', 0xFF52: 'prov-config',
    0xFF53: 'proto-ver', 0xFF54: 'custom-data',
}


def uuid(endpoint):
    return f'{SERVICE[:4]}{endpoint:04x}{SERVICE[8:]}'


def advertisement():
    """Flags and the service, as the vendor's firmware has it; the name is in the scan response."""
    return bytes(AdvertisingData([
        (AdvertisingData.FLAGS, b'\x06'),
        (AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, bytes(UUID(SERVICE)))]))


def scan_response(name):
    return bytes(AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, name.encode())]))


class Console:
    """The simulated device behind it."""

    def __init__(self, process):
        self.process, self.session, self.lock = process, 0, asyncio.Lock()

    @classmethod
    async def start(cls, *command):
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL)
        console = cls(process)
        await console.prompt()
        return console

    async def prompt(self):
        text = b''
        while not text.endswith(b'>> '):
            byte = await self.process.stdout.read(1)
            if not byte:
                raise RuntimeError('the simulator ended')
            text += byte
        return text.decode(errors='replace')

    async def ask(self, endpoint, request):
        """The reply, or None where the device refuses."""
        async with self.lock:
            if self.process.returncode is not None:
                return None
            self.process.stdin.write(f'{endpoint} {self.session} {request.hex()}\r'.encode())
            await self.process.stdin.drain()
            text = await self.prompt()
        # The echo comes first; the answer is a line of hexadecimal digits.
        lines = re.split(r'[\r\n]+', text)[1:]
        answers = [line for line in lines if re.fullmatch(r'(?:[0-9a-f]{2})*', line) and line]
        return bytes.fromhex(answers[-1]) if answers else None


class Endpoint:
    def __init__(self, name, console, refuses):
        self.name, self.console, self.value, self.refuses = name, console, b'', refuses

    def read(self, _connection):
        return self.value

    async def write(self, _connection, value):
        if self.refuses:
            raise att.ATT_Error(error_code=att.ErrorCode(self.refuses))
        reply = await self.console.ask(self.name, bytes(value))
        if reply is None:
            raise att.ATT_Error(error_code=att.ErrorCode.INVALID_PDU)
        self.value = reply


def long_reads_like_firmware(server):
    """A value of exactly one packet: BlueZ asks for the rest. Firmware answers with nothing, which is the end;
    bumble with an error, which BlueZ passes on as a failed read."""

    async def answer(bearer, request):
        attribute = server.get_attribute(request.attribute_handle)
        value = await attribute.read_value(bearer)
        part = value[request.value_offset:request.value_offset + bearer.att_mtu - 1]
        server.send_response(bearer, att.ATT_Read_Blob_Response(part_attribute_value=part))

    # bumble calls its handlers without awaiting them.
    def read_blob(bearer, request):
        task = asyncio.get_running_loop().create_task(answer(bearer, request))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    tasks = set()
    server.on_att_read_blob_request = read_blob


async def serve(controller, console, name, address, mtu, endpoints=ENDPOINTS, refuses=None, stalls=False):
    """Puts the peripheral on the air. `refuses`: ATT errors by endpoint; `stalls`: says nothing of its
    characteristics."""
    device = Device(name=name, address=Address(address), host=Host(controller, controller))
    device.gatt_server.max_mtu = mtu
    long_reads_like_firmware(device.gatt_server)
    if stalls:
        device.gatt_server.on_att_read_by_type_request = lambda _bearer, _request: None
    characteristics = []
    for number, endpoint_name in endpoints.items():
        endpoint = Endpoint(endpoint_name, console, (refuses or {}).get(endpoint_name))
        characteristics.append(Characteristic(
            uuid(number), Characteristic.Properties.READ | Characteristic.Properties.WRITE,
            Characteristic.READABLE | Characteristic.WRITEABLE,
            CharacteristicValue(read=endpoint.read, write=endpoint.write),
            [Descriptor(gatt.GATT_CHARACTERISTIC_USER_DESCRIPTION_DESCRIPTOR, Descriptor.READABLE,
                        endpoint_name.encode())]))
    device.add_service(Service(SERVICE, characteristics))

    def new_session(_connection):
        console.session += 1
    device.on('connection', new_session)
    await device.power_on()
    await device.start_advertising(
        advertising_data=advertisement(), scan_response_data=scan_response(name), auto_restart=True,
        advertising_interval_min=100, advertising_interval_max=100)
    return device
