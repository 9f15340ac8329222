"""Open pages of a user whose membership changes: they close within a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from channels.db import database_sync_to_async
from django.test import Client
from django.urls import reverse

from locations.accounts import deletion
from locations.models import Account, Member, Role, User
from locations.principals import principal_of_user
from sessions_app.consumers import REFUSED
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session, make_user
from tests.integration.sessions_app.consumers.conftest import Open

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE_SECONDS = 1.0


class Team:
    """alice owns the account, bob is a member of it, and of another."""

    def __init__(self) -> None:
        self.account: Account = make_account()
        self.other: Account = make_account("Second Street")
        self.alice: User = make_user("alice", self.account, Role.OWNER)
        self.bob: User = make_user("bob", self.account, Role.MEMBER)
        Member.objects.create(account=self.other, user=self.bob, role=Role.MEMBER)
        self.session: Session = make_session(make_location(self.account, "Lisbon"))
        make_session(make_location(self.other, "Elsewhere"))

    def page(self, name: str) -> str:
        return {"session": f"/ws/sessions/{self.session.pk}/"}.get(name, f"/ws/{name}/")

    def posted(self, who: User, name: str, *more: object, **data: str) -> None:
        """Post to a URL of the account as ``who``."""
        client = Client()
        client.force_login(who)
        answer = client.post(reverse(name, args=[self.account.pk, *more]), data)
        assert answer.status_code == 302, answer.content


@pytest.fixture
def team() -> Team:
    return Team()


def removed(team: Team) -> None:
    team.posted(team.alice, "member_remove", team.bob.pk)


def made_a_viewer(team: Team) -> None:
    team.posted(team.alice, "member_role", team.bob.pk, role="viewer")


def left(team: Team) -> None:
    team.posted(team.bob, "account_leave")


def account_deleted(team: Team) -> None:
    Session.objects.all().delete()
    owner = replace(principal_of_user(team.alice), chosen=team.account.pk)
    deletion.begin(owner, team.account)
    assert deletion.finish_due() == 1


@pytest.mark.parametrize(
    "change", [removed, made_a_viewer, left, account_deleted], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("page", ["session", "overview", "numbers"])
async def test_it_closes_the_pages_of_a_removed_member(
    team: Team, open_socket: Open, change: Callable[[Team], None], page: str
) -> None:
    async with open_socket(team.page(page), team.bob) as open_page:
        assert await open_page.told()
        await database_sync_to_async(change)(team)
        changed_at = time.monotonic()

        assert await open_page.closed() == REFUSED
        assert time.monotonic() - changed_at < AT_ONCE_SECONDS


async def test_it_keeps_the_pages_of_others_open(team: Team, open_socket: Open) -> None:
    async with open_socket(team.page("overview"), team.alice) as page:
        await page.told()

        await database_sync_to_async(removed)(team)

        assert await page.nothing_more()


async def test_it_keeps_a_page_on_its_account(team: Team, open_socket: Open) -> None:
    """Switching accounts in another window does not change what this page shows."""
    async with open_socket(team.page("numbers"), team.bob) as page:
        first = await page.told()
        assert "Lisbon" in first
        assert "Elsewhere" not in first

        await database_sync_to_async(team.posted)(team.bob, "account_switch")

        assert await page.nothing_more()
