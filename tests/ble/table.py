"""bumble's own client reads the attribute table of our simulated device, and judges it."""
import asyncio
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


async def check(espprov, work):
    rows = []
    for mtu in (23, 256, 517):
        start = time.monotonic()
        problems = []
        try:
            async with asyncio.timeout(100):
                await read(espprov, work, mtu, problems)
        except TimeoutError:
            problems.append('no end in 100 s')
        rows.append((f'attribute table, MTU {mtu}', problems, round((time.monotonic() - start) * 1000)))
    return rows


def expect(problems, what, found, expected):
    if found != expected:
        problems.append(f'{what}: {found!r} instead of {expected!r}')


async def read(espprov, work, mtu, problems):
    air = Air()
    path = Path(work) / f'table{mtu}.hci'
    controller = await attach(VirtualController, air, 'peripheral', path, '00:00:00:00:00:01')
    simulator = await asyncio.create_subprocess_exec(
        espprov, 'simulate', '--ble', f'unix:{path}', '--mtu', str(mtu), '--scenario', 'default',
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
    try:
        mine = VirtualController('client', link=air, public_address='00:00:00:00:00:02')
        air.central = mine
        client = Device(name='client', address=Address('F0:F1:F2:F3:F4:F5'), host=Host(mine, mine))
        await client.power_on()
        address = await find(client, problems)
        connection = await client.connect(address)
        peer = Peer(connection)
        expect(problems, 'MTU', await peer.request_mtu(517), mtu)
        await judge(peer, problems)
        await connection.disconnect()
    finally:
        simulator.kill()
        await simulator.wait()
        await controller.keep.close()


async def find(client, problems):
    """Advertisement: flags and service; scan response: the name."""
    heard = asyncio.get_running_loop().create_future()

    def advertisement(seen):
        if not heard.done() and seen.data.get(AdvertisingData.COMPLETE_LOCAL_NAME):
            heard.set_result(seen)
    client.on('advertisement', advertisement)
    await client.start_scanning(active=True)
    seen = await heard
    await client.stop_scanning()
    expect(problems, 'name', seen.data.get(AdvertisingData.COMPLETE_LOCAL_NAME), 'PROV_51DE01')
    expect(problems, 'services', seen.data.get(AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS),
           [UUID(bridge.SERVICE)])
    return seen.address


async def judge(peer, problems):
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
    expect(problems, 'endpoints', found, {bridge.uuid(n): name for n, name in ENDPOINTS.items()})
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
