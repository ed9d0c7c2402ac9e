"""What is tried in the virtual machine: devices, and commands of the real `espprov` against them.

Times of the world are short, because what is tested is the link. Everything is seeded. The devices go by the host's
clock and the commands by the guest's, which is slower on a busy host: so a device that was provisioned stays, and
each scenario that wants an unprovisioned one has one of its own.
"""
from dataclasses import dataclass, field

from interpreter import PYTHON

HOME = ['--ssid', 'Home', '--passphrase', 'correct-horse']

NETWORKS = ''.join(f'''
[[network]]
ssid = "Neighbour {n}"
channel = {1 + n % 13}
rssi = {-50 - n}
auth = "wpa2"
passphrase = "not-telling"
''' for n in range(15)) + '''
[[network]]
ssid = "Home"
channel = 6
rssi = -41
auth = "wpa2"
passphrase = "correct-horse"
ip = "192.168.1.57"
'''


def scenario(name, scheme, patch=1, flavour='idf-5.5', link='nimble', device='', extra=''):
    return f'''seed = 7
[device]
name = "{name}"
flavour = "{flavour}"
link = "{link}"
{device or "auto_stop = false"}
[security]
scheme = {scheme}
{f"patch = {patch}" if scheme == 2 else ""}
username = "wifiprov"
password = "abcd1234"
pop = "abcd1234"
[delays]
scan_ms = 300
connect_ms = 300
auth_fail_ms = 200
not_found_ms = 200
{extra}
{NETWORKS}'''


@dataclass
class Peripheral:
    """A device on the air. `kind`: ours (`simulate --ble`), `bridge` (bumble's GATT server before
    `simulate --console`), `renewed` (ours, served by `ble-guest serve`: as good as new when asked), or `firmware` (an
    emulated board with an image that is a device; it has its own idea of what it is called)."""
    name: str
    kind: str
    mtu: int
    text: str
    # Bridge: the ATT error that a write to an endpoint gets, by its name.
    refuses: dict = field(default_factory=dict)
    # Bridge: never answers the question for its characteristics.
    stalls: bool = False


@dataclass
class Scenario:
    name: str
    command: list
    code: int = 0
    outcome: str = ''
    error: str = ''
    link: str = 'ours'
    mtu: int = 0
    security: str = '-'
    peripheral: str = ''
    # Events that must be there, as (event, count); of a negative count there may be more.
    events: list = field(default_factory=list)
    # Beginnings of names of the devices in reach; default: the one it is about.
    reach: tuple = ()
    # The name of a device that is only heard, and only until the wish to connect to it.
    ghost: str = ''
    # Ctrl-C once this phase is reached (see `bench.Bench.reached`).
    interrupt: str = ''
    # bluetoothd is killed as soon as this phase is reached, and is back a moment later. The devices have to see to it
    # that the phase lasts until then; `connecting` does so by itself.
    kill: str = ''
    # ATT requests that connecting may take, and exchanges of the phases after it, or the fewest and the most. Those
    # must cost no more than the values themselves do.
    connect: int = 0
    # Of these, names of endpoints: the only ones that are ours and not BlueZ's.
    names: int = 0
    exchanges: dict = field(default_factory=dict)
    # Milliseconds it may take, guest time.
    limit: int = 30_000
    # Rows that the command itself reports, instead of one for the scenario.
    rows: int = 0


@dataclass
class Machine:
    """A virtual machine, and the devices in its air. All run at the same time."""
    name: str
    peripherals: list = field(default_factory=list)
    scenarios: list = field(default_factory=list)


def provision(target, *more, proof=('--pop', 'abcd1234')):
    return ['espprov', '--json', 'provision', target, *HOME, *proof, *more]


SCHEMES = [('sec0', 0, 1), ('sec1', 1, 1), ('sec2-patch0', 2, 0), ('sec2', 2, 1)]
# Names of endpoints that are asked for: one that confirms the five of the manager, and the application's own.
NAMES = {'ours': 3, 'bridge': 2}
# What BlueZ takes to connect to a device it does not know (the foreign server has two services more), and those names.
CONNECT = {(kind, mtu): count + NAMES[kind] for (kind, mtu), count in {
    ('ours', 23): 21, ('ours', 256): 15, ('ours', 517): 15,
    ('bridge', 23): 28, ('bridge', 256): 22, ('bridge', 517): 22}.items()}
