"""What the tests share."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import espprov

# Who is started in the background (a shell's `&`, `nohup`) inherits that Ctrl-C is ignored, and Python then leaves it at that.
signal.signal(signal.SIGINT, signal.default_int_handler)

HOME = ("Home", "correct-horse")
DATASET = espprov.ThreadDataset.minimal(
    channel=15,
    pan_id=0x51DE,
    ext_pan_id=bytes.fromhex("1111222233334444"),
    network_key=bytes.fromhex("00112233445566778899aabbccddeeff"),
)


@pytest.fixture(params=["memory", "http", "pty"])
def reached(request: pytest.FixtureRequest) -> Iterator[tuple[espprov.Simulator, object]]:
    """A security 1 device, and what `connect` is given to reach it, over each link there is without a radio."""
    with espprov.Simulator("zero", security=1, pop="abcd1234") as simulator:
        targets: dict[str, Callable[[], object]] = {
            "memory": simulator.link,
            "http": simulator.http,
            "pty": simulator.pty,
        }
        yield simulator, targets[request.param]()


class OwnLink:
    """A link as a user writes it: around another one, with what it does counted."""

    def __init__(self, simulator: espprov.Simulator) -> None:
        self.link = simulator.link()
        self.calls: list[str] = []
        self.threads: set[int] = set()

    def exchange(self, endpoint: str, data: bytes) -> bytes:
        self.calls.append(endpoint)
        self.threads.add(threading.get_ident())
        return self.link.exchange(endpoint, data)

    def reconnect(self) -> None:
        self.calls.append("reconnect")
        self.link.reconnect()

    def close(self) -> None:
        self.calls.append("close")


class AsyncOwnLink(OwnLink):
    """The same with coroutines."""

    async def exchange(self, endpoint: str, data: bytes) -> bytes:  # type: ignore[override]
        return super().exchange(endpoint, data)


@pytest.fixture
def within() -> Callable[[Callable[[], bool]], None]:
    """Waits until something is so. A busy machine makes it wait longer, up to what can only be an error."""

    def wait(condition: Callable[[], bool]) -> None:
        for _ in range(3000):
            if condition():
                return
            time.sleep(0.01)
        raise AssertionError("it never came to be")

    return wait


def resident() -> int:
    """Memory of this process in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
