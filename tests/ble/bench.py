"""End-to-end tests of Bluetooth LE: the real `espprov`, the real BlueZ in a virtual machine, virtual radio.

bench.py ESPPROV REPORT.json [NAME]    (with the Python that vm.sh installed bumble for; `cargo xtask e2e ble` does it)

One boot runs every scenario of scenarios.py (or those whose names match the regular expression NAME). This process is the air between all controllers (air.py), starts
the simulated devices, boots the machine and judges what comes out of it. Beside that: bumble's own client reads
our attribute table, a mock of BlueZ plays the errors that real hardware is slow or unwilling to show (mock.py),
and the client for microcontrollers, ESPPROV_TROUBLE, meets a foreign GATT server without BlueZ (central.py). The last line is `N passed, N failed, 0 skipped`; the exit status is 0 if none failed.
"""
import asyncio
import json
import os
import re
import shlex
import signal
import sys
import tempfile
import time
from pathlib import Path

import bridge
import mock
import table
from air import Air, Ghost, LinuxController, VirtualController, attach
from scenarios import PERIPHERALS, SCENARIOS

HERE = Path(__file__).resolve().parent
# Seconds; more for a machine that is busy with other things.
MACHINE_LIMIT = int(os.environ.get('ESPPROV_BLE_LIMIT', '240'))

GUEST = '''cd /opt; chmod +x espprov; export PATH=/opt:$PATH
up() { read up _ < /proc/uptime; echo $up; }
begin() { echo "BEGIN $1"; began=$(up); }
end() { ended=$(up); sed 's/^/OUT /' /tmp/out; sed 's/^/ERR /' /tmp/err; echo "END $1 $2 $began $ended"; }
run() { n=$1; shift; begin $n; "$@" >/tmp/out 2>/tmp/err </dev/null; end $n $?; }
interrupt() {
  n=$1; after=$2; shift 2; begin $n
  "$@" >/tmp/out 2>/tmp/err </dev/null & p=$!
  sleep $after; kill -INT $p; wait $p; code=$?
  sleep 2.9; end $n $code
}
'''


class Bench:
    def __init__(self, espprov, work):
        self.espprov, self.work = espprov, Path(work)
        self.air, self.children, self.keep, self.addresses = Air(), [], [], {}
        self.machine = None

    async def start_devices(self):
        for index, peripheral in enumerate(PERIPHERALS):
            file = self.work / f'{peripheral.name}.toml'
            file.write_text(peripheral.text)
            address = f'00:00:00:00:01:{index:02X}'
            if peripheral.kind == 'ours':
                path = self.work / f'{peripheral.name}.hci'
                self.keep.append(await attach(VirtualController, self.air, peripheral.name, path, address))
                self.children.append(await asyncio.create_subprocess_exec(
                    self.espprov, 'simulate', '--ble', f'unix:{path}', '--mtu', str(peripheral.mtu),
                    '--scenario', str(file), '-v', stdout=asyncio.subprocess.DEVNULL,
                    stderr=open(self.work / f'{peripheral.name}.log', 'wb')))
            else:
                controller = VirtualController(peripheral.name, link=self.air, public_address=address)
                random_address = f'C4:00:00:00:01:{index:02X}'
                console = await bridge.Console.start(
                    self.espprov, 'simulate', '--console', '--line-limit', '0', '--scenario', str(file))
                self.children.append(console.process)
                self.addresses[peripheral.name] = random_address
                self.keep.append(await bridge.serve(
                    controller, console, peripheral.name, random_address, peripheral.mtu))

    async def start_machine(self):
        path = self.work / 'central.hci'
        self.air.central = await attach(LinuxController, self.air, 'central', path, 'AA:BB:CC:00:00:01')
        lines = [GUEST]
        for index, scenario in enumerate(SCENARIOS):
            command = shlex.join(part.format(**self.addresses) if part.startswith('ble:{') else part
                                 for part in scenario.command)
            how = f'interrupt {index} {scenario.interrupt}' if scenario.interrupt else f'run {index}'
            lines.append(f'{how} {command}\n')
        (self.work / 'main').write_text(''.join(lines))
        machine = await asyncio.create_subprocess_exec(
            str(HERE / 'vm.sh'), 'run', str(path), self.espprov, str(self.work / 'main'),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True)
        self.machine = machine
        self.children.append(machine)
        return machine

    async def run_machine(self):
        """A row per scenario."""
        machine, rows, current = await self.start_machine(), [], None
        log = open(self.work / 'guest.log', 'w')
        try:
            async with asyncio.timeout(MACHINE_LIMIT):
                async for line in machine.stdout:
                    line = line.decode(errors='replace').rstrip('\r\n')
                    log.write(line + '\n')
                    word, _, rest = line.partition(' ')
                    if word == 'BEGIN':
                        current = {'scenario': SCENARIOS[int(rest)], 'out': [], 'err': []}
                        self.air.begin()
                        scenario = current['scenario']
                        self.air.in_reach = scenario.reach or (scenario.peripheral or '(none)',)
                        if current['scenario'].ghost:
                            self.haunt(*current['scenario'].ghost)
                    elif word == 'OUT' and current:
                        current['out'].append(rest)
                    elif word == 'ERR' and current:
                        current['err'].append(rest)
                    elif word == 'END' and current:
                        rows.append(self.judge(current, rest.split()))
                        show(rows[-1])
                        current = None
        except TimeoutError:
            print(f'the machine did not end in {MACHINE_LIMIT} s')
        log.close()
        if len(rows) < len(SCENARIOS):
            tail = (self.work / 'guest.log').read_text().splitlines()[-30:]
            print('\n'.join(['the machine ended early:', *tail]))
            rows += [row(s.name, s.link, s.mtu, s.security, 0, {}, ['not run']) for s in SCENARIOS[len(rows):]]
        return rows

    def haunt(self, name, seconds):
        ghost = Ghost(self.air, 'F0:00:00:00:00:0F', bridge.advertisement(), bridge.scan_response(name))
        self.keep.append(asyncio.get_running_loop().create_task(ghost.haunt(seconds)))

    def judge(self, run, end):
        scenario = run['scenario']
        code, began, ended = int(end[1]), float(end[2]), float(end[3])
        millis = round((ended - began) * 1000)
        if scenario.interrupt:
            millis -= round((scenario.interrupt + 2.9) * 1000)
        problems, events = [], []
        for line in run['out']:
            try:
                events.append(json.loads(line))
            except ValueError:
                problems.append(f'not JSON: {line}')
        result = events[-1] if events else {}
        if code != scenario.code:
            problems.append(f'exit {code} instead of {scenario.code}')
        if scenario.outcome and result.get('outcome') != scenario.outcome:
            problems.append(f'outcome {result.get("outcome")} instead of {scenario.outcome}')
        if scenario.error and result.get('error', {}).get('code') != scenario.error:
            problems.append(f'error {result.get("error")} instead of {scenario.error}')
        for event, count in scenario.events:
            found = sum(e.get('event') == event for e in events)
            if found != count:
                problems.append(f'{found} x {event} instead of {count}')
        if millis > scenario.limit:
            problems.append(f'took {millis} ms')
        if scenario.interrupt and self.air.connected():
            problems.append('a connection was left behind')
        stats = self.air.stats.get(scenario.peripheral, {})
        if scenario.peripheral and scenario.mtu and not scenario.interrupt and stats.get('mtu', 23) != scenario.mtu:
            problems.append(f'MTU {stats.get("mtu", 23)} instead of {scenario.mtu}')
        if problems:
            problems += run['err'][-3:] + [json.dumps(result)]
        return row(scenario.name, scenario.link, scenario.mtu, scenario.security, millis,
                   dict(stats.get('requests', {})), problems)

    async def stop(self):
        for child in self.children:
            if child.returncode is None:
                try:
                    # The machine has a group of its own.
                    os.killpg(child.pid, signal.SIGKILL) if child is self.machine else child.kill()
                except ProcessLookupError:
                    pass
                await child.wait()


