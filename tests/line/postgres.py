"""A PostgreSQL server of one's own: in a folder of its own, on a port of loopback, ended by its number."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

#: Hard to mistake for anything else, wherever it turns up.
PASSWORD = "s3cret-of-the-line:%40"


def program(name: str) -> str:
    """Debian keeps them out of the way."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = shutil.which(name) or (str(places[-1]) if places else None)
    assert found, f"the tests need {name}: apt-get install postgresql"
    return found


def environment(**more: str) -> dict[str, str]:
    """This process's, without what somebody may have there for a database of his own; and `more`."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("PG") and key != "ESPPROV_LEDGER"}
    return {**own, **more}


def unprivileged() -> dict[str, object]:
    """The server refuses to run as root."""
    if os.getuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise AssertionError("there is no user to run the server as")


class Server:
    """One server, and who may ask it: the user `line` with `PASSWORD`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="espprov-pg-"))
        self.who = unprivileged()
        if self.who:
            os.chown(self.folder, self.who["user"], self.who["group"])
        word = self.folder / "word"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        self.data = self.folder / "data"
        self.run(
            "initdb", "--pgdata", self.data, "--username", "line", "--auth", "scram-sha-256", "--pwfile", word,
            "--no-sync", "--encoding", "UTF8", "--locale", "C",
        )
        word.unlink()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.more: list[str] = []

    def run(self, name: str, *words: object) -> None:
        done = subprocess.run(
            [program(name), *map(str, words)], capture_output=True, cwd=self.folder, timeout=300, check=False, **self.who
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self, *more: str) -> None:
        """Returns when it answers; `more`: settings, kept until others are given."""
        self.more = list(more) or self.more
        words = [
            program("postgres"), "-D", str(self.data), "-p", str(self.port), "-k", str(self.folder),
            "-c", "listen_addresses=127.0.0.1", *(word for one in self.more for word in ("-c", one)),
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, cwd=self.folder, **self.who)
        until = time.monotonic() + 120
        while self.psql("SELECT 1", check=False) != ["1"]:
            assert self.process.poll() is None and time.monotonic() < until, self.log()
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: as on a restart. SIGQUIT: as in a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def psql(self, sql: str, database: str = "postgres", check: bool = True) -> list[str]:
        words = [
            program("psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port),
            "-U", "line", "-d", database, "-c", sql,
        ]
        done = subprocess.run(words, capture_output=True, env=environment(PGPASSWORD=PASSWORD), timeout=60, check=False)
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().splitlines()

    def database(self, name: str) -> str:
        """The address of a new, empty one."""
        self.psql(f"CREATE DATABASE {name}")
        return f"postgres://line@127.0.0.1:{self.port}/{name}"
