"""Values that Python makes better than the extension."""

from __future__ import annotations

from espprov._espprov import shown


class Ssid(bytes):
    """The name of a Wi-Fi network: bytes, which need not be text."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """The name as text that moves nothing on a terminal; what is no text is replaced."""
        return shown(self)

    def __repr__(self) -> str:
        return f"Ssid({bytes(self)!r})"

    def __str__(self) -> str:
        return self.text
