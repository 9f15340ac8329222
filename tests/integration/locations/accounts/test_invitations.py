from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.accounts.invitations import count_open
from locations.models import Account, AuditEvent, Invitation, Member, Role, User
from tests.factory import make_account, make_user
from tests.integration.locations.accounts.conftest import SignIn, token_in_mail, written


def invite(
    client: Client, account: Account, email: str = "dora@example.com", role: str = "member"
) -> Any:
    return client.post(reverse("invite", args=[account.pk]), {"email": email, "role": role})


def page(token: str) -> str:
    return reverse("invitation", args=[token])


@pytest.fixture
def dora(db: None, sign_in: SignIn) -> Client:
    return sign_in(make_user("dora"))


@pytest.fixture
def token(alice: Client, account: Account) -> str:
    invite(alice, account)
    return token_in_mail()


def test_it_mails_the_token_and_stores_its_hash(alice: Client, account: Account) -> None:
    answer = invite(alice, account, "Dora@Example.com", "viewer")

    assert answer.status_code == 302
    (message,) = written()
    assert message.to == "dora@example.com"
    assert message.account == account
    assert message.subject == "You are invited to join an account on Pairline"
    assert "alice@example.com invites you" in message.text
    token = token_in_mail()
    row = Invitation.objects.get()
    assert (row.email, row.role) == ("dora@example.com", "viewer")
    assert token not in str(vars(row))
    assert row.token_hash == Invitation.hash(token)
    assert timedelta(days=6, hours=23) < row.expires_at - timezone.now() <= timedelta(days=7)
    listed = alice.get(reverse("members")).text
    assert "dora@example.com" in listed
    assert token not in listed
    event = AuditEvent.objects.get()
    assert (event.verb, event.target, event.detail) == ("invited", "dora@example.com", "viewer")


def test_it_lets_the_invited_person_join_with_one_button(
    dora: Client, account: Account, token: str
) -> None:
    asked = dora.get(page(token))
    assert "Join" in asked.text
    assert "Harbour Group" in asked.text
    assert not Member.objects.filter(user__email="dora@example.com").exists()

    answer = dora.post(page(token))

    assert answer["Location"] == reverse("dashboard")
    member = Member.objects.get(account=account, user__email="dora@example.com")
    assert member.role == Role.MEMBER
    assert dora.session["account"] == str(account.pk)
    assert AuditEvent.objects.filter(verb="invitation_accepted").get().actor == "dora@example.com"


def test_it_accepts_an_invitation_only_once(dora: Client, token: str) -> None:
    dora.post(page(token))

    for answer in (dora.get(page(token)), dora.post(page(token))):
        assert answer.status_code == 404
        assert "no longer works" in answer.text


def gone_expired(token: str) -> None:
    Invitation.objects.update(expires_at=timezone.now())


def gone_revoked(token: str) -> None:
    Invitation.objects.update(revoked_at=timezone.now())


def gone_used(token: str) -> None:
    Invitation.objects.update(accepted_at=timezone.now())


def gone_with_its_account(token: str) -> None:
    Account.objects.filter(name="Harbour Group").update(deleting_at=timezone.now())


