"""Customers request, follow and download their support bundles; others have no access."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from locations.models import Account, AuditEvent, Role, User
from operations.support_bundles.build import BundleRequest, build_bundle
from operations.support_bundles.zip_archive import BundleArchive
from sessions_app.models import Session, SupportBundle
from sessions_app.support.queue import claim, finish, forget_old
from tests.factory import make_account, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nowhere")]


def made(account: Account | None, session: Session | None = None) -> SupportBundle:
    """A bundle that is ready, with its file."""
    SupportBundle.objects.create(account=account, session=session, asked_by="alice@example.com")
    asked = claim()
    assert asked is not None
    with BundleArchive(asked.draft) as archive:
        archive.add("README.txt", ["What is in it\n"])
    assert finish(asked, archive.size)
    bundle: SupportBundle = SupportBundle.objects.get(pk=asked.bundle)
    return bundle


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("at", "pk").values_list("verb", flat=True))


def test_it_describes_the_bundle_from_the_menu(alice: Client, session: Session) -> None:
    page = text_of(alice, f"/sessions/{session.pk}/")
    assert f'href="/sessions/{session.pk}/bundle/"' in page
    asked = text_of(alice, f"/sessions/{session.pk}/bundle/")
    assert session.location.name in asked
    assert "no codes, keys or messages" in asked
    assert not SupportBundle.objects.exists()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_it_requests_follows_and_downloads_a_bundle(
    who: str, session: Session, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(who)
    answer = client.post(f"/sessions/{session.pk}/bundle/")
    bundle = SupportBundle.objects.get()
    path = f"/bundles/{bundle.pk}/"
    assert (answer.status_code, answer.headers["Location"]) == (302, path)
    assert (bundle.session, bundle.account, bundle.asked_by) == (
        session, session.account, f"{who}@example.com",
    )  # fmt: skip
    page = text_of(client, path)
    assert "next in line" in page and f'hx-get="{path}live/?state=waiting"' in page
    assert client.get(f"{path}live/?state=waiting").status_code == 204

    asked = claim()
    assert asked is not None
    assert "is being made" in text_of(client, f"{path}live/?state=waiting")
    finish(asked, build_bundle(BundleRequest(asked.account, asked.session, 50), asked.draft))

    ready = text_of(client, f"{path}live/?state=building")
    assert "is ready" in ready and "hx-get" not in ready and f'href="{path}file/"' in ready
    file = client.get(f"{path}file/")
    content = b"".join(file)
    assert file.headers["Content-Type"] == "application/zip"
    assert file.headers["Content-Length"] == str(len(content))
    assert 'filename="pairline-support-' in file.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert f"sessions/{session.pk}/session.json" in found.namelist()
    assert verbs() == ["bundle_asked", "bundle_downloaded"]


def test_it_lists_bundles_of_all_numbers_in_settings(
    alice: Client, account: Account, session: Session
) -> None:
    assert "There are none yet" in text_of(alice, "/settings/support/")
    alice.post("/settings/support/")
    bundle = SupportBundle.objects.get()
    assert (bundle.account, bundle.session) == (account, None)
    page = text_of(alice, "/settings/support/")
    assert "All numbers" in page and f"/bundles/{bundle.pk}/" in page


def test_it_builds_one_bundle_per_account_at_once(
    alice: Client, bob: Client, session: Session
) -> None:
    alice.post("/settings/support/")
    bundle = SupportBundle.objects.get()
    answer = bob.post(f"/sessions/{session.pk}/bundle/", follow=True)
    assert answer.redirect_chain == [(f"/bundles/{bundle.pk}/", 302)]
    assert "already being made" in answer.content.decode()
    assert SupportBundle.objects.count() == 1
    assert verbs() == ["bundle_asked"]


def test_it_allows_another_bundle_after_the_first(alice: Client, account: Account) -> None:
    made(account)
    alice.post("/settings/support/")
    assert SupportBundle.objects.open().count() == 1


def test_it_refuses_a_viewer(vera: Client, account: Account, session: Session) -> None:
    bundle = made(account, session)
    page = text_of(vera, "/settings/support/")
    assert "<form" not in page.partition('<main id="main"')[2]
    assert str(bundle.pk) not in page
    assert vera.post("/settings/support/").status_code == 403
    for path in (f"/sessions/{session.pk}/bundle/", f"/bundles/{bundle.pk}/"):
        assert vera.get(path).status_code == 403
    assert vera.get(f"/bundles/{bundle.pk}/file/").status_code == 403
    assert "bundle_downloaded" not in verbs()


def test_it_hides_everything_from_strangers(
    charlie: Client, account: Account, session: Session
) -> None:
    bundle = made(account, session)
    for path in ("", "live/", "file/"):
        assert charlie.get(f"/bundles/{bundle.pk}/{path}").status_code == 404
    assert charlie.post(f"/sessions/{session.pk}/bundle/").status_code == 404


def test_it_hides_operators_bundles_from_customers(alice: Client, session: Session) -> None:
    bundle = made(None, session)
    assert alice.get(f"/bundles/{bundle.pk}/").status_code == 404
    assert alice.get(f"/bundles/{bundle.pk}/file/").status_code == 404
    assert str(bundle.pk) not in text_of(alice, "/settings/support/")


def test_it_explains_a_bundle_without_a_file(alice: Client, account: Account) -> None:
    lost = made(account)
    lost.path.unlink()
    waiting = SupportBundle.objects.create(account=account, asked_by="alice@example.com")
    for bundle, words in ((waiting, "not ready yet"), (lost, "not on this machine")):
        answer = alice.get(f"/bundles/{bundle.pk}/file/", follow=True)
        assert answer.redirect_chain == [(f"/bundles/{bundle.pk}/", 302)]
        assert words in answer.content.decode()
    assert "bundle_downloaded" not in verbs()


def test_it_allows_a_retry_after_a_failure(alice: Client, account: Account) -> None:
    bundle = SupportBundle.objects.create(
        account=account, asked_by="alice@example.com", state="failed"
    )
    page = text_of(alice, f"/bundles/{bundle.pk}/")
    assert "could not be made" in page and 'action="/settings/support/"' in page


# --- operators ----------------------------------------------------------------------------

ADMIN = "/admin/sessions_app/supportbundle/"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("op@example.com"))
    return client


def test_it_lets_operators_build_their_own_bundle(operator: Client, session: Session) -> None:
    assert "Leave it empty for all sessions" in text_of(operator, f"{ADMIN}add/")
    answer = operator.post(f"{ADMIN}add/", {"session": str(session.pk), "lines": "200"})
    assert answer.status_code == 302
    bundle = SupportBundle.objects.get()
    assert (bundle.account, bundle.lines, bundle.asked_by) == (None, 200, "op@example.com")
    asked = claim()
    assert asked is not None and asked.lines == 200
    finish(asked, build_bundle(BundleRequest(None, asked.session, asked.lines), asked.draft))
    assert f"{ADMIN}{bundle.pk}/file/" in text_of(operator, ADMIN)
    file = operator.get(f"{ADMIN}{bundle.pk}/file/")
    with zipfile.ZipFile(io.BytesIO(b"".join(file))) as found:
        assert "doctor.json" in found.namelist()
    # The customer's audit log shows the operator's bundle about their number.
    assert verbs() == ["bundle_asked", "bundle_downloaded"]
    assert set(AuditEvent.objects.values_list("account", "actor")) == {
        (session.account_id, "Operator op@example.com")
    }


@pytest.mark.parametrize("lines", ["0", "5001", "many"])
def test_it_limits_the_lines_of_operators_bundles(operator: Client, lines: str) -> None:
    answer = operator.post(f"{ADMIN}add/", {"session": "", "lines": lines})
    assert answer.status_code == 200
    assert not SupportBundle.objects.exists()


def test_it_lists_customers_bundles_without_a_download(operator: Client, account: Account) -> None:
    bundle = made(account)
    page = text_of(operator, ADMIN)
    assert str(account) in page and f"{ADMIN}{bundle.pk}/file/" not in page
    assert operator.get(f"{ADMIN}{bundle.pk}/file/").status_code == 404


def test_it_refuses_staff_without_the_permission(client: Client) -> None:
    bundle = made(None)
    client.force_login(User.objects.create_user("new@example.com", "x", is_staff=True))
    assert client.get(f"{ADMIN}{bundle.pk}/file/").status_code == 404


def test_it_serves_bundles_of_both_accounts_of_a_member(account: Account) -> None:
    other = make_account("Second Street")
    dora = make_user("dora", account, Role.OWNER)
    dora.memberships.create(account=other, role=Role.VIEWER)
    client = Client()
    client.force_login(dora)
    mine, theirs = made(account), made(other)
    assert client.get(f"/bundles/{mine.pk}/file/").status_code == 200
    assert client.get(f"/bundles/{theirs.pk}/file/").status_code == 403


def test_it_expires_a_bundle(alice: Client, account: Account) -> None:
    bundle = made(account)
    SupportBundle.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    forget_old()
    assert alice.get(f"/bundles/{bundle.pk}/file/").status_code == 404
    assert not bundle.path.exists()
