"""A mock of BlueZ on a private bus, for errors that real hardware is slow or unwilling to show.

mock.py MODE ESPPROV plays BlueZ on DBUS_SYSTEM_BUS_ADDRESS; `check` runs the real command against each mode. It proves
how errors are told apart, that deadlines hold, and what is done about a daemon that dies or remembers wrongly; nothing
about Bluetooth itself. Behind its device is a simulator on a console, which lives on when the daemon dies.
"""
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import bridge
import scenarios
from dbus_fast import BusType, DBusError, PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

SERVICE = '1775244d-6b43-439b-877c-060f2d9bed07'
HERE = Path(__file__).resolve()
ENDPOINTS = ['prov-scan', 'prov-session', 'prov-config', 'proto-ver']

PROVISION = ['provision', 'ble:PROV_MOCK', *scenarios.HOME, '--pop', 'abcd1234']
# Each adapter hears a device of its own, so that both are only reached if both are used.
ADAPTERS = {'hci0': 'PROV_MOCK', 'hci1': 'PROV_OTHER'}
MANIFEST = 'target,pop\n' + ''.join(f'ble:{name},abcd1234\n' for name in ADAPTERS.values())
# How long a daemon that died is away.
AWAY = 0.7

# mode, command, exit status, error code or (of a success) outcome, seconds it may take
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
    ('fine', ['info', 'ble:PROV_MOCK'], 0, 'done', 4),
    ('fine', ['discover', '--timeout', '1s'], 0, 'done', 4),
    ('fine', PROVISION, 0, 'connected', 6),
    # Jobs share the adapters that are named.
    ('two adapters', ['batch', '{work}/two.csv', *scenarios.HOME, '--jobs', '2', '--adapter', 'hci0,hci1'], 0, 'done', 10),
    # The daemon dies and comes back: a lost link. It leaves a connection half-way, which has to be removed.
    ('dies discovering', PROVISION, 0, 'connected', 8),
    ('dies connecting', PROVISION, 0, 'connected', 12),
    ('dies session', PROVISION, 0, 'connected', 12),
    ('dies applied', PROVISION, 0, 'connected', 12),
    # It stays away: its end is the error, not the device's absence.
    ('gone discovering', ['discover', '--timeout', '2s'], 3, 'no_bluetooth', 6),
    ('gone session', [*PROVISION, '--deadline', '4s'], 9, 'deadline', 8),
    # What it remembers is wrong: removed, and read afresh.
    ('half open', ['info', 'ble:PROV_MOCK'], 0, 'done', 18),
    ('stale names', ['info', 'ble:PROV_MOCK'], 0, 'done', 6),
    ('stale values', ['info', 'ble:PROV_MOCK'], 0, 'done', 8),
]
# Modes in which the device must have been removed.
REMOVED = ('dies connecting', 'dies session', 'dies applied', 'half open', 'stale names', 'stale values')


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
        if self.world.is_heir and time.monotonic() < self.world.began + AWAY:
            # The kernel goes on with what the old daemon began.
            raise DBusError('org.bluez.Error.InProgress', 'Operation already in progress')
        self.discovering = True
        await self.world.reach('discovering')
        asyncio.get_running_loop().call_later(0.1, self.world.found)

    @dbus_method()
    def StopDiscovery(self):
        self.discovering = False

    @dbus_method()
    def RemoveDevice(self, path: 'o'):
        if path != self.world.device_path or not self.world.device:
            raise DBusError('org.bluez.Error.DoesNotExist', 'Does Not Exist')
        print('remove', flush=True)
        self.world.remove()


