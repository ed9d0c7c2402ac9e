"""Stations on one ledger, and the simulated devices that they provision."""

import json
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from postgres import PASSWORD, environment

#: Longer than anything takes here, on a busy computer too: what has not come by then does not come.
DEADLINE = 240


class Farm:
    """Simulated devices, and what they say of themselves."""

    def __init__(self, program: str, folder: Path, count: int, world: str) -> None:
        scenario, self.manifest, self.said = folder / "world.toml", folder / "devices.csv", folder / "farm.log"
        scenario.write_text(world)
        words = [program, "-v", "simulate", "--http", "127.0.0.1:0", "--count", str(count), "--scenario", str(scenario)]
        with self.manifest.open("wb") as out, self.said.open("wb") as said:
            self.process = subprocess.Popen(words, stdout=out, stderr=said)
        try:
            # The last line comes when all of them listen.
            wait_until(lambda: self.manifest.read_text().count("\n") == count + 1, self)
        except BaseException:
            self.close()
            raise
        self.names = [line.split(",")[1] for line in self.manifest.read_text().splitlines()[1:]]
        assert len(set(self.names)) == count

    def count(self, event: str) -> Counter[str]:
        """How often it happened to each device."""
        return Counter(re.findall(rf"s  (\S+): {event} ", self.said.read_text()))

    def why(self) -> str:
        return self.said.read_text()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)


class Station:
    """One run of `batch`."""

    #: Those of the test that runs; whatever becomes of it, none outlives it.
    begun: list["Station"] = []

    def __init__(self, program: str, manifest: Path, ledger: str, name: str, *more: object, **variables: str) -> None:
        words = [
            program, "batch", manifest, "--ssid", "Home", "--passphrase", "correct-horse", "--json", "--ledger", ledger,
            *more,
        ]
        variables = {"HOSTNAME": name, "PGPASSWORD": PASSWORD, "HOME": "/nowhere", **variables}
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            list(map(str, words)), stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err,
            env=environment(**{key: value for key, value in variables.items() if value}),
        )
        self.begun.append(self)

    def why(self) -> str:
        text = ""
        for file in (self.out, self.err):
            file.seek(0)
            text += file.read().decode()
        return text

    def end(self) -> tuple[int, list[dict[str, object]]]:
        """Exit status and events."""
        code = self.process.wait(timeout=DEADLINE)
        said = self.why()
        assert PASSWORD not in said and "%40" not in said, "the password is nobody else's"
        self.out.seek(0)
        return code, [json.loads(line) for line in self.out.read().decode().splitlines()]

    @classmethod
    def end_all(cls) -> None:
        for station in cls.begun:
            if station.process.poll() is None:
                # One that was stopped hears of nothing before it goes on.
                station.process.send_signal(signal.SIGCONT)
                station.process.kill()
                station.process.wait()
            station.out.close()
            station.err.close()
        cls.begun.clear()


def wait_until(what: Callable[[], object], *who: Station | Farm) -> None:
    """Polls; who ends beforehand has nothing more to wait for."""
    until = time.monotonic() + DEADLINE
    while not what():
        assert all(one.process.poll() is None for one in who), [one.why() for one in who]
        assert time.monotonic() < until, [one.why() for one in who]
        time.sleep(0.02)


def oks(events: list[dict[str, object]]) -> list[str]:
    return [str(event["key"]) for event in events if event["event"] == "device_result" and event["ok"]]


def warnings(events: list[dict[str, object]], code: str) -> list[str]:
    return [str(event["message"]) for event in events if event["event"] == "warning" and event["code"] == code]


def failure(station: Station) -> tuple[int, str]:
    code, events = station.end()
    error = events[-1]["error"]
    assert isinstance(error, dict) and error["cause"] and error["help"], events
    return code, str(error["code"])
