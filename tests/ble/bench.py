"""End-to-end tests of Bluetooth LE: the real `espprov`, the real BlueZ in virtual machines, virtual radio.

bench.py DIR REPORT.json [NAME]    (with the Python that vm.sh installed bumble for; `cargo xtask e2e ble` does it)

DIR holds the programs `espprov` and `ble-guest`, ESPPROV_WHEEL is the Python package. The machines of scenarios.py boot side by side, each with an air of
its own, and run their scenarios (or those whose names match the regular expression NAME). This process is the air
between all controllers (air.py), starts the simulated devices and judges what comes out of the machines. Beside that:
bumble's own client reads our attribute table and that of firmware (ESPPROV_FIRMWARE runs the image, a word per line), a
mock of BlueZ plays the errors that real hardware is slow or unwilling to show (mock.py), and the client for
microcontrollers, ESPPROV_TROUBLE, meets a foreign GATT server without BlueZ (central.py). What every machine, its daemon and its devices said is kept beside the report, in logs/. The last
line is `N passed (N at a second attempt), N failed, 0 skipped; bluetoothd crashed N times and was killed N times`; the
exit status is 0 if none failed and no more than SECOND_ATTEMPTS needed a second attempt.
"""
import asyncio
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import bridge
import interpreter
import mock
import table
from air import Air, Ghost, LinuxController, VirtualController, attach
from clock import GuestClock
from daemon import DaemonLog
from interpreter import PYTHON
from report import row, show, verdict
from scenarios import KNOWN, Machine, machines

HERE = Path(__file__).resolve().parent
# All in seconds of the guest's clock. No machine takes longer.
MACHINE_LIMIT = 600
# Until a phase must be reached, and after Ctrl-C until no connection may be left.
REACH_LIMIT, GONE_LIMIT = 25, 3


class Lateness:
    """How late this process was for what it had to do: while it is, no controller answers, and a guest that has nothing
    else to do takes that for the controller's doing."""
    LOOK = 0.1

    def __init__(self):
        self.worst = self.since = 0.0

    async def watch(self):
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self.LOOK
            await asyncio.sleep(self.LOOK)
            late = loop.time() - due
            self.worst, self.since = max(self.worst, late), max(self.since, late)

    def begin(self):
        self.since = 0.0


