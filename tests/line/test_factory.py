"""What `factory new` makes: the vendor's partition tool takes it, and a browser prints its labels."""

import csv
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import nvs
import pypdfium2
import pytest
import zxingcpp
from conftest import Command
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


def test_a_thousand_devices_take_twenty_seconds_of_one_processor(espprov: Command, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    devices = series(espprov, tmp_path / "series", "--count", 1000)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"1000 devices: {spent:.1f} s of processor time")
    assert len({device["name"] for device in devices}) == len({device["password"] for device in devices}) == 1000
    assert spent <= 20


def browser() -> str:
    """Whichever of its names it has here."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(found for name in names if (found := shutil.which(name)))


def printed(html: Path) -> tuple[list[list[str]], tuple[int, int]]:
    """The texts of the codes on each page that a browser prints, and the size of the pages in millimetres."""
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
        pages.append([found.text for found in zxingcpp.read_barcodes(picture.convert("L"))])
    width, height = document[0].get_size()
    return pages, (round(width / 72 * 25.4), round(height / 72 * 25.4))


@pytest.mark.parametrize("label", ["62x29", "50x30", "100x50"])
def test_labels_print_on_sheets_and_on_rolls(espprov: Command, tmp_path: Path, label: str) -> None:
    folder = tmp_path / "series"
    names = [device["name"] for device in series(espprov, folder, "--count", 26, "--label", label)]
    pages, paper = printed(folder / "labels.html")
    assert paper == (210, 297)
    assert [len(page) for page in pages] == [24, 2], "three across, eight down"
    rolls, paper = printed(folder / "labels-roll.html")
    assert "x".join(map(str, paper)) == label
    assert [len(page) for page in rolls] == [1] * 26, "a label on each"
    for texts in (pages, rolls):
        flat = [text for page in texts for text in page]
        assert all(any(f'"{name}"' in text for text in flat) for name in names)
