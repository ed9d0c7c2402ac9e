"""A mock of BlueZ on a private bus, for errors that real hardware is slow or unwilling to show.

mock.py MODE plays BlueZ on DBUS_SYSTEM_BUS_ADDRESS; `check` runs the real command against each mode. It proves
how errors are told apart and that deadlines hold, nothing about Bluetooth itself.
"""
import asyncio
import json
import os
import sys
import time
from pathlib import Path

from dbus_fast import BusType, DBusError, PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

SERVICE = '1775244d-6b43-439b-877c-060f2d9bed07'
HERE = Path(__file__).resolve()
ADAPTER = '/org/bluez/hci0'
DEVICE = ADAPTER + '/dev_F0_F1_F2_F3_F4_F5'
ENDPOINTS = ['prov-scan', 'prov-session', 'prov-config', 'proto-ver']

# mode, command, exit status, error code, seconds it may take
CASES = [
    ('no_daemon', ['info', 'ble:PROV_MOCK'], 3, 'no_bluetooth', 2),
    ('no_adapter', ['info', 'ble:PROV_MOCK'], 3, 'no_adapter', 2),
    ('off', ['info', 'ble:PROV_MOCK'], 3, 'adapter_off', 2),
    ('off', ['discover'], 3, 'adapter_off', 2),
    ('fine', ['info', 'ble:PROV_MOCK', '--adapter', 'hci7'], 3, 'no_adapter', 2),
    ('denied', ['info', 'ble:PROV_MOCK'], 3, 'no_permission', 2),
    ('hanging', ['info', 'ble:PROV_MOCK', '--deadline', '2s'], 9, 'deadline', 4),
    ('pairing', ['info', 'ble:PROV_MOCK'], 3, 'needs_pairing', 4),
    ('refusing', ['info', 'ble:PROV_MOCK'], 3, 'not_a_device', 4),
    ('fine', ['info', 'ble:PROV_MOCK'], 0, None, 4),
    ('fine', ['discover', '--timeout', '1s'], 0, None, 4),
]


def constant(name, signature, value):
    def get(_self):
        return value(_self) if callable(value) else value
    get.__name__, get.__annotations__ = name, {'return': signature}
    return dbus_property(access=PropertyAccess.READ)(get)


class Adapter(ServiceInterface):
    Address = constant('Address', 's', 'AA:BB:CC:00:00:01')
    AddressType = constant('AddressType', 's', 'public')
    Name = constant('Name', 's', 'mock')
    Alias = constant('Alias', 's', 'mock')
    Modalias = constant('Modalias', 's', 'usb:v1D6Bp0246d0542')
    Discovering = constant('Discovering', 'b', lambda self: self.discovering)

    def __init__(self, world):
        super().__init__('org.bluez.Adapter1')
        self.world, self.discovering = world, False

    @dbus_property()
    def Powered(self) -> 'b':
        return self.world.mode != 'off'

    @Powered.setter
    def Powered(self, value: 'b'):
        pass

    @dbus_method()
    def SetDiscoveryFilter(self, _filter: 'a{sv}'):
        pass

    @dbus_method()
    async def StartDiscovery(self):
        if self.world.mode == 'denied':
            raise DBusError('org.freedesktop.DBus.Error.AccessDenied', 'Rejected send message')
        self.discovering = True
        asyncio.get_running_loop().call_later(0.1, self.world.found)

    @dbus_method()
    def StopDiscovery(self):
        self.discovering = False


class Device(ServiceInterface):
    Address = constant('Address', 's', 'F0:F1:F2:F3:F4:F5')
    AddressType = constant('AddressType', 's', 'random')
    Name = constant('Name', 's', 'PROV_MOCK')
    Alias = constant('Alias', 's', 'PROV_MOCK')
    Paired = constant('Paired', 'b', False)
    Trusted = constant('Trusted', 'b', False)
    Blocked = constant('Blocked', 'b', False)
    LegacyPairing = constant('LegacyPairing', 'b', False)
    Connected = constant('Connected', 'b', lambda self: self.connected)
    ServicesResolved = constant('ServicesResolved', 'b', lambda self: self.connected)
    UUIDs = constant('UUIDs', 'as', lambda self: [SERVICE])
    RSSI = constant('RSSI', 'n', -50)
    Adapter = constant('Adapter', 'o', ADAPTER)

    def __init__(self, world):
        super().__init__('org.bluez.Device1')
        self.world, self.connected = world, False

    @dbus_method()
    async def Connect(self):
        print('connect', flush=True)
        if self.world.mode == 'hanging':
            await asyncio.sleep(3600)
        self.world.attributes()
        self.connected = True
        self.emit_properties_changed({'Connected': True, 'ServicesResolved': True})

    @dbus_method()
    def Disconnect(self):
        print('disconnect', flush=True)
        self.connected = False


