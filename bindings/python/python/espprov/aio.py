"""Devices for `asyncio`: the same calls, awaited. Cancelling a task ends its call and closes the link."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from espprov import _espprov as _ext
from espprov._sync import connector, is_own, not_open
from espprov._types import AnyLink, Secret

__all__ = ["Connection", "Device", "LocalConnection", "LocalControl", "connect", "local_control"]

OnEvent = Callable[[_ext.Event], object] | None
_D = TypeVar("_D", bound="_Opened")
_R = TypeVar("_R")


async def _finish(call: _ext.Call[_R], on_event: OnEvent = None) -> _R:
    """Awaits a call. Whatever ends the waiting before its time ends the call, too, and closes its link."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()

    def settle(value: Any, raised: BaseException | None) -> None:
        if ended.done():
            return
        if raised is None:
            ended.set_result((value, None))
        else:
            # Not as the future's own exception: it may be one that a future does not take.
            ended.set_result((None, raised))

    def tell(event: _ext.Event) -> None:
        if ended.done() or on_event is None:
            return
        try:
            on_event(event)
        except BaseException as raised:
            settle(None, raised)

    def done(value: Any, raised: BaseException | None) -> None:
        _soon(loop, settle, value, raised)

    def heard(event: _ext.Event) -> None:
        _soon(loop, tell, event)

    call.start(done, heard if on_event is not None else None)
    over = False
    try:
        value, raised = await ended
        over = True
    finally:
        if not over:
            await _let_go(loop, call)
    if raised is not None:
        # Ended by who listens, the call may still go on.
        await _let_go(loop, call)
        try:
            raise raised
        finally:
            del raised
    return cast("_R", value)


async def _let_go(loop: asyncio.AbstractEventLoop, call: _ext.Call[Any]) -> None:
    """Gives a call up and waits until its link is closed, or for a moment at most; nothing, if it is over."""
    closed: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not closed.done():
            closed.set_result(None)

    if call.cancel(lambda: _soon(loop, settle)):
        await closed


def _soon(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *arguments: Any) -> None:
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:
        pass  # the loop is closed: nobody waits any more


class _Opened:
    def __init__(self, native: Any) -> None:
        self._native = native

    async def info(self) -> _ext.DeviceInfo:
        """What the device says about itself: version, security, capabilities. Needs no credentials."""
        return await _finish(self._native.info())

    async def authenticate(self) -> int | None:
        """Begins the session now, to know whether the credentials are right; the number of its security scheme."""
        return await _finish(self._native.authenticate())

    @property
    def closed(self) -> bool:
        """It was closed, or a call was cancelled."""
        return bool(self._native.closed)

    async def close(self) -> None:
        """Ends the link in an orderly way. May be called again."""
        await _finish(self._native.close())

    async def __aenter__(self: _D) -> _D:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        # A link that knows this device keeps it from going by itself; it is closed while all of that is still whole.
        native = getattr(self, "_native", None)
        if native is not None:
            native.abandon()

    def __repr__(self) -> str:
        return f"<espprov.aio.{type(self).__name__}{' closed' if self.closed else ''}>"


