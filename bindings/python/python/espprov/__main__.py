"""The command `espprov`: the same code as the program of that name."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Runs it with the words of the command line."""
    # It hears signals itself, as the program does: an interpreter beside it would print a traceback. Who ignores them, still does.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from espprov._espprov import cli

    return cli(["espprov", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
