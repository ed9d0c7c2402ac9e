"""A line per run, so that many runs can be looked at together; `cargo xtask e2e ble --soak N` writes them.

soak.py LOG DOC REPORT.json idle|busy OTHERS IDLE SECONDS COMMIT

OTHERS is the share of the host's processors that other programs used meanwhile, IDLE the share that nobody did. Appends what REPORT.json says of one run to LOG (a line of JSON), puts the table of all lines between the two marks in
DOC, and keeps the report and the logs of a run that was not perfect. Without a report the run has failed.
"""
import json
import os
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path

BEGIN, END = '<!-- soak: written by tests/ble/soak.py -->', '<!-- soak: end -->'
EMPTY = {'good': False, 'passed': 0, 'failed': 0, 'second_attempts': [], 'daemon': {'crashed': 0, 'killed': 0}}


def is_busy(others, idle):
    """Whether others kept every core busy, whether they were asked to or not: nothing was left, and they had a third."""
    return others >= 0.33 and idle <= 0.05


def line(report, busy, others, idle, seconds, commit):
    return {
        'date': datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%MZ'),
        'commit': commit, 'busy': busy, 'others': others, 'idle': idle, 'load': round(os.getloadavg()[0], 1), 'cores': os.cpu_count(),
        'good': report['good'], 'passed': report['passed'], 'failed': report['failed'],
        'second_attempts': len(report['second_attempts']), 'daemon_crashes': report['daemon']['crashed'],
        'daemon_kills': report['daemon']['killed'], 'seconds': round(seconds),
    }


def table(lines):
    """What all runs come to, those on a busy host apart."""
    rows = ['| host | runs | passed | scenarios failed | at a second attempt | bluetoothd crashed | killed | seconds |',
            '|---|---|---|---|---|---|---|---|']
    for host, busy in (('as it was', False), ('every core kept busy', True)):
        runs = [one for one in lines if one['busy'] == busy]
        if runs:
            total = {key: sum(one[key] for one in runs) for key in (
                'good', 'failed', 'second_attempts', 'daemon_crashes', 'daemon_kills')}
            seconds = sorted(one['seconds'] for one in runs)
            rows.append(f'| {host} | {len(runs)} | {total["good"]} | {total["failed"]} | {total["second_attempts"]} | '
                        f'{total["daemon_crashes"]} | {total["daemon_kills"]} | {seconds[0]} to {seconds[-1]} |')
    return '\n'.join(rows)


def keep(report, name):
    """The report and the logs of a run: the next one writes over them."""
    to = report.parent / 'soak' / name
    to.mkdir(parents=True, exist_ok=True)
    if report.exists():
        shutil.copy(report, to)
    if (report.parent / 'logs').exists():
        shutil.copytree(report.parent / 'logs', to / 'logs', dirs_exist_ok=True)
    print(f'its report and logs are kept in {to}')


def main(log, doc, report, host, others, idle, seconds, commit):
    log, doc, report = Path(log), Path(doc), Path(report)
    others, idle = float(others), float(idle)
    busy = host == 'busy' or is_busy(others, idle)
    run = line(json.loads(report.read_text()) if report.exists() else EMPTY, busy, others, idle, float(seconds), commit)
    with open(log, 'a') as file:
        file.write(json.dumps(run) + '\n')
    print(json.dumps(run))
    if not run['good'] or run['second_attempts'] or run['daemon_crashes']:
        keep(report, run['date'].replace(':', ''))
    text = doc.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = [json.loads(text) for text in log.read_text().splitlines()]
    doc.write_text(f'{before}{BEGIN}\n{table(lines)}\n{END}{after}')


if __name__ == '__main__':
    main(*sys.argv[1:])