# The same for a device it knows, without names.
KNOWN = {'ours': 3, 'bridge': 8}


def matrix(machine, kind):
    """Every scheme at every MTU."""
    prefix = 'OUR' if kind == 'ours' else 'FGN'
    for label, scheme, patch in SCHEMES:
        for mtu in (23, 256, 517):
            name = f'{prefix}_{label[3:].replace("-patch", "P")}_{mtu}'
            flavour = 'idf-5.2' if (scheme, patch) == (2, 0) else 'idf-5.5'
            machine.peripherals.append(Peripheral(name, kind, mtu, scenario(name, scheme, patch, flavour)))
            proof = ('--allow-plaintext',) if scheme == 0 else ('--pop', 'abcd1234')
            machine.scenarios.append(Scenario(
                f'provision {label}', provision(f'ble:{name}', proof=proof), outcome='connected',
                link=kind, mtu=mtu, security=label, peripheral=name, connect=CONNECT[kind, mtu],
                names=NAMES[kind],
                # Version and handshake; credentials, apply, and one to three looks at the state, by how fast the guest is.
                exchanges={'session': 2 if scheme == 0 else 3, 'config': (3, 5)},
                events=[('config_sent', 1), ('config_applied', 1), ('session', 1)]))


def interleave(machine, *groups):
    """One of each group in turn. BlueZ needs two seconds to let go of a device; meanwhile another is tried."""
    queues = [list(group) for group in groups]
    while any(queues):
        for queue in queues:
            if queue:
                machine.scenarios.append(queue.pop(0))


def sessions(machine, kind, mtu):
    """More than provisioning, with security 2."""
    name = f'SESSIONS_{mtu}'
    machine.peripherals.append(Peripheral(name, kind, mtu, scenario(name, 2)))
    common = {'link': kind, 'mtu': mtu, 'security': 'sec2', 'peripheral': name,
              'connect': CONNECT[kind, mtu], 'names': NAMES[kind]}
    target = f'ble:{name}'
    return [
        # Start, wait, and four pages of four.
        Scenario('scan of 16 networks', ['espprov', '--json', 'scan', target, '--pop', 'abcd1234'],
                 outcome='done', events=[('network', 16)], exchanges={'session': 3, 'scan': 6}, **common),
        Scenario('custom data of 1 KB in chunks',
                 ['espprov', '--json', 'send', target, 'custom-data', '--pop', 'abcd1234',
                  '--chunk', '256', '--text', 'x' * 1024],
                 outcome='done', events=[('reply', 1)], exchanges={'session': 3, 'data': 4}, **common),
        Scenario('wrong PoP', provision(target, proof=('--pop', 'wrong')), code=4,
                 error='wrong_password', **common),
    ]


def passphrases(machine):
    common = {'mtu': 256, 'security': 'sec1', 'peripheral': 'WRONG'}
    wrong = ['espprov', '--json', 'provision', 'ble:WRONG', '--ssid', 'Home', '--passphrase', 'wrong-horse',
             '--pop', 'abcd1234']
    machine.peripherals += [Peripheral(name, 'ours', 256, scenario(name, 1)) for name in ('RETRY', 'WRONG')]
    return [
        # On a terminal: asked for, wrong, asked again, right, with a single handshake.
        Scenario('wrong passphrase, then right', ['ble-guest', 'retry', 'RETRY'], outcome='done', mtu=256,
                 security='sec1', peripheral='RETRY', exchanges={'session': 3}),
        Scenario('wrong PoP, security 1', provision('ble:WRONG', proof=('--pop', 'wrong')), code=4,
                 error='wrong_pop', **common),
        Scenario('wrong passphrase', wrong, code=7, outcome='auth_error', **common),
        Scenario('right passphrase in a second run', provision('ble:WRONG'), outcome='connected', **common),
    ]


