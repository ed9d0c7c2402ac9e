"""Devices for threads that may wait."""

from __future__ import annotations

from espprov import _espprov as _ext

# Type checkers know this name. `typing` itself would take longer to import than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any, TypeVar

    from espprov._types import AnyLink, Secret

    OnEvent = Callable[[_ext.Event], object] | None
    _D = TypeVar("_D", bound="_Opened")


def connector(
    target: str | AnyLink,
    pop: Secret | None,
    username: Secret | None,
    password: Secret | None,
    security: str | int,
    deadline: float,
    allow_plaintext: bool,
    thread: bool,
    adapter: str | None,
    services: Iterable[str],
    ca: bytes | str | os.PathLike[str] | None,
    pin: str | None,
    server_name: str | None,
    insecure: bool,
) -> _ext.Connector:
    """What is known of a device before it is opened; wrong arguments are found here."""
    if not isinstance(target, str) and not callable(getattr(target, "exchange", None)):
        raise TypeError(f"a target (str) or a link with exchange() is needed, not {type(target).__name__}")
    if ca is not None and not isinstance(ca, (bytes, bytearray)):
        with open(ca, "rb") as file:
            ca = file.read()
    return _ext.Connector(
        target,
        pop=pop,
        username=username,
        password=password,
        security=security,
        deadline=deadline,
        allow_plaintext=allow_plaintext,
        thread=thread,
        adapter=adapter,
        services=list(services),
        ca=ca,
        pin=pin,
        server_name=server_name,
        insecure=insecure,
    )


def is_own(target: object) -> bool:
    """A link written in Python, and none of ours."""
    return not isinstance(target, (str, _ext.SimulatorLink))


class _Opened:
    """What an open device and an open local control have in common."""

    _call: Any

    def __init__(self, native: Any) -> None:
        self._native = native

    def info(self) -> _ext.DeviceInfo:
        """What the device says about itself: version, security, capabilities. Needs no credentials."""
        return self._native.info().wait()  # type: ignore[no-any-return]

    def authenticate(self) -> int | None:
        """Begins the session now, to know whether the credentials are right; the number of its security scheme."""
        return self._native.authenticate().wait()  # type: ignore[no-any-return]

    @property
    def closed(self) -> bool:
        """It was closed, or a call was interrupted."""
        return bool(self._native.closed)

    def close(self) -> None:
        """Ends the link in an orderly way. May be called again."""
        self._native.close().wait()

    def __enter__(self: _D) -> _D:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # A link that knows this device keeps it from going by itself; it is closed while all of that is still whole.
        native = getattr(self, "_native", None)
        if native is not None:
            native.abandon()

    def __repr__(self) -> str:
        return f"<espprov.{type(self).__name__}{' closed' if self.closed else ''}>"


class Device(_Opened):
    """An open device that may be provisioned.

    Each call has the deadline that was given when it was opened. After an error the next one starts from a new link and a new session.
    Several threads may share it; their calls come one after the other.
    """

    _native: _ext.Device

    def scan(self, *, on_event: OnEvent = None) -> list[_ext.AccessPoint]:
        """The Wi-Fi networks that the device hears."""
        return self._native.scan().wait(on_event)

    def scan_thread(self, *, on_event: OnEvent = None) -> list[_ext.ThreadNetwork]:
        """The Thread networks that the device hears."""
        return self._native.scan_thread().wait(on_event)

    def provision(self, ssid: Secret, passphrase: Secret = "", *, on_event: OnEvent = None) -> _ext.Provisioned:
        """Gives the device a Wi-Fi network and follows it until it is online; an empty passphrase is an open network.

        Returns for the outcomes `connected`, `likely_connected` and `unconfirmed`; everything else raises.
        """
        return self._native.provision(ssid, passphrase).wait(on_event)

    def provision_thread(
        self, dataset: _ext.ThreadDataset, *, on_event: OnEvent = None
    ) -> _ext.ThreadProvisioned:
        """Gives the device a Thread dataset and follows it until it is attached."""
        return self._native.provision_thread(dataset).wait(on_event)

    def status(self) -> _ext.WifiStatus:
        """State of the device's Wi-Fi station. A device that is online takes the question as a sign that provisioning is over."""
        return self._native.status().wait()

    def status_thread(self) -> _ext.ThreadStatus:
        """State of the device's Thread interface."""
        return self._native.status_thread().wait()

    def reset(self, *, thread: bool = False) -> None:
        """Clears a failed attempt, so that the device takes other credentials."""
        self._native.reset(thread).wait()

    def reprov(self, *, thread: bool = False) -> None:
        """Has a device that is online accept another network."""
        self._native.reprov(thread).wait()

    def send(self, endpoint: str, data: Secret, *, chunk: int | None = None) -> bytes:
        """Sends data to an endpoint of the application within the session, in pieces of `chunk` bytes if that is said; the answers."""
        return self._native.send(endpoint, data, chunk).wait()

    def ask(self, endpoint: str, data: Secret) -> bytes:
        """One request of your own within the session, and its answer."""
        return self._native.send(endpoint, data, None).wait()

    def send_raw(self, endpoint: str, data: Secret) -> bytes:
        """Sends bytes as they are, without session or cipher."""
        return self._native.send_raw(endpoint, data).wait()


