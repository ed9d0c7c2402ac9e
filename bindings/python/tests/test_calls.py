"""Every call, over every link."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import DATASET, HOME, OwnLink

import espprov


def test_every_call_over_every_link(reached: tuple[espprov.Simulator, object]) -> None:
    simulator, target = reached
    with espprov.connect(target, pop="abcd1234") as device:  # type: ignore[arg-type]
        info = device.info()
        assert (info.version, info.security) == ("netprov-v1.2", 1)
        assert "wifi_prov" in info.capabilities
        assert device.authenticate() == 1
        networks = device.scan()
        assert {bytes(network.ssid) for network in networks} == {b"Home", b"Guests"}
        assert networks[0].ssid.text == "Home" and networks[0].auth == "wpa2" and networks[0].private
        assert device.send("echo", b"hello") == b"hello"
        assert device.send("echo", "hello", chunk=2) == b"hello"
        assert device.ask("echo", bytearray(b"own")) == b"own"
        assert device.send_raw("proto-ver", b"---").startswith(b"{")
        events: list[espprov.Event] = []
        result = device.provision(*HOME, on_event=events.append)
        assert (result.outcome, result.ip, result.ssid.text) == ("connected", "192.168.1.57", "Home")
        assert [event.name for event in events][-2:] == ["config_sent", "config_applied"]
        status = device.status()
        assert (status.state, status.ip, status.reason) == ("connected", "192.168.1.57", None)
        device.reprov()
        with pytest.raises(espprov.NetworkRefused):
            device.provision("Home", "wrong-horse")
        assert (device.status().state, device.status().reason) == ("failed", "auth_error")
        device.reset()
        assert device.provision(b"Home", b"correct-horse").outcome == "connected"
        assert not device.closed
    assert device.closed
    assert "wifi_connected" in [event.name for event in simulator.events]


def test_every_call_of_thread() -> None:
    with espprov.Simulator("zero", network="thread", security=1, pop="abcd1234") as simulator:
        with espprov.connect(simulator.link(), pop="abcd1234", thread=True) as device:
            (network,) = device.scan_thread()
            assert (network.name, network.pan_id, network.ext_pan_id) == ("HomeThread", 0x51DE, "1111222233334444")
            assert device.status_thread().state == "connecting"  # as firmware says of an idle one
            result = device.provision_thread(DATASET)
            assert (result.outcome, result.name, result.channel) == ("connected", "HomeThread", 15)
            assert device.status_thread().name == "HomeThread"
            device.reprov(thread=True)
            device.reset(thread=True)
            assert device.provision_thread(DATASET).outcome == "connected"


def test_security_2_over_a_console_with_long_lines() -> None:
    with espprov.Simulator("zero", security=2, pop="abcd1234") as simulator:
        with espprov.connect(simulator.pty(line_limit=0), pop="abcd1234") as device:
            assert device.authenticate() == 2
        with espprov.connect(simulator.pty(), pop="abcd1234") as device:
            with pytest.raises(espprov.LinkFailed) as raised:
                device.authenticate()
            assert raised.value.code == "request_too_large"


def test_properties() -> None:
    with espprov.Simulator("zero", local_control=True, security=1, pop="abcd1234") as simulator:
        for target in (simulator.link(), simulator.http()):
            with espprov.local_control(target, pop="abcd1234") as device:
                assert device.info().version == "v1.0"
                assert [found.name for found in device.props()][1:] == ["property1", "property2", "property3"]
                device.set({"property1": 638, "property3": "on"})
                assert (device.get("property1").value, device.get("property3").value) == (638, "on")
                device.set({"property1": b"\x01\0\0\0", "property3": ""})
                assert device.get("property1").raw == b"\x01\0\0\0"
                with pytest.raises(espprov.UsageError) as raised:
                    device.set({"property2": True})
                assert raised.value.code == "read_only"


class GoesAway(OwnLink):
    """Carries the second message of `prov-config` (apply), and is gone from then on."""

    gone = False

    def exchange(self, endpoint: str, data: bytes) -> bytes:
        if self.gone:
            raise espprov.fault.Lost(delivered=False)
        reply = super().exchange(endpoint, data)
        if self.calls.count("prov-config") == 2:
            self.gone = True
            raise espprov.fault.Lost(delivered=True)
        return reply

    def reconnect(self) -> None:
        if self.gone:
            raise espprov.fault.Lost(delivered=False)


class Vanishes(OwnLink):
    """Says once that the device is joining; then every exchange raises this."""

    raised: Exception = OSError()
    gone = False

    def exchange(self, endpoint: str, data: bytes) -> bytes:
        if endpoint == "prov-config" and self.calls.count("prov-config") == 3:
            self.gone = True
        if self.gone:
            raise self.raised
        return super().exchange(endpoint, data)

    def reconnect(self) -> None:
        if self.gone:
            raise OSError


def after_it_went_away() -> espprov.Provisioned:
    with espprov.Simulator("zero", security=1, pop="abcd1234") as simulator:
        with espprov.connect(GoesAway(simulator), pop="abcd1234", deadline=600) as device:
            return device.provision(*HOME)


def after_it_vanished(raised: Exception) -> espprov.Provisioned:
    joins = '[delays]\nconnect_ms = 600000\n[security]\nscheme = 1\npop = "abcd1234"\n'
    joins += '[[network]]\nssid = "Home"\nchannel = 6\nrssi = -40\nauth = "wpa2"\npassphrase = "correct-horse"\n'
    with espprov.Simulator(toml=joins) as simulator:
        link = Vanishes(simulator)
        link.raised = raised
        with espprov.connect(link, pop="abcd1234", deadline=600) as device:
            return device.provision(*HOME)


# What the link raises, and what that makes of a provisioning.
VANISHED = [
    (espprov.fault.Lost(delivered=True), "likely_connected"),
    (espprov.fault.TimedOut(), "likely_connected"),
    # A link that does not say that the question went out is no evidence.
    (espprov.fault.Lost(), "unconfirmed"),
    (OSError("no such device"), "unconfirmed"),
]


@pytest.fixture(scope="module")
def ends() -> tuple[espprov.Provisioned, list[espprov.Provisioned]]:
    """Each waits for a device that may come back; all at once."""
    with ThreadPoolExecutor(1 + len(VANISHED)) as pool:
        gone = pool.submit(after_it_went_away)
        vanished = pool.map(after_it_vanished, [raised for raised, _ in VANISHED])
        return gone.result(), list(vanished)


def test_an_unconfirmed_end_is_a_result(ends: tuple[espprov.Provisioned, list[espprov.Provisioned]]) -> None:
    result, _ = ends
    assert (result.outcome, result.ip, result.ssid) == ("unconfirmed", None, b"Home")


def test_only_a_question_that_went_out_is_evidence(ends: tuple[espprov.Provisioned, list[espprov.Provisioned]]) -> None:
    _, results = ends
    assert [result.outcome for result in results] == [outcome for _, outcome in VANISHED]


def test_the_same_in_asyncio(reached: tuple[espprov.Simulator, object]) -> None:
    _, target = reached

    async def main() -> None:
        async with espprov.aio.connect(target, pop="abcd1234") as device:  # type: ignore[arg-type]
            assert (await device.info()).security == 1
            assert await device.authenticate() == 1
            assert len(await device.scan()) == 2
            assert await device.send("echo", b"hello", chunk=3) == b"hello"
            assert await device.ask("echo", b"own") == b"own"
            assert (await device.send_raw("proto-ver", b"---")).startswith(b"{")
            events: list[str] = []
            result = await device.provision(*HOME, on_event=lambda event: events.append(event.name))
            assert (result.outcome, result.ip) == ("connected", "192.168.1.57")
            assert events[-2:] == ["config_sent", "config_applied"]
            assert (await device.status()).state == "connected"
            await device.reprov()
            with pytest.raises(espprov.NetworkNotFound):
                await device.provision("Nowhere", "correct-horse")
            await device.reset()
        assert device.closed
        opened = await espprov.aio.connect("sim:zero")
        assert not opened.closed
        await opened.close()

    asyncio.run(main())


def test_thread_and_properties_in_asyncio() -> None:
    async def main() -> None:
        with espprov.Simulator("zero", network="thread", security=1, pop="abcd1234") as simulator:
            async with espprov.aio.connect(simulator.http(), pop="abcd1234") as device:
                assert len(await device.scan_thread()) == 1
                assert (await device.status_thread()).state == "connecting"
                assert (await device.provision_thread(DATASET)).outcome == "connected"
        async with espprov.aio.local_control("sim:zero") as lamp:
            assert (await lamp.info()).version == "v1.0"
            await lamp.set({"property1": 5})
            assert (await lamp.get("property1")).value == 5
            assert len(await lamp.props()) == 4
            assert await lamp.authenticate() == 2

    asyncio.run(main())


def test_many_threads_at_once() -> None:
    ends: list[str] = []

    def provision() -> None:
        with espprov.connect("sim:zero") as device:
            ends.append(device.provision(*HOME).outcome)

    threads = [threading.Thread(target=provision) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == ["connected"] * 8


def test_one_device_in_many_threads() -> None:
    with espprov.connect("sim:zero") as device:
        answers: list[bytes] = []
        threads = [
            threading.Thread(target=lambda text=str(n).encode(): answers.append(device.send("echo", text)))
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [str(n).encode() for n in range(8)]


def test_tasks_at_once() -> None:
    async def main() -> None:
        async with espprov.aio.connect("sim:zero") as device:
            answers = await asyncio.gather(*(device.send("echo", str(n)) for n in range(8)))
        assert answers == [str(n).encode() for n in range(8)]

    asyncio.run(main())


def test_a_setup_code_brings_what_it_knows() -> None:
    with espprov.Simulator("zero", security=1, pop="from-the-code") as simulator:
        code = espprov.SetupPayload(simulator.name, "softap", pop=simulator.pop, security=1)
        parsed = espprov.SetupPayload.parse(f"I (1162) app: {code.text()}")
        assert parsed == code and parsed.pop == "from-the-code"
        with espprov.connect(simulator.http(), pop=parsed.pop) as device:
            assert device.authenticate() == 1


@pytest.mark.parametrize(
    ("connecting", "name", "how"),
    [
        (espprov.connect("sim:zero"), "provision", "with espprov.connect("),
        (espprov.local_control("sim:zero"), "props", "with espprov.local_control("),
        (espprov.aio.connect("sim:zero"), "scan", "async with espprov.aio.connect("),
        (espprov.aio.local_control("sim:zero"), "get", "async with espprov.aio.local_control("),
    ],
)
def test_what_is_still_to_be_opened_says_so(connecting: object, name: str, how: str) -> None:
    with pytest.raises(AttributeError, match="open the device first") as caught:
        getattr(connecting, name)
    assert how in str(caught.value)
    # What no device has is a spelling mistake.
    with pytest.raises(AttributeError, match="no attribute 'provison'$"):
        getattr(connecting, "provison")
