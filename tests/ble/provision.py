"""A program with the Python package, for the guest: provisions over Bluetooth, and prints what `espprov --json` would.

provision.py plain|async TARGET POP
"""
import asyncio
import json
import sys

import espprov

HOME = ('Home', 'correct-horse')


def tell(event):
    print(json.dumps({'event': event.name}), flush=True)


def plain(target, pop):
    with espprov.connect(target, pop=pop, username='wifiprov') as device:
        return device.provision(*HOME, on_event=tell)


async def awaited(target, pop):
    async with espprov.aio.connect(target, pop=pop, username='wifiprov') as device:
        return await device.provision(*HOME, on_event=tell)


def main(how, target, pop):
    try:
        result = asyncio.run(awaited(target, pop)) if how == 'async' else plain(target, pop)
    except espprov.Error as error:
        print(json.dumps({'event': 'result', 'ok': False, 'error': {'code': error.code, 'message': error.message}}))
        return 1
    print(json.dumps({'event': 'result', 'ok': True, 'outcome': result.outcome, 'ip': result.ip}))
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
