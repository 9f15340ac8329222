"""The simulator's web page, in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import segno

from tests.wire.simulator.wire_harness import Neonize, Simulator, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
TIMEOUT_MS = 45_000


@pytest.fixture
def page(simulator: Simulator) -> Iterator[Page]:
    """Open the page in a browser. An error in its script fails the test."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.set_default_timeout(TIMEOUT_MS)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(simulator.found["control"])
        yield page
        browser.close()
    assert errors == []


def test_it_scans_a_code_from_an_image(neonize: Neonize, page: Page, tmp_path: Path) -> None:
    neonize.start("alice")
    segno.make_qr(neonize.wait("QR", "alice")["text"]).save(str(tmp_path / "code.png"), scale=4)
    page.get_by_text("not shown yet").wait_for()
    page.set_input_files("#file", str(tmp_path / "code.png"))
    page.get_by_text("shown to the phone").wait_for()
    page.get_by_role("button", name="Scan", exact=True).click()
    page.get_by_text("Linked to +3519").wait_for()
    neonize.wait("Connected", "alice")
    page.get_by_text("● linked, online").first.wait_for()


def test_it_takes_a_code_from_the_page_address(
    simulator: Simulator, neonize: Neonize, page: Page
) -> None:
    neonize.start("alice")
    text = neonize.wait("QR", "alice")["text"]
    page.goto("about:blank")
    page.goto(f"{simulator.found['control']}/#qr={quote(text, safe='')}")
    page.get_by_text("shown to the phone").wait_for()
    assert "qr=" not in page.url


def test_it_types_a_linking_code_on_a_phone(neonize: Neonize, page: Page) -> None:
    neonize.start("alice")
    neonize.wait("QR", "alice")
    code = neonize.call("pair_phone", client="alice", number="351922222222")
    page.get_by_label("Linking code").fill(code)
    page.get_by_role("button", name="Type it on +351922222222").click()
    neonize.wait("Connected", "alice")
    page.get_by_text("Linked to +351922222222").wait_for()


def test_it_reads_and_writes_a_chat(simulator: Simulator, neonize: Neonize, page: Page) -> None:
    alice = neonize.link(simulator, "alice")
    charlie = simulator.post("/api/phones", name="Charlie <b>Moreira</b>")["number"]
    page.get_by_role("button", name=charlie).click()
    page.locator("#peer").select_option(alice)
    neonize.call("send", client="alice", to=charlie[1:], text="Friday at <i>15:00</i>?")
    page.get_by_role("log").get_by_text("Friday at <i>15:00</i>?").wait_for()
    neonize.wait("Receipt", "alice", where=lambda e: e["body"].get("Type") == "READ")
    page.get_by_placeholder("Write a message").fill("Yes, thank you!")
    page.keyboard.press("Enter")
    got = neonize.wait("Message", "alice")
    assert got["body"]["text"] == "Yes, thank you!"
    page.get_by_role("log").get_by_text("delivered").wait_for()


def test_it_triggers_and_clears_faults(simulator: Simulator, neonize: Neonize, page: Page) -> None:
    number = neonize.link(simulator, "alice")
    page.get_by_text(number).first.wait_for()
    start = neonize.mark()
    page.locator("#aim").select_option(number)
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_text("Reset: hit 1 connection.").wait_for()
    neonize.wait("Connected", "alice", after=start)
    page.get_by_text("When a client logs in").click()
    page.get_by_role("button", name="Refuse the login").click()
    page.get_by_text("Refuse the login: active.").wait_for()
    assert simulator.get("/api/state")["faults"] == [
        {"kind": "failure", "reason": 500, "number": number}
    ]
    page.get_by_role("button", name="Clear all faults").click()
    wait_for(lambda: simulator.get("/api/state")["faults"] == [], "the faults to be cleared")


def test_it_fits_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_text("When a client dials").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