@pytest.mark.parametrize(
    "gone", [gone_expired, gone_revoked, gone_used, gone_with_its_account], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("who", ["invited", "other", "nobody"])
def test_it_shows_one_friendly_page_for_unusable_invitations(
    client: Client, dora: Client, charlie: Client, token: str, gone: Any, who: str
) -> None:
    visitor = {"invited": dora, "other": charlie, "nobody": client}[who]
    garbage = visitor.get(page("never-was-one"))

    gone(token)
    answer = visitor.get(page(token))

    assert answer.status_code == garbage.status_code == 404
    assert answer.content == garbage.content
    assert "Harbour" not in answer.text
    assert visitor.post(page(token)).status_code == 404


@pytest.mark.parametrize(
    "garbage", ["x", "a" * 3000, "%00", "\u202e", "\u200b", "👩‍👩‍👧", "..%2f", "' OR 1=1 --"]
)
def test_it_refuses_garbage_as_an_invitation(client: Client, alice: Client, garbage: str) -> None:
    for visitor in (client, alice):
        assert visitor.get(f"/invitations/{garbage}/").status_code == 404


def test_it_explains_to_anonymous_visitors_how_to_join(client: Client, token: str) -> None:
    answer = client.get(page(token))

    assert answer.status_code == 200
    assert "d…@example.com" in answer.text
    assert "Harbour" not in answer.text
    assert f"{reverse('account_login')}?next={page(token)}" in answer.text
    assert f"{reverse('account_signup')}?next={page(token)}" in answer.text
    assert client.session["invitation"] == token
    assert client.post(page(token)).status_code == 200  # the same page, and no one joined
    assert Invitation.objects.get().accepted_at is None


def test_it_shows_another_user_only_the_masked_address(
    charlie: Client, account: Account, token: str
) -> None:
    answer = charlie.get(page(token))

    assert "you are signed in as charlie@example.com" in answer.text
    assert "Harbour" not in answer.text.split("<main", 1)[1]
    assert "dora" not in answer.text

    charlie.post(page(token))
    assert not Member.objects.filter(account=account, user__email="charlie@example.com").exists()

    left = charlie.post(reverse("invitation_other", args=[token]))
    assert left["Location"] == page(token)
    assert "_auth_user_id" not in charlie.session
    assert charlie.session["invitation"] == token


def test_it_replaces_the_link_of_a_resent_invitation(
    alice: Client, dora: Client, token: str
) -> None:
    invitation = Invitation.objects.get()
    Invitation.objects.update(expires_at=timezone.now())

    alice.post(reverse("invitation_resend", args=[invitation.pk]))

    new = token_in_mail()
    assert new != token
    assert dora.get(page(token)).status_code == 404
    assert dora.get(page(new)).status_code == 200
    assert AuditEvent.objects.filter(verb="invitation_resent").exists()


def test_it_ends_the_link_of_a_revoked_invitation(alice: Client, dora: Client, token: str) -> None:
    invitation = Invitation.objects.get()

    alice.post(reverse("invitation_revoke", args=[invitation.pk]))

    assert dora.post(page(token)).status_code == 404
    assert "There are no open invitations" in alice.get(reverse("members")).text
    assert AuditEvent.objects.filter(verb="invitation_revoked").exists()


@pytest.mark.parametrize("name", ["invitation_resend", "invitation_revoke"])
def test_it_keeps_an_invitation_that_was_accepted_meanwhile(
    alice: Client, dora: Client, token: str, name: str
) -> None:
    dora.post(page(token))

    answer = alice.post(reverse(name, args=[Invitation.objects.get().pk]), follow=True)

    assert "has already accepted the invitation" in answer.text
    assert Invitation.objects.get().revoked_at is None


@pytest.mark.parametrize("name", ["invitation_resend", "invitation_revoke"])
def test_it_shows_invitations_to_the_owner_only(
    bob: Client, vera: Client, charlie: Client, token: str, name: str
) -> None:
    address = reverse(name, args=[Invitation.objects.get().pk])

    assert [visitor.post(address).status_code for visitor in (bob, vera, charlie)] == [
        403,
        403,
        404,
    ]
    assert Invitation.objects.get().revoked_at is None
    assert len(written()) == 1


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("vera", 403), ("charlie", 404)])
def test_it_lets_only_owners_invite(
    request: pytest.FixtureRequest, account: Account, who: str, status: int
) -> None:
    assert invite(request.getfixturevalue(who), account).status_code == status
    assert written() == []


@pytest.mark.parametrize(
    ("email", "says"),
    [
        ("", "Enter the address"),
        ("nobody", "This is not an e-mail address"),
        ("a" * 300 + "@example.com", "at most 254 characters"),
        ("dora@exam\u200bple.com", "invisible characters"),
        ("dora@\u202eexample.com", "invisible characters"),
        ("👩@example.com", "This is not an e-mail address"),
        ("dora@example.com\nBcc: eve@example.com", "This is not an e-mail address"),
        ("bob@example.com", "is already a member"),
        ("BOB@EXAMPLE.COM", "is already a member"),
    ],
)
def test_it_shows_a_bad_address_beside_its_field(
    alice: Client, people: dict[str, User], account: Account, email: str, says: str
) -> None:
    answer = invite(alice, account, email)

    assert answer.status_code == 422
    assert says in answer.text
    assert 'id="id_email_error"' in answer.text
    assert written() == []
    assert not Invitation.objects.exists()


