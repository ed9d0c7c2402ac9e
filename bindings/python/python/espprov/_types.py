"""Types of arguments, for type checkers."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, Union, runtime_checkable

Secret = Union[str, bytes, bytearray]
"""Text or bytes; it may be a secret, and is never shown."""


@runtime_checkable
class Link(Protocol):
    """A link of one's own.

    Beside `exchange` it may have `reconnect()`, called before the next exchange when one has failed, `close()`, and `limits`, with
    `max_request` and `max_response` in bytes, as attributes or in a `dict`. What it may raise is in `espprov.fault`.
    """

    def exchange(self, endpoint: str, data: bytes, /) -> bytes:
        """Carries a request to an endpoint, and brings the reply."""
        ...


@runtime_checkable
class AsyncLink(Protocol):
    """The same with coroutines."""

    def exchange(self, endpoint: str, data: bytes, /) -> Awaitable[bytes]:
        """Carries a request to an endpoint, and brings the reply."""
        ...


AnyLink = Union[Link, AsyncLink]
