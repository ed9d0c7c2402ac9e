"""The report: a row per scenario, the lines about it on the screen, and what the whole comes to."""
import json
import resource

# Scenarios that may fail at first and pass when they are tried once more; with more of them the run has failed.
SECOND_ATTEMPTS = 2


def row(scenario, millis, stats, problems, extra=None):
    result = {'name': scenario.name, 'link': scenario.link, 'mtu': scenario.mtu, 'security': scenario.security,
              'ms': millis}
    if stats:
        result |= {'round_trips': sum(stats.requests.values()), 'requests': dict(stats.requests),
                   'phases': dict(stats.phases), 'connect': dict(stats.connect),
                   'connect_to_session_ms': stats.connect_to_session()}
    return {**result, **(extra or {}), 'passed': not problems, 'problems': problems}


def show(r):
    detail = ' '.join(f'{phase} {count}' for phase, count in r.get('phases', {}).items())
    if 'gone_ms' in r:
        detail = f'gone after {r["gone_ms"]} ms  {detail}'
    for key in ('cases', 'held'):
        if key in r:
            detail = ' '.join(f'{name} {value}' for name, value in r[key].items())
    print(f"{'ok  ' if r['passed'] else 'FAIL'} {r['name']:<34} {r['link']:<7} {r['mtu'] or '-':>4} "
          f"{r['security']:<12} {r['ms']:>6} ms  {r.get('round_trips', '-'):>4} round trips  {detail}", flush=True)
    for line in [r['note'], *r['problems']] if r.get('note') else r['problems']:
        print(f'       {line}')


def figures(rows):
    """Connect to session, of the rows that are about it: security 2 and the least and the greatest MTU."""
    return [{'link': r['link'], 'mtu': r['mtu'], 'security': r['security'], 'ms': r['connect_to_session_ms']}
            for r in rows if r['name'] == 'provision sec2' and r['mtu'] in (23, 517)]


def named(rows, second):
    """The names of what was not as it should be, with the first thing that was wrong."""
    wrong = [(r['name'], r['problems']) for r in rows if not r['passed']]
    wrong += [(r['name'], r['first_time']) for r in rows if r['name'] in second and 'first_time' in r]
    return ''.join(f'; {name}: {problems[0]}' for name, problems in wrong)


def verdict(rows, benches, seconds, report, logs):
    """Writes the report, and says in the last line what it comes to. The exit status: 0 if that is good."""
    crashes, kills = [crash for b in benches for crash in b.crashes], sum(b.kills for b in benches)
    failed = sum(not r['passed'] for r in rows)
    second = [r['name'] for r in rows if r['passed'] and 'first_time' in r]
    passed = len(rows) - failed
    good = not failed and len(second) <= SECOND_ATTEMPTS
    late = max((bench.late.worst for bench in benches), default=0)
    total = f'{passed} passed ({len(second)} at a second attempt), {failed} failed'
    report.write_text(json.dumps({
        'suite': 'ble', 'seconds': seconds, 'good': good, 'passed': passed,
        'failed': failed, 'air_late_ms': round(late * 1000), 'second_attempts': second, 'daemon': {'killed': kills, 'crashed': len(crashes), 'crashes': crashes},
        'connect_to_session': figures(rows), 'scenarios': rows}, indent=1) + '\n')
    # For whoever reads no JSON: a line.
    report.with_name('verdict.txt').write_text(total + named(rows, second) + '\n')
    for figure in figures(rows):
        print('connect to session, {security}, MTU {mtu} ({link}): {ms} ms'.format(**figure))
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f'{round(seconds)} s ({round(spent.ru_utime + spent.ru_stime)} s of processor time), the air late by '
          f'{late:.2f} s at most, report in {report}, logs in {logs}')
    if len(second) > SECOND_ATTEMPTS:
        print(f'more than {SECOND_ATTEMPTS} passed at a second attempt only: {", ".join(second)}')
    print(f'{total}, 0 skipped; bluetoothd crashed {len(crashes)} times and was killed {kills} times')
    return 0 if good else 1