class Bench:
    """A machine, its air and its devices."""

    def __init__(self, programs, work, logs, machine):
        self.espprov, self.guest = str(programs / 'espprov'), str(programs / 'ble-guest')
        self.work, self.logs, self.name = Path(work) / machine.name, logs / machine.name, machine.name
        # A Python with the package, if it is wanted.
        self.python = Path(work) / 'python'
        self.peripherals, self.scenarios = machine.peripherals, machine.scenarios
        self.air, self.children, self.keep, self.addresses = Air(), [], [], {}
        # Controllers that an emulated board is still to be started for.
        self.boards = {}
        self.late = Lateness()
        self.machine = self.left = self.ghost = None
        self.work.mkdir()
        self.logs.mkdir(parents=True)
        # What happened to bluetoothd; `crashes` are those that nobody caused.
        self.air.log = open(self.logs / 'att.log', 'w')
        self.daemon, self.crashes, self.kills = DaemonLog(self.logs / 'bluetoothd.log'), [], 0

    async def start_devices(self):
        renewed = {}
        for index, peripheral in enumerate(self.peripherals):
            address = f'00:00:00:00:01:{index:02X}'
            if peripheral.kind == 'bridge':
                await self.start_bridge(index, peripheral, address)
                continue
            path = self.work / f'{peripheral.name}.hci'
            self.keep.append(await attach(VirtualController, self.air, peripheral.name, path, address))
            if peripheral.kind == 'firmware':
                self.boards[peripheral.name] = path
                continue
            if peripheral.kind == 'renewed':
                # One process for those of a link.
                link = re.sub(r'(_[0-9])+$', '', peripheral.name)
                renewed.setdefault(link, []).append(peripheral.text.format(hci=f'unix:{path}'))
                continue
            await self.spawn(peripheral.name, self.espprov, 'simulate', '--ble', f'unix:{path}', '--mtu',
                             str(peripheral.mtu), '--scenario', str(self.write(peripheral)), '-v')
        for link, specs in renewed.items():
            await self.spawn(link, self.guest, 'serve', *specs)

    def write(self, peripheral):
        file = self.work / f'{peripheral.name}.toml'
        file.write_text(peripheral.text)
        return file

    async def spawn(self, name, *command):
        with open(self.logs / f'{name}.log', 'wb') as log:
            self.children.append(await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log))

    async def start_bridge(self, index, peripheral, address):
        controller = VirtualController(peripheral.name, link=self.air, public_address=address)
        random_address = f'C4:00:00:00:01:{index:02X}'
        console = await bridge.Console.start(
            self.espprov, 'simulate', '--console', '--line-limit', '0', '--scenario', str(self.write(peripheral)))
        self.children.append(console.process)
        self.addresses[peripheral.name] = random_address
        self.keep.append(await bridge.serve(
            controller, console, peripheral.name, random_address, peripheral.mtu, refuses=peripheral.refuses,
            stalls=peripheral.stalls))

    async def start_machine(self):
        path = self.work / 'central.hci'
        self.air.central = await attach(LinuxController, self.air, 'central', path, 'AA:BB:CC:00:00:01')
        lines = ['. /opt/guest-run\n']
        for index, scenario in enumerate(self.scenarios):
            command = shlex.join(part.format(**self.addresses) if part.startswith('ble:{') else part
                                 for part in scenario.command)
            how = 'interrupt' if scenario.interrupt else 'killing' if scenario.kill else 'run'
            lines.append(f'{how} {index} {command}\n')
        (self.work / 'main').write_text(''.join(lines))
        # What takes room and time to boot only where somebody wants it.
        python = [self.python] if any(scenario.command[:len(PYTHON)] == PYTHON for scenario in self.scenarios) else []
        clock = self.work / 'clock'
        self.clock = await GuestClock.listen(clock)
        self.machine = await asyncio.create_subprocess_exec(
            'setpriv', '--pdeathsig', 'KILL', str(HERE / 'vm.sh'), 'run', str(path), str(self.daemon.path), str(clock), self.espprov,
            self.guest, str(HERE / 'guest-run'), str(self.work / 'main'), *map(str, python),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            start_new_session=True, env={**os.environ, 'TMPDIR': str(self.work)})
        self.children.append(self.machine)
        return self.machine

    async def run(self):
        """The rows of each scenario."""
        if not self.scenarios:
            return []
        await self.start_devices()
        machine, results, current = await self.start_machine(), [], None
        log = open(self.logs / 'guest.log', 'w', buffering=1)
        watchdog, clockwatch = asyncio.create_task(self.watch()), asyncio.create_task(self.late.watch())
        try:
            async for line in machine.stdout:
                line = line.decode(errors='replace').rstrip('\r\n')
                log.write(f'{time.monotonic():.2f} {line}\n')
                word, _, rest = line.partition(' ')
                if word == 'BEGIN':
                    current = {'scenario': self.scenarios[int(rest)], 'out': [], 'err': [], 'problems': []}
                    self.begin(current)
                elif word == 'LEFT' and current:
                    self.left.set()
                elif word == 'OUT' and current:
                    current['out'].append(rest)
                elif word == 'ERR' and current:
                    current['err'].append(rest)
                elif word == 'END' and current:
                    current['daemon'] = self.daemon.news()
                    results.append((current['scenario'], self.judge(current, rest.split())))
                    for result in results[-1][1]:
                        show(result)
                    current = None
        finally:
            watchdog.cancel()
            clockwatch.cancel()
        log.close()
        self.count(self.daemon.news(), '(after the last)')
        if len(results) < len(self.scenarios):
            tail = (self.logs / 'guest.log').read_text().splitlines()[-30:]
            print('\n'.join([f'the machine {self.name!r} ended early:', *tail]))
            results += [(s, [row(s, 0, None, ['not run']) for _ in range(s.rows or 1)])
                        for s in self.scenarios[len(results):]]
        return results

    async def watch(self):
        """Ends a machine that takes too long, by its own clock, or does not answer."""
        try:
            while await self.clock.now() < MACHINE_LIMIT:
                await asyncio.sleep(10)
            print(f'the machine {self.name!r} did not end in {MACHINE_LIMIT} s of its own', flush=True)
        except TimeoutError:
            if self.clock.over():
                return
            print(f'the machine {self.name!r} does not answer', flush=True)
        self.end_machine()

    def begin(self, current):
        scenario = current['scenario']
        self.air.begin()
        self.late.begin()
        self.air.in_reach = scenario.reach or (scenario.peripheral or '(none)',)
        if self.ghost:
            self.ghost.cancel()
        if scenario.ghost:
            self.ghost = asyncio.create_task(self.haunt(scenario.ghost))
        if board := self.boards.pop(scenario.peripheral, None):
            self.task(self.spawn(scenario.peripheral, *table.firmware(board)))
        if scenario.interrupt:
            self.left = asyncio.Event()
            self.task(self.interrupt(current))
        if scenario.kill:
            self.task(self.kill(current))

    def task(self, work):
        self.keep.append(asyncio.get_running_loop().create_task(work))

    async def haunt(self, name):
        ghost = Ghost(self.air, 'F0:00:00:00:00:0F', bridge.advertisement(), bridge.scan_response(name))
        await ghost.haunt()

    def reached(self, scenario):
        """Whether the phase is under way in which the command is to be interrupted, or the daemon killed."""
        air, stats = self.air, self.air.of(scenario.peripheral)
        return {
            # A scan of its own: the one before may still be on when the command begins.
            'discovering': air.scans > 0 and air.central.le_scan_enable,
            'connecting': air.central.pending_le_connection is not None,
            'endpoints': stats.phases['connect'] >= 2,
            'session': stats.exchanges['session'] >= 2,
            'scan': stats.exchanges['scan'] >= 1,
            'credentials': stats.exchanges['config'] >= 1,
            'waiting': stats.exchanges['config'] >= 3,
        }[scenario.interrupt or scenario.kill]

    async def phase(self, current):
        """Waits for it."""
        scenario = current['scenario']
        try:
            await self.clock.until(lambda: self.reached(scenario), REACH_LIMIT)
        except TimeoutError:
            current['problems'].append(f'the phase {scenario.interrupt or scenario.kill} was not reached')

    async def kill(self, current):
        """Has the daemon killed at the right moment. A phase that would be over at once lasts until then: a
        connection is not made before the daemon is gone."""
        scenario = current['scenario']
        self.air.holding = scenario.kill == 'connecting'
        if scenario.kill == 'discovering':
            # Nothing is found before.
            self.air.in_reach = ('(none)',)
        await self.phase(current)
        self.machine.stdin.write(b'now\n')
        while self.air.holding and self.air.central.pending_le_connection is not None:
            await asyncio.sleep(0.02)
        self.air.holding = False
        if scenario.kill == 'discovering':
            while not self.daemon.is_killed():
                await asyncio.sleep(0.02)
            self.air.in_reach = (scenario.peripheral,)

    async def interrupt(self, current):
        """Presses Ctrl-C at the right moment, and watches the controller afterwards."""
        await self.phase(current)
        # Into the middle of it.
        await asyncio.sleep(0.3)
        self.machine.stdin.write(b'now\n')
        try:
            took = await self.clock.until(lambda: not self.air.connected(), GONE_LIMIT)
            current['gone_ms'] = round(took * 1000)
        except TimeoutError:
            current['problems'].append(f'a connection was there {GONE_LIMIT} s after Ctrl-C')
        await self.left.wait()
        # Not one that is made afterwards either.
        left = await self.clock.now()
        while await self.clock.now() < left + 1:
            await asyncio.sleep(0.2)
        if self.air.connected():
            current['problems'].append('a connection was left behind')
        self.machine.stdin.write(b'now\n')

    def judge(self, run, end):
        """The rows of a scenario that has ended."""
        scenario, problems, events = run['scenario'], run['problems'], []
        code, (began, ended, worked) = int(end[1]), map(float, end[2:5])
        millis = round((ended - began) * 1000)
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
            if found != count and not found >= -count > 0:
                problems.append(f'{found} x {event} instead of {count}')
        if millis > scenario.limit:
            problems.append(f'took {millis} ms')
        daemon = self.count(run['daemon'], scenario.name)
        if daemon.get('killed', 0) != bool(scenario.kill):
            problems.append(f'bluetoothd was killed {daemon.get("killed", 0)} times')
        if scenario.rows:
            return self.reported(run, events, problems, daemon, worked)
        stats = self.air.of(scenario.peripheral)
        stats.finish_read()
        if scenario.mtu and stats.mtu != scenario.mtu:
            problems.append(f'MTU {stats.mtu} instead of {scenario.mtu}')
        problems += too_many(scenario, stats)
        if problems:
            problems += run['err'][-3:] + [json.dumps(result)] + self.circumstances(worked)
        extra = {'gone_ms': run['gone_ms']} if 'gone_ms' in run else {}
        if daemon:
            extra['daemon'] = daemon
        return [row(scenario, millis, stats, problems, extra)]

    def circumstances(self, worked):
        """What may explain a failure: whose fault a silence was."""
        return [f'the air was late by {self.late.since:.2f} s at most, the guest worked for {worked:.2f} s',
                *(f'bluetoothd: {word}' for word in self.daemon.words[-3:])]

    def count(self, events, scenario):
        """Daemons that died: how many a scenario killed, and how many crashed."""
        kills = sum(event.what == 'killed' for event in events)
        crashes = [event for event in events if event.what == 'crashed']
        self.kills += kills
        self.crashes += [event.report(machine=self.name, scenario=scenario) for event in crashes]
        for event in crashes:
            print(f'       {event}, in {scenario!r} on the machine {self.name!r}', flush=True)
        return {key: count for key, count in (('killed', kills), ('crashed', len(crashes))) if count}

    def reported(self, run, events, problems, daemon, worked):
        """Rows that the command itself brings."""
        rows, scenario = [e for e in events if e.get('event') == 'row'], run['scenario']
        if len(rows) != scenario.rows:
            problems.append(f'{len(rows)} rows instead of {scenario.rows}')
        if self.air.connected():
            problems.append('a connection was left behind')
        results = []
        for reported in rows:
            extra = {key: value for key, value in reported.items() if key not in ('event', 'name', 'ms', 'problems')}
            wrong = reported['problems']
            if reported is rows[-1]:
                wrong = wrong + problems
                extra |= {'daemon': daemon} if daemon else {}
            results.append({**row(scenario, reported['ms'], None, wrong, extra), 'name': reported['name']})
        if not results:
            return [row(scenario, 0, None, problems + run['err'][-5:] + self.circumstances(worked))]
        if any(not r['passed'] for r in results):
            results[-1]['problems'] += self.circumstances(worked)
        return results

    def end_machine(self):
        # It has a group of its own.
        if self.machine and self.machine.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.machine.pid, signal.SIGKILL)

    async def stop(self):
        self.end_machine()
        for child in self.children:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()


