"""What `factory new` makes: the vendor's partition tool takes it, and a browser prints its labels."""

import csv
import json
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nvs
import pypdfium2
import pytest
from conftest import Command, qr_codes
from PIL import Image


def series(espprov: Command, folder: Path, *more: object) -> list[dict[str, str]]:
    espprov("factory", "new", "--out", folder, *more)
    with (folder / "devices.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("security", [1, 2])
def test_partitions_of_the_vendor_s_tool_hold_the_secrets(espprov: Command, tmp_path: Path, security: int) -> None:
    folder = tmp_path / "series"
    for device in series(espprov, folder, "--count", 3, "--security", security):
        source, binary = folder / device["name"] / "nvs.csv", tmp_path / "nvs.bin"
        tool = [sys.executable, "-m", "esp_idf_nvs_partition_gen", "generate", source, binary, "0x4000"]
        subprocess.run(tool, check=True, capture_output=True, timeout=120)
        (values,) = nvs.read(binary.read_bytes()).values()
        assert values["name"].decode() == device["name"]
        if security == 1:
            assert values["pop"].decode() == device["pop"]
            assert set(values) == {"name", "pop"}
        else:
            assert values["sec2_username"].decode() == device["username"]
            assert (len(values["sec2_salt"]), len(values["sec2_verifier"])) == (16, 384)
            # The same salt and password, by the command that makes them one at a time.
            made = espprov(
                "credentials", "--username", device["username"], "--password", device["password"],
                "--salt", values["sec2_salt"].hex(), "--format", "hex",
            )
            assert values["sec2_verifier"].hex() in made
            assert device["password"].encode() not in binary.read_bytes()


def exponentiation() -> float:
    """Processor time of Python's for one of 3072 bits: how fast this machine is just now."""
    modulus, exponent = (1 << 3072) - 1_103_717, (1 << 3071) | random.getrandbits(3071)
    began = time.process_time()
    for _ in range(20):
        pow(5, exponent, modulus)
    return (time.process_time() - began) / 20


def test_a_thousand_devices_take_twenty_seconds_of_one_processor(espprov: Command, tmp_path: Path) -> None:
    """As a ratio, for machines differ: 240 exponentiations are the twenty seconds of the machine on which they were written down,
    and a third of that is what it takes."""
    measure = exponentiation()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    devices = series(espprov, tmp_path / "series", "--count", 1000)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    measure = (measure + exponentiation()) / 2
    print(f"1000 devices: {spent:.1f} s of processor time (20 wanted), {spent / measure:.0f} exponentiations (240 at most)")
    assert len({device["name"] for device in devices}) == len({device["password"] for device in devices}) == 1000
    assert spent <= 240 * measure


#: A device as its code has it: name and secret.
Label = tuple[str, str]


def browser() -> str:
    """Whichever of its names it has here."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(found for name in names if (found := shutil.which(name)))


def printed(html: Path) -> tuple[list[list[Label]], tuple[int, int]]:
    """What the codes say on each page that a browser prints, and the size of the pages in millimetres."""
    pdf = html.with_suffix(".pdf")
    words = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
        f"--user-data-dir={html.parent / 'browser'}", f"--print-to-pdf={pdf}", html.as_uri(),
    ]
    subprocess.run(words, check=True, capture_output=True, timeout=180)
    document = pypdfium2.PdfDocument(pdf)
    pages = []
    for number, sheet in enumerate(document):
        picture: Image.Image = sheet.render(scale=200 / 72).to_pil()
        picture.save(html.with_name(f"{html.stem}-{number}.png"))
        pages.append(sorted((code["name"], code["pop"]) for code in map(json.loads, qr_codes(picture))))
    width, height = document[0].get_size()
    return pages, (round(width / 72 * 25.4), round(height / 72 * 25.4))


@pytest.mark.parametrize("label", ["62x29", "50x30", "100x50"])
def test_labels_print_on_sheets_and_on_rolls(espprov: Command, tmp_path: Path, label: str) -> None:
    folder = tmp_path / "series"
    devices = series(espprov, folder, "--count", 26, "--label", label)
    labels = [(device["name"], device["password"]) for device in devices]
    pages, paper = printed(folder / "labels.html")
    assert paper == (210, 297)
    assert pages == [sorted(labels[:24]), sorted(labels[24:])], "three across, eight down"
    rolls, paper = printed(folder / "labels-roll.html")
    assert "x".join(map(str, paper)) == label
    assert rolls == [[one] for one in labels], "a label on each"
