"""Reading linking codes from screenshots."""

from __future__ import annotations

import io
import secrets

import pytest
import segno
from PIL import Image, ImageDraw

from simulator.whatsapp.control.qr_picture import read_picture
from simulator.whatsapp.errors import RequestError


def linking_text() -> str:
    keys = ",".join(secrets.token_urlsafe(32) + "=" for _ in range(3))
    ref = secrets.token_urlsafe(48)
    return f"https://wa.me/settings/linked_devices#2@{ref},{keys},6"


def code(text: str, scale: int, error: str = "m") -> Image.Image:
    out = io.BytesIO()
    segno.make_qr(text, error=error).save(out, kind="png", scale=scale, border=4)
    return Image.open(out).convert("RGB")


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def screen(image: Image.Image, background: str, where: tuple[int, int]) -> Image.Image:
    page = Image.new("RGB", (1280, 800), background)
    pen = ImageDraw.Draw(page)
    for line in range(40):
        pen.text((20, 20 * line), "Scan the code with the phone: 1 2 3 | [ ] ███ ▓▓", fill="grey")
    page.paste(image, where)
    return page


@pytest.mark.parametrize("error", ["l", "m", "q", "h"])
@pytest.mark.parametrize("scale", [2, 3, 5])
def test_it_reads_a_code_of_any_size_and_correction(error: str, scale: int) -> None:
    text = linking_text()
    assert read_picture(png(code(text, scale, error))) == text


@pytest.mark.parametrize("background", ["#ffffff", "#0f1216"])
def test_it_finds_a_code_on_light_or_dark_pages(background: str) -> None:
    text = linking_text()
    assert read_picture(png(screen(code(text, 4), background, (701, 93)))) == text


@pytest.mark.parametrize("side", [264, 300, 401])
def test_it_reads_a_code_that_a_browser_scaled(side: int) -> None:
    text = linking_text()
    image = code(text, 10).resize((side * 2, side * 2), Image.Resampling.BILINEAR)
    assert read_picture(png(screen(image, "#f7f8fa", (77, 10)))) == text


def test_it_reads_every_kind_of_segment() -> None:
    for text in ("0123456789012", "HELLO WORLD $%*+-./:", "Mixed: ola 123", "A" * 1200):
        assert read_picture(png(code(text, 3))) == text


def test_it_refuses_an_image_without_a_code() -> None:
    with pytest.raises(RequestError, match="no readable"):
        read_picture(png(Image.new("RGB", (400, 300), "white")))
    with pytest.raises(RequestError, match="not a valid image"):
        read_picture(b"hello")
