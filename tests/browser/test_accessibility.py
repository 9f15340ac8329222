"""Accessibility of the pages: small screens, keyboard, screen readers, dark scheme."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, sign_in
from tests.browser.looks import complaints, too_wide
from tests.wire.product import EMAIL, PASSWORD, Product, Simulator

Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def paths(product: Product) -> list[str]:
    """Every kind of page, with a session in every reachable state."""
    waiting = product.create_session()
    product.until(waiting, status="qr")
    ready, _ = product.link()
    product.send(ready, "+351911111111", "Hello, " + "wide" * 60)
    stopped, _ = product.link()
    product.api("POST", f"sessions/{stopped}/stop/")
    product.until(stopped, status="disconnected")
    return [
        "/",
        "/numbers/",
        "/numbers/?sort=-since&status=ready",
        "/numbers/?q=nothing-has-this-name",
        f"/numbers/restart/?session={ready}&session={stopped}",
        "/connect/",
        f"/sessions/{waiting}/",
        f"/sessions/{waiting}/pairing/",
        f"/sessions/{waiting}/name/",
        f"/sessions/{waiting}/unlink/",
        f"/sessions/{ready}/",
        f"/sessions/{ready}/messages/",
        f"/sessions/{ready}/stop/",
        f"/sessions/{ready}/unlink/",
        f"/sessions/{stopped}/",
        "/notices/",
    ]


def test_it_passes_the_checks_of_axe(open_page: OpenPage, paths: list[str]) -> None:
    page = open_page()
    found = []
    for path in paths:
        page.goto(path)
        opened = page.locator("main details.menu summary")
        if opened.count():
            opened.click()
        found += complaints(page)
    found += complaints(open_page("/sign-in/", signed_in=False))

    assert not found, "\n".join(found)


def test_it_is_no_wider_than_the_screen(open_page: OpenPage, paths: list[str]) -> None:
    page = open_page()
    wide = []
    for path in paths:
        page.goto(path)
        wide += too_wide(page, (1280, 768, 360, 320))

    assert not wide


TWICE = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    const words = text.textContent.trim();
    if (/[a-z]{2}/i.test(words) && !text.parentElement.closest("script, .number")) {
      text.textContent += " " + words;
    }
  }
}"""


WIDEST = """[...document.querySelectorAll("body *")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth && !e.closest(".unseen"))
  .map((e) => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 30)}`).slice(-4)"""


def test_it_has_room_for_texts_twice_as_long(open_page: OpenPage, paths: list[str]) -> None:
    page = open_page()
    wide = []
    for path in paths:
        page.goto(path)
        page.evaluate(TWICE)
        wide += too_wide(page, (640, 320), WIDEST)

    assert not wide


@pytest.fixture
def waiting(product: Product) -> str:
    """The path of a session that shows a code."""
    session = product.create_session()
    product.until(session, status="qr")
    return f"/sessions/{session}/"


def test_it_shows_a_large_code_on_white(open_page: OpenPage, waiting: str) -> None:
    for screen in (320, 1280):
        page = open_page(waiting, viewport={"width": screen, "height": 740}, color_scheme="dark")

        width, height, ground = page.locator(".qr").evaluate(
            "e => [e.clientWidth, e.clientHeight, getComputedStyle(e).backgroundColor]"
        )

        assert min(width, height) >= 264
        assert ground == "rgb(255, 255, 255)"


@pytest.mark.parametrize("width", [768, 1280, 1600])
def test_it_places_the_account_menu_at_the_right(open_page: OpenPage, width: int) -> None:
    page = open_page("/connect/", viewport={"width": width, "height": 740})

    edge, menu, bell, sign_out = page.evaluate(
        """() => [".top .wrap", ".top .accounts", "#unread", ".top .accounts ~ form"].map((one) => {
          const place = document.querySelector(one);
          const { left, right } = place.getBoundingClientRect();
          return [left, right - parseFloat(getComputedStyle(place).paddingRight)];
        })"""
    )

    assert abs(edge[1] - sign_out[1]) <= 1
    assert 0 <= bell[0] - menu[1] <= 24
    assert 0 <= sign_out[0] - bell[1] <= 24


