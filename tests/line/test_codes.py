"""Codes: what the command draws is read by other programs, and what others draw is read by the command."""

import io
import json
import math
import subprocess
from pathlib import Path

import pytest
import qrcode
import segno
import zxingcpp
from conftest import LABEL, Command, qr_codes
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

DEVICE = json.loads(LABEL)


def encode(espprov: Command, *more: object) -> str:
    return espprov("qr", "encode", "--name", DEVICE["name"], "--pop", DEVICE["pop"], *more)


def by_zbar(picture: Path) -> str:
    words = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(picture)]
    return subprocess.run(words, capture_output=True, timeout=60, check=True).stdout.decode().rstrip("\n")


def by_zxing(picture: Path) -> str:
    (text,) = qr_codes(Image.open(picture))
    return text


READERS = {"zbar": by_zbar, "zxing": by_zxing}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("scale", [2, 8])
def test_others_read_our_pictures(espprov: Command, tmp_path: Path, reader: str, scale: int) -> None:
    picture = tmp_path / "code.png"
    encode(espprov, "--out", picture, "--scale", scale)
    assert READERS[reader](picture) == LABEL


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("flags", "paper", "ink"),
    [
        (["--color", "always"], None, None),
        (["--color", "never"], "#000", "#fff"),
        (["--color", "never", "--light"], "#fff", "#000"),
    ],
)
def test_others_read_our_terminals(
    espprov: Command, tmp_path: Path, reader: str, flags: list[str], paper: str | None, ink: str | None
) -> None:
    """The terminal as it looks: with colours on any ground, without them on the one they are for."""
    text = encode(espprov, *flags)
    coloured = "\x1b[38;5;16;48;5;231m"
    assert (coloured in text) == (paper is None)
    lines = text.replace(coloured, "").replace("\x1b[0m", "").splitlines()
    size = 6
    ground = paper or "#fff"
    screen = Image.new("L", (size * (len(lines[0]) + 12), 2 * size * (len(lines) + 6)), paper or "#223")
    draw = ImageDraw.Draw(screen)
    for row, line in enumerate(lines):
        for column, cell in enumerate(line):
            x, y = size * (column + 6), 2 * size * (row + 3)
            for half, printed in enumerate((cell in "█▀", cell in "█▄")):
                colour = (ink or "#000") if printed else ground
                draw.rectangle([x, y + half * size, x + size - 1, y + half * size + size - 1], colour)
    picture = tmp_path / "screen.png"
    screen.save(picture)
    assert READERS[reader](picture) == LABEL


def by_segno() -> Image.Image:
    drawn = io.BytesIO()
    segno.make(LABEL, error="m", micro=False).save(drawn, kind="png", scale=6)
    return Image.open(drawn).convert("L")


def by_qrcode() -> Image.Image:
    code = qrcode.QRCode(box_size=6)
    code.add_data(LABEL)
    return code.make_image().get_image().convert("L")


def by_zxing_writer() -> Image.Image:
    code = zxingcpp.create_barcode(LABEL, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    return Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=5, add_quiet_zones=True)).convert("L")


WRITERS = {"segno": by_segno, "qrcode": by_qrcode, "zxing": by_zxing_writer}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_we_read_the_pictures_of_others(espprov: Command, tmp_path: Path, writer: str, kind: str) -> None:
    picture = tmp_path / f"code.{kind}"
    WRITERS[writer]().save(picture)
    found = espprov.payload(picture)
    assert found is not None
    assert (found["name"], found["pop"]) == (DEVICE["name"], DEVICE["pop"])


def photograph(number: int) -> Image.Image:
    """A label on a table, as a camera sees it: the number chooses how."""
    drawn = list(WRITERS.values())[number % 3]()
    photo = Image.new("L", (900, 700), 150)
    photo.paste(drawn.resize((300 + 30 * (number % 5),) * 2, Image.Resampling.LANCZOS), (260, 160))
    photo = photo.rotate(number * 17 % 360, Image.Resampling.BICUBIC, fillcolor=150)
    photo = photo.filter(ImageFilter.GaussianBlur((number % 4) * 0.7))
    if number % 3 == 1:
        shade = Image.linear_gradient("L").resize(photo.size).rotate(number * 30)
        shade = shade.point(lambda light: 90 + light * 165 // 255)
        photo = ImageChops.multiply(photo, shade)
    if number % 7 == 3:
        photo = ImageOps.invert(photo)
    if number % 5 == 4:
        photo = photo.resize((450, 350), Image.Resampling.BILINEAR)
    tint = ((0, 0, 0), (255, 244, 214)) if number % 2 else ((10, 0, 20), (230, 255, 255))
    return ImageOps.colorize(photo, *tint)


def test_photographs(espprov: Command, tmp_path: Path) -> None:
    """JPEG as phones write them; at least 95 of 100 are read."""
    shots = 66
    missed = []
    for number in range(shots):
        picture = tmp_path / f"{number}.jpg"
        photograph(number).save(picture, quality=60 + number % 36)
        found = espprov.payload(picture)
        if found is None or found["pop"] != DEVICE["pop"]:
            missed.append(number)
    print(f"corpus: {shots - len(missed)} of {shots} read")
    assert len(missed) <= math.floor(shots * 0.05), missed
