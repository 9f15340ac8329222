"""Accessibility of the settings and of one-time links, on every screen size."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import OpenPage, sign_in
from tests.browser.looks import complaints, too_wide
from tests.wire.product import Product, Simulator, free_port, wait_for

MAIN = ["/", "/numbers/", "/connect/"]
SETTINGS = [
    "/settings/locations/",
    "/settings/locations/new/",
    "/settings/keys/",
    "/settings/keys/new/",
    "/settings/webhooks/",
    "/settings/webhooks/new/",
    "/settings/notifications/",
    "/settings/plan/",
    "/settings/account/",
    "/settings/members/",
    "/settings/audit-log/",
    "/settings/audit-log/?q=nobody-did-this",
    "/settings/support/",
    "/settings/mails/",
    "/settings/email/",
    "/settings/password/",
    "/settings/two-factor/",
    "/settings/passkeys/",
    "/settings/sign-ins/",
    "/accounts/new/",
]
# More than three lines of 18 px and the padding: words are broken into letters.
TORN = """[...document.querySelectorAll("button, .button, .pill, .tabs a")]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height > 76
    && !e.closest(".menu ul"))
  .map((e) => e.textContent.trim())"""


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Product]:
    """A product of this module: its webhooks may have addresses of this machine."""
    folder = tmp_path_factory.mktemp("settings")
    running = Product(folder, shared_simulator, WEBHOOKS_ALLOW_PRIVATE="true").start()
    yield running
    running.close()


@pytest.fixture(scope="module")
def login(chromium: Browser, product: Product) -> str:
    """The storage file of a browser that has signed in."""
    context = chromium.new_context(base_url=product.address)
    sign_in(context.new_page())
    file = str(product.folder / "signed-in.json")
    context.storage_state(path=file)
    context.close()
    return file


@pytest.fixture(scope="module")
def paths(chromium: Browser, product: Product, login: str) -> list[str]:
    """Every page of the settings, with something on each."""
    context = chromium.new_context(base_url=product.address, storage_state=login)
    page = context.new_page()
    found = [*MAIN, *SETTINGS, *_of_webhooks(product)]
    found += [f"/locations/{product.next_location()}/links/"]
    page.goto("/settings/keys/new/")
    page.get_by_label("Name").fill("Till in the shop")
    page.get_by_role("button", name="Create the key").click()
    page.goto("/settings/members/")
    page.get_by_label("E-mail").fill("bob@example.com")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_text("An invitation was sent")).to_be_visible()
    for path, door in [
        ("/settings/keys/", re.compile("(Rotate|Revoke) Till")),
        ("/settings/locations/", re.compile("(Change|Delete) Place 0")),
        ("/settings/account/", re.compile("(Leave|Delete) the account")),
    ]:
        page.goto(path)
        doors = page.get_by_role("link", name=door).all()
        assert len(doors) >= 2, path
        found += [str(link.get_attribute("href")) for link in doors]
    context.close()
    return found


def _of_webhooks(product: Product) -> list[str]:
    """A webhook whose server does not respond, with its delivery and notice."""
    body = {"url": f"http://127.0.0.1:{free_port()}/hook", "events": ["session.status"]}
    status, webhook = product.api("POST", "webhooks/", body)
    assert status == 201, webhook
    session, _ = product.link()
    address = f"webhooks/{webhook['id']}/deliveries/"
    deliveries = wait_for(lambda: product.api("GET", address)[1]["results"], "a delivery")
    base = f"/settings/webhooks/{webhook['id']}/"
    doors = [base, f"{base}change/", f"{base}rotate/", f"{base}delete/", f"/sessions/{session}/"]
    return [*doors, f"/settings/webhooks/deliveries/{deliveries[0]['id']}/"]


def test_it_has_accessible_settings(open_page: OpenPage, paths: list[str], login: str) -> None:
    page = open_page(signed_in=False, storage_state=login)
    found = []
    for path in paths:
        page.goto(path)
        page.locator(".accounts summary").click()
        found += complaints(page)

    assert not found, "\n".join(found)


def test_it_has_accessible_form_errors(open_page: OpenPage, login: str) -> None:
    page = open_page(signed_in=False, storage_state=login)
    found = []
    for path in ("/settings/locations/new/", "/settings/keys/new/", "/settings/webhooks/new/"):
        page.goto(path)
        page.locator("main form button.strong").click()
        expect(page.locator("[aria-invalid=true]").first).to_be_visible()
        found += complaints(page)

    assert not found, "\n".join(found)


def test_it_fits_settings_on_every_screen(
    open_page: OpenPage, paths: list[str], login: str
) -> None:
    page = open_page(signed_in=False, storage_state=login, device_scale_factor=2)
    found = []
    for path in paths:
        page.goto(path)
        found += _without_room(page)

    assert not found


def _without_room(page: Page) -> list[str]:
    """Return what is wider than the screen, or broken into letters: at 320 and 360 CSS px, and at
    640, which is 1280 at a zoom of 200 %."""
    found = []
    for width in (640, 360, 320):
        found += too_wide(page, (width,))
        found += [f"{page.url} at {width}: {word} is torn" for word in page.evaluate(TORN)]
    return found


def test_it_has_accessible_one_time_links(
    open_page: OpenPage,
    product: Product,
    simulator: Simulator,
    login: str,
    troubles: list[str],
) -> None:
    location = product.next_location()
    owner = open_page(f"/locations/{location}/links/", signed_in=False, storage_state=login)
    owner.get_by_role("button", name="Create a link").click()
    found = complaints(owner)
    address = owner.locator("#address").inner_text()
    page = open_page(address, signed_in=False, reduced_motion="reduce")
    found += complaints(page)

    page.get_by_role("button", name="Show the code").click()
    expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
    found += complaints(page)
    sessions = product.api("GET", f"sessions/?location={location}")[1]["results"]
    simulator.scan(product.until(sessions[0]["id"], status="qr")["qr"]["text"])
    expect(page.get_by_role("status")).to_have_text("✅ Connected")
    found += complaints(page)
    late = open_page(address, signed_in=False)
    found += complaints(late)

    assert not found, "\n".join(found)
    not_found = "Failed to load resource: the server responded with a status of 404 (Not Found)"
    assert troubles == [not_found]  # the used link's page, and nothing else
    troubles.clear()


def _tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until ``wanted`` has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("e => e === document.activeElement"):
            return
    raise AssertionError("no way there by keyboard")


def test_it_lists_numbers_by_keyboard_alone(
    open_page: OpenPage, product: Product, login: str
) -> None:
    session, _ = product.link()
    seen = product.snapshot(session)
    name = seen["location_name"]
    page = open_page("/numbers/", signed_in=False, storage_state=login)

    _tab_to(page, page.get_by_role("searchbox"))
    page.keyboard.type(name)
    expect(page).to_have_url(re.compile(r"\?q=Place"))
    row = page.locator(f"#row-{seen['location']}")
    _tab_to(page, page.get_by_role("link", name="Since"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Since")).to_have_attribute(
        "aria-sort", "ascending"
    )
    _tab_to(page, row.get_by_role("checkbox"))
    page.keyboard.press("Space")
    _tab_to(page, page.get_by_role("button", name="Restart selected"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Restart {name}?")
    _tab_to(page, page.get_by_role("link", name="Leave them as they are"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/numbers/\?q="))
    _tab_to(page, row.get_by_role("link", name=name, exact=True))
    assert row.get_by_role("link", name=name, exact=True).evaluate(
        "e => getComputedStyle(e).outlineStyle !== 'none'"
    ), "nothing shows where the focus is"
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"/sessions/{session}/"))


def test_it_preselects_the_browsers_time_zone(open_page: OpenPage, login: str) -> None:
    page = open_page(
        "/settings/notifications/",
        signed_in=False,
        storage_state=login,
        timezone_id="America/Sao_Paulo",
    )

    expect(page.get_by_label("Time zone")).to_have_value("America/Sao_Paulo")
    expect(page.get_by_text("This is the time zone of your browser.")).to_be_visible()
