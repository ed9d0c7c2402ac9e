"""bumble's own client reads the attribute table of our simulated device, and of firmware with the same server, and judges
them."""
import asyncio
import os
import time
from pathlib import Path

import bridge
from air import Air, VirtualController, attach
from bumble.core import UUID, AdvertisingData
from bumble.device import Device, Peer
from bumble.gatt import Characteristic
from bumble.hci import Address
from bumble.host import Host

ENDPOINTS = {**bridge.ENDPOINTS, 0xFF55: 'echo'}
# Those of the firmware itself: the image has none of its own.
FIRMWARE = {number: name for number, name in bridge.ENDPOINTS.items() if number < 0xFF54}


async def check(espprov, work):
    rows = []
    for mtu in (23, 256, 517):
        path = Path(work) / f'table{mtu}.hci'
        command = [espprov, 'simulate', '--ble', f'unix:{path}', '--mtu', str(mtu), '--scenario', 'default']
        rows.append(await timed(f'attribute table, MTU {mtu}', read(path, command, mtu, 'PROV_51DE01', ENDPOINTS)))
    path = Path(work) / 'table.hci'
    rows.append(await timed('attribute table, firmware', read(path, firmware(path), 256, 'PROV_QEMU', FIRMWARE)))
    return rows


def firmware(path):
    """The command that runs firmware with its controller at this socket."""
    emulator = os.environ.get('ESPPROV_FIRMWARE', '(ESPPROV_FIRMWARE)').split('\n')
    return [*emulator, '-serial', 'null', '-chardev', f'socket,id=hci,path={path}', '-serial', 'chardev:hci']


async def timed(name, work):
    start = time.monotonic()
    try:
        async with asyncio.timeout(100):
            problems = await work
    except TimeoutError:
        problems = ['no end in 100 s']
    except OSError as error:
        problems = [str(error)]
    return name, problems, round((time.monotonic() - start) * 1000)


def expect(problems, what, found, expected):
    if found != expected:
        problems.append(f'{what}: {found!r} instead of {expected!r}')


async def read(path, command, mtu, name, endpoints):
    """What is wrong with the device that a command puts on the air."""
    problems, air = [], Air()
    controller = await attach(VirtualController, air, 'peripheral', path, '00:00:00:00:00:01')
    try:
        device = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL)
    except OSError:
        await controller.keep.close()
        raise
    try:
        mine = VirtualController('client', link=air, public_address='00:00:00:00:00:02')
        air.central = mine
        client = Device(name='client', address=Address('F0:F1:F2:F3:F4:F5'), host=Host(mine, mine))
        await client.power_on()
        address = await find(client, name, problems)
        connection = await client.connect(address)
        peer = Peer(connection)
        expect(problems, 'MTU', await peer.request_mtu(517), mtu)
        await judge(peer, endpoints, problems)
        await connection.disconnect()
    finally:
        device.kill()
        await device.wait()
        await controller.keep.close()
    return problems


async def find(client, name, problems):
    """Advertisement: flags and service; scan response: the name."""
    heard = asyncio.get_running_loop().create_future()

    def advertisement(seen):
        if not heard.done() and seen.data.get(AdvertisingData.COMPLETE_LOCAL_NAME):
            heard.set_result(seen)
    client.on('advertisement', advertisement)
    await client.start_scanning(active=True)
    seen = await heard
    await client.stop_scanning()
    expect(problems, 'name', seen.data.get(AdvertisingData.COMPLETE_LOCAL_NAME), name)
    expect(problems, 'services', seen.data.get(AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS),
           [UUID(bridge.SERVICE)])
    return seen.address


async def judge(peer, endpoints, problems):
    await peer.discover_all()
    services = [s for s in peer.services if s.uuid == UUID(bridge.SERVICE)]
    expect(problems, 'provisioning services', len(services), 1)
    found, by_name = {}, {}
    for characteristic in services[0].characteristics:
        expect(problems, 'properties', characteristic.properties,
               Characteristic.Properties.READ | Characteristic.Properties.WRITE)
        names = [await d.read_value() for d in characteristic.descriptors if d.type == UUID(0x2901)]
        expect(problems, 'names per endpoint', len(names), 1)
        found[str(characteristic.uuid).lower()] = names[0].decode()
        by_name[names[0].decode()] = characteristic
    expect(problems, 'endpoints', found, {bridge.uuid(n): name for n, name in endpoints.items()})
    version = by_name['proto-ver']
    await version.write_value(b'---', with_response=True)
    text = bytes(await version.read_value()).decode()
    if '"sec_ver"' not in text:
        problems.append(f'proto-ver: {text!r}')
    # More than a value may have: an error, and the link lives.
    try:
        await version.write_value(b'-' * 600, with_response=True)
        problems.append('600 bytes were accepted')
    except Exception as error:  # bumble's own kind
        expect(problems, 'error code', getattr(error, 'error_code', None), 0x0D)
    await version.write_value(b'-', with_response=True)
