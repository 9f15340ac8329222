"""Passkeys, with the browser's virtual authenticator."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, sign_in
from tests.wire.product import PASSWORD, Product

DANA = "dana.passkey@example.com"
ANY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def with_authenticator(page: Page, product: Product) -> str:
    """Return the site's URL with a host name: passkeys do not work with IP addresses."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": ANY})
    return product.address.replace("127.0.0.1", "localhost")


def test_it_signs_in_with_a_passkey(open_page: OpenPage, product: Product) -> None:
    product.create_customer(DANA, "Dana's", "Faro")
    page = open_page("/sign-in/", signed_in=False)
    site = with_authenticator(page, product)
    page.goto(f"{site}/settings/passkeys/add/")
    page.get_by_label("E-mail").fill(DANA)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()

    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{site}/settings/email/")
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page).to_have_url(f"{site}/settings/email/")
    expect(page.get_by_text(DANA)).to_be_visible()


def test_it_explains_that_a_passkey_is_missing(open_page: OpenPage, product: Product) -> None:
    page = open_page("/sign-in/", signed_in=False)
    page.goto(f"{with_authenticator(page, product)}/sign-in/")

    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_text("The passkey did not work")).to_be_visible()


@pytest.mark.parametrize("path", ["/sign-in/", "/settings/passkeys/add/"])
def test_it_shows_no_passkey_buttons_without_scripts(open_page: OpenPage, path: str) -> None:
    """Passkeys need a script: their buttons appear once it can handle a click."""
    page = open_page("/sign-in/", signed_in=False, java_script_enabled=False)
    if path != "/sign-in/":
        sign_in(page)
        page.goto(path)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()

    hidden = page.locator("[hidden]")
    assert hidden.count() > 0
    assert [item for item in hidden.all() if item.is_visible()] == []