def bluedroid(machine):
    """257 bytes, and a hang-up for whoever is refused."""
    name = 'BLUEDROID'
    machine.peripherals.append(Peripheral(name, 'ours', 517, scenario(name, 1, flavour='idf-4.4', link='bluedroid')))
    common = {'mtu': 517, 'security': 'sec1', 'peripheral': name}
    send = ['espprov', '--json', 'send', f'ble:{name}', 'custom-data', '--pop', 'abcd1234', '--chunk', '0',
            '--text']
    return [
        Scenario('Bluedroid: provision', provision(f'ble:{name}'), outcome='connected', **common),
        Scenario('Bluedroid: wrong PoP hangs up', provision(f'ble:{name}', proof=('--pop', 'wrong')), code=4,
                 error='wrong_pop', **common),
        Scenario('Bluedroid: 257 bytes fit', [*send, 'x' * 257], outcome='done', **common),
        Scenario('Bluedroid: 258 bytes do not', [*send, 'x' * 258], code=3, error='request_too_large', **common),
    ]


def properties(machine):
    """Local control: another service, other endpoints, the same link."""
    world = scenario('LOCAL', 2, extra='''
[[property]]
name = "text"
type = "text"
value = "good morning"
[[property]]
name = "long"
type = "text"
value = "%s"
[[property]]
name = "firm"
type = "int"
refuses = "state"
''' % ('x' * 300))
    common = {'security': 'sec2', 'peripheral': 'LOCAL', 'mtu': 256}
    machine.peripherals.append(Peripheral('LOCAL', 'ours', 256, world))

    def props(*more, proof='abcd1234'):
        return ['espprov', '--json', 'props', 'ble:LOCAL', '--pop', proof, *more]
    return [
        # One of them is longer than a packet.
        Scenario('properties', props(), outcome='done', events=[('session', 1), ('property', 3)], **common),
        Scenario('properties, one that is set', props('set', 'text=good evening'), outcome='done', **common),
        Scenario('properties, one that is read', props('get', 'text'), outcome='done', events=[('property', 1)],
                 **common),
        Scenario('properties, one that is refused', props('set', 'firm=7'), code=6, error='not_set', **common),
        Scenario('properties, wrong PoP', props(proof='wrong'), code=4, error='wrong_password', **common),
        Scenario('properties, a device without', ['espprov', '--json', 'props', 'ble:RETRY', '--deadline', '40s'],
                 code=3, error='device_not_found', reach=('RETRY',), limit=45_000),
    ]


def firmware(machine):
    """A device of firmware: the same GATT server on an emulated Cortex-M4, its controller at a UART. It computes all the
    time, waiting too, so it is there for these alone, and ends with the client that has seen it online."""
    machine.peripherals.append(Peripheral('FIRMWARE', 'firmware', 256, ''))
    common = {'link': 'firmware', 'mtu': 256, 'security': 'sec1', 'peripheral': 'FIRMWARE', 'names': NAMES['ours']}
    machine.scenarios += [
        Scenario('firmware: wrong PoP', provision('ble:PROV_QEMU', proof=('--pop', 'wrong')), code=4,
                 error='wrong_pop', **common),
        Scenario('firmware: provision', provision('ble:PROV_QEMU'), outcome='connected',
                 exchanges={'session': 3, 'config': (3, 5)},
                 events=[('config_sent', 1), ('config_applied', 1), ('session', 1)], **common),
    ]


def python(machine):
    """The Python package against BlueZ."""
    common = {'mtu': 256, 'security': 'sec2'}
    for name in ('PYTHON', 'PYTHON_AIO'):
        machine.peripherals.append(Peripheral(name, 'ours', 256, scenario(name, 2)))
    return [
        Scenario('Python: provision', [*PYTHON, 'plain', 'ble:PYTHON', 'abcd1234'], outcome='connected',
                 peripheral='PYTHON', connect=CONNECT['ours', 256], names=NAMES['ours'],
                 exchanges={'session': 3, 'config': (3, 5)},
                 events=[('config_sent', 1), ('config_applied', 1), ('session', 1)], **common),
        Scenario('Python: wrong PoP', [*PYTHON, 'plain', 'ble:PYTHON_AIO', 'wrong'], code=1,
                 error='wrong_password', peripheral='PYTHON_AIO', **common),
        Scenario('Python: provision in asyncio', [*PYTHON, 'async', 'ble:PYTHON_AIO', 'abcd1234'],
                 outcome='connected', peripheral='PYTHON_AIO', exchanges={'session': 3, 'config': (3, 5)},
                 events=[('config_sent', 1), ('config_applied', 1), ('session', 1)], **common),
    ]


