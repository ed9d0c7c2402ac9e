"""Several stations on one ledger, in a real PostgreSQL server: one `ok` a device, whatever becomes of stations and database."""

import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from conftest import Command
from postgres import PASSWORD, Server
from stations import Farm, Station, oks, wait_until, warnings


def command_lines() -> bytes:
    found = b""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += process.read_bytes()
        except OSError:
            continue  # over by now
    return found


def test_four_stations_share_a_manifest(server: Server, farm: Callable[[int, int], Farm], espprov: Command) -> None:
    devices = farm(400, 20)
    ledger = server.database("four")
    stations = [
        Station(espprov.program, devices.manifest, ledger, f"station-{number}", "--jobs", 4) for number in range(4)
    ]
    # One that ends while it is looked at has no words any more: seen once is seen.
    words = password = False
    while any(station.process.poll() is None for station in stations):
        seen = command_lines()
        words, password = words or ledger.encode() in seen, password or PASSWORD.encode() in seen
        time.sleep(0.2)
    assert words and not password, "the process list has the address, and nobody's password"
    done = []
    for station in stations:
        code, events = station.end()
        assert (code, events[-1]["ok"]) == (0, True), events
        mine = oks(events)
        assert mine, "each has its part"
        done += mine
    assert sorted(done) == sorted(devices.names), "one ok each"
    assert devices.count("joining") == Counter(devices.names), "told once each"
    assert server.psql("SELECT state, attempts, look_first, count(*) FROM espprov_ledger GROUP BY 1, 2, 3", "four") == [
        "ok|1|f|400"
    ]
    assert len(server.psql("SELECT DISTINCT station FROM espprov_ledger", "four")) == 4
    # Another run has nothing to do, and says so.
    code, events = Station(espprov.program, devices.manifest, ledger, "later").end()
    assert (code, [event["event"] for event in events]) == (0, ["result"])
    assert PASSWORD not in server.log()


def test_a_killed_station_is_taken_over(server: Server, farm: Callable[[int, int], Farm], espprov: Command) -> None:
    devices = farm(16, 700)
    ledger = server.database("killed")
    first = Station(espprov.program, devices.manifest, ledger, "dies", "--jobs", 4, "--lease", "10s")
    wait_until(lambda: sum(devices.count("joining").values()) >= 6, first)
    first.process.kill()
    first.process.wait()
    # What it had sent before may still be under way to the table.
    connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'killed' AND application_name = 'espprov'"
    wait_until(lambda: server.psql(connections) == ["0"])
    had = server.psql("SELECT key FROM espprov_ledger WHERE state = 'taken'", "killed")
    assert had, "it was killed in mid-device"
    code, events = Station(espprov.program, devices.manifest, ledger, "goes-on", "--jobs", 4).end()
    assert code == 0, events
    rows = [
        row.split("|")
        for row in server.psql("SELECT key, state, attempts, station, look_first FROM espprov_ledger", "killed")
    ]
    assert {key for key, *_ in rows} == set(devices.names) and {row[1] for row in rows} == {"ok"}
    assert {row[0] for row in rows if row[2:] == ["2", "goes-on", "t"]} == set(had), "looked at first, by the other one"
    assert devices.count("joining") == Counter(devices.names) == devices.count("connected"), "nobody was told twice"
    assert set(oks(events)) == {row[0] for row in rows if row[3] == "goes-on"}


def test_a_database_that_is_away_costs_nothing(server: Server, farm: Callable[[int, int], Farm], espprov: Command) -> None:
    devices = farm(60, 400)
    ledger = server.database("away")
    stations = [Station(espprov.program, devices.manifest, ledger, f"station-{number}", "--jobs", 4, "--lease", "5m") for number in (1, 2)]
    wait_until(lambda: sum(devices.count("connected").values()) >= 8, *stations)
    server.stop(signal.SIGQUIT)
    began = time.monotonic()
    time.sleep(10)
    server.start()
    print(f"away for {time.monotonic() - began:.1f} s")
    done, warned = [], 0
    for station in stations:
        code, events = station.end()
        assert code == 0, events
        done += oks(events)
        warned += len(warnings(events, "ledger_away"))
    assert sorted(done) == sorted(devices.names), "nothing lost, nothing twice"
    assert devices.count("joining") == Counter(devices.names)
    assert server.psql("SELECT state, count(*) FROM espprov_ledger GROUP BY 1", "away") == ["ok|60"]
    assert warned == 2, "each says it, once"


def test_a_database_that_stays_away_ends_the_run_in_time(
    server: Server, farm: Callable[[int, int], Farm], espprov: Command
) -> None:
    # Longer than a lease and its last renewal, and what a busy computer adds.
    devices = farm(6, 15_000)
    ledger = server.database("gone")
    run = Station(espprov.program, devices.manifest, ledger, "alone", "--jobs", 2, "--lease", "10s")
    wait_until(lambda: len(devices.count("joining")) == 2, run)
    server.stop()
    try:
        code, events = run.end()
        assert (code, events[-1]["error"]["code"]) == (1, "ledger"), events
        assert oks(events) == [] and len(warnings(events, "lease_lost")) == 2, "each is left before it ended, and named"
        assert len(devices.count("joining")) == 2, "no other one was begun"
    finally:
        server.start()
    code, events = Station(espprov.program, devices.manifest, ledger, "alone", "--jobs", 4).end()
    assert (code, sorted(oks(events))) == (0, sorted(devices.names)), events
    assert devices.count("joining") == Counter(devices.names)


