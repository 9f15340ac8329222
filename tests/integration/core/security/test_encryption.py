"""Secrets are encrypted in the database, each bound to its own column."""

from __future__ import annotations

import base64
import hashlib
from io import StringIO

import pytest
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from core.security.encryption import SealBroken, Sealed, key_ids, seal, unseal
from sessions_app.gateway.ports import Change, PairingQr
from sessions_app.lifecycle import Event, Status
from sessions_app.models import Session
from sessions_app.store.transitions import ChangeRequest
from tests.factory import apply_change, make_session
from tests.integration.core.security.conftest import CODE, NEW, OLD, OTHER, Stored

pytestmark = pytest.mark.django_db


def _ciphertext(sealed: str) -> bytes:
    return base64.urlsafe_b64decode(sealed.split(".")[2])


@pytest.mark.parametrize("text", ["", "a", "pä$$ wörd\n\x00 ✓", "x" * 100_000])
def test_it_opens_what_it_sealed(text: str) -> None:
    assert unseal(seal(text, "tests"), "tests") == text


def test_it_names_the_key_and_hides_the_text(old_key: None) -> None:
    sealed = seal(CODE, "tests")

    version, key_id, _ = sealed.split(".")
    assert (version, key_id) == ("v1", hashlib.sha256(OLD).hexdigest()[:8])
    assert CODE.encode() not in _ciphertext(sealed)
    assert len(_ciphertext(sealed)) == 12 + len(CODE) + 16  # nonce, text, tag


def test_it_never_seals_twice_alike() -> None:
    assert seal(CODE, "tests") != seal(CODE, "tests")


def test_it_opens_with_an_old_key(settings: Settings, old_key: None) -> None:
    sealed = seal(CODE, "tests")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]

    assert unseal(sealed, "tests") == CODE
    assert seal(CODE, "tests").split(".")[1] == hashlib.sha256(NEW).hexdigest()[:8]


def test_it_does_not_open_without_the_key(settings: Settings, old_key: None) -> None:
    sealed = seal(CODE, "tests")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]

    with pytest.raises(SealBroken, match="is not among FIELD_ENCRYPTION_KEYS") as refused:
        unseal(sealed, "tests")
    assert CODE not in str(refused.value)


def test_it_does_not_open_in_another_column() -> None:
    with pytest.raises(SealBroken):
        unseal(seal(CODE, "sessions_app.session.proxy"), "notifications.webhook.secret")


@pytest.mark.parametrize("place", [0, 11, 12, -17, -1])
def test_it_notices_a_changed_byte(place: int) -> None:
    version, key_id, content = seal(CODE, "tests").split(".")
    changed = bytearray(base64.urlsafe_b64decode(content))
    changed[place] ^= 1

    with pytest.raises(SealBroken):
        unseal(f"{version}.{key_id}.{base64.urlsafe_b64encode(changed).decode()}", "tests")


@pytest.mark.parametrize("text", ["", CODE, "v1", "v1.00000000", "v1..", "v2.0a0a0a0a.AAAA"])
def test_it_does_not_take_open_text_for_sealed(text: str) -> None:
    with pytest.raises(SealBroken):
        unseal(text, "tests")


@pytest.mark.parametrize("content", ["A", "AAAA", "A" * 16, "=", "_" * 40])
def test_it_does_not_open_rubbish(content: str) -> None:
    with pytest.raises(SealBroken):
        unseal(f"v1.{key_ids()[0]}.{content}", "tests")


def test_it_encrypts_with_the_secret_key_by_default(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    sealed = seal(CODE, "tests")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert unseal(sealed, "tests") == CODE  # so that keys can be introduced later

    settings.SECRET_KEY = "another-" + "y" * 50
    with pytest.raises(SealBroken):
        unseal(sealed, "tests")


def test_it_stores_what_only_its_own_row_can_open(stored: Stored) -> None:
    session = make_session(status=Status.QR, qr_text=CODE)

    assert stored(session).startswith("v1.")
    assert Session.objects.get(pk=session.pk).qr_text == CODE
    assert unseal(stored(session), "sessions_app.session.qr_text") == CODE


def test_it_encrypts_an_update_as_well(stored: Stored) -> None:
    session = make_session(status=Status.QR)
    Session.objects.filter(pk=session.pk).update(qr_text=CODE)

    assert stored(session).startswith("v1.")
    session.refresh_from_db()
    assert session.qr_text == CODE


def test_it_encrypts_a_bulk_update_as_well(stored: Stored) -> None:
    session = make_session(status=Status.QR)
    session.qr_text = CODE
    Session.objects.bulk_update([session], ["qr_text"])

    assert unseal(stored(session), "sessions_app.session.qr_text") == CODE


def test_it_keeps_an_empty_text_empty(stored: Stored) -> None:
    session = make_session(status=Status.READY)

    assert stored(session) == ""
    assert Session.objects.get(pk=session.pk).qr_text == ""
    assert Session.objects.filter(qr_text="").exists()


def test_it_cannot_be_searched_for() -> None:
    make_session(status=Status.QR, qr_text=CODE)

    for search in ({"qr_text": CODE}, {"qr_text__contains": "a"}, {"qr_text": F("detail")}):
        with pytest.raises(FieldError):
            Session.objects.filter(**search).exists()


def test_it_reads_other_rows_beside_an_unreadable_one(settings: Settings, stored: Stored) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OTHER]
    lost = make_session(status=Status.QR, qr_text=CODE)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    make_session(status=Status.QR, qr_text=CODE)

    rows = {row.pk: row for row in Session.objects.all()}
    assert len(rows) == 2
    with pytest.raises(SealBroken):
        _ = rows[lost.pk].qr_text
    before = stored(lost)
    rows[lost.pk].save()
    assert stored(lost) == before


def test_it_keeps_values_encrypted_until_they_are_needed() -> None:
    make_session(status=Status.QR, qr_text=CODE)

    value = Session.objects.values_list("qr_text", flat=True).get()
    assert isinstance(value, Sealed)
    assert CODE not in repr(value) and value.text not in repr(value)
    assert value.open() == CODE


def test_it_encrypts_a_dump_that_can_be_loaded(stored: Stored) -> None:
    session = make_session(status=Status.QR, qr_text=CODE)
    dumped = StringIO()
    call_command("dumpdata", "sessions_app.session", stdout=dumped)
    assert CODE not in dumped.getvalue()

    Session.objects.filter(pk=session.pk).update(qr_text="")
    for loaded in serializers.deserialize("json", dumped.getvalue()):
        loaded.save()
    assert Session.objects.get(pk=session.pk).qr_text == CODE
    assert unseal(stored(session), "sessions_app.session.qr_text") == CODE


def test_it_starts_a_session_despite_an_undecryptable_code(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OTHER]
    session = make_session(status=Status.QR, qr_text=CODE)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]

    next_code = Change(Event.QR_CODE, qr=PairingQr("the next code", 2, 6, timezone.now()))
    apply_change("test", ChangeRequest(session.pk, 1, next_code))

    session.refresh_from_db()
    assert (session.qr_text, session.version) == ("the next code", 2)