def finding():
    info = ['espprov', '--json', 'info']
    return [
        Scenario('several match', [*info, 'ble:FGN_1*'], code=2, error='several_devices', link='bridge',
                 events=[('device', -2)], reach=('FGN_0', 'FGN_1')),
        Scenario('discover', ['espprov', '--json', 'discover', '--timeout', '5s', '--prefix', 'FGN_'],
                 outcome='done', events=[('device', 6)], link='bridge', reach=('FGN_0', 'FGN_1', 'REFUSES')),
        Scenario('discover, on a terminal', ['ble-guest', 'watch', 'FGN_0'], outcome='done', link='bridge',
                 reach=('FGN_0', 'FGN_1')),
        Scenario('nobody there', ['espprov', '--json', 'discover', '--timeout', '1s', '--prefix', 'NOBODY'],
                 code=3, error='device_not_found', link='none', reach=('FGN_1',)),
        Scenario('by address', [*info, 'ble:{FGN_0_256}'], outcome='done', link='bridge', mtu=256,
                 peripheral='FGN_0_256'),
        Scenario('setup payload', [*info, '{"ver":"v1","name":"FGN_2_517","transport":"ble"}'], outcome='done',
                 link='bridge', mtu=517, peripheral='FGN_2_517', events=[('info', 1)]),
    ]


def refusals(machine):
    """ATT errors from a server that is not ours, as BlueZ passes them on."""
    rows = [
        ('insufficient authentication', 0x05, 'prov-session', 3, 'needs_pairing'),
        ('insufficient encryption', 0x0F, 'prov-session', 3, 'needs_pairing'),
        ('unlikely error', 0x0E, 'prov-config', 6, 'refused'),
        ('insufficient resources', 0x11, 'prov-config', 6, 'refused'),
    ]
    for what, error, endpoint, code, name in rows:
        device = f'REFUSES_{error:02X}'
        machine.peripherals.append(Peripheral(device, 'bridge', 256, scenario(device, 1), refuses={endpoint: error}))
        yield Scenario(f'ATT 0x{error:02x}, {what}', provision(f'ble:{device}'), code=code, error=name,
                       link='bridge', mtu=256, security='sec1', peripheral=device)


def losing(machine):
    """Devices that go: one says that it is connecting, and leaves with the next question."""
    name = 'LEAVER'
    text = scenario(name, 1, device='stop_after_ms = 0\nafter_stop = "stop"',
                    extra='[[fault]]\nendpoint = "prov-config"\nnth = 4\nkind = "close-after"\n')
    machine.peripherals.append(Peripheral(name, 'ours', 256, text))
    return [
        Scenario('link lost after apply', provision(f'ble:{name}'), outcome='likely_connected', mtu=256,
                 security='sec1', peripheral=name, limit=45_000),
        Scenario('vanished after discovery', provision('ble:GHOST', '--deadline', '6s'), code=9,
                 error='deadline', link='ghost', ghost='GHOST'),
    ]


def survivals(machine):
    """bluetoothd is killed in every phase, and comes back: a lost link, and the command goes on by itself. In the
    session the device loses an answer, and after apply it takes its time, so that the phase lasts."""
    lost = '[[fault]]\nendpoint = "prov-session"\nnth = 1\nkind = "drop-reply"\n'
    for phase, name, extra in [('discovering', 'KILL_D', ''), ('connecting', 'KILL_C', ''),
                               ('session', 'KILL_S', lost), ('waiting', 'KILL_W', '')]:
        text = scenario(name, 1, extra=extra)
        if phase == 'waiting':
            text = text.replace('connect_ms = 300', 'connect_ms = 4000')
        machine.peripherals.append(Peripheral(name, 'ours', 256, text))
        yield Scenario(f'bluetoothd killed, {phase}', provision(f'ble:{name}'), outcome='connected', mtu=256,
                       security='sec1', peripheral=name, kill=phase, limit=60_000)


