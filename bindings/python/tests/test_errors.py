"""Every class of exception, with its code, cause and help; wrong types and values."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from conftest import DATASET, HOME

import espprov


def of_device(call: Callable[[espprov.Device], object], **settings: Any) -> Callable[[], object]:
    """A call of a device that is made for it."""
    secret = settings.pop("secret", "abcd1234")
    known = {name: settings.pop(name) for name in ("allow_plaintext", "deadline") if name in settings}
    chosen: dict[str, Any] = {"security": 1, "pop": "abcd1234"} | settings

    def run() -> None:
        with espprov.Simulator(chosen.pop("scenario", "zero"), **chosen) as simulator:
            with espprov.connect(simulator.link(), pop=secret, **known) as device:
                call(device)

    return run


def silent() -> None:
    with espprov.Simulator("zero", security=1, pop="abcd1234") as simulator:
        simulator.inject("drop-reply")
        with espprov.connect(simulator.link(), pop="abcd1234", deadline=0.2) as device:
            device.info()


def unreachable() -> None:
    with espprov.Simulator("zero") as simulator:
        target = simulator.http()
    # Its port is free again.
    with espprov.connect(target, deadline=20) as device:
        device.info()


def broken() -> None:
    with espprov.Simulator("zero", security=1, pop="abcd1234") as simulator:
        simulator.inject("flip-reply-bit", endpoint="prov-scan")
        for nth in range(2, 9):
            simulator.inject("truncate-reply", endpoint="prov-scan", nth=nth)
        with espprov.connect(simulator.link(), pop="abcd1234") as device:
            device.scan()


@pytest.mark.parametrize(
    ("run", "kind", "code"),
    [
        (unreachable, espprov.LinkFailed, None),
        (of_device(lambda device: device.scan(), secret="wrong"), espprov.WrongCredentials, "wrong_pop"),
        (of_device(lambda device: device.scan(), security=2, secret="wrong"), espprov.WrongCredentials, "wrong_password"),
        (of_device(lambda device: device.provision(*HOME), security=0), espprov.PolicyRefused, None),
        (of_device(lambda device: device.reprov()), espprov.DeviceRefused, "device_status"),
        (of_device(lambda device: device.send("nobody", b"x")), espprov.DeviceRefused, "no_such_endpoint"),
        (of_device(lambda device: device.provision_thread(DATASET)), espprov.Error, "no_thread"),
        (of_device(lambda device: device.provision("Home", "wrong-horse")), espprov.NetworkRefused, "auth_error"),
        (of_device(lambda device: device.provision("Nowhere", "x" * 8)), espprov.NetworkNotFound, "network_not_found"),
        (silent, espprov.DeadlinePassed, "deadline"),
        (broken, espprov.Error, None),
        (of_device(lambda device: device.scan(), secret=None), espprov.UsageError, "missing_value"),
        (of_device(lambda device: device.provision("Home", "short")), espprov.UsageError, "invalid_passphrase"),
        (of_device(lambda device: device.provision("", "x" * 8)), espprov.UsageError, "invalid_ssid"),
        (of_device(lambda device: device.provision("x" * 33, "x" * 8)), espprov.UsageError, "invalid_ssid"),
        (of_device(lambda device: device.send("no//name", b"x")), espprov.UsageError, "invalid_endpoint"),
        (of_device(lambda device: device.send("echo", b"")), espprov.UsageError, "empty_request"),
    ],
)
def test_what_went_wrong_is_said(run: Callable[[], object], kind: type[espprov.Error], code: str | None) -> None:
    with pytest.raises(kind) as found:
        run()
    error = found.value
    if code is not None:
        assert error.code == code
    assert error.message and error.help
    assert error.message in str(error) and error.help in str(error)
    # Nothing of the command line, nothing of Rust, no secret.
    for foreign in ("--", "::", "espprov ", "abcd1234", "wrong-horse", "correct-horse"):
        assert foreign not in str(error), str(error)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error) and again.code == error.code


def test_wrong_arguments_are_value_errors() -> None:
    for kind in (espprov.Error, ValueError):
        with pytest.raises(kind):
            espprov.connect("htp:x")
    assert issubclass(espprov.UsageError, ValueError)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"target": "htp:x"}, "unknown_target"),
        ({"target": ""}, None),
        ({"target": "{broken"}, None),
        ({"target": "sim", "security": 3}, "invalid_security"),
        ({"target": "sim", "security": -1}, "invalid_security"),
        ({"target": "sim", "security": "2"}, "invalid_security"),
        ({"target": "sim", "deadline": 0}, "invalid_time"),
        ({"target": "sim", "deadline": -1.5}, "invalid_time"),
        ({"target": "sim", "deadline": float("nan")}, "invalid_time"),
        ({"target": "sim", "deadline": float("inf")}, "invalid_time"),
        ({"target": "sim", "deadline": 1e300}, "invalid_time"),
        ({"target": "ble:X", "services": ["no-uuid"]}, "invalid_service"),
        ({"target": "http://10.0.0.7", "insecure": True}, "not_https"),
        ({"target": "https://10.0.0.7", "insecure": True, "pin": "00" * 32}, "invalid_trust"),
        ({"target": "https://10.0.0.7", "pin": "zz"}, "invalid_pin"),
        ({"target": "https://10.0.0.7", "ca": b"no certificate"}, "invalid_ca"),
        ({"target": "https://10.0.0.7", "server_name": "no name"}, "invalid_server_name"),
    ],
)
def test_values_that_cannot_be_are_refused_at_once(arguments: dict[str, Any], code: str | None) -> None:
    for connect in (espprov.connect, espprov.aio.connect):
        with pytest.raises(ValueError) as found:
            connect(**arguments)
        assert isinstance(found.value, espprov.UsageError)
        assert code is None or found.value.code == code


@pytest.mark.parametrize(
    "arguments",
    [
        {"target": None},
        {"target": 7},
        {"target": object()},
        {"target": b"sim"},
        {"target": "sim", "pop": 7},
        {"target": "sim", "password": ["x"]},
        {"target": "sim", "deadline": "soon"},
        {"target": "sim", "security": None},
        {"target": "sim", "security": 1.5},
        {"target": "sim", "services": 7},
        {"target": "sim", "nonsense": 1},
    ],
)
def test_types_that_cannot_be_are_type_errors(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        espprov.connect(**arguments)


def test_types_that_cannot_be_in_calls() -> None:
    with espprov.connect("sim:zero") as device:
        for call in (
            lambda: device.provision(7, "x"),  # type: ignore[arg-type]
            lambda: device.provision("Home", None),  # type: ignore[arg-type]
            lambda: device.send("echo", 7),  # type: ignore[arg-type]
            lambda: device.send(b"echo", b"x"),  # type: ignore[arg-type]
            lambda: device.provision_thread(b"x"),  # type: ignore[arg-type]
        ):
            with pytest.raises(TypeError):
                call()
        with pytest.raises((OverflowError, ValueError)):
            device.send("echo", b"x", chunk=-1)
        # And the device is as well as before.
        assert device.send("echo", b"x") == b"x"


def test_a_closed_device_says_so() -> None:
    device = espprov.connect("sim:zero").open()
    device.close()
    device.close()
    with pytest.raises(espprov.UsageError) as found:
        device.info()
    assert found.value.code == "closed"


def test_a_device_may_be_opened_again() -> None:
    connection = espprov.connect("sim:zero")
    for _ in range(2):
        with connection as device:
            assert device.info().security == 2


def test_what_a_hearer_raises_ends_the_call() -> None:
    class Own(Exception):
        pass

    def hear(event: espprov.Event) -> None:
        raise Own

    with espprov.connect("sim:zero") as device:
        with pytest.raises(Own):
            device.provision(*HOME, on_event=hear)
        assert device.closed


def test_nothing_shows_a_secret() -> None:
    secret = "hush-hush"
    connection = espprov.connect("sim:zero", pop=secret, password=secret)
    with espprov.Simulator("zero", pop=secret) as simulator:
        shown = [connection, connection.__dict__, simulator, simulator.link()]
        with espprov.connect(simulator.link(), pop=secret) as device:
            shown += [device, device.__dict__]
            device.provision(*HOME)
        shown += simulator.events
    shown += [espprov.credentials("wifiprov", secret), DATASET]
    shown += [espprov.SetupPayload("PROV_1", "ble", pop=secret, password=secret)]
    text = repr(shown)
    for hidden in (secret, "correct-horse", "00112233"):
        assert hidden not in text
