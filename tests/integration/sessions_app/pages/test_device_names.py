"""The name under Linked devices: it can be changed only before a number is linked."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import AuditEvent, Location
from sessions_app.audit_verbs import SessionVerb
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from tests.factory import make_session


@pytest.fixture
def waiting(location: Location) -> Session:
    return make_session(location, Status.QR)


def url(session: Session) -> str:
    return reverse("session_name", args=[session.pk])


def page_of(client: Client, session: Session) -> str:
    return client.get(reverse("session", args=[session.pk])).text


def test_it_is_ours_unless_somebody_says_otherwise(alice: Client, waiting: Session) -> None:
    page = page_of(alice, waiting)

    assert "On the phone, under Linked devices, this is <b>Pairline</b>." in page
    assert f'href="{url(waiting)}"' in page


def test_it_shows_a_new_code_for_a_new_name(bob: Client, waiting: Session) -> None:
    answer = bob.post(url(waiting), {"name": "  Harbour   Desk 2 "})

    attempt = waiting.wanted_attempt
    waiting.refresh_from_db()
    assert answer.status_code == 302
    assert (waiting.device_name, waiting.wanted_attempt) == ("Harbour Desk 2", attempt + 1)
    assert "<b>Harbour Desk 2</b>" in page_of(bob, waiting)
    assert AuditEvent.objects.filter(
        verb=SessionVerb.DEVICE_NAMED, actor="bob@example.com"
    ).exists()


def test_it_restores_the_default_for_an_empty_name(bob: Client, waiting: Session) -> None:
    bob.post(url(waiting), {"name": "Desk"})
    bob.post(url(waiting), {"name": ""})

    assert "<b>Pairline</b>" in page_of(bob, waiting)


@pytest.mark.parametrize(
    "typed", ["x" * 41, "<script>", "tab\x00", "\u202eevil", "zero\u200bwidth", "😀", "-"]
)
def test_it_refuses_a_name_with_strange_characters(
    bob: Client, waiting: Session, typed: str
) -> None:
    answer = bob.post(url(waiting), {"name": typed})

    waiting.refresh_from_db()
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert waiting.device_name == ""


@pytest.mark.parametrize("name", ["Clínica São João", "Büro & Söhne, Nr. 2", "Αθήνα", "O'Hara"])
def test_it_accepts_names_in_all_languages(bob: Client, waiting: Session, name: str) -> None:
    bob.post(url(waiting), {"name": name})

    waiting.refresh_from_db()
    assert waiting.device_name == name


def test_it_keeps_the_name_of_a_linked_phone(alice: Client, session: Session) -> None:
    answer = alice.post(url(session), {"name": "Desk"})

    session.refresh_from_db()
    assert answer.status_code == 422
    assert "the phone has stored it" in answer.text
    assert (session.device_name, session.wanted_attempt) == ("", 1)
    assert f'href="{url(session)}"' not in page_of(alice, session)


def test_it_refuses_a_name_for_an_unlinked_session(alice: Client, location: Location) -> None:
    gone = make_session(
        location, Status.DISCONNECTED, reason=Reason.UNLINKED, wanted=Wanted.UNLINKED
    )

    assert alice.post(url(gone), {"name": "Desk"}).status_code == 422
    assert "Linked devices, this is" not in page_of(alice, gone)


def test_it_shows_the_name_to_viewers_read_only(vera: Client, waiting: Session) -> None:
    assert vera.post(url(waiting), {"name": "Desk"}).status_code == 403
    assert f'href="{url(waiting)}"' not in page_of(vera, waiting)