class Device(ServiceInterface):
    Address = constant('Address', 's', 'F0:F1:F2:F3:F4:F5')
    AddressType = constant('AddressType', 's', 'random')
    Name = constant('Name', 's', lambda self: self.world.name)
    Alias = constant('Alias', 's', lambda self: self.world.name)
    Paired = constant('Paired', 'b', False)
    Trusted = constant('Trusted', 'b', False)
    Blocked = constant('Blocked', 'b', False)
    LegacyPairing = constant('LegacyPairing', 'b', False)
    Connected = constant('Connected', 'b', lambda self: self.connected)
    ServicesResolved = constant('ServicesResolved', 'b', lambda self: self.resolved)
    UUIDs = constant('UUIDs', 'as', lambda self: [SERVICE])
    RSSI = constant('RSSI', 'n', -50)
    Adapter = constant('Adapter', 'o', lambda self: self.world.adapter_path)

    def __init__(self, world):
        super().__init__('org.bluez.Device1')
        self.world, self.connected, self.resolved = world, False, False

    @dbus_method()
    async def Connect(self):
        print('connect', flush=True)
        if self.world.mode == 'hanging':
            await asyncio.sleep(3600)
        await self.world.reach('connecting')
        if self.connected:
            # As BlueZ does: it is, and that is all that will ever be said.
            return
        self.connected, self.resolved = True, not self.world.is_wrong('half open')
        if self.resolved:
            await self.world.attributes()
        self.emit_properties_changed({'Connected': True, 'ServicesResolved': self.resolved})

    @dbus_method()
    def Disconnect(self):
        print('disconnect', flush=True)
        # One that is stuck does not end by it.
        if self.resolved:
            self.connected = self.resolved = False


class GattService(ServiceInterface):
    UUID = constant('UUID', 's', SERVICE)
    Primary = constant('Primary', 'b', True)

    def __init__(self):
        super().__init__('org.bluez.GattService1')


class GattCharacteristic(ServiceInterface):
    UUID = constant('UUID', 's', lambda self: self.uuid)
    Flags = constant('Flags', 'as', lambda self: ['read', 'write'])
    MTU = constant('MTU', 'q', 256)

    def __init__(self, world, name, uuid):
        super().__init__('org.bluez.GattCharacteristic1')
        self.world, self.name_of_endpoint, self.uuid, self.value = world, name, uuid, b''

    @dbus_method()
    async def ReadValue(self, _options: 'a{sv}') -> 'ay':
        if self.name_of_endpoint == 'prov-config' and self.world.writes >= 3:
            await self.world.reach('applied')
        return self.value

    @dbus_method()
    async def WriteValue(self, value: 'ay', _options: 'a{sv}'):
        if self.world.mode == 'pairing':
            raise DBusError('org.bluez.Error.NotPermitted', 'Not paired')
        if self.world.mode == 'refusing':
            raise failed(0x04)
        if self.world.is_wrong('stale values'):
            raise failed(0x0A)
        if self.name_of_endpoint == 'prov-session':
            await self.world.reach('session')
        self.world.writes += self.name_of_endpoint == 'prov-config'
        reply = await self.world.console.ask(self.name_of_endpoint, bytes(value))
        if reply is None:
            raise failed(0x04)
        self.value = reply


class GattDescriptor(ServiceInterface):
    UUID = constant('UUID', 's', '00002901-0000-1000-8000-00805f9b34fb')

    def __init__(self, world, name):
        super().__init__('org.bluez.GattDescriptor1')
        self.world, self.name_of_endpoint = world, name

    @dbus_method()
    def ReadValue(self, _options: 'a{sv}') -> 'ay':
        if self.world.is_wrong('stale names'):
            raise failed(0x01)
        return self.name_of_endpoint.encode()


def failed(code):
    return DBusError('org.bluez.Error.Failed', f'Operation failed with ATT error: 0x{code:02x}')