class LocalControl(_Opened):
    """An open device that is on its network and lets clients list, read and set its properties."""

    _native: _ext.LocalControl

    def props(self) -> list[_ext.Property]:
        """All properties with their values."""
        return self._native.props().wait()

    def get(self, name: str) -> _ext.Property:
        """One property, by its name."""
        return self._native.get(name).wait()

    def set(self, values: Mapping[str, str | bytes | int | bool]) -> None:
        """Sets properties by their names, all in one request. Text and numbers are read as the property's type says."""
        self._native.set(dict(values)).wait()


def not_open(connecting: object, name: str, kind: type, example: str) -> AttributeError:
    """Something was asked of a device that is still to be opened, as everybody does once."""
    message = f"{type(connecting).__name__!r} object has no attribute {name!r}"
    if not name.startswith("_") and hasattr(kind, name):
        message += f"; open the device first: {example}"
    return AttributeError(message, name=name, obj=connecting)


class _Connecting:
    """What is still to be opened."""

    def __init__(self, target: object, native: _ext.Connector) -> None:
        self._target = target
        self._connector = native
        self._device: _Opened | None = None

    def _adapter(self) -> object | None:
        if not is_own(self._target):
            return None
        from espprov._own import Adapter

        return Adapter(self._target)

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.close()

    def __repr__(self) -> str:
        return f"<espprov.{type(self).__name__}>"


class Connection(_Connecting):
    """A device that is still to be opened: by `with`, or by `open()`."""

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise not_open(self, name, Device, "with espprov.connect(…) as device: …")

    def open(self) -> Device:
        """Opens it; whoever calls this closes it, too."""
        return Device(self._connector.open(self._adapter()).wait())

    def __enter__(self) -> Device:
        self._device = device = self.open()
        return device


class LocalConnection(_Connecting):
    """The same for a device that is on its network."""

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise not_open(self, name, LocalControl, "with espprov.local_control(…) as device: …")

    def open(self) -> LocalControl:
        """Opens it; whoever calls this closes it, too."""
        return LocalControl(self._connector.open_local_control(self._adapter()).wait())

    def __enter__(self) -> LocalControl:
        self._device = device = self.open()
        return device


def connect(
    target: str | AnyLink,
    *,
    pop: Secret | None = None,
    username: Secret | None = None,
    password: Secret | None = None,
    security: str | int = "auto",
    deadline: float = 60.0,
    allow_plaintext: bool = False,
    thread: bool = False,
    adapter: str | None = None,
    services: Iterable[str] = (),
    ca: bytes | str | os.PathLike[str] | None = None,
    pin: str | None = None,
    server_name: str | None = None,
    insecure: bool = False,
) -> Connection:
    """A device by its target (`"ble:PROV_*"`, `"softap"`, `"http://10.0.0.7"`, `"serial:/dev/ttyUSB0"`, `"sim"`, the text of a setup
    code), or over a link of your own.

    `pop` is the proof of possession on its label; on a security 2 device it is the password. `deadline`, in seconds, goes for opening it
    and for each call. Over HTTPS, `ca` (PEM as bytes, or a file), `pin` or `insecure` say whom to trust.
    """
    native = connector(
        target, pop, username, password, security, deadline, allow_plaintext, thread, adapter, services, ca, pin,
        server_name, insecure,
    )  # fmt: skip
    return Connection(target, native)


def local_control(
    target: str | AnyLink,
    *,
    pop: Secret | None = None,
    username: Secret | None = None,
    password: Secret | None = None,
    security: str | int = "auto",
    deadline: float = 60.0,
    allow_plaintext: bool = False,
    adapter: str | None = None,
    services: Iterable[str] = (),
    ca: bytes | str | os.PathLike[str] | None = None,
    pin: str | None = None,
    server_name: str | None = None,
    insecure: bool = False,
) -> LocalConnection:
    """A device that is on its network already, for its properties; the arguments are those of `connect`."""
    native = connector(
        target, pop, username, password, security, deadline, allow_plaintext, False, adapter, services, ca, pin,
        server_name, insecure,
    )  # fmt: skip
    return LocalConnection(target, native)
