"""The pages of a one-time link: open it, press the button, see the code and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from locations.models import Account, AuditEvent
from locations.principals import Principal
from sessions_app.audit_verbs import SessionVerb
from sessions_app.lifecycle import Event, Reason, Status
from sessions_app.links import actions
from sessions_app.models import ConnectLink, Session, SessionEvent
from tests.factory import make_account, make_location, make_message, make_session
from tests.integration.sessions_app.links.conftest import Phone, Scene

QR = "https://wa.me/settings/linked_devices#2@waits,for,a,scan"


def _show_code(scene: Scene) -> Session:
    """Act as the gateway: show a code."""
    session = scene.session
    assert session is not None
    Session.objects.filter(pk=session.pk).update(
        status=Status.QR,
        reason=Reason.SCAN,
        qr_text=QR,
        qr_number=1,
        qr_of=6,
        qr_expires_at=timezone.now() + timedelta(seconds=60),
        lease_owner="test",
        lease_expires_at=timezone.now() + timedelta(hours=1),
    )
    return session


def _become_ready(session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(
        status=Status.READY,
        reason=Reason.OK,
        qr_text="",
        phone_number="+351912345678",
        jid="351912345678:1@s.whatsapp.net",
    )
    SessionEvent.objects.create(
        session=session,
        event=Event.CONNECTED,
        old_status=Status.INITIALIZING,
        new_status=Status.READY,
        reason=Reason.OK,
        actor="WhatsApp",
        version=99,
    )


def _assert_gone(answer: Any) -> None:
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "This link no longer works" in page
    assert "Lisbon" not in page
    assert "Harbour" not in page


def test_it_starts_nothing_for_a_preview(scene: Scene) -> None:
    page = scene.phone().look().content.decode()

    assert "Show the code" in page
    assert scene.session is None
    assert not ConnectLink.objects.get().browser_hash


def test_it_starts_and_shows_the_code_after_a_press(scene: Scene) -> None:
    phone = scene.phone()

    phone.press()
    _show_code(scene)
    page = phone.look().content.decode()

    assert "QR code 1 of 6" in page
    assert "<svg" in page
    assert "data-expires" in page
    assert "Lisbon" in page
    assert "Harbour Group" in page


def test_it_starts_one_session_for_many_presses(scene: Scene) -> None:
    phone = scene.phone()

    phone.press()
    first = scene.session
    phone.press()

    assert first is not None
    assert scene.session == first
    assert scene.session.wanted_attempt == 1


def test_it_takes_up_what_waits_already(scene: Scene) -> None:
    session = make_session(scene.location, Status.INITIALIZING)

    scene.phone().press()

    assert scene.session == session


def test_it_starts_afresh_when_the_codes_ran_out(scene: Scene) -> None:
    session = make_session(scene.location, Status.DISCONNECTED)
    phone = scene.phone()

    phone.press()

    session.refresh_from_db()
    assert session.wanted_attempt == 2
    Session.objects.update(attempt=2)
    assert "Show a new code" in phone.look().content.decode()


def test_it_refuses_a_second_browser(scene: Scene) -> None:
    scene.phone().press()
    _show_code(scene)

    for answer in (scene.phone().look(), scene.phone().press(), scene.phone().look("live/")):
        _assert_gone(answer)


def test_it_refuses_the_browser_of_another_link(scene: Scene, alice: Principal) -> None:
    _, other = actions.create(alice, scene.location, timedelta(hours=1))
    phone = Phone(other)
    phone.press()
    scene.phone().press()

    _assert_gone(Phone(scene.token, phone.client).look())


def test_it_says_connected_and_shows_no_number(scene: Scene) -> None:
    phone = scene.phone()
    phone.press()
    _become_ready(_show_code(scene))

    page = phone.look().content.decode()

    assert "✅ Connected" in page
    assert "912345678" not in page
    assert "345 678" not in page


def test_it_ends_when_the_number_is_ready(scene: Scene) -> None:
    phone = scene.phone()
    phone.press()
    _become_ready(_show_code(scene))
    Session.objects.update(jid="", phone_number="")
    _show_code(scene)

    _assert_gone(scene.phone().look())
    for part in ("", "live/"):
        assert "QR code" not in phone.look(part).content.decode()
    _assert_gone(phone.press())


@pytest.mark.parametrize("part", ["", "live/"])
def test_it_is_gone_when_it_is_revoked(scene: Scene, alice: Principal, part: str) -> None:
    phone = scene.phone()
    phone.press()

    actions.revoke(alice, scene.link)

    _assert_gone(phone.look(part))


@pytest.mark.parametrize("part", ["", "live/"])
def test_it_is_gone_when_its_time_is_over(scene: Scene, part: str) -> None:
    phone = scene.phone()
    phone.press()

    ConnectLink.objects.update(expires_at=timezone.now())

    _assert_gone(phone.look(part))


def test_it_ends_when_the_account_is_being_deleted(scene: Scene) -> None:
    Account.objects.update(deleting_at=timezone.now())

    _assert_gone(scene.phone().look())


@pytest.mark.parametrize(
    "token", ["x", "0d4c9a52-6c8b-4bb7-8f7b-0a3f0c0e4d11", "A" * 43, "ü" * 9, "%00", "a" * 3000]
)
@pytest.mark.django_db
def test_it_answers_garbage_with_the_same_page(token: str) -> None:
    for answer in (Phone(token).look(), Phone(token).press(), Phone(token).look("live/")):
        _assert_gone(answer)


def test_it_answers_every_ended_link_alike(scene: Scene, alice: Principal) -> None:
    actions.revoke(alice, scene.link)

    revoked, garbage = scene.phone().look(), Phone("garbage").look()

    assert revoked.content == garbage.content
    for header in ("Referrer-Policy", "X-Robots-Tag", "Cache-Control"):
        assert revoked.headers[header] == garbage.headers[header]


def test_it_forbids_caching_and_referrers(scene: Scene) -> None:
    for answer in (scene.phone().look(), Phone("garbage").look()):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "no-store" in answer.headers["Cache-Control"]


def test_it_sets_an_http_only_cookie_until_the_end(scene: Scene) -> None:
    phone = scene.phone()
    phone.press()

    cookie = phone.client.cookies[f"link_{scene.link.pk.hex}"]

    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert 86_000 < int(cookie["max-age"]) <= 86_400


def test_it_stores_neither_secret(scene: Scene) -> None:
    phone = scene.phone()
    phone.press()
    row = ConnectLink.objects.get()

    cookie = phone.client.cookies[f"link_{scene.link.pk.hex}"].value
    columns = " ".join(str(value) for value in vars(row).values())

    assert len(scene.token) == 43
    assert scene.token not in columns
    assert cookie not in columns


def test_it_shows_nothing_else_of_the_account(scene: Scene) -> None:
    other = make_session(make_location(scene.location.account, "Porto"), Status.READY)
    make_message(other, text="A secret of Porto", peer="+351911222333")
    phone = scene.phone()
    phone.press()
    _show_code(scene)

    for part in ("", "live/"):
        page = phone.look(part).content.decode()
        for hidden in ("Porto", "secret", other.phone_number, "911222333", "alice@", "timeline"):
            assert hidden not in page


def test_it_gives_its_cookie_no_other_access(scene: Scene) -> None:
    phone = scene.phone()
    phone.press()
    session = _show_code(scene)

    for path in ("/", "/numbers/", f"/sessions/{session.pk}/", f"/sessions/{session.pk}/live/"):
        assert phone.client.get(path).status_code == 302


def test_it_links_by_a_typed_code_too(scene: Scene) -> None:
    phone = scene.phone()
    phone.press()
    session = _show_code(scene)

    phone.press("pairing/", phone="+351 912 345 678")

    session.refresh_from_db()
    assert session.wanted_pairing_phone == "+351912345678"
    Session.objects.update(pairing_code="ABCD-EFGH")
    assert "ABCD-EFGH" in phone.look().content.decode()


def test_it_reports_a_wrong_number_and_keeps_it(scene: Scene) -> None:
    phone = scene.phone()
    phone.press()
    _show_code(scene)

    answer = phone.press("pairing/", phone="twelve")

    assert answer.status_code == 422
    assert 'value="twelve"' in answer.content.decode()
    assert 'id="id_phone_error"' in answer.content.decode()


def test_it_stays_usable_when_the_account_is_full(scene: Scene) -> None:
    Account.objects.update(own_max_sessions=0)

    answer = scene.phone().press()

    assert answer.status_code == 422
    assert "cannot link another number" in answer.content.decode()
    assert not ConnectLink.objects.get().browser_hash


def test_it_records_its_use_in_the_audit_log(scene: Scene) -> None:
    scene.phone().press()

    used = AuditEvent.objects.get(verb=SessionVerb.CONNECT_LINK_USED)

    assert used.account == scene.location.account
    assert used.target == "Lisbon"
    assert "alice@example.com" in used.actor


def test_it_reaches_no_rows_of_other_accounts(scene: Scene) -> None:
    make_session(make_location(make_account("Elsewhere"), "Paris"), Status.QR)
    phone = scene.phone()
    phone.press()

    page = phone.look().content.decode()

    assert "Paris" not in page
    assert "Elsewhere" not in page
