"""Provision ESP32 devices: give them their Wi-Fi or Thread network, over Bluetooth, Wi-Fi or a serial console.

    import espprov

    with espprov.connect("sim:zero") as device:
        result = device.provision("Home", "correct-horse")
        print(result.outcome, result.ip)

`espprov.aio` is the same for `asyncio`; `espprov.Simulator` is a device for tests; the command `espprov` comes with the package.
"""

from __future__ import annotations

from espprov import fault
from espprov._errors import (
    DeadlinePassed,
    DeviceRefused,
    Error,
    LinkFailed,
    NetworkNotFound,
    NetworkRefused,
    PolicyRefused,
    Unexpected,
    UsageError,
    WrongCredentials,
)
from espprov._espprov import (
    AccessPoint,
    Credentials,
    DeviceInfo,
    Event,
    Property,
    Provisioned,
    SetupPayload,
    Simulator,
    SimulatorEvent,
    SimulatorLink,
    ThreadDataset,
    ThreadNetwork,
    ThreadProvisioned,
    ThreadStatus,
    WifiStatus,
    __version__,
    credentials,
    serial_ports,
)
from espprov._sync import Connection, Device, LocalConnection, LocalControl, connect, local_control
from espprov._values import Ssid

# Type checkers know this name; see `_sync`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from espprov import aio

__all__ = [
    "AccessPoint",
    "Connection",
    "Credentials",
    "DeadlinePassed",
    "Device",
    "DeviceInfo",
    "DeviceRefused",
    "Error",
    "Event",
    "LinkFailed",
    "LocalConnection",
    "LocalControl",
    "NetworkNotFound",
    "NetworkRefused",
    "PolicyRefused",
    "Property",
    "Provisioned",
    "SetupPayload",
    "Simulator",
    "SimulatorEvent",
    "SimulatorLink",
    "Ssid",
    "ThreadDataset",
    "ThreadNetwork",
    "ThreadProvisioned",
    "ThreadStatus",
    "Unexpected",
    "UsageError",
    "WifiStatus",
    "WrongCredentials",
    "__version__",
    "aio",
    "connect",
    "credentials",
    "fault",
    "local_control",
    "serial_ports",
]

# What tracebacks and `help` call them.
for _class in (Error, UsageError, LinkFailed, WrongCredentials, PolicyRefused, DeviceRefused, NetworkRefused,
               NetworkNotFound, DeadlinePassed, Unexpected, Ssid, Connection, LocalConnection, Device,
               LocalControl):  # fmt: skip
    _class.__module__ = "espprov"
del _class


def __getattr__(name: str) -> object:
    """`asyncio` takes longer to import than everything else together: it waits until somebody wants it."""
    if name == "aio":
        import importlib

        return importlib.import_module("espprov.aio")
    raise AttributeError(f"module 'espprov' has no attribute {name!r}")