class World:
    """What one daemon knows of an adapter and the device it hears."""

    def __init__(self, bus, mode, console, is_heir, hci):
        self.bus, self.mode, self.console, self.device, self.paths = bus, mode, console, None, []
        self.name, self.adapter_path = ADAPTERS[hci], f'/org/bluez/{hci}'
        self.device_path = self.adapter_path + '/dev_F0_F1_F2_F3_F4_F5'
        # Requests to prov-config: credentials, apply, and questions for the state.
        self.writes = 0
        # It was removed: what it remembers from now on is right.
        self.removed = False
        self.is_heir, self.dead, self.began = is_heir, asyncio.Event(), time.monotonic()
        self.adapter = Adapter(self)
        if mode != 'no_adapter':
            bus.export(self.adapter_path, self.adapter)
        if is_heir and mode != 'dies discovering':
            # The kernel still has a connection of the old daemon; nothing will come of it.
            self.found()
            self.device.connected = True

    def is_wrong(self, mode):
        return self.mode == mode and not self.removed

    async def reach(self, phase):
        """The moment to die, perhaps; then there is no answer."""
        if self.mode in (f'dies {phase}', f'gone {phase}') and not self.is_heir:
            self.dead.set()
            await asyncio.sleep(3600)

    def found(self):
        if self.device is None and not self.dead.is_set():
            self.device = Device(self)
            self.bus.export(self.device_path, self.device)

    def remove(self):
        for path in reversed([self.device_path, *self.paths]):
            self.bus.unexport(path)
        self.device, self.paths, self.removed = None, [], True
        if self.adapter.discovering:
            asyncio.get_running_loop().call_later(0.1, self.found)

    async def attributes(self):
        self.console.session += 1
        if self.paths:
            return
        self.export(self.device_path + '/service0001', GattService())
        for index, name in enumerate(ENDPOINTS):
            path = f'{self.device_path}/service0001/char{index:04x}'
            self.export(path, GattCharacteristic(self, name, f'{SERVICE[:4]}{0xff50 + index:04x}{SERVICE[8:]}'))
            self.export(path + '/desc0001', GattDescriptor(self, name))

    def export(self, path, interface):
        self.paths.append(path)
        self.bus.export(path, interface)


async def device(name, espprov):
    with tempfile.NamedTemporaryFile('w', suffix='.toml') as world:
        world.write(scenarios.scenario(name, 1))
        world.flush()
        return await bridge.Console.start(
            espprov, 'simulate', '--console', '--line-limit', '0', '--scenario', world.name)


async def play(mode, espprov):
    adapters = list(ADAPTERS)[:2 if mode == 'two adapters' else 1]
    consoles = {hci: await device(ADAPTERS[hci], espprov) for hci in adapters}
    is_heir = False
    while True:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        worlds = [World(bus, mode, consoles[hci], is_heir, hci) for hci in adapters]
        await bus.request_name('org.bluez')
        print('ready', flush=True)
        await worlds[0].dead.wait()
        bus.disconnect()
        await asyncio.sleep(3600 if mode.startswith('gone') else AWAY)
        is_heir = True


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
        (Path(work) / 'two.csv').write_text(MANIFEST)
        return [await case(espprov, env, work, *one) for one in CASES]
    finally:
        bus.kill()
        await bus.wait()


async def case(espprov, env, work, mode, command, code, end, seconds):
    player = None
    if mode != 'no_daemon':
        player = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE), mode, espprov, env=env, stdout=asyncio.subprocess.PIPE)
        await player.stdout.readline()
    problems, start = [], time.monotonic()
    client = await asyncio.create_subprocess_exec(
        espprov, '--json', *(word.format(work=work) for word in command), env=env, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(100):
            out, err = await client.communicate()
    except TimeoutError:
        client.kill()
        out, err = await client.communicate()
        problems.append('no end in 100 s')
    took = time.monotonic() - start
    lines = out.decode().splitlines()
    result = json.loads(lines[-1]) if lines else {}
    found = result.get('error', {}).get('code', result.get('outcome'))
    if client.returncode != code or found != end:
        problems.append(f'exit {client.returncode}, {found}: {result} {err.decode()}')
    if took > seconds:
        problems.append(f'took {took:.1f} s')
    if player:
        await asyncio.sleep(0.1)
        player.kill()
        calls = (await player.stdout.read()).decode().split()
        await player.wait()
        # Whoever asked to connect has disconnected, if there was somebody left to ask.
        if calls.count('connect') and not calls.count('disconnect') and not mode.startswith('gone'):
            problems.append('did not disconnect')
        if mode in REMOVED and not calls.count('remove'):
            problems.append('did not remove the device')
    return f'{" ".join(command[:1])}: {mode}', problems, round(took * 1000)


if __name__ == '__main__':
    asyncio.run(play(*sys.argv[1:]))