def too_many(scenario, stats):
    """What is wrong with the number of round trips, phase by phase."""
    # A device that BlueZ knows is not discovered again.
    allowed = KNOWN[scenario.link] + scenario.names if scenario.connect and stats.is_known() else scenario.connect
    if allowed and stats.phases['connect'] > allowed:
        yield f'{stats.phases["connect"]} round trips to connect instead of {allowed}: {dict(stats.connect)}'
    if scenario.names and stats.names() > scenario.names:
        yield f'{stats.names()} names of endpoints read instead of {scenario.names}'
    for phase, count in scenario.exchanges.items():
        least, most = count if isinstance(count, tuple) else (count, count)
        if not least <= stats.exchanges[phase] <= most:
            yield f'{stats.exchanges[phase]} exchanges ({phase}) instead of {count}'
        if stats.phases[phase] > stats.least[phase]:
            yield f'{stats.phases[phase]} round trips ({phase}) where {stats.least[phase]} would do'


async def on_the_host(espprov, work):
    rows = []
    for link, check in (('bumble', table.check), ('mock', mock.check)):
        for name, problems, millis in await check(espprov, work):
            rows.append({'name': name, 'link': link, 'mtu': 0, 'security': '-', 'ms': millis,
                         'passed': not problems, 'problems': problems})
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
        rows.append({'name': 'trouble/(all)', 'link': 'bumble', 'mtu': 0, 'security': '-', 'ms': 0, 'passed': False,
                     'problems': [f'central.py: status {process.returncode}']})
        show(rows[-1])
    return rows


