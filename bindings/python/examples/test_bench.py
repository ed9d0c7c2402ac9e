"""A pytest suite that provisions a board on a bench. Without a board it runs against a simulated one:

    ESPPROV_BOARD=serial:/dev/ttyUSB0 ESPPROV_POP=abcd1234 pytest test_bench.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import espprov

SSID = os.environ.get("BENCH_SSID", "Home")
PASSPHRASE = os.environ.get("BENCH_PASSPHRASE", "correct-horse")


@pytest.fixture
def board(espprov_simulator: espprov.Simulator) -> Iterator[espprov.Device]:
    """The board on the bench, ready for a network; the simulated one if none is named."""
    target = os.environ.get("ESPPROV_BOARD") or espprov_simulator.http()
    pop = os.environ.get("ESPPROV_POP", espprov_simulator.pop)
    with espprov.connect(target, pop=pop) as device:
        yield device


def test_it_hears_the_network(board: espprov.Device) -> None:
    assert SSID.encode() in [network.ssid for network in board.scan()]


def test_it_refuses_a_wrong_passphrase(board: espprov.Device) -> None:
    with pytest.raises(espprov.NetworkRefused):
        board.provision(SSID, "certainly-wrong")
    board.reset()


def test_it_comes_online(board: espprov.Device) -> None:
    result = board.provision(SSID, PASSPHRASE)
    assert result.outcome in {"connected", "likely_connected"}