class GattService(ServiceInterface):
    UUID = constant('UUID', 's', SERVICE)
    Primary = constant('Primary', 'b', True)

    def __init__(self):
        super().__init__('org.bluez.GattService1')


class GattCharacteristic(ServiceInterface):
    UUID = constant('UUID', 's', lambda self: self.uuid)
    Flags = constant('Flags', 'as', lambda self: ['read', 'write'])
    MTU = constant('MTU', 'q', 256)

    def __init__(self, world, uuid):
        super().__init__('org.bluez.GattCharacteristic1')
        self.world, self.uuid = world, uuid

    @dbus_method()
    def ReadValue(self, _options: 'a{sv}') -> 'ay':
        return b'{"prov":{"ver":"v1.1","sec_ver":1,"cap":["wifi_scan"]}}'

    @dbus_method()
    def WriteValue(self, _value: 'ay', _options: 'a{sv}'):
        if self.world.mode == 'pairing':
            raise DBusError('org.bluez.Error.NotPermitted', 'Not paired')
        if self.world.mode == 'refusing':
            raise DBusError('org.bluez.Error.Failed', 'Operation failed with ATT error: 0x04')


class GattDescriptor(ServiceInterface):
    UUID = constant('UUID', 's', '00002901-0000-1000-8000-00805f9b34fb')

    def __init__(self, name):
        super().__init__('org.bluez.GattDescriptor1')
        self.name_of_endpoint = name

    @dbus_method()
    def ReadValue(self, _options: 'a{sv}') -> 'ay':
        return self.name_of_endpoint.encode()


class World:
    def __init__(self, bus, mode):
        self.bus, self.mode, self.device, self.exported = bus, mode, None, False
        if mode != 'no_adapter':
            bus.export(ADAPTER, Adapter(self))

    def found(self):
        if self.device is None:
            self.device = Device(self)
            self.bus.export(DEVICE, self.device)

    def attributes(self):
        if self.exported:
            return
        self.exported = True
        self.bus.export(DEVICE + '/service0001', GattService())
        for index, name in enumerate(ENDPOINTS):
            path = f'{DEVICE}/service0001/char{index:04x}'
            self.bus.export(path, GattCharacteristic(self, f'{SERVICE[:4]}{0xff50 + index:04x}{SERVICE[8:]}'))
            self.bus.export(path + '/desc0001', GattDescriptor(name))


async def play(mode):
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    World(bus, mode)
    await bus.request_name('org.bluez')
    print('ready', flush=True)
    await asyncio.get_running_loop().create_future()


async def check(espprov, work):
    """Rows of (name, problems, milliseconds)."""
    config, socket = Path(work) / 'bus.conf', Path(work) / 'bus'
    config.write_text(f'''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
"busconfig.dtd"><busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
<allow user="*"/></policy></busconfig>''')
    daemon = os.environ.get('ESPPROV_DBUS_DAEMON', 'dbus-daemon')
    bus = await asyncio.create_subprocess_exec(daemon, f'--config-file={config}', '--nofork', '--nopidfile')
    env = {**os.environ, 'DBUS_SYSTEM_BUS_ADDRESS': f'unix:path={socket}'}
    try:
        while not socket.exists():
            if bus.returncode is not None:
                raise RuntimeError('dbus-daemon did not start')
            await asyncio.sleep(0.02)
        return [await case(espprov, env, *one) for one in CASES]
    finally:
        bus.kill()
        await bus.wait()


async def case(espprov, env, mode, command, code, error, seconds):
    player = None
    if mode != 'no_daemon':
        player = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE), mode, env=env, stdout=asyncio.subprocess.PIPE)
        await player.stdout.readline()
    problems, start = [], time.monotonic()
    client = await asyncio.create_subprocess_exec(
        espprov, '--json', *command, env=env, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(20):
            out, err = await client.communicate()
    except TimeoutError:
        client.kill()
        out, err = await client.communicate()
        problems.append('no end in 20 s')
    took = time.monotonic() - start
    lines = out.decode().splitlines()
    result = json.loads(lines[-1]) if lines else {}
    found = result.get('error', {}).get('code')
    if client.returncode != code or found != error:
        problems.append(f'exit {client.returncode}, {found}: {result} {err.decode()}')
    if took > seconds:
        problems.append(f'took {took:.1f} s')
    if player:
        await asyncio.sleep(0.1)
        player.kill()
        calls = (await player.stdout.read()).decode().split()
        await player.wait()
        # Whoever asked to connect has disconnected.
        if calls.count('connect') and not calls.count('disconnect'):
            problems.append('did not disconnect')
    return f'{" ".join(command[:1])}: {mode}', problems, round(took * 1000)


if __name__ == '__main__':
    asyncio.run(play(sys.argv[1]))
