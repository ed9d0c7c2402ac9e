"""Links written in Python: sync, async, slow, raising, and returning nonsense."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest
from conftest import HOME, AsyncOwnLink, OwnLink

import espprov


@pytest.fixture
def simulator() -> Any:
    with espprov.Simulator("zero", security=1, pop="abcd1234") as simulator:
        yield simulator


@pytest.mark.parametrize("kind", [OwnLink, AsyncOwnLink])
def test_a_link_carries_everything(simulator: espprov.Simulator, kind: type[OwnLink]) -> None:
    link = kind(simulator)
    with espprov.connect(link, pop="abcd1234") as device:
        assert device.provision(*HOME).outcome == "connected"
    assert link.calls[0] == "proto-ver" and link.calls[-1] == "close"
    # One thread of its own, and not the one that waits.
    assert len(link.threads) == 1 and threading.get_ident() not in link.threads


@pytest.mark.parametrize("kind", [OwnLink, AsyncOwnLink])
def test_a_link_carries_everything_in_asyncio(simulator: espprov.Simulator, kind: type[OwnLink]) -> None:
    link = kind(simulator)

    async def main() -> None:
        async with espprov.aio.connect(link, pop="abcd1234") as device:
            assert (await device.provision(*HOME)).outcome == "connected"

    asyncio.run(main())
    # Coroutines run on the loop; what may block does not.
    assert (threading.get_ident() in link.threads) == (kind is AsyncOwnLink)
    assert link.calls[-1] == "close"


def test_exchange_is_all_that_a_link_needs(simulator: espprov.Simulator) -> None:
    inner = simulator.link()

    class Bare:
        def exchange(self, endpoint: str, data: bytes) -> bytes:
            return inner.exchange(endpoint, data)

    with espprov.connect(Bare(), pop="abcd1234") as device:
        assert device.provision(*HOME).outcome == "connected"


class Raises(OwnLink):
    """Raises at an exchange of the handshake."""

    def __init__(self, simulator: espprov.Simulator, raised: BaseException, times: int = 1) -> None:
        super().__init__(simulator)
        self.raised = raised
        self.times = times

    def exchange(self, endpoint: str, data: bytes) -> bytes:
        if endpoint == "prov-session" and self.times:
            self.times -= 1
            raise self.raised
        return super().exchange(endpoint, data)


class OwnFault(Exception):
    fault = "timed_out"
    delivered = False


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        (OSError("secret-looking text"), espprov.LinkFailed, "link_lost"),
        (espprov.fault.Lost(), espprov.LinkFailed, "link_lost"),
        (espprov.fault.TimedOut(), espprov.LinkFailed, "no_answer"),
        (OwnFault(), espprov.LinkFailed, "no_answer"),
        (espprov.fault.Refused(), espprov.DeviceRefused, "refused"),
        (espprov.fault.NoSuchEndpoint(), espprov.DeviceRefused, "no_such_endpoint"),
    ],
)
def test_what_a_link_raises_is_the_cause_of_ours(
    simulator: espprov.Simulator, raised: Exception, kind: type[espprov.Error], code: str
) -> None:
    with espprov.connect(Raises(simulator, raised, times=100), pop="abcd1234") as device:
        with pytest.raises(kind) as found:
            device.authenticate()
        assert found.value.code == code
        assert found.value.__cause__ is raised
        assert found.value.help and "secret-looking" not in str(found.value)


def test_the_next_call_starts_from_a_new_link(simulator: espprov.Simulator) -> None:
    link = Raises(simulator, espprov.fault.Lost())
    with espprov.connect(link, pop="abcd1234") as device:
        with pytest.raises(espprov.LinkFailed):
            device.authenticate()
        assert device.authenticate() == 1
    assert "reconnect" in link.calls


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_what_is_no_error_passes_as_itself(simulator: espprov.Simulator, raised: BaseException) -> None:
    link = Raises(simulator, raised)
    with espprov.connect(link, pop="abcd1234") as device:
        with pytest.raises(type(raised)) as found:
            device.authenticate()
        assert found.value is raised
        assert device.closed
    assert link.calls[-1] == "close"


def test_what_is_no_error_passes_as_itself_in_asyncio(simulator: espprov.Simulator) -> None:
    class Own(BaseException):
        pass

    async def main() -> None:
        async with espprov.aio.connect(Raises(simulator, Own()), pop="abcd1234") as device:
            with pytest.raises(Own):
                await device.authenticate()
            assert device.closed

    asyncio.run(main())


@pytest.mark.parametrize("nonsense", [None, "text", 7, b"", b"\xff" * 7, bytes(100_000), [1, 2]])
def test_nonsense_is_an_error(nonsense: Any) -> None:
    class Nonsense:
        def exchange(self, endpoint: str, data: bytes) -> Any:
            return nonsense

    with espprov.connect(Nonsense(), pop="abcd1234", deadline=5) as device:
        with pytest.raises(espprov.Error) as found:
            device.info()
        assert found.value.code in {"link_lost", "not_a_device", "reply_too_large"}
        if not isinstance(nonsense, bytes):
            assert isinstance(found.value.__cause__, TypeError)


@pytest.mark.parametrize("aio", [False, True])
def test_a_link_that_blocks_does_not_stop_the_clock(aio: bool) -> None:
    let_go = threading.Event()

    class Blocks:
        def exchange(self, endpoint: str, data: bytes) -> bytes:
            let_go.wait(600)
            return b""

    async def main() -> None:
        async with espprov.aio.connect(Blocks(), deadline=0.3) as device:
            await device.info()

    try:
        with pytest.raises(espprov.DeadlinePassed):
            if aio:
                asyncio.run(main())
            else:
                with espprov.connect(Blocks(), deadline=0.3) as device:
                    device.info()
    finally:
        let_go.set()


def test_a_coroutine_that_takes_too_long_is_cancelled() -> None:
    ended = threading.Event()

    class Slow:
        async def exchange(self, endpoint: str, data: bytes) -> bytes:
            try:
                await asyncio.sleep(600)
            finally:
                ended.set()
            return b""

    with pytest.raises(espprov.DeadlinePassed):
        with espprov.connect(Slow(), deadline=0.3) as device:
            device.info()
    assert ended.wait(30)


def test_a_link_may_use_the_package_itself(simulator: espprov.Simulator) -> None:
    class Uses(OwnLink):
        def exchange(self, endpoint: str, data: bytes) -> bytes:
            with espprov.connect("sim:zero") as other:
                other.info()
            return super().exchange(endpoint, data)

    with espprov.connect(Uses(simulator), pop="abcd1234") as device:
        # And so may who hears of events.
        def hear(event: espprov.Event) -> None:
            with espprov.connect("sim:zero") as other:
                other.info()

        assert device.provision(*HOME, on_event=hear).outcome == "connected"


def test_limits_are_kept(simulator: espprov.Simulator) -> None:
    class Small(OwnLink):
        limits = {"max_request": 100, "max_response": None}

    with espprov.connect(Small(simulator), pop="abcd1234") as device:
        assert device.send("echo", bytes(100)) == bytes(100)
        with pytest.raises(espprov.LinkFailed) as found:
            device.send("echo", bytes(101))
        assert found.value.code == "request_too_large"
        assert device.send("echo", bytes(250), chunk=90) == bytes(250)


def test_local_control_over_a_link_of_ones_own() -> None:
    with espprov.Simulator("zero", local_control=True, security=1, pop="abcd1234") as simulator:
        with espprov.local_control(OwnLink(simulator), pop="abcd1234") as device:
            assert len(device.props()) == 4


def test_a_link_in_memory_raises_faults(simulator: espprov.Simulator) -> None:
    link = simulator.link()
    assert link.exchange("proto-ver", b"---").startswith(b"{")
    with pytest.raises(espprov.fault.NoSuchEndpoint):
        link.exchange("nobody", b"-")
    simulator.inject("close-after")
    with pytest.raises(espprov.fault.Lost) as found:
        link.exchange("proto-ver", b"---")
    assert found.value.delivered
    link.reconnect()
    simulator.inject("close-before", endpoint="proto-ver", nth=2)
    assert link.exchange("proto-ver", b"---").startswith(b"{")
    with pytest.raises(espprov.fault.Lost) as found:
        link.exchange("proto-ver", b"---")
    assert not found.value.delivered


def test_the_thread_of_a_link_ends_with_it(simulator: espprov.Simulator, within: Any) -> None:
    def links() -> int:
        return sum(thread.name == "espprov-link" for thread in threading.enumerate())

    before = links()
    with espprov.connect(OwnLink(simulator), pop="abcd1234") as device:
        device.info()
        assert links() == before + 1
    within(lambda: links() == before)
    device = espprov.connect(OwnLink(simulator), pop="abcd1234").open()
    device.info()
    del device
    within(lambda: links() == before)


@pytest.mark.parametrize("kind", [OwnLink, AsyncOwnLink])
@pytest.mark.parametrize("ended", ["silently", "with an error"])
def test_a_link_that_knows_its_device_is_garbage_in_the_end(
    simulator: espprov.Simulator, within: Any, kind: type[OwnLink], ended: str
) -> None:
    """A cycle through the extension: link, device, native device, link again."""

    class Knowing(kind):  # type: ignore[misc, valid-type]
        device: espprov.Device

    link = Knowing(simulator)
    calls = link.calls
    device = espprov.connect(link, pop="abcd1234" if ended == "silently" else "wrong").open()
    link.device = device
    if ended == "silently":
        assert device.scan()
    else:
        with pytest.raises(espprov.WrongCredentials):
            device.scan()
    threads = threading.active_count()
    del link, device
    # Known only to itself, it is closed, and then it goes. (A weak reference would not tell: it is gone first.)
    within(lambda: gc.collect() >= 0 and calls[-1] == "close")
    within(lambda: gc.collect() >= 0 and not any(isinstance(found, Knowing) for found in gc.get_objects()))
    within(lambda: threading.active_count() < threads)


def test_a_device_in_use_is_no_garbage(simulator: espprov.Simulator) -> None:
    """The collector runs while a call is under way that nobody but its own thread knows."""

    class Collects(OwnLink):
        def exchange(self, endpoint: str, data: bytes) -> bytes:
            gc.collect()
            return super().exchange(endpoint, data)

    def main() -> str:
        link = Collects(simulator)
        link.device = espprov.connect(link, pop="abcd1234").open()  # type: ignore[attr-defined]
        return link.device.provision(*HOME).outcome  # type: ignore[attr-defined, no-any-return]

    assert main() == "connected"


def test_a_device_that_nobody_knows_is_closed(simulator: espprov.Simulator, within: Any) -> None:
    link = OwnLink(simulator)
    device = espprov.connect(link, pop="abcd1234").open()
    device.info()
    del device
    within(lambda: link.calls[-1] == "close")
