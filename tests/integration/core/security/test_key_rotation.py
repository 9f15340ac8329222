"""``rotate_keys`` seals everything anew with the first key, while the site runs."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from core.security.encryption import SealedTextField, key_ids
from core.security.key_rotation import BATCH_ROWS, RotatedBatch, reseal, sealed_fields, unopenable
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session
from tests.integration.core.security.conftest import CODE, NEW, OLD, OTHER, Stored

pytestmark = pytest.mark.django_db


def rotate(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def field() -> SealedTextField:
    (found,) = [one for one in sealed_fields() if one.purpose == "sessions_app.session.qr_text"]
    return found


@pytest.fixture
def session(old_key: None) -> Session:
    return make_session(status=Status.QR, qr_text=CODE)


def test_it_seals_anew_with_the_first_key(
    session: Session, settings: Settings, stored: Stored
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert "sessions_app.session.qr_text: 1 re-encrypted" in rotate()

    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert stored(session).split(".")[1] == key_ids()[0]
    session.refresh_from_db()
    assert session.qr_text == CODE


def test_it_finds_nothing_to_do_the_second_time(
    session: Session, settings: Settings, stored: Stored
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    rotate()
    before = stored(session)

    assert "sessions_app.session.qr_text: 0 re-encrypted" in rotate()
    assert stored(session) == before


def test_it_changes_nothing_when_dry(session: Session, settings: Settings, stored: Stored) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    before = stored(session)

    assert "sessions_app.session.qr_text: 1 would be re-encrypted" in rotate("--dry-run")
    assert stored(session) == before


def test_it_says_how_many_cannot_be_opened(
    session: Session, settings: Settings, stored: Stored
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OTHER]
    lost = make_session(status=Status.QR, qr_text=CODE)
    before = stored(lost)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]

    out = StringIO()
    with pytest.raises(CommandError, match="1 text cannot be decrypted") as refused:
        call_command("rotate_keys", stdout=out)
    assert refused.value.returncode == 1
    assert "sessions_app.session.qr_text: 1 re-encrypted, 1 cannot be decrypted" in out.getvalue()
    assert stored(lost) == before
    assert CODE not in out.getvalue() + str(refused.value)


def test_it_skips_a_row_written_concurrently(
    session: Session, settings: Settings, field: SealedTextField
) -> None:
    """Between reading and writing: the newer text stays."""
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]

    class WhoeverIsFaster:
        """A column whose row is written right before it is re-encrypted."""

        def __getattr__(self, name: str) -> object:
            if name == "purpose":
                Session.objects.filter(pk=session.pk).update(qr_text="a newer code")
            return getattr(field, name)

    (batch,) = reseal(WhoeverIsFaster())  # type: ignore[arg-type]

    assert batch == RotatedBatch(overtaken=1)
    session.refresh_from_db()
    assert session.qr_text == "a newer code"


def test_it_goes_on_batch_by_batch(settings: Settings, field: SealedTextField) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    account = make_account()
    place = make_location(account)
    Session.objects.bulk_create(
        Session(account=account, location=place, wanted="unlinked", status="qr", qr_text=CODE)
        for _ in range(BATCH_ROWS + 1)
    )
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]

    assert [batch.resealed for batch in reseal(field)] == [BATCH_ROWS, 1]
    assert {row.qr_text for row in Session.objects.all()} == {CODE}


def test_it_finds_every_sealed_column_by_itself() -> None:
    assert {"sessions_app.session.qr_text", "sessions_app.session.pairing_code"} <= {
        field.purpose for field in sealed_fields()
    }


def test_it_names_rows_that_no_key_opens(session: Session, settings: Settings) -> None:
    assert unopenable() == []
    lost_key = key_ids()[0]
    settings.FIELD_ENCRYPTION_KEYS = [NEW]

    (found,) = unopenable()
    assert (found.column, found.key_id, found.rows) == (
        "sessions_app.session.qr_text",
        lost_key,
        1,
    )
    assert found.first == [str(session.pk)]
