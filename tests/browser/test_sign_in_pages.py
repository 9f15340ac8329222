"""Accessibility of the sign-in pages, on every screen size."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.looks import complaints, too_wide
from tests.wire.product import EMAIL, PASSWORD

BEFORE = ["/sign-in/", "/sign-in/code/", "/sign-up/", "/verify/", "/verify/x/"]
BEFORE += ["/reset/", "/reset/sent/", "/reset/done/", "/reset/x/y/", "/sign-in/inactive/"]
AFTER = ["/settings/email/", "/settings/password/", "/settings/two-factor/", "/settings/passkeys/"]
AFTER += ["/settings/sign-ins/", "/settings/two-factor/app/", "/settings/passkeys/add/"]
AFTER += ["/sign-out/", "/confirm/"]


def walk(page: Page, paths: list[str]) -> list[str]:
    """Return what axe finds on the pages, and what is wider than the screen."""
    found = []
    for path in paths:
        page.goto(path)
        for width in (1280, 320):
            found += too_wide(page, (width,)) + complaints(page)
    return found


def test_it_is_accessible_and_fits_every_screen(open_page: OpenPage) -> None:
    before = open_page("/sign-in/", signed_in=False)
    after = open_page("/settings/two-factor/app/", signed_in=False)
    after.get_by_label("E-mail").fill(EMAIL)
    after.get_by_label("Password").fill(PASSWORD)
    after.get_by_role("button", name="Sign in", exact=True).click()
    after.get_by_label("Password").fill(PASSWORD)
    after.get_by_role("button", name="Go on").click()
    after.get_by_role("heading", name="Set up an authenticator app").wait_for()

    found = walk(before, BEFORE) + walk(after, AFTER)

    assert not found, "\n".join(found)


def test_it_signs_up_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page("/sign-up/", signed_in=False, java_script_enabled=False)
    page.get_by_label("Name of your business").focus()
    for text in ("Harbour Dental", "eve@example.com", PASSWORD):
        page.keyboard.type(text)
        page.keyboard.press("Tab")

    page.keyboard.press("Enter")

    page.get_by_role("heading", name="Check your e-mail").wait_for()
