"""A user of two accounts: every form offers, and accepts, only the rows of its own account.

URLs are read from the URL configuration; the choices are read from the pages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from django.test import Client

from locations.models import ApiKey, Role, User
from notifications.models import Webhook
from sessions_app.models import ConnectLink, Session
from tests.architecture.addresses import Address, of_accounts
from tests.architecture.rows import MAKERS, Rows
from tests.architecture.test_audit_trail import FORM_DATA
from tests.factory import PASSWORD, make_account, make_user

pytestmark = pytest.mark.django_db

PAGES = [address for address in of_accounts() if not address.is_api]


class Choices(HTMLParser):
    """The values that the forms of a page offer or send, except those that switch the account."""

    def __init__(self) -> None:
        super().__init__()
        self.values: set[str] = set()
        self._switches = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._switches = (found.get("action") or "").endswith("/switch/")
        if tag in {"option", "input", "button"} and not self._switches:
            self.values.add(found.get("value") or "")


@dataclass
class Scene:
    """alice owns both accounts. ``rows`` are those of the page, ``elsewhere`` the others."""

    alice: User
    rows: Rows
    elsewhere: Rows
    client: Client = field(default_factory=Client)

    @property
    def foreign_ids(self) -> set[str]:
        found = {str(self.elsewhere.of(model).pk) for model in MAKERS}
        return {pk for pk in found if "-" in pk}  # numbers would match other values


@pytest.fixture(params=["current", "other"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """The current account is the first one. Links in mails also lead to pages of the other."""
    first, second = make_account("Harbour Group"), make_account("Elsewhere")
    alice = make_user("alice", first, Role.OWNER)
    alice.memberships.create(account=second, role=Role.OWNER)
    own, other = (first, second) if request.param == "current" else (second, first)
    made = Scene(alice, Rows(own), Rows(other))
    made.client.force_login(alice)
    made.client.post("/confirm/", {"password": PASSWORD})
    return made


@pytest.mark.parametrize("address", PAGES, ids=[address.name for address in PAGES])
def test_it_offers_only_rows_of_its_own_account(address: Address, scene: Scene) -> None:
    if scene.rows.account.name == "Elsewhere" and not address.takes_id:
        return  # such a page is about the current account
    foreign = scene.foreign_ids

    answer = scene.client.get(address.path(scene.rows), follow=True)

    page = Choices()
    page.feed("" if answer.streaming else answer.text)

    assert not page.values & foreign


WITH_FIELDS = [address for address in PAGES if address.name in {*FORM_DATA, "link_new"}]


@pytest.mark.parametrize("address", WITH_FIELDS, ids=[a.name for a in WITH_FIELDS])
def test_it_accepts_only_rows_of_its_own_account(address: Address, scene: Scene) -> None:
    body = FORM_DATA[address.name](scene.rows) if address.name in FORM_DATA else {}
    place, number = scene.elsewhere.of("Location").pk, scene.elsewhere.of("Session").pk
    foreign = {"location": str(place), "locations": [str(place)], "sessions": [str(number)]}

    answer = scene.client.post(address.path(scene.rows), {**body, **foreign})

    assert answer.status_code < 500
    for row in [*Webhook.objects.all(), *Session.objects.all(), *ConnectLink.objects.all()]:
        assert row.location is None or row.location.account_id == row.account_id
    for key in ApiKey.objects.all():
        assert all(place.account_id == key.account_id for place in key.locations.all())