def test_it_refuses_a_second_invitation_at_a_time(
    alice: Client, account: Account, token: str
) -> None:
    answer = invite(alice, account, "DORA@example.com")

    assert answer.status_code == 422
    assert "dora@example.com is already invited. Resend or revoke" in answer.text
    assert Invitation.objects.count() == 1


def test_it_shows_a_full_plan_beside_the_field(alice: Client, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(own_max_members=4)
    assert invite(alice, account).status_code == 302  # alice, bob, vera and this one

    answer = invite(alice, account, "emil@example.com")

    assert answer.status_code == 422
    assert "allows 4 members" in answer.text


def test_it_frees_the_place_of_an_expired_invitation(alice: Client, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(own_max_members=4)
    assert invite(alice, account).status_code == 302
    assert invite(alice, account, "emil@example.com").status_code == 422

    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert invite(alice, account, "emil@example.com").status_code == 302


def test_it_keeps_an_invitation_to_its_own_place(
    dora: Client, account: Account, token: str
) -> None:
    Account.objects.filter(pk=account.pk).update(own_max_members=4)

    assert dora.post(page(token)).status_code == 302


def test_it_keeps_an_account_name_within_a_mail(db: None, sign_in: SignIn) -> None:
    account = make_account("Eve\nBcc: all@example.com <b>&")
    alice = sign_in(make_user("alice", account))

    assert invite(alice, account).status_code == 302

    (message,) = written()
    assert "\n" not in message.subject
    assert message.to == "dora@example.com"
    html = message.html
    assert "&lt;b&gt;" in html
    assert "<b>&" not in html.replace("<b>Eve", "")


NEW = {"email": "dora@example.com", "password1": "correct horse battery staple"}


def test_it_creates_no_account_on_an_invited_sign_up(
    client: Client, account: Account, token: str
) -> None:
    client.get(page(token))
    form = client.get(reverse("account_signup"), {"next": page(token)})
    assert "Name of your business" not in form.text
    assert "Use the address that received the invitation." in form.text

    answer = client.post(reverse("account_signup"), {**NEW, "next": page(token)}, follow=True)

    assert answer.redirect_chain[-1][0] == page(token)
    assert mail.outbox == []  # the token proves the address
    client.post(page(token))
    dora = User.objects.get(email="dora@example.com")
    assert [(m.account, m.role) for m in dora.memberships.all()] == [(account, Role.MEMBER)]


def test_it_joins_nothing_with_another_address(
    client: Client, account: Account, token: str
) -> None:
    client.get(page(token))

    client.post(reverse("account_signup"), {**NEW, "email": "emil@example.com"})

    emil = User.objects.get(email="emil@example.com")
    assert not emil.memberships.exists()
    assert mail.outbox[-1].to == ["emil@example.com"]  # must verify the address
    assert "_auth_user_id" not in client.session


def test_it_asks_for_the_business_on_sign_up(client: Client, db: None) -> None:
    assert "Name of your business" in client.get(reverse("account_signup")).text


def alice_is_removed(account: Account) -> None:
    Member.objects.filter(account=account, user__email="alice@example.com").delete()


def alice_becomes_a_member(account: Account) -> None:
    Member.objects.filter(user__email="alice@example.com").update(role=Role.MEMBER)


def alice_is_deactivated(account: Account) -> None:
    User.objects.filter(email="alice@example.com").update(is_active=False)


def alice_is_deleted(account: Account) -> None:
    User.objects.get(email="alice@example.com").delete()


@pytest.mark.parametrize(
    "end",
    [alice_is_removed, alice_becomes_a_member, alice_is_deactivated, alice_is_deleted],
    ids=lambda f: f.__name__,
)
def test_it_ends_invitations_with_the_senders_rights(
    dora: Client, account: Account, token: str, sign_in: SignIn, end: Any
) -> None:
    zoe = sign_in(make_user("zoe", account, Role.OWNER))
    assert dora.get(page(token)).status_code == 200

    end(account)

    assert dora.get(page(token)).status_code == 404
    assert dora.post(page(token)).status_code == 404
    assert not Member.objects.filter(user__email="dora@example.com").exists()
    assert "its sender is no longer an owner" in zoe.get(reverse("members")).text
    assert count_open(account.pk) == 0

    zoe.post(reverse("invitation_resend", args=[Invitation.objects.get().pk]))
    assert dora.post(page(token_in_mail()))["Location"] == reverse("dashboard")