def row(name, link, mtu, security, millis, requests, problems):
    return {'name': name, 'link': link, 'mtu': mtu, 'security': security, 'ms': millis,
            'round_trips': sum(requests.values()), 'requests': requests, 'passed': not problems,
            'problems': problems}


def show(r):
    detail = ' '.join(f'{kind} {count}' for kind, count in r['requests'].items())
    print(f"{'ok  ' if r['passed'] else 'FAIL'} {r['name']:<32} {r['link']:<7} {r['mtu'] or '-':>4} "
          f"{r['security']:<12} {r['ms']:>6} ms  {r['round_trips']:>4} round trips  {detail}", flush=True)
    for detail in [r['note'], *r['problems']] if r.get('note') else r['problems']:
        print(f'       {detail}')


async def on_the_host(espprov, work):
    rows = []
    for link, check in (('bumble', table.check), ('mock', mock.check)):
        for name, problems, millis in await check(espprov, work):
            rows.append(row(name, link, 0, '-', millis, {}, problems))
            show(rows[-1])
    return rows


async def without_machine(espprov, only):
    """The client for microcontrollers, in a process of its own: this one has to keep up with the machine."""
    program, rows = os.environ.get('ESPPROV_TROUBLE'), []
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / 'central.py'), espprov, program or '(ESPPROV_TROUBLE)', only,
        stdout=asyncio.subprocess.PIPE)
    async for line in process.stdout:
        rows.append(json.loads(line))
        show(rows[-1])
    if await process.wait() != 0:
        rows.append(row('trouble/(all)', 'bumble', 0, '-', 0, {}, [f'central.py: status {process.returncode}']))
        show(rows[-1])
    return rows


async def main(espprov, report, only):
    SCENARIOS[:] = [scenario for scenario in SCENARIOS if re.search(only, scenario.name)]
    start, rows = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix='espprov-ble-') as work:
        bench = Bench(espprov, work)
        try:
            await bench.start_devices()
            # While the machine boots, on the host.
            rows = sum(await asyncio.gather(
                on_the_host(espprov, work), without_machine(espprov, only), bench.run_machine()), [])
        finally:
            await bench.stop()
            keep = os.environ.get('ESPPROV_BLE_LOGS')
            if keep:
                os.makedirs(keep, exist_ok=True)
                for log in Path(work).glob('*.log'):
                    (Path(keep) / log.name).write_bytes(log.read_bytes())
    failed = sum(not r['passed'] for r in rows)
    Path(report).parent.mkdir(parents=True, exist_ok=True)
    Path(report).write_text(json.dumps({
        'suite': 'ble', 'seconds': round(time.monotonic() - start, 1), 'scenarios': rows}, indent=1) + '\n')
    print(f'{round(time.monotonic() - start)} s, report in {report}')
    print(f'{len(rows) - failed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(asyncio.run(main(str(Path(sys.argv[1]).resolve()), sys.argv[2], ' '.join(sys.argv[3:]))))
