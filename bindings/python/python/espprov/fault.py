"""What a link of one's own may raise, to say what happened.

Any exception with an attribute `fault` does the same: `"refused"`, `"lost"`, `"timed_out"` or `"no_such_endpoint"`; beside it `delivered` or
`link_alive`. Any other exception counts as a lost link.
"""

from __future__ import annotations

__all__ = ["Fault", "Lost", "NoSuchEndpoint", "Refused", "TimedOut"]


class Fault(Exception):
    """What happened to an exchange."""

    fault: str = "lost"


class Refused(Fault):
    """The device refused the request: an ATT error, a closed socket, HTTP 500. `link_alive`: the link can still be used."""

    fault = "refused"

    def __init__(self, message: str = "the device refused the request", *, link_alive: bool = True) -> None:
        super().__init__(message)
        self.link_alive = link_alive


class Lost(Fault):
    """The link broke. `delivered`: the request had been handed over completely, and the device may have acted on it; a device that was
    joining its network and no longer answers such a request is `likely_connected`, without one it is `unconfirmed`."""

    fault = "lost"

    def __init__(self, message: str = "the link broke", *, delivered: bool = False) -> None:
        super().__init__(message)
        self.delivered = delivered


class TimedOut(Fault):
    """No answer came in time. `delivered` as for `Lost`; who waits for an answer has usually asked."""

    fault = "timed_out"

    def __init__(self, message: str = "no answer came in time", *, delivered: bool = True) -> None:
        super().__init__(message)
        self.delivered = delivered


class NoSuchEndpoint(Fault):
    """The device has no such endpoint."""

    fault = "no_such_endpoint"

    def __init__(self, message: str = "the device has no such endpoint") -> None:
        super().__init__(message)
