"""The Bluetooth client for microcontrollers against a GATT server that is not ours, without machine and kernel.

central.py ESPPROV TROUBLE_CENTRAL [NAME]    (bench.py starts it)

`trouble_central` (tests/examples) is a whole Bluetooth host on a virtual controller. For every task it gets a
device of its own: bumble's GATT server (bridge.py) before a fresh `espprov simulate --console`. The conformance
suite and complete provisions, at three MTUs, all at the same time. Prints a row of the report per line, as JSON.
"""
import asyncio
import json
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import bridge
from air import Air, VirtualController, attach

HERE = Path(__file__).resolve().parent
WORLD = (HERE / '../../crates/espprov-conformance/device.toml').read_text()
SECURITY = '''
[security]
scheme = {scheme}
{patch}
pop = "abcd1234"
username = "wifiprov"
password = "abcd1234"
'''
ENDPOINTS = {**bridge.ENDPOINTS, 0xFF55: 'echo'}
# Seconds in which something has to end: a task, or the program itself. Not one for all, for a busy host does fifty tasks in minutes.
LIMIT = 60


class Place:
    """Where one task happens: an air with two controllers, a device, and room for the client."""

    def __init__(self, espprov, work, name, scheme, patch, mtu):
        self.espprov, self.mtu = espprov, mtu
        self.path, self.file = work / f'{name}.hci', work / f'{name}.toml'
        self.file.write_text(WORLD + SECURITY.format(
            scheme=scheme, patch=f'patch = {patch}' if scheme == '2' else ''))
        self.air = Air()

    async def open(self):
        self.air.central = await attach(VirtualController, self.air, 'central', self.path, 'AA:BB:CC:00:00:01')
        self.console = await bridge.Console.start(
            self.espprov, 'simulate', '--console', '--line-limit', '0', '--scenario', str(self.file))
        controller = VirtualController('device', link=self.air, public_address='00:00:00:00:01:01')
        self.device = await bridge.serve(
            controller, self.console, 'PROV_CONFORM', 'C4:00:00:00:01:01', self.mtu, ENDPOINTS)

    async def close(self):
        self.console.process.kill()
        await self.console.process.wait()
        await self.air.central.keep.close()
        return self.air.of('device')


async def tasks(espprov, program, work, mtu, kind):
    """Runs the program with one kind of tasks, and yields (name, how it ended, what was said on the air, ms)."""
    process = await asyncio.create_subprocess_exec(
        program, kind, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    place = None
    try:
        async for line in process.stdout:
            word, *rest = line.decode().split(maxsplit=2)
            if word == 'device':
                name, scheme, patch = rest[0], *rest[1].split()
                place = Place(espprov, work, f'{kind}{mtu}-{name}', scheme, patch, mtu)
                await place.open()
                start = time.monotonic()
                process.stdin.write(f'unix:{place.path}\n'.encode())
                await process.stdin.drain()
            elif word == 'ended':
                millis = round((time.monotonic() - start) * 1000)
                stats = await place.close()
                place = None
                yield rest[0], rest[1].strip(), stats, millis
            elif word == 'tally':
                yield 'tally', line.decode().strip(), {}, 0
        if await process.wait() != 0:
            yield 'the program', f'failed: status {process.returncode}', {}, 0
    finally:
        if place:
            await place.close()
        if process.returncode is None:
            process.kill()
            await process.wait()


def problem(name, ended, stats, mtu):
    # A value has at most 512 bytes; what needs more passes by saying exactly that.
    if ended not in ('passed', 'beyond 512'):
        return f'{name}: {ended}'
    if stats.mtu != mtu:
        return f'{name}: MTU {stats.mtu} instead of {mtu}'
    return None


def show(name, mtu, security, millis, requests, problems, note=''):
    print(json.dumps({
        'name': f'trouble/{name}', 'link': 'bumble', 'mtu': mtu, 'security': security, 'ms': millis,
        'round_trips': sum(requests.values()), 'requests': dict(requests), 'passed': not problems,
        'problems': problems, 'note': note}), flush=True)


def more(limit):
    """Something has ended: the next thing has as long."""
    limit.reschedule(asyncio.get_running_loop().time() + LIMIT)


async def conformance(espprov, program, work, mtu):
    """The whole suite: one row, which says how many cases there were."""
    start, requests, problems, tally = time.monotonic(), Counter(), [], None
    try:
        async with asyncio.timeout(LIMIT) as limit:
            async for name, ended, stats, _ in tasks(espprov, program, work, mtu, 'conformance'):
                more(limit)
                if name == 'tally':
                    tally = ended.split()[1:]
                    continue
                requests.update(stats.requests)
                wrong = problem(name, ended, stats, mtu)
                problems += [wrong] if wrong else []
    except TimeoutError:
        problems.append(f'nothing ended in {LIMIT} s')
    if tally is None:
        problems.append('the program ended early')
        tally = ['?'] * 3
    show('conformance', mtu, 'all', round((time.monotonic() - start) * 1000), requests, problems,
         '{} cases: {} passed, {} beyond the link'.format(*tally))


async def provisions(espprov, program, work, mtu):
    """A row per scheme."""
    seen = 0
    try:
        async with asyncio.timeout(LIMIT) as limit:
            async for name, ended, stats, millis in tasks(espprov, program, work, mtu, 'provision'):
                more(limit)
                wrong = problem(name, ended, stats, mtu)
                seen += 1
                show(f'provision {name}', mtu, name, millis, dict(stats.requests), [wrong] if wrong else [])
    except TimeoutError:
        pass
    if seen != 4:
        show('provision', mtu, '-', 0, {}, [f'{seen} schemes instead of 4'])


async def main(espprov, program, only=''):
    kinds = [run for run in (conformance, provisions) if re.search(only, f'trouble/{run.__name__}')]
    with tempfile.TemporaryDirectory(prefix='espprov-trouble-') as work:
        await asyncio.gather(*(
            run(espprov, program, Path(work), mtu) for mtu in (23, 256, 517) for run in kinds))


if __name__ == '__main__':
    asyncio.run(main(*(str(Path(arg).resolve()) for arg in sys.argv[1:3]), *sys.argv[3:4]))