def remember(first, second):
    """Puts what was wrong at first into the rows of the second attempt; what has no row of its own there, into one."""
    for old in first:
        if old['problems'] and second:
            new = next((new for new in second if new['name'] == old['name']), second[-1])
            new['first_time'] = new.get('first_time', []) + old['problems']


async def again(programs, work, logs, bench, results, benches):
    """The rows of a machine, its failures tried once more.

    Four emulated machines on a busy host fall behind the times that people and BlueZ reckon with. A failure is one if
    it comes again where the machine has the host to itself, with devices as good as new; the report keeps the first.
    """
    scenarios = [s for s, rows in results if not all(r['passed'] for r in rows)]
    if scenarios:
        names = ', '.join(s.name for s in scenarios)
        print(f'{len(scenarios)} failed on the machine {bench.name!r}, once more alone: {names}', flush=True)
        second = Bench(programs, work, logs, Machine(f'{bench.name}-again', bench.peripherals, scenarios))
        benches.append(second)
        retried = {id(s): rows for s, rows in await second.run()}
        await second.stop()
        for scenario, rows in results:
            remember(rows, retried.get(id(scenario), []))
        results = [(s, retried.get(id(s), rows)) for s, rows in results]
    return [r for _, rows in results for r in rows]


async def main(programs, report, only):
    start, rows = time.monotonic(), []
    logs = Path(report).resolve().parent / 'logs'
    # Those of the last run only.
    shutil.rmtree(logs, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix='espprov-ble-') as work:
        benches = []
        for machine in machines():
            machine.scenarios = [s for s in machine.scenarios if re.search(only, s.name)]
            if any(s.command[:len(PYTHON)] == PYTHON for s in machine.scenarios):
                interpreter.pack(os.environ['ESPPROV_WHEEL'], Path(work) / 'python')
            benches.append(Bench(programs, work, logs, machine))
        # Whoever ends this process must not leave machines behind.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
        try:
            espprov = str(programs / 'espprov')
            # While the machines boot, on the host.
            host, alone, *parts = await asyncio.gather(
                on_the_host(espprov, work), without_machine(espprov, only), *(bench.run() for bench in benches))
            rows = host + alone
            for bench, results in zip(list(benches), parts):
                await bench.stop()
                rows += await again(programs, work, logs, bench, results, benches)
        finally:
            for bench in benches:
                await bench.stop()
    seconds = round(time.monotonic() - start, 1)
    return verdict(rows, benches, seconds, Path(report), logs)


if __name__ == '__main__':
    try:
        sys.exit(asyncio.run(main(Path(sys.argv[1]).resolve(), sys.argv[2], ' '.join(sys.argv[3:]))))
    except asyncio.CancelledError:
        sys.exit('ended from outside')
