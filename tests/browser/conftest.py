"""A real Chromium that opens the product as it ships."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.tiers import CHROMIUM_NAMES
from tests.wire.conftest import product, shared_simulator, simulator
from tests.wire.product import EMAIL, PASSWORD, Product

__all__ = ["product", "shared_simulator", "simulator"]

PATIENCE_MS = 20_000.0
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                # Chromium treats a response that a test has altered as one from a public network.
                "--disable-features=LocalNetworkAccessChecks",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def troubles() -> Iterator[list[str]]:
    """Errors in the browser's console; a test that does not expect them fails."""
    heard: list[str] = []
    yield heard
    assert heard == []


@pytest.fixture
def open_page(chromium: Browser, product: Product, troubles: list[str]) -> Iterator[OpenPage]:
    """Open pages of the product in a fresh browser context; keywords are Playwright's options."""
    contexts: list[BrowserContext] = []
    over = Event()  # errors while a page with open sockets is closed do not count

    def hear(lines: list[str]) -> None:
        if not over.is_set():
            troubles.extend(lines)

    def opened(path: str = "/", *, signed_in: bool = True, **options: Any) -> Page:
        options = {"base_url": product.address, "locale": "en-GB", **options}
        context = chromium.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: hear([str(error)]))
        page.on("console", lambda line: hear(_complaints(line)))
        if signed_in:
            sign_in(page)
        page.goto(path)
        return page

    yield opened
    over.set()
    for context in contexts:
        context.close()


def _complaints(line: ConsoleMessage) -> list[str]:
    """Return errors, except the browser's note that a form got status 422."""
    refused = "status of 422" in line.text
    return [line.text] if line.type == "error" and not refused else []


def sign_in(page: Page, email: str = EMAIL) -> None:
    """Go to a page without a socket; browsers report sockets that a navigation closes."""
    page.goto("/sign-in/?next=/connect/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/connect/")
