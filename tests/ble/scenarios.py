"""What is tried in the virtual machine: devices, and commands of the real `espprov` against them.

Times of the world are short, because what is tested is the link. Everything is seeded.
"""
from dataclasses import dataclass, field

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
stop_after_ms = 300
restart_ms = 300
{device}
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
    """A device on the air. `kind`: ours (`simulate --ble`), or `bridge` (bumble's GATT server before
    `simulate --console`)."""
    name: str
    kind: str
    mtu: int
    text: str


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
    # Events that must be there, as (event, count).
    events: list = field(default_factory=list)
    # Beginnings of names of the devices in reach; default: the one it is about.
    reach: tuple = ()
    # A device that is only heard, for so many seconds.
    ghost: tuple = ()
    # Ctrl-C after so many seconds; then so many seconds for the connection to be gone.
    interrupt: float = 0
    # Milliseconds it may take, guest time.
    limit: int = 30_000


PERIPHERALS = []
SCENARIOS = []


def provision(target, *more, proof=('--pop', 'abcd1234')):
    return ['espprov', '--json', 'provision', target, *HOME, *proof, *more]


def matrix():
    """Every scheme at every MTU, against our peripheral and against the foreign one."""
    schemes = [('sec0', 0, 1), ('sec1', 1, 1), ('sec2-patch0', 2, 0), ('sec2', 2, 1)]
    for kind in ('ours', 'bridge'):
        for label, scheme, patch in schemes:
            for mtu in (23, 256, 517):
                name = f'{"OUR" if kind == "ours" else "FGN"}_{label[3:].replace("-patch", "P")}_{mtu}'
                flavour = 'idf-5.2' if (scheme, patch) == (2, 0) else 'idf-5.5'
                PERIPHERALS.append(Peripheral(name, kind, mtu, scenario(name, scheme, patch, flavour)))
                proof = ('--allow-plaintext',) if scheme == 0 else ('--pop', 'abcd1234')
                SCENARIOS.append(Scenario(
                    f'provision {label}', provision(f'ble:{name}', proof=proof), outcome='connected',
                    link=kind, mtu=mtu, security=label, peripheral=name,
                    events=[('config_sent', 1), ('config_applied', 1), ('session', 1)]))


def interleave(*groups):
    """One of each group in turn. BlueZ needs two seconds to let go of a device; meanwhile another is tried."""
    queues = [list(group) for group in groups]
    while any(queues):
        for queue in queues:
            if queue:
                SCENARIOS.append(queue.pop(0))


def sessions():
    """More than provisioning, with security 2."""
    for kind, name, mtu in (('ours', 'OUR_2_256', 256), ('bridge', 'FGN_2_256', 256), ('ours', 'OUR_2_23', 23)):
        common = {'link': kind, 'mtu': mtu, 'security': 'sec2', 'peripheral': name}
        target = f'ble:{name}'
        yield [
            Scenario('scan of 16 networks', ['espprov', '--json', 'scan', target, '--pop', 'abcd1234'],
                     outcome='done', events=[('network', 16)], **common),
            Scenario('custom data of 1 KB in chunks',
                     ['espprov', '--json', 'send', target, 'custom-data', '--pop', 'abcd1234',
                      '--chunk', '256', '--text', 'x' * 1024],
                     outcome='done', events=[('reply', 1)], **common),
            Scenario('wrong PoP', provision(target, proof=('--pop', 'wrong')), code=4,
                     error='wrong_password', **common),
        ]


def passphrases():
    common = {'mtu': 256, 'security': 'sec1', 'peripheral': 'OUR_1_256'}
    wrong = ['espprov', '--json', 'provision', 'ble:OUR_1_256', '--ssid', 'Home', '--passphrase', 'wrong-horse',
             '--pop', 'abcd1234']
    return [
        Scenario('wrong PoP, security 1', provision('ble:OUR_1_256', proof=('--pop', 'wrong')), code=4,
                 error='wrong_pop', **common),
        Scenario('wrong passphrase', wrong, code=7, outcome='auth_error', **common),
        Scenario('right passphrase afterwards', provision('ble:OUR_1_256'), outcome='connected', **common),
    ]


def bluedroid():
    """257 bytes, and a hang-up for whoever is refused."""
    name = 'BLUEDROID'
    PERIPHERALS.append(Peripheral(name, 'ours', 517, scenario(name, 1, flavour='idf-4.4', link='bluedroid')))
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


def finding():
    info = ['espprov', '--json', 'info']
    return [
        Scenario('several match', [*info, 'ble:OUR_1*'], code=2, error='several_devices',
                 events=[('device', 3)], reach=('OUR_1', 'FGN_1')),
        Scenario('discover', ['espprov', '--json', 'discover', '--timeout', '3s', '--prefix', 'FGN_'],
                 outcome='done', events=[('device', 12)], link='bridge', reach=('FGN_', 'OUR_2_')),
        Scenario('nobody there', ['espprov', '--json', 'discover', '--timeout', '1s', '--prefix', 'NOBODY'],
                 code=3, error='device_not_found', link='none', reach=('OUR_1',)),
        Scenario('by address', [*info, 'ble:{FGN_0_256}'], outcome='done', link='bridge', mtu=256,
                 peripheral='FGN_0_256'),
        Scenario('setup payload', [*info, '{"ver":"v1","name":"OUR_2_517","transport":"ble"}'], outcome='done',
                 mtu=517, peripheral='OUR_2_517', events=[('info', 1)]),
    ]


def losing():
    """Devices that go, and users who do."""
    name = 'LEAVER'
    text = scenario(name, 1, device='after_stop = "stop"',
                    extra='[[fault]]\nendpoint = "prov-config"\nnth = 3\nkind = "close-after"\n')
    text = text.replace('connect_ms = 300', 'connect_ms = 0').replace('stop_after_ms = 300', 'stop_after_ms = 0')
    PERIPHERALS.append(Peripheral(name, 'ours', 256, text))
    interrupted = {'code': 130, 'mtu': 23, 'security': 'sec2', 'peripheral': 'OUR_2_23'}
    return [
        Scenario('link lost after apply', provision(f'ble:{name}'), outcome='likely_connected', mtu=256,
                 security='sec1', peripheral=name, limit=45_000),
        Scenario('Ctrl-C, early', provision('ble:OUR_2_23'), interrupt=0.9, **interrupted),
        Scenario('vanished after discovery', provision('ble:GHOST', '--deadline', '6s'), code=9,
                 error='deadline', link='ghost', ghost=('GHOST', 3.0)),
        Scenario('Ctrl-C, later', provision('ble:OUR_2_23'), interrupt=1.6, **interrupted),
    ]


matrix()
interleave(*sessions(), passphrases(), bluedroid(), finding(), losing())
