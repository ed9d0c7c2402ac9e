"""`batch --jobs` over serial consoles: each device on a pseudo-terminal of its own."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import WORLD, Command

DEVICES = 6


class Console:
    """A simulated device on a pseudo-terminal."""

    def __init__(self, program: str, world: Path, said: Path) -> None:
        words = [program, "-v", "simulate", "--pty", "--json", "--pop", "abcd1234", "--scenario", str(world)]
        self.said = said
        with said.open("wb") as log:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log)
        assert self.process.stdout is not None
        event = json.loads(self.process.stdout.readline())
        assert (event["event"], event["transport"]) == ("listening", "serial"), event
        self.port = event["address"]

    def count(self, event: str) -> int:
        return self.said.read_text().count(f"s  {event} ")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)


@pytest.fixture
def consoles(espprov: Command, tmp_path: Path) -> Iterator[list[Console]]:
    world = tmp_path / "world.toml"
    world.write_text(WORLD.format(ms=300))
    made = [Console(espprov.program, world, tmp_path / f"{number}.log") for number in range(DEVICES)]
    yield made
    for one in made:
        one.close()


def run(espprov: Command, manifest: Path, *more: object) -> tuple[int, list[dict[str, object]]]:
    words = [espprov.program, "batch", manifest, "--ssid", "Home", "--passphrase", "correct-horse", "--json", *more]
    done = subprocess.run(list(map(str, words)), capture_output=True, timeout=280, check=False, env={**os.environ})
    return done.returncode, [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_jobs_over_serial_ports(espprov: Command, consoles: list[Console], tmp_path: Path) -> None:
    manifest = tmp_path / "devices.csv"
    rows = [f"D{number},{console.port},abcd1234" for number, console in enumerate(consoles)]
    manifest.write_text("\n".join(["name,target,pop", *rows, "E,serial:/dev/nowhere,abcd1234"]) + "\n")
    code, events = run(espprov, manifest, "--jobs", 4)
    results = {str(event["key"]): event for event in events if event["event"] == "device_result"}
    assert code == 10 and len(results) == DEVICES + 1, events
    for number, console in enumerate(consoles):
        assert results[f"D{number}"]["outcome"] == "connected", results
        assert (console.count("joining"), console.count("connected to")) == (1, 1)
    assert results["E"]["ok"] is False
    # And again: only what failed, and nobody is told a second time.
    code, events = run(espprov, manifest, "--jobs", 4, "--retry-failed")
    assert (code, [event.get("key") for event in events]) == (10, ["E", None]), events
    assert all(console.count("joining") == 1 for console in consoles)


def test_a_kill_over_serial_ports(espprov: Command, consoles: list[Console], tmp_path: Path) -> None:
    manifest = tmp_path / "devices.csv"
    rows = [f"{console.port},abcd1234" for console in consoles]
    manifest.write_text("\n".join(["target,pop", *rows]) + "\n")
    words = [espprov.program, "batch", manifest, "--ssid", "Home", "--passphrase", "correct-horse", "--jobs", "3"]
    killed = subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not any(console.count("joining") for console in consoles):
        assert killed.poll() is None
    killed.kill()
    killed.wait()
    code, events = run(espprov, manifest, "--jobs", 3)
    assert code == 0, events
    assert [console.count("joining") for console in consoles] == [1] * DEVICES, "none lost, none told twice"
