"""What calls raise."""

from __future__ import annotations


class Error(Exception):
    """A failure: what happened (`message`), why it probably did (`cause`), what to do next (`help`), and a word for programs (`code`).

    `retry` says what trying again may do: `"early"` (nothing of the request had been sent), `"late"` (the device may have acted), `None`
    (it cannot help).
    """

    code: str
    message: str
    cause: str
    help: str
    retry: str | None

    def __init__(
        self,
        message: str,
        *,
        code: str = "unexpected",
        cause: str = "",
        help: str = "",
        retry: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.cause = cause
        self.help = help
        self.retry = retry

    def __str__(self) -> str:
        lines = [self.message]
        if self.cause:
            lines.append(f"  cause: {self.cause}")
        if self.help:
            lines.append(f"  help: {self.help}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message,), self.__dict__


class UsageError(Error, ValueError):
    """What was asked for cannot be meant; nothing was sent."""


class LinkFailed(Error):
    """No device there, or the link to it failed."""


class WrongCredentials(Error):
    """A wrong proof of possession, username or password."""


class PolicyRefused(Error):
    """Refused on this side: what the device offers is less than what was allowed."""


class DeviceRefused(Error):
    """The device refused a request."""


class NetworkRefused(Error):
    """The network did not let the device in."""


class NetworkNotFound(Error):
    """The device does not find the network."""


class DeadlinePassed(Error):
    """Time was up."""


class Unexpected(Error):
    """Something that should not happen."""
