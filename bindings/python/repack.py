"""Packs wheels once more, a few percent smaller: the same files in the same format, by a compressor that takes its time.

python repack.py WHEEL...
"""

from __future__ import annotations

import os
import sys
import zipfile

import zopfli


def repack(wheel: str) -> None:
    """Takes the place of the wheel only when it is whole."""
    smaller = f"{wheel}.part"
    # One iteration brings nearly all of it; each further one takes as long again.
    with zipfile.ZipFile(wheel) as before, zopfli.ZipFile(smaller, "w", zipfile.ZIP_DEFLATED, iterations=1) as after:
        for entry in before.infolist():
            after.writestr(entry, before.read(entry))
    with zipfile.ZipFile(wheel) as before, zipfile.ZipFile(smaller) as again:
        for entry in before.infolist():
            if before.read(entry) != again.read(entry.filename):
                raise SystemExit(f"{wheel}: {entry.filename} has changed")
    os.replace(smaller, wheel)


for name in sys.argv[1:]:
    repack(name)
