"""What time it is in a guest.

A guest's clock stands still while the host does not let it run (see vm.sh), so this is what limits are measured by:
on a busy host they are as long as the guest is slow.
"""
import asyncio

# Seconds of the host: a guest that does not answer for so long is not slow but dead.
SILENCE = 300


class GuestClock:
    """Asks over a serial port of the guest; see guest-init."""

    def __init__(self):
        self.asked, self.reader, self.writer = 0, None, None
        self.lock, self.there = asyncio.Lock(), asyncio.Event()

    @classmethod
    async def listen(cls, path):
        clock = cls()
        clock.server = await asyncio.start_unix_server(clock.arrived, path)
        return clock

    def arrived(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.there.set()

    async def now(self):
        """Seconds since the guest began, or TimeoutError."""
        async with self.lock, asyncio.timeout(SILENCE):
            await self.there.wait()
            self.asked += 1
            question = f't{self.asked}'
            # Whatever the port said before somebody listened to it is passed over.
            while True:
                self.writer.write(f'{question}\n'.encode())
                try:
                    async with asyncio.timeout(20):
                        while line := await self.reader.readline():
                            words = line.decode(errors='replace').split()
                            if len(words) == 2 and words[0].endswith(question):
                                return float(words[1])
                    raise TimeoutError('the machine is off')
                except TimeoutError:
                    if self.over():
                        raise

    def over(self):
        """Whether the machine has been switched off."""
        return self.reader is not None and self.reader.at_eof()

    async def until(self, condition, seconds):
        """Waits for a condition, for so many seconds of the guest. How long it took, or TimeoutError."""
        start = await self.now()
        now, looks = start, 0
        while not condition():
            if now - start >= seconds:
                raise TimeoutError
            await asyncio.sleep(0.02)
            looks += 1
            if looks % 25 == 0:
                now = await self.now()
        return await self.now() - start
