"""A mail scanner that opens every link twice, with scripts on, changes nothing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.browser.conftest import sign_in
from tests.wire.product import EMAIL, PASSWORD, Product, Simulator, wait_for
from tests.wire.test_mails import Letterbox, letterbox, text_of

__all__ = ["letterbox"]

DORA, ERIC = "dora.scanned@example.com", "eric.scanned@example.com"
UNSUBSCRIBE = """
from core import tenancy
from notifications.kinds import NoticeKind
from notifications.preferences.recipients import recipients_of
from notifications.preferences.unsubscribe import unsubscribe_path
from locations.models import Account
with tenancy.everyone():
    account = Account.objects.get(name="Harbour Group")
    recipient = recipients_of([account.pk])[account.pk][0]
    print(unsubscribe_path(recipient, NoticeKind.LINKED))
"""
# Rows of users, their rights and their preferences. The others change by themselves.
WATCHED = re.compile(r"account_|locations_|mfa_|notifications_wish|sessions_app_connectlink")


@pytest.fixture(scope="module")
def mailed(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator, letterbox: Letterbox
) -> Iterator[Product]:
    office = f"smtp://127.0.0.1:{letterbox.port}"  # type: ignore[attr-defined]
    folder = tmp_path_factory.mktemp("scanned")
    running = Product(folder, shared_simulator, EMAIL_URL=office).start()
    yield running
    running.close()


@pytest.fixture
def person(chromium: Browser, mailed: Product) -> Iterator[Page]:
    context = chromium.new_context(base_url=mailed.address, locale="en-GB")
    yield context.new_page()
    context.close()


def rows(product: Product) -> dict[str, list[Any]]:
    database = sqlite3.connect(f"file:{product.folder / 'pairline.sqlite3'}?mode=ro", uri=True)
    names = [
        row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    watched = [name for name in names if WATCHED.match(name)]
    found = {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for name in watched}  # noqa: S608
    database.close()
    return found


def link_to(letterbox: Letterbox, address: str, path: str) -> str:
    """The link to ``path`` in the newest mail to ``address``."""

    def found() -> list[str]:
        mails = [text_of(one) for one in letterbox.letters if address in str(one["To"])]
        return [link for text in mails for link in re.findall(rf"https?://\S+{path}\S+", text)]

    wait_for(lambda: bool(found()), f"a mail to {address} with a link to {path}")
    return found()[-1]


def mailed_links(person: Page, product: Product, letterbox: Letterbox) -> dict[str, str]:
    """Links of each kind with a secret, which real people have requested in a browser."""
    sign_in(person)
    person.goto("/settings/members/")
    person.get_by_label("E-mail").fill(ERIC)
    person.get_by_role("button", name="Send invitation").click()
    person.get_by_text(f"An invitation was sent to {ERIC}").wait_for()
    person.context.clear_cookies()
    person.goto("/sign-up/")
    person.get_by_label("Name of your business").fill("Dora's")
    person.get_by_label("E-mail").fill(DORA)
    person.get_by_label("Password").fill(PASSWORD)
    person.get_by_role("button", name="Create").click()
    person.wait_for_url("**/verify/")
    person.goto("/reset/")
    person.get_by_label("E-mail").fill(EMAIL)
    person.locator("form button").first.click()
    person.wait_for_url("**/reset/sent/")
    unsubscribe = product.manage("shell", "-v", "0", "-c", UNSUBSCRIBE).stdout.strip()
    return {
        "confirm": link_to(letterbox, DORA, "/verify/"),
        "reset": link_to(letterbox, EMAIL, "/reset/"),
        "invitation": link_to(letterbox, ERIC, "/invitations/"),
        "unsubscribe": f"{product.address}{unsubscribe}",
    }


def test_it_changes_nothing_with_scripts_on(
    chromium: Browser, person: Page, mailed: Product, letterbox: Letterbox
) -> None:
    links = mailed_links(person, mailed, letterbox)
    before, sent = rows(mailed), []

    def note(request: Request) -> None:
        sent.append(request.method)

    for _ in range(2):
        for link in links.values():
            context = chromium.new_context()
            page = context.new_page()
            page.on("request", note)
            answer = page.goto(link, wait_until="networkidle")
            assert answer is not None and answer.status == 200, link
            context.close()

    assert set(sent) == {"GET"}
    assert rows(mailed) == before
    assert {name for name, link in links.items() if not _still_works(chromium, link)} == set()


def _still_works(chromium: Browser, link: str) -> bool:
    """Return whether the page still offers its form or its way to sign in."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(link)
    gone = page.get_by_text("no longer works").count() + page.get_by_text("does not work").count()
    context.close()
    return gone == 0