def test_a_station_that_was_asleep_has_lost_its_device(
    server: Server, farm: Callable[[int, int], Farm], espprov: Command
) -> None:
    devices = farm(1, 6000)
    ledger = server.database("asleep")
    first = Station(espprov.program, devices.manifest, ledger, "sleeps", "--lease", "10s")
    wait_until(lambda: devices.count("joining"), first)
    first.process.send_signal(signal.SIGSTOP)
    second = Station(espprov.program, devices.manifest, ledger, "awake")
    code, events = second.end()
    assert (code, oks(events)) == (0, devices.names), events
    assert warnings(events, "lease_elsewhere") == [f"{devices.names[0]} is with station sleeps, waiting"], "once"
    first.process.send_signal(signal.SIGCONT)
    code, events = first.end()
    assert (code, oks(events)) == (0, []), events
    assert warnings(events, "lease_lost"), events
    assert server.psql("SELECT state, station, attempts FROM espprov_ledger", "asleep") == ["ok|awake|2"]
    assert devices.count("joining") == Counter(devices.names)


def test_only_the_holder_of_the_lease_writes_what_came_of_it(
    server: Server, farm: Callable[[int, int], Farm], espprov: Command
) -> None:
    devices = farm(1, 4000)
    ledger = server.database("holder")
    # Renewed for the first time in twenty minutes: the end of the device is what finds out.
    run = Station(espprov.program, devices.manifest, ledger, "one", "--lease", "60m")
    wait_until(lambda: devices.count("joining"), run)
    server.psql("UPDATE espprov_ledger SET lease = 'another', station = 'another'", "holder")
    wait_until(lambda: devices.count("connected"), run)
    time.sleep(1)
    assert server.psql("SELECT state, station FROM espprov_ledger", "holder") == ["taken|another"]
    server.psql("UPDATE espprov_ledger SET state = 'ok', ended_at = clock_timestamp()", "holder")
    code, events = run.end()
    assert (code, oks(events)) == (0, []), events
    assert warnings(events, "lease_lost"), events


def test_who_is_interrupted_gives_back_what_he_has(
    server: Server, farm: Callable[[int, int], Farm], espprov: Command
) -> None:
    devices = farm(4, 10_000)
    ledger = server.database("interrupted")
    run = Station(espprov.program, devices.manifest, ledger, "stops", "--jobs", 4, "--lease", "60m")
    wait_until(lambda: len(devices.count("joining")) == 4, run)
    run.process.send_signal(signal.SIGINT)
    code, events = run.end()
    assert (code, events[-1]["outcome"]) == (130, "interrupted")
    held = "SELECT count(*) FROM espprov_ledger WHERE lease_until > clock_timestamp()"
    assert server.psql(held, "interrupted") == ["0"]
    assert server.psql("SELECT DISTINCT state FROM espprov_ledger", "interrupted") == ["taken"]
    code, events = Station(espprov.program, devices.manifest, ledger, "goes-on", "--jobs", 4).end()
    assert (code, len(oks(events))) == (0, 4), events


def test_a_device_is_not_ok_before_that_is_written(
    server: Server, farm: Callable[[int, int], Farm], espprov: Command
) -> None:
    devices = farm(1, 3000)
    ledger = server.database("unwritten")
    run = Station(espprov.program, devices.manifest, ledger, "one", "--lease", "60m")
    wait_until(lambda: devices.count("joining"), run)
    server.psql("ALTER TABLE espprov_ledger ADD CONSTRAINT no_room CHECK (state <> 'ok')", "unwritten")
    code, events = run.end()
    assert (code, oks(events), events[-1]["error"]["code"]) == (1, [], "ledger"), events
    (result,) = (event for event in events if event["event"] == "device_result")
    assert result["error"]["code"] == "not_written" and result["error"]["help"], result
    server.psql("ALTER TABLE espprov_ledger DROP CONSTRAINT no_room", "unwritten")
    server.psql("UPDATE espprov_ledger SET lease_until = clock_timestamp()", "unwritten")
    code, events = Station(espprov.program, devices.manifest, ledger, "one").end()
    assert (code, oks(events)) == (0, devices.names), events
    assert devices.count("joining") == Counter(devices.names), "looked at, not told twice"


def test_failed_devices_are_tried_once_more_by_one_station(server: Server, espprov: Command, tmp_path: Path) -> None:
    manifest = tmp_path / "devices.csv"
    manifest.write_text("name,target\nA,http://127.0.0.1:1\nB,sim:zero\n")
    ledger = server.database("failed")

    def run(*more: object) -> tuple[int, list[str], object]:
        code, events = Station(espprov.program, manifest, ledger, "one", *more).end()
        keys = [str(event["key"]) for event in events if event["event"] == "device_result"]
        error = events[-1].get("error", {})
        return code, keys, error.get("cause") if isinstance(error, dict) else None

    assert run() == (10, ["A", "B"], "unreachable 1")
    assert run() == (10, [], "unreachable 1")
    assert run("--retry-failed") == (10, ["A"], "unreachable 1")
    both = [Station(espprov.program, manifest, ledger, name, "--retry-failed") for name in ("one", "two")]
    for station in both:
        assert station.end()[0] == 10
    (attempts,) = server.psql("SELECT attempts FROM espprov_ledger WHERE key = 'A'", "failed")
    assert 3 <= int(attempts) <= 4, "once by each that began after it failed, and before it failed again"
