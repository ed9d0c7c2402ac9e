"""The command in the package: the same code as the program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import espprov

PACKAGES = Path(espprov.__file__).parent.parent
SCRIPT = Path(sysconfig.get_path("scripts")) / "espprov"
WAYS = [[str(SCRIPT)], [sys.executable, "-m", "espprov"]]


def run(way: list[str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*way, *words], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("way", WAYS)
def test_it_provisions(way: list[str]) -> None:
    ended = run(way, "provision", "sim:zero", "--ssid", "Home", "--passphrase", "correct-horse", "--json")
    assert ended.returncode == 0, ended.stderr
    last = json.loads(ended.stdout.splitlines()[-1])
    assert (last["outcome"], last["ip"]) == ("connected", "192.168.1.57")
    ended = run(way, "provision", "sim:zero", "--ssid", "Home", "--passphrase", "wrong-horse")
    assert ended.returncode == 7 and "Traceback" not in ended.stderr


@pytest.mark.parametrize("way", WAYS)
def test_it_has_its_name(way: list[str]) -> None:
    assert run(way, "--version").stdout.strip() == f"espprov {espprov.__version__}"
    help = run(way, "provision", "--help").stdout
    assert "Usage: espprov provision" in help and "__main__" not in help
    ended = run(way, "provision", "--nonsense")
    assert ended.returncode == 2 and "__main__" not in ended.stderr
    assert '"ok":false' in run(way, "--json", "--nonsense").stdout


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c_ends_it_without_a_traceback(way: list[str]) -> None:
    process = subprocess.Popen(
        [*way, "simulate", "--http", "127.0.0.1:0", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "listening" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert "Traceback" not in err and "KeyboardInterrupt" not in err


def test_it_runs_again_in_one_process() -> None:
    program = (
        "from espprov._espprov import cli\n"
        "for _ in range(3):\n"
        "    assert cli(['espprov', 'info', 'sim:zero', '--quiet']) == 0\n"
        "assert cli(['espprov', 'info', 'sim:zero', '--nonsense']) == 2\n"
        "import espprov\n"
        "with espprov.connect('sim:zero') as device:\n"
        "    assert device.info().security == 2\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr


def processor_time(code: str) -> float:
    """Of an interpreter that runs this; the least of several."""

    def once() -> float:
        pid = os.posix_spawn(sys.executable, [sys.executable, "-I", "-c", code], os.environ)
        _, status, usage = os.wait4(pid, 0)
        assert status == 0
        return usage.ru_utime + usage.ru_stime

    return min(once() for _ in range(15))


def test_importing_it_is_quick() -> None:
    bare = processor_time("pass")
    ours = processor_time("import espprov")
    assert ours - bare <= 0.015, (bare, ours)
    ended = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path.append({str(PACKAGES)!r}); import espprov; print(*sys.modules)"],
        capture_output=True,
        text=True,
    )
    assert not {"asyncio", "typing", "threading"} & set(ended.stdout.split()), ended.stderr