class Device(_Opened):
    """An open device that may be provisioned; see `espprov.Device`. Calls of several tasks come one after the other."""

    _native: _ext.Device

    async def scan(self, *, on_event: OnEvent = None) -> list[_ext.AccessPoint]:
        """The Wi-Fi networks that the device hears."""
        return await _finish(self._native.scan(), on_event)

    async def scan_thread(self, *, on_event: OnEvent = None) -> list[_ext.ThreadNetwork]:
        """The Thread networks that the device hears."""
        return await _finish(self._native.scan_thread(), on_event)

    async def provision(
        self, ssid: Secret, passphrase: Secret = "", *, on_event: OnEvent = None
    ) -> _ext.Provisioned:
        """Gives the device a Wi-Fi network and follows it until it is online; an empty passphrase is an open network."""
        return await _finish(self._native.provision(ssid, passphrase), on_event)

    async def provision_thread(
        self, dataset: _ext.ThreadDataset, *, on_event: OnEvent = None
    ) -> _ext.ThreadProvisioned:
        """Gives the device a Thread dataset and follows it until it is attached."""
        return await _finish(self._native.provision_thread(dataset), on_event)

    async def status(self) -> _ext.WifiStatus:
        """State of the device's Wi-Fi station."""
        return await _finish(self._native.status())

    async def status_thread(self) -> _ext.ThreadStatus:
        """State of the device's Thread interface."""
        return await _finish(self._native.status_thread())

    async def reset(self, *, thread: bool = False) -> None:
        """Clears a failed attempt, so that the device takes other credentials."""
        await _finish(self._native.reset(thread))

    async def reprov(self, *, thread: bool = False) -> None:
        """Has a device that is online accept another network."""
        await _finish(self._native.reprov(thread))

    async def send(self, endpoint: str, data: Secret, *, chunk: int | None = None) -> bytes:
        """Sends data to an endpoint of the application within the session, in pieces of `chunk` bytes if that is said; the answers."""
        return await _finish(self._native.send(endpoint, data, chunk))

    async def ask(self, endpoint: str, data: Secret) -> bytes:
        """One request of your own within the session, and its answer."""
        return await _finish(self._native.send(endpoint, data, None))

    async def send_raw(self, endpoint: str, data: Secret) -> bytes:
        """Sends bytes as they are, without session or cipher."""
        return await _finish(self._native.send_raw(endpoint, data))


class LocalControl(_Opened):
    """An open device that is on its network and lets clients list, read and set its properties."""

    _native: _ext.LocalControl

    async def props(self) -> list[_ext.Property]:
        """All properties with their values."""
        return await _finish(self._native.props())

    async def get(self, name: str) -> _ext.Property:
        """One property, by its name."""
        return await _finish(self._native.get(name))

    async def set(self, values: Mapping[str, str | bytes | int | bool]) -> None:
        """Sets properties by their names, all in one request."""
        await _finish(self._native.set(dict(values)))


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

        # What may block gets a thread of its own.
        exchange = getattr(self._target, "exchange", None)
        return Adapter(self._target, asyncio.get_running_loop() if inspect.iscoroutinefunction(exchange) else None)

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        device, self._device = self._device, None
        if device is not None:
            await device.close()

    def __repr__(self) -> str:
        return f"<espprov.aio.{type(self).__name__}>"


class Connection(_Connecting):
    """A device that is still to be opened: by `async with`, or by `await`."""

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise not_open(self, name, Device, "async with espprov.aio.connect(…) as device: …")

    async def open(self) -> Device:
        """Opens it; whoever calls this closes it, too."""
        return Device(await _finish(self._connector.open(self._adapter())))

    def __await__(self) -> Generator[Any, None, Device]:
        return self.open().__await__()

    async def __aenter__(self) -> Device:
        self._device = device = await self.open()
        return device


class LocalConnection(_Connecting):
    """The same for a device that is on its network."""

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise not_open(self, name, LocalControl, "async with espprov.aio.local_control(…) as device: …")

    async def open(self) -> LocalControl:
        """Opens it; whoever calls this closes it, too."""
        return LocalControl(await _finish(self._connector.open_local_control(self._adapter())))

    def __await__(self) -> Generator[Any, None, LocalControl]:
        return self.open().__await__()

    async def __aenter__(self) -> LocalControl:
        self._device = device = await self.open()
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
    """As `espprov.connect`, for `async with`."""
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
    """As `espprov.local_control`, for `async with`."""
    native = connector(
        target, pop, username, password, security, deadline, allow_plaintext, False, adapter, services, ca, pin,
        server_name, insecure,
    )  # fmt: skip
    return LocalConnection(target, native)
