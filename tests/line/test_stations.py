"""Several stations on one ledger, in a real PostgreSQL server: one `ok` a device, whatever becomes of stations and database."""

import datetime
import ipaddress
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Command
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from postgres import PASSWORD, Server

WORLD = """[device]
auto_stop = false
[security]
scheme = 1
[delays]
connect_ms = {ms}
[[network]]
ssid = "Home"
channel = 6
rssi = -41
auth = "wpa2"
passphrase = "correct-horse"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.close()


class Farm:
    """Simulated devices, and what they say of themselves."""

    def __init__(self, program: str, folder: Path, count: int, connect_ms: int) -> None:
        world = folder / "world.toml"
        world.write_text(WORLD.format(ms=connect_ms))
        self.manifest, self.said = folder / "devices.csv", folder / "farm.log"
        words = [program, "-v", "simulate", "--http", "127.0.0.1:0", "--count", str(count), "--scenario", str(world)]
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said)
        assert self.process.stdout is not None
        # The manifest comes when all of them listen.
        lines = [self.process.stdout.readline() for _ in range(count + 1)]
        self.manifest.write_bytes(b"".join(lines))
        self.names = [line.decode().split(",")[1] for line in lines[1:]]
        assert len(set(self.names)) == count

    def count(self, event: str) -> Counter[str]:
        """How often it happened to each device."""
        return Counter(re.findall(rf"s  (\S+): {event} ", self.said.read_text()))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)


@pytest.fixture
def farm(espprov: Command, tmp_path: Path) -> Iterator[Callable[[int, int], Farm]]:
    made: list[Farm] = []

    def start(count: int, connect_ms: int) -> Farm:
        made.append(Farm(espprov.program, tmp_path, count, connect_ms))
        return made[-1]

    yield start
    for one in made:
        one.close()


class Station:
    """One run of `batch`."""

    def __init__(self, program: str, manifest: Path, ledger: str, name: str, *more: object, **variables: str) -> None:
        words = [
            program, "batch", manifest, "--ssid", "Home", "--passphrase", "correct-horse", "--json", "--ledger", ledger,
            *more,
        ]
        variables = {"HOSTNAME": name, "PGPASSWORD": PASSWORD, "HOME": "/nowhere", **variables}
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        environment = {**os.environ, **{key: value for key, value in variables.items() if value}}
        self.process = subprocess.Popen(
            list(map(str, words)), stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, env=environment
        )

    def said(self) -> str:
        text = ""
        for file in (self.out, self.err):
            file.seek(0)
            text += file.read().decode()
        return text

    def end(self) -> tuple[int, list[dict[str, object]]]:
        """Exit status and events. No ceiling of its own: each device has a deadline, and the whole test has one."""
        code = self.process.wait(timeout=280)
        said = self.said()
        assert PASSWORD not in said and "%40" not in said, "the password is nobody else's"
        self.out.seek(0)
        return code, [json.loads(line) for line in self.out.read().decode().splitlines()]


def oks(events: list[dict[str, object]]) -> list[str]:
    return [str(event["key"]) for event in events if event["event"] == "device_result" and event["ok"]]


def failure(station: Station) -> tuple[int, str]:
    code, events = station.end()
    error = events[-1]["error"]
    assert isinstance(error, dict) and error["cause"] and error["help"], events
    return code, str(error["code"])


def wait_until(what: Callable[[], object], *stations: Station) -> None:
    """Polls; a station that ends beforehand has nothing more to wait for."""
    while not what():
        assert all(station.process.poll() is None for station in stations), [station.said() for station in stations]
        time.sleep(0.02)


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
    while any(station.process.poll() is None for station in stations):
        seen = command_lines()
        assert b"batch" in seen and PASSWORD.encode() not in seen
        time.sleep(0.2)
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
    first = Station(espprov.program, devices.manifest, ledger, "dies", "--jobs", 4, "--lease", "5s")
    wait_until(lambda: sum(devices.count("joining").values()) >= 6, first)
    first.process.kill()
    first.process.wait()
    # What it had sent before may still be under way to the table.
    connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'killed' AND application_name = 'espprov'"
    wait_until(lambda: server.psql(connections) == ["0"])
    had = server.psql("SELECT key FROM espprov_ledger WHERE state = 'taken'", "killed")
    assert had, "it was killed in mid-device"
    code, events = Station(espprov.program, devices.manifest, ledger, "goes-on", "--jobs", 4, "--lease", "5s").end()
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
        warned += sum(event.get("code") == "ledger_away" for event in events)
    assert sorted(done) == sorted(devices.names), "nothing lost, nothing twice"
    assert devices.count("joining") == Counter(devices.names)
    assert server.psql("SELECT state, count(*) FROM espprov_ledger GROUP BY 1", "away") == ["ok|60"]
    assert warned == 2, "each says it, once"


def test_a_database_that_stays_away_ends_the_run_in_time(
    server: Server, farm: Callable[[int, int], Farm], espprov: Command
) -> None:
    devices = farm(6, 8000)
    ledger = server.database("gone")
    run = Station(espprov.program, devices.manifest, ledger, "alone", "--jobs", 2, "--lease", "3s")
    wait_until(lambda: len(devices.count("joining")) == 2, run)
    server.stop()
    try:
        code, events = run.end()
        assert (code, events[-1]["error"]["code"]) == (1, "ledger"), events
        assert oks(events) == [] and any(event.get("code") == "lease_lost" for event in events), "left before it ended"
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
    first = Station(espprov.program, devices.manifest, ledger, "sleeps", "--lease", "3s")
    wait_until(lambda: devices.count("joining"), first)
    first.process.send_signal(signal.SIGSTOP)
    second = Station(espprov.program, devices.manifest, ledger, "awake", "--lease", "3s")
    code, events = second.end()
    assert (code, oks(events)) == (0, devices.names), events
    first.process.send_signal(signal.SIGCONT)
    code, events = first.end()
    assert (code, oks(events)) == (0, []), events
    assert any(event.get("code") == "lease_lost" for event in events), events
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
    assert any(event.get("code") == "lease_lost" for event in events), events


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
    assert 3 <= int(attempts) <= 4, "once by each that had begun before it failed again"


def test_passwords_and_where_they_come_from(server: Server, espprov: Command, tmp_path: Path) -> None:
    manifest = tmp_path / "devices.csv"
    manifest.write_text("target\nsim:zero\n")
    ledger = server.database("passwords")
    escaped = PASSWORD.replace("%", "%25").replace(":", "%3A")
    spelled = ledger.replace("line@", f"line:{escaped}@")

    def run(ledger: str = ledger, **variables: str) -> Station:
        return Station(espprov.program, manifest, ledger, "one", **variables)

    assert failure(run(PGPASSWORD="")) == (2, "ledger_password")
    assert failure(run(PGPASSWORD="wrong")) == (2, "ledger_password")
    said = run(spelled)
    assert failure(said) == (2, "password_in_arguments")
    assert escaped not in said.said()
    file = tmp_path / "pgpass"
    colons = PASSWORD.replace(":", "\\:")
    file.write_text(f"*:*:other:*:wrong\n127.0.0.1:{server.port}:passwords:line:{colons}\n")
    file.chmod(0o640)
    assert failure(run(PGPASSWORD="", PGPASSFILE=str(file))) == (2, "invalid_ledger")
    file.chmod(0o600)
    assert run(PGPASSWORD="", PGPASSFILE=str(file)).end()[0] == 0
    # In the environment the address may have it; nobody else reads that.
    by_variable = subprocess.run(
        [espprov.program, "batch", manifest, "--ssid", "Home", "--passphrase", "correct-horse", "--json"],
        env={**os.environ, "ESPPROV_LEDGER": spelled}, capture_output=True, timeout=280, check=False,
    )
    assert by_variable.returncode == 0, by_variable
    assert not (tmp_path / "devices.csv.ledger.jsonl").exists()
    # By the socket, too.
    assert run(f"postgres://line@/passwords?host={server.folder}&port={server.port}").end()[0] == 0
    assert failure(run(ledger.replace("/passwords", "/nowhere"))) == (2, "ledger_missing")
    assert failure(run("postgres://line@127.0.0.1:1/x")) == (1, "ledger")
    assert server.psql("SELECT key, state FROM espprov_ledger", "passwords") == ["sim:zero|ok"]


def test_a_table_of_somebody_else_is_left_alone(server: Server, espprov: Command, tmp_path: Path) -> None:
    manifest = tmp_path / "devices.csv"
    manifest.write_text("target\nsim:zero\n")
    ledger = server.database("others")
    server.psql("CREATE TABLE espprov_ledger (mine text)", "others")
    assert failure(Station(espprov.program, manifest, ledger, "one")) == (2, "not_a_ledger")
    server.psql("COMMENT ON TABLE espprov_ledger IS 'espprov ledger, version 2'", "others")
    assert failure(Station(espprov.program, manifest, ledger, "one")) == (2, "ledger_version")
    schema = f"{ledger}?options=-c%20search_path%3Dl7"
    server.psql("CREATE SCHEMA l7", "others")
    assert Station(espprov.program, manifest, schema, "one").end()[0] == 0
    assert server.psql("SELECT count(*) FROM l7.espprov_ledger", "others") == ["1"]


def certificate(folder: Path, name: str, host: str) -> tuple[Path, Path]:
    """One that has signed itself, for a host or an address."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    try:
        names: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        names = x509.DNSName(host)
    made = (
        x509.CertificateBuilder()
        .subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return paths


def test_nothing_is_sent_to_who_has_no_certificate(server: Server, espprov: Command, tmp_path: Path) -> None:
    manifest = tmp_path / "devices.csv"
    manifest.write_text("target\nsim:zero\n")
    ledger = server.database("tls")

    def run(query: str) -> Station:
        return Station(espprov.program, manifest, f"{ledger}?{query}", "one")

    other, _ = certificate(tmp_path, "other", "127.0.0.1")
    assert failure(run("sslmode=prefer")) == (2, "invalid_ledger")
    assert failure(run(f"sslmode=require&sslrootcert={other}")) == (2, "ledger_tls"), "the server has no TLS"
    cert, key = certificate(server.folder, "server", "127.0.0.1")
    elsewhere, elsewhere_key = certificate(server.folder, "elsewhere", "db.example")
    for path in (key, elsewhere_key):
        path.chmod(0o600)
        if server.who:
            os.chown(path, server.who["user"], server.who["group"])
    try:
        server.stop()
        server.start("ssl=on", f"ssl_cert_file={cert}", f"ssl_key_file={key}")
        assert failure(run(f"sslmode=verify-full&sslrootcert={other}")) == (2, "ledger_tls")
        assert failure(run(f"sslmode=verify-full&sslrootcert={manifest}")) == (2, "ledger_tls")
        assert run(f"sslmode=verify-full&sslrootcert={cert}").end()[0] == 0
        assert server.psql("SELECT count(*) FROM espprov_ledger WHERE state = 'ok'", "tls") == ["1"]
        server.stop()
        server.start("ssl=on", f"ssl_cert_file={elsewhere}", f"ssl_key_file={elsewhere_key}")
        assert failure(run(f"sslmode=verify-full&sslrootcert={elsewhere}")) == (2, "ledger_tls"), "another's name"
    finally:
        server.stop()
        server.start("ssl=off")
