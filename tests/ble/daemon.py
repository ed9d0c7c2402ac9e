"""What happened to bluetoothd in a guest: read from the log in which guest-init writes between the daemon's own words."""
import re
from dataclasses import asdict, dataclass, field

# How many of the daemon's last words are kept of each crash.
LAST_WORDS = 15
EVENT = re.compile(r'SUPERVISOR (killed|crashed|back)(?: ([0-9]+))? ([0-9.]+)')


@dataclass
class Event:
    """`what`: killed (a scenario did it), crashed (nobody did), back. `at`: seconds of the guest's clock."""
    what: str
    at: float
    status: int = 0
    last_words: list = field(default_factory=list)

    def __str__(self):
        signal = f', signal {self.status - 128}' if self.status > 128 else ''
        return f'bluetoothd {self.what} at {self.at} s of the guest, status {self.status}{signal}'

    def report(self, **where):
        return {**where, **asdict(self)}


class DaemonLog:
    """Events since the last look."""

    def __init__(self, path):
        self.path, self.offset, self.words = path, 0, []
        path.touch()

    def is_killed(self):
        """Whether a scenario did it, since the last look at the news."""
        with open(self.path, 'rb') as file:
            file.seek(self.offset)
            return b'SUPERVISOR killed' in file.read()

    def news(self):
        with open(self.path, 'rb') as file:
            file.seek(self.offset)
            data = file.read()
        # A line that is still being written is for the next look.
        whole = data.rfind(b'\n') + 1
        self.offset += whole
        events = []
        for line in data[:whole].decode(errors='replace').splitlines():
            line = line.strip()
            # The daemon's last word may lack its end of line.
            event = EVENT.search(line)
            if not event:
                self.words = [*self.words, line][-LAST_WORDS:]
                continue
            what, status, at = event.groups()
            events.append(Event(what, float(at), int(status or 0), self.words if what == 'crashed' else []))
            if what != 'back':
                self.words = []
        return events
