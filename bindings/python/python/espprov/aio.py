"""Devices for `asyncio`: the same calls, awaited. Cancelling a task ends its call and closes the link."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from types import TracebackType
from typing import Any, Generic, TypeVar

from espprov import _espprov as _native
from espprov._sync import connector, is_own
from espprov._types import AnyLink, Secret

__all__ = ["Connection", "Device", "LocalControl", "connect", "local_control"]

OnEvent = Callable[[_native.Event], object] | None
_D = TypeVar("_D", bound="_Opened")


async def _finish(call: _native.Call, on_event: OnEvent = None) -> Any:
    """Awaits a call. Whatever ends the waiting before its time ends the call, too, and closes its link."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Any] = loop.create_future()

    def settle(value: Any, raised: BaseException | None) -> None:
        if ended.done():
            return
        if raised is None:
            ended.set_result((value, None))
        else:
            # Not as the future's own exception: it may be one that a future does not take.
            ended.set_result((None, raised))

    def tell(event: _native.Event) -> None:
        if ended.done() or on_event is None:
            return
        try:
            on_event(event)
        except BaseException as raised:
            settle(None, raised)

    def done(value: Any, raised: BaseException | None) -> None:
        _soon(loop, settle, value, raised)

    def heard(event: _native.Event) -> None:
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
    return value


async def _let_go(loop: asyncio.AbstractEventLoop, call: _native.Call) -> None:
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

    async def info(self) -> _native.DeviceInfo:
        """What the device says about itself: version, security, capabilities. Needs no credentials."""
        return await _finish(self._native.info())  # type: ignore[no-any-return]

    async def authenticate(self) -> int | None:
        """Begins the session now, to know whether the credentials are right; the number of its security scheme."""
        return await _finish(self._native.authenticate())  # type: ignore[no-any-return]

    @property
    def closed(self) -> bool:
        """It was closed, or a call was cancelled."""
        return self._native.closed  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Ends the link in an orderly way. May be called again."""
        await _finish(self._native.close())

    async def __aenter__(self: _D) -> _D:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<espprov.aio.{type(self).__name__}{' closed' if self.closed else ''}>"


class Device(_Opened):
    """An open device that may be provisioned; see `espprov.Device`. Calls of several tasks come one after the other."""

    _native: _native.Device

    async def scan(self, *, on_event: OnEvent = None) -> list[_native.AccessPoint]:
        """The Wi-Fi networks that the device hears."""
        return await _finish(self._native.scan(), on_event)  # type: ignore[no-any-return]

    async def scan_thread(self, *, on_event: OnEvent = None) -> list[_native.ThreadNetwork]:
        """The Thread networks that the device hears."""
        return await _finish(self._native.scan_thread(), on_event)  # type: ignore[no-any-return]

    async def provision(
        self, ssid: Secret, passphrase: Secret = "", *, on_event: OnEvent = None
    ) -> _native.Provisioned:
        """Gives the device a Wi-Fi network and follows it until it is online; an empty passphrase is an open network."""
        return await _finish(self._native.provision(ssid, passphrase), on_event)  # type: ignore[no-any-return]

    async def provision_thread(
        self, dataset: _native.ThreadDataset, *, on_event: OnEvent = None
    ) -> _native.ThreadProvisioned:
        """Gives the device a Thread dataset and follows it until it is attached."""
        return await _finish(self._native.provision_thread(dataset), on_event)  # type: ignore[no-any-return]

    async def status(self) -> _native.WifiStatus:
        """State of the device's Wi-Fi station."""
        return await _finish(self._native.status())  # type: ignore[no-any-return]

    async def status_thread(self) -> _native.ThreadStatus:
        """State of the device's Thread interface."""
        return await _finish(self._native.status_thread())  # type: ignore[no-any-return]

    async def reset(self, *, thread: bool = False) -> None:
        """Clears a failed attempt, so that the device takes other credentials."""
        await _finish(self._native.reset(thread))

    async def reprov(self, *, thread: bool = False) -> None:
        """Has a device that is online accept another network."""
        await _finish(self._native.reprov(thread))

    async def send(self, endpoint: str, data: Secret, *, chunk: int | None = None) -> bytes:
        """Sends data to an endpoint of the application within the session, in pieces of `chunk` bytes if that is said; the answers."""
        return await _finish(self._native.send(endpoint, data, chunk))  # type: ignore[no-any-return]

    async def ask(self, endpoint: str, data: Secret) -> bytes:
        """One request of your own within the session, and its answer."""
        return await _finish(self._native.send(endpoint, data, None))  # type: ignore[no-any-return]

    async def send_raw(self, endpoint: str, data: Secret) -> bytes:
        """Sends bytes as they are, without session or cipher."""
        return await _finish(self._native.send_raw(endpoint, data))  # type: ignore[no-any-return]


class LocalControl(_Opened):
    """An open device that is on its network and lets clients list, read and set its properties."""

    _native: _native.LocalControl

    async def props(self) -> list[_native.Property]:
        """All properties with their values."""
        return await _finish(self._native.props())  # type: ignore[no-any-return]

    async def get(self, name: str) -> _native.Property:
        """One property, by its name."""
        return await _finish(self._native.get(name))  # type: ignore[no-any-return]

    async def set(self, values: Mapping[str, str | bytes | int | bool]) -> None:
        """Sets properties by their names, all in one request."""
        await _finish(self._native.set(dict(values)))


class Connection(Generic[_D]):
    """A device that is still to be opened: by `async with`, or by `await`."""

    def __init__(self, target: object, native: _native.Connector, kind: type[_D]) -> None:
        self._target = target
        self._connector = native
        self._kind = kind
        self._device: _D | None = None

    async def open(self) -> _D:
        """Opens it; whoever calls this closes it, too."""
        adapter = None
        if is_own(self._target):
            from espprov._own import Adapter

            # What may block gets a thread of its own.
            exchange = getattr(self._target, "exchange", None)
            loop = asyncio.get_running_loop() if inspect.iscoroutinefunction(exchange) else None
            adapter = Adapter(self._target, loop)
        call = (
            self._connector.open_local_control(adapter)
            if issubclass(self._kind, LocalControl)
            else self._connector.open(adapter)
        )
        return self._kind(await _finish(call))

    def __await__(self) -> Generator[Any, None, _D]:
        return self.open().__await__()

    async def __aenter__(self) -> _D:
        self._device = await self.open()
        return self._device

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        device, self._device = self._device, None
        if device is not None:
            await device.close()

    def __repr__(self) -> str:
        return f"<espprov.aio.Connection to a {self._kind.__name__}>"


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
) -> Connection[Device]:
    """As `espprov.connect`, for `async with`."""
    native = connector(
        target, pop, username, password, security, deadline, allow_plaintext, thread, adapter, services, ca, pin,
        server_name, insecure,
    )  # fmt: skip
    return Connection(target, native, Device)


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
) -> Connection[LocalControl]:
    """As `espprov.local_control`, for `async with`."""
    native = connector(
        target, pop, username, password, security, deadline, allow_plaintext, False, adapter, services, ca, pin,
        server_name, insecure,
    )  # fmt: skip
    return Connection(target, native, LocalControl)