def interruptions(machine):
    """Ctrl-C in every phase. The devices see to it that the phase lasts: each loses one answer for good."""
    hung = scenario('HUNG', 1, extra=''.join(
        f'[[fault]]\nendpoint = "{endpoint}"\nnth = 1\nkind = "drop-reply"\n'
        for endpoint in ('prov-session', 'prov-scan', 'prov-config')))
    machine.peripherals += [
        Peripheral('HUNG', 'ours', 256, hung.replace('connect_ms = 300', 'connect_ms = 60000')),
        Peripheral('STALLS', 'bridge', 256, scenario('STALLS', 1), stalls=True),
    ]

    def one(phase, name, command=None, **more):
        return Scenario(f'Ctrl-C, {phase}', command or provision(f'ble:{name}'), code=130, error='interrupted',
                        interrupt=phase, peripheral=name, security='sec1', **more)
    scan = ['espprov', '--json', 'scan', 'ble:HUNG', '--pop', 'abcd1234']
    return [
        one('session', 'HUNG', mtu=256),
        one('discovering', 'NOWHERE', link='none'),
        one('scan', 'HUNG', scan, mtu=256),
        one('endpoints', 'STALLS', link='bridge'),
        one('credentials', 'HUNG', mtu=256),
        one('connecting', 'GONE', link='ghost', ghost='GONE'),
        one('waiting', 'HUNG', mtu=256),
    ]


# Links of the conformance suite: label, MTU, host, firmware, how many cases ask for more than it carries.
LINKS = [('NimBLE-23', 23, 'nimble', 'idf-5.5', 4), ('NimBLE-256', 256, 'nimble', 'idf-5.5', 4),
         ('NimBLE-517', 517, 'nimble', 'idf-6', 4), ('Bluedroid-256', 256, 'bluedroid', 'idf-5.2', 7)]
MANY = 200


def conformance(machine):
    for label, mtu, link, flavour, _ in LINKS:
        for scheme, patch in ((0, 0), (1, 0), (2, 0), (2, 1)):
            name = f'{label}_{scheme}_{patch}'
            spec = f'{name},{{hci}},{mtu},{link},{flavour},{scheme},{patch},asked'
            machine.peripherals.append(Peripheral(name, 'renewed', mtu, spec))
    machine.scenarios.append(Scenario(
        'conformance', ['ble-guest', 'conformance', *(f'{link[0]},{link[4]}' for link in LINKS)], outcome='done',
        rows=len(LINKS), reach=tuple(link[0] for link in LINKS), limit=500_000))


def many(machine):
    for number in range(16):
        name = f'MANY_{"AB"[number % 2]}_{number // 2}'
        spec = f'{name},{{hci}},256,nimble,idf-5.5,1,0,connected'
        machine.peripherals.append(Peripheral(name, 'renewed', 256, spec))
    machine.scenarios.append(Scenario(
        'many', ['ble-guest', 'many', str(MANY), 'MANY_'], outcome='done', rows=1, reach=('MANY_',),
        limit=500_000))


def machines():
    ours, foreign, suite, row = Machine('ours'), Machine('foreign'), Machine('suite'), Machine('row')
    matrix(ours, 'ours')
    interleave(ours, sessions(ours, 'ours', 256), sessions(ours, 'ours', 23), passphrases(ours),
               bluedroid(ours), properties(ours), interruptions(ours))
    firmware(ours)
    matrix(foreign, 'bridge')
    interleave(foreign, sessions(foreign, 'bridge', 256), finding(), refusals(foreign), losing(foreign))
    # Last: what these do to the machine is not to be seen elsewhere.
    foreign.scenarios += survivals(foreign)
    conformance(suite)
    row.scenarios += python(row)
    many(row)
    return [ours, foreign, suite, row]
