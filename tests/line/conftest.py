"""What the tests of the production line have in common: the command, and a folder of its own for each."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from postgres import Server
from stations import Farm, Station

#: A label's text, as the command writes it.
LABEL = '{"ver":"v1","name":"PROV_51DE01","pop":"k7Qm2xVb9tRw","transport":"ble","network":"wifi"}'

#: A simulated device and its network; `ms`: how long joining takes.
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


def qr_codes(picture: Image.Image) -> set[str]:
    """What the QR codes in a picture say. Of all other kinds, zxing now and then sees one in the pattern of a QR code; and it may
    read one code twice."""
    return {found.text for found in zxingcpp.read_barcodes(picture.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)}


class Command:
    """The command `espprov`."""

    def __init__(self) -> None:
        self.program = os.environ["ESPPROV"]

    def __call__(self, *words: object, stdin: bytes = b"", code: int = 0) -> str:
        done = subprocess.run(
            [self.program, *map(str, words)], input=stdin, capture_output=True, timeout=300, check=False
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout.decode()

    def payload(self, picture: Path) -> dict[str, object] | None:
        """What a picture of a code says; None where nothing is read."""
        words = [self.program, "qr", "decode", str(picture), "--json", "--show-secrets"]
        done = subprocess.run(words, capture_output=True, timeout=300, check=False)
        events = [json.loads(line) for line in done.stdout.decode().splitlines()]
        assert events[-1]["event"] == "result", done
        return events[0] if done.returncode == 0 else None


@pytest.fixture(scope="session")
def espprov() -> Command:
    return Command()


@pytest.fixture(scope="session")
def one_server() -> Iterator[Server]:
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def server(one_server: Server) -> Iterator[Server]:
    """It runs, whatever the test before did to it; and no station outlives the test."""
    if one_server.process is None:
        one_server.start()
    try:
        yield one_server
    finally:
        Station.end_all()


@pytest.fixture
def farm(espprov: Command, tmp_path: Path) -> Iterator[Callable[[int, int], Farm]]:
    """So many devices, each joining for so many milliseconds."""
    made: list[Farm] = []

    def start(count: int, connect_ms: int) -> Farm:
        made.append(Farm(espprov.program, tmp_path, count, WORLD.format(ms=connect_ms)))
        return made[-1]

    yield start
    for one in made:
        one.close()
