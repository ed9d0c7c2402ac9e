"""The loop of `loop.rs` in Python. Prints the processor time in seconds."""

from __future__ import annotations

import time

import espprov


def main() -> None:
    before = time.process_time()
    for _ in range(50):
        with espprov.connect("sim:zero") as device:
            assert device.provision("Home", "correct-horse").outcome == "connected"
    print(f"{time.process_time() - before:.4f}")


if __name__ == "__main__":
    main()
