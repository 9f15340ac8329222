"""A request that is repeated because its answer was lost is not done twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from conversations.models import Message
from locations.models import Account, ApiKey, IdempotentAnswer
from locations.rest.idempotency import forget_answers
from sessions_app.lifecycle import Reason, Status
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session
from tests.integration.at_once import only_on_postgresql
from tests.integration.locations.rest.conftest import Caller, assert_problem, make_key

TEXT = {"to": "+351912345678", "text": "Your appointment is tomorrow at 10."}
KEY = {"HTTP_IDEMPOTENCY_KEY": "reminder-2026-05-04"}


def _path(session: Session) -> str:
    return f"/sessions/{session.pk}/messages/"


def test_it_sends_a_repeated_text_once_and_answers_alike(caller: Caller, session: Session) -> None:
    first = caller.post(_path(session), TEXT, **KEY)
    again = caller.post(_path(session), TEXT, **KEY)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert Message.objects.count() == 1
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"


def test_it_repeats_the_first_answer(caller: Caller, session: Session) -> None:
    first = caller.post(_path(session), TEXT, **KEY).json()
    Message.objects.update(status="delivered")

    assert caller.post(_path(session), TEXT, **KEY).json() == first


def test_it_answers_a_repeated_text_after_the_session_ended(
    caller: Caller, session: Session
) -> None:
    caller.post(_path(session), TEXT, **KEY)
    Session.objects.update(status=Status.DISCONNECTED, reason=Reason.LOGGED_OUT)

    assert caller.post(_path(session), TEXT, **KEY).status_code == 202


def test_it_ignores_key_order_and_spacing(caller: Caller, session: Session) -> None:
    caller.post(_path(session), TEXT, **KEY)
    body = f'{{ "text" : "{TEXT["text"]}",  "to":"{TEXT["to"]}" }}'

    again = caller.call("POST", _path(session), data=body, **KEY)

    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("change", [{"text": "Another"}, {"to": "+351913456789"}, {"more": 1}])
def test_it_refuses_another_text_under_the_same_key(
    caller: Caller, session: Session, change: dict[str, Any]
) -> None:
    caller.post(_path(session), TEXT, **KEY)

    answer = caller.post(_path(session), {**TEXT, **change}, **KEY)

    assert_problem(answer, 422, "idempotency_mismatch")
    assert Message.objects.count() == 1


def test_it_treats_another_session_as_another_request(
    caller: Caller, account: Account, session: Session
) -> None:
    caller.post(_path(session), TEXT, **KEY)
    other = make_session(make_location(account))

    assert_problem(caller.post(_path(other), TEXT, **KEY), 422, "idempotency_mismatch")


def test_it_sends_another_text_for_another_key(caller: Caller, session: Session) -> None:
    caller.post(_path(session), TEXT, **KEY)
    caller.post(_path(session), TEXT, HTTP_IDEMPOTENCY_KEY="another")
    caller.post(_path(session), TEXT)

    assert Message.objects.count() == 3


def test_it_links_one_session_for_repeated_requests(caller: Caller, account: Account) -> None:
    body = {"location": str(make_location(account).pk)}

    first, again = (caller.post("/sessions/", body, **KEY) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert Session.objects.count() == 1


def test_it_does_not_remember_a_refusal(caller: Caller, session: Session) -> None:
    Session.objects.update(status=Status.DISCONNECTED, reason=Reason.LOGGED_OUT)
    assert_problem(caller.post(_path(session), TEXT, **KEY), 409, "session_not_ready")
    Session.objects.update(status=Status.READY, reason=Reason.OK)

    answer = caller.post(_path(session), TEXT, **KEY)

    assert answer.status_code == 202
    assert "Idempotent-Replayed" not in answer.headers


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "two words", "schlüssel", "a\tb", "\u202e"])
def test_it_refuses_a_malformed_key(caller: Caller, session: Session, key: str) -> None:
    header = {"HTTP_IDEMPOTENCY_KEY": key.encode().decode("latin-1")}

    problem = assert_problem(caller.post(_path(session), TEXT, **header), 400, "invalid")

    assert list(problem["errors"]) == ["Idempotency-Key"]
    assert not Message.objects.exists()


def test_it_does_not_share_idempotency_keys_between_accounts(
    caller: Caller, session: Session, foreign: Session
) -> None:
    caller.post(_path(session), TEXT, **KEY)

    theirs = Caller(make_key(foreign.account)).post(_path(foreign), TEXT, **KEY)

    assert theirs.status_code == 202
    assert "Idempotent-Replayed" not in theirs.headers


def test_it_answers_only_those_who_could_have_asked(
    caller: Caller, account: Account, session: Session
) -> None:
    caller.post(_path(session), TEXT, **KEY)
    secret = make_key(account, is_limited=True)
    ApiKey.objects.get(key_hash=ApiKey.hash(secret)).locations.add(make_location(account, "Porto"))

    assert_problem(Caller(secret).post(_path(session), TEXT, **KEY), 404, "not_found")
    reader = Caller(make_key(account, scopes=["read"]))
    assert_problem(reader.post(_path(session), TEXT, **KEY), 403, "scope_missing")


def test_it_treats_a_key_as_new_a_day_later(caller: Caller, session: Session) -> None:
    caller.post(_path(session), TEXT, **KEY)
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))

    answer = caller.post(_path(session), {**TEXT, "text": "Another"}, **KEY)

    assert answer.status_code == 202
    assert Message.objects.count() == 2


def test_it_forgets_answers_after_a_day(caller: Caller, session: Session) -> None:
    for number in range(3):
        caller.post(_path(session), TEXT, HTTP_IDEMPOTENCY_KEY=f"key-{number}")
    old = timezone.now() - timedelta(hours=24, seconds=1)
    IdempotentAnswer.objects.exclude(key="key-2").update(created_at=old)

    assert forget_answers() == 2

    assert IdempotentAnswer.objects.get().key == "key-2"


@pytest.mark.django_db(transaction=True)
@only_on_postgresql
def test_it_sends_one_of_eight_simultaneous_texts(transactional_db: None) -> None:
    session = make_session(make_location(make_account()))
    secret = make_key(session.account)

    def send(_: int) -> tuple[int, str, str | None]:
        try:
            answer = Caller(secret).post(_path(session), TEXT, **KEY)
            replayed = answer.headers.get("Idempotent-Replayed")
            return answer.status_code, answer.json().get("id", ""), replayed
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(8)))

    message = Message.objects.get()
    assert {(status, identifier) for status, identifier, _ in answers} == {(202, str(message.pk))}
    assert [replayed for *_, replayed in answers].count(None) == 1
