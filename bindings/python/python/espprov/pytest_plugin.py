"""The pytest fixture `espprov_simulator`: a simulated device for one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import espprov


@pytest.fixture
def espprov_simulator(request: pytest.FixtureRequest) -> Iterator[espprov.Simulator]:
    """A simulated device that takes no time for anything.

    `@pytest.mark.espprov(scenario="default", security=1, …)` makes it another one: the arguments are those of `espprov.Simulator`.
    """
    marker = request.node.get_closest_marker("espprov")
    arguments = dict(marker.kwargs) if marker is not None else {}
    positional = marker.args if marker is not None else ()
    if not positional and "toml" not in arguments:
        arguments.setdefault("scenario", "zero")
    with espprov.Simulator(*positional, **arguments) as simulator:
        yield simulator


def pytest_configure(config: pytest.Config) -> None:
    """Makes the mark known."""
    config.addinivalue_line("markers", "espprov(scenario, **settings): the device of the fixture espprov_simulator")
