"""Provisions the device that a target names: `python provision.py sim:zero Home correct-horse`."""

from __future__ import annotations

import sys

import espprov


def main(target: str, ssid: str, passphrase: str) -> int:
    try:
        with espprov.connect(target) as device:
            print("device:", device.info().version)
            result = device.provision(ssid, passphrase, on_event=print)
    except espprov.Error as error:
        print(error, file=sys.stderr)
        return 1
    print(result.outcome, result.ip)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