def test_it_skips_to_the_content_with_the_first_tab(open_page: OpenPage) -> None:
    page = open_page("/")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def test_it_signs_in_and_unlinks_by_keyboard_alone(open_page: OpenPage, product: Product) -> None:
    session, _ = product.link()
    page = open_page(f"/sessions/{session}/", signed_in=False)

    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("✅ Connected")
    _tab_to(page, "More")
    page.keyboard.press("Enter")
    _tab_to(page, "Unlink")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unlink")
    _tab_to(page, "Unlink +")
    page.keyboard.press("Enter")

    product.until(session, reason="unlinked")


def _tab_to(page: Page, text: str) -> None:
    """Press Tab until the focused element has the text ``text``."""
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.innerText || ''")
        if str(focused).startswith(text):
            return
    raise AssertionError(f"no way to {text!r} by keyboard")


def test_it_closes_the_menu_with_escape(open_page: OpenPage, product: Product) -> None:
    session, _ = product.link()
    page = open_page(f"/sessions/{session}/")
    page.get_by_text("More").click()
    expect(page.get_by_role("link", name="Unlink")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("link", name="Unlink")).to_be_hidden()


def test_it_respects_reduced_motion(open_page: OpenPage, waiting: str) -> None:
    page = open_page(waiting, reduced_motion="reduce")

    moving = page.locator(".frame").evaluate("e => getComputedStyle(e).animationName")

    assert moving == "none"


def test_it_skips_the_sign_in_when_signed_in(open_page: OpenPage) -> None:
    page = open_page(signed_in=False)
    sign_in(page)

    page.goto("/sign-in/")

    expect(page).to_have_url("/")


def test_it_works_under_a_strict_content_policy(
    open_page: OpenPage, product: Product, simulator: Simulator
) -> None:
    def strict(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        policy += "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        route.fulfill(
            response=answer, headers={**answer.headers, "content-security-policy": policy}
        )

    session = product.create_session()
    code = product.until(session, status="qr")["qr"]["text"]
    page = open_page()
    page.route("**/sessions/**", strict)
    page.goto(f"/sessions/{session}/")
    expect(page.get_by_text(re.compile(r"new one in \d+ s"))).to_be_visible()

    simulator.scan(code)

    expect(page.get_by_role("status")).to_have_text("✅ Connected")


def test_it_reports_a_failed_request_and_keeps_the_input(
    open_page: OpenPage, product: Product, troubles: list[str]
) -> None:
    session, _ = product.link()
    page = open_page(f"/sessions/{session}/")
    page.route("**/messages/", lambda route: route.abort())

    page.get_by_label("To", exact=True).fill("+351911111111")
    page.get_by_label("Text").fill("Hello")
    page.get_by_role("button", name="Send", exact=True).click()

    expect(page.get_by_text("Please try again.")).to_be_visible()
    expect(page.get_by_label("Text")).to_have_value("Hello")
    assert sorted(troubles) == [  # the failed request, and nothing else
        "Failed to load resource: net::ERR_FAILED",
        "htmx:afterRequest, [object HTMLFormElement]",
        "htmx:sendError, [object HTMLFormElement]",
    ]
    troubles.clear()


@pytest.mark.parametrize("place", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])  # UTC+14, UTC-11
def test_it_uses_days_of_the_users_time_zone(open_page: OpenPage, waiting: str, place: str) -> None:
    page = open_page(waiting, timezone_id=place)

    today = page.evaluate("new Date().toLocaleDateString('en-GB', {dateStyle: 'long'})")

    expect(page.locator(".timeline h3")).to_have_text([today])


def test_it_focuses_the_next_field_to_fill(open_page: OpenPage, product: Product) -> None:
    session, _ = product.link()
    page = open_page(f"/sessions/{session}/")
    page.get_by_label("To", exact=True).fill("911")
    page.get_by_label("Text").fill("Hello")
    send = page.get_by_role("button", name="Send", exact=True)

    send.press("Enter")
    expect(page.get_by_label("To", exact=True)).to_be_focused()
    page.get_by_label("To", exact=True).fill("+351911111111")
    send.press("Enter")

    expect(page.get_by_label("Text")).to_be_focused()
    expect(page.get_by_label("Text")).to_have_value("")
