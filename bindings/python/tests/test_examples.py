"""The examples, and what the manual shows, are run."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import espprov

HERE = Path(__file__).parent.parent
EXAMPLES = HERE / "examples"
PAGES = [HERE / "README.md", HERE.parent.parent / "docs" / "src" / "python.md"]
BLOCKS = [
    pytest.param(text, id=f"{page.name}:{number}")
    for page in PAGES
    for number, text in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))
]


def run(name: str, *words: str) -> str:
    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *words], capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_provision() -> None:
    assert run("provision.py", "sim:zero", "Home", "correct-horse").endswith("connected 192.168.1.57\n")


def test_line() -> None:
    said = run("line.py", "Home", "correct-horse", "sim:zero", "sim:zero", "sim:zero")
    assert said.count("connected 192.168.1.57") == 3


def test_own_link() -> None:
    with espprov.Simulator("zero", security=1, pop="abcd1234") as simulator:
        host = simulator.http().removeprefix("http://")
        assert run("own_link.py", host, "abcd1234", "Home", "correct-horse") == "connected\n"


def test_the_bench_suite_is_a_suite(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ESPPROV_")}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-c", os.devnull,
         str(EXAMPLES / "test_bench.py")],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )  # fmt: skip
    assert "3 passed" in ended.stdout, ended.stdout


def test_there_is_something_to_run() -> None:
    assert len(BLOCKS) > 5


@pytest.mark.parametrize("text", BLOCKS)
def test_what_the_manual_shows_runs(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = compile(text, "the manual", "exec", flags=0x2000)  # PyCF_ALLOW_TOP_LEVEL_AWAIT
    names: dict[str, object] = {"__name__": "manual"}
    came = eval(code, names)
    if came is not None:
        asyncio.run(came)
