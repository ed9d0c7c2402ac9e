"""Several devices at once, as on a line: each in its own task, none longer than a minute."""

from __future__ import annotations

import asyncio
import sys

import espprov


async def provision(target: str, ssid: str, passphrase: str) -> str:
    try:
        async with espprov.aio.connect(target) as device:
            result = await asyncio.wait_for(device.provision(ssid, passphrase), 60)
    except espprov.Error as error:
        return f"{target}: {error.code}"
    return f"{target}: {result.outcome} {result.ip}"


async def main(ssid: str, passphrase: str, *targets: str) -> None:
    for line in await asyncio.gather(*(provision(target, ssid, passphrase) for target in targets)):
        print(line)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
