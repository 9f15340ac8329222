"""All API errors have one shape and reveal nothing about other accounts."""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from sessions_app.models import Session
from tests.integration.locations.rest.conftest import Caller, assert_problem

OF_A_SESSION = [
    ("GET", "/sessions/{id}/"),
    ("POST", "/sessions/{id}/restart/"),
    ("POST", "/sessions/{id}/stop/"),
    ("POST", "/sessions/{id}/unlink/"),
    ("POST", "/sessions/{id}/pairing-code/"),
    ("GET", "/sessions/{id}/messages/"),
    ("POST", "/sessions/{id}/messages/"),
]
ALL = [("GET", "/locations/"), ("GET", "/sessions/"), ("POST", "/sessions/"), *OF_A_SESSION]
WITH_BODY = [
    ("POST", "/sessions/"),
    ("POST", "/sessions/{id}/pairing-code/"),
    ("POST", "/sessions/{id}/messages/"),
]
WRONG_METHODS = [
    ("/locations/", ("PUT", "PATCH", "DELETE")),
    ("/sessions/", ("PUT", "PATCH", "DELETE")),
    ("/sessions/{id}/", ("POST", "PUT", "PATCH", "DELETE")),
    ("/sessions/{id}/restart/", ("GET", "PUT", "DELETE")),
    ("/sessions/{id}/stop/", ("GET", "PUT", "DELETE")),
    ("/sessions/{id}/unlink/", ("GET", "PUT", "DELETE")),
    ("/sessions/{id}/pairing-code/", ("GET", "PUT", "DELETE")),
    ("/sessions/{id}/messages/", ("PUT", "PATCH", "DELETE")),
]
GOOD_BODY = {"to": "+351912345678", "text": "Hello", "phone": "+351912345678"}


@pytest.mark.parametrize(("method", "path"), ALL)
def test_it_does_nothing_without_a_key(session: Session, method: str, path: str) -> None:
    answer = Caller().call(method, path.format(id=session.pk), GOOD_BODY)

    assert_problem(answer, 401, "key_missing")


@pytest.mark.parametrize(("method", "path"), OF_A_SESSION)
def test_it_answers_alike_for_foreign_and_missing_sessions(
    caller: Caller, foreign: Session, method: str, path: str
) -> None:
    before = Session.objects.values().get()

    theirs = caller.call(method, path.format(id=foreign.pk), GOOD_BODY)
    nobodys = caller.call(method, path.format(id=uuid4()), GOOD_BODY)

    assert_problem(theirs, 404, "not_found")
    assert theirs.content == nobodys.content
    assert Session.objects.values().get() == before
    assert not foreign.messages.exists()


@pytest.mark.parametrize(("method", "path"), OF_A_SESSION)
@pytest.mark.parametrize("wrong", ["7", "Lisbon", "%00", "..", "a" * 500])
def test_it_finds_nothing_for_a_malformed_id(
    caller: Caller, method: str, path: str, wrong: str
) -> None:
    assert_problem(caller.call(method, path.format(id=wrong), GOOD_BODY), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, methods in WRONG_METHODS for method in methods]
)
def test_it_names_the_right_methods_for_a_wrong_one(
    caller: Caller, session: Session, path: str, method: str
) -> None:
    answer = caller.call(method, path.format(id=session.pk), GOOD_BODY)

    assert_problem(answer, 405, "method_not_allowed")
    assert method not in answer.headers["Allow"].split(", ")


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "x"]
)
def test_it_refuses_a_body_without_json_content_type(
    caller: Caller, session: Session, method: str, path: str, content_type: str
) -> None:
    address = path.format(id=session.pk)

    answer = caller.call(method, address, GOOD_BODY, content_type=content_type)

    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"to=1",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"{'to': 1}",
        b'{"to": NaN}',
        b"[" * 100_000,
        b'{"to": ' + b"9" * 5000 + b"}",
        b'{} {"to": 1}',
    ],
)
def test_it_refuses_a_body_that_is_not_json(
    caller: Caller, session: Session, method: str, path: str, data: bytes
) -> None:
    answer = caller.call(method, path.format(id=session.pk), data=data)

    assert_problem(answer, 400, "not_json")


@pytest.mark.parametrize("charset", ["zlib", "rot13", "utf-16", "idna", "nonsense"])
def test_it_reads_json_as_utf_8_always(caller: Caller, session: Session, charset: str) -> None:
    answer = caller.post(
        f"/sessions/{session.pk}/messages/",
        GOOD_BODY,
        content_type=f"application/json; charset={charset}",
    )

    assert answer.status_code == 202


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_it_refuses_a_body_over_the_limit_unread(
    caller: Caller, session: Session, settings: Any, method: str, path: str
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    answer = caller.call(method, path.format(id=session.pk), {"text": "x" * 1000})

    assert_problem(answer, 413, "too_large")


def test_it_answers_only_with_json(caller: Caller) -> None:
    answer = caller.get("/locations/", HTTP_ACCEPT="text/html")

    assert_problem(answer, 406, "not_acceptable")


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/v2/sessions/", "/api/v1/sessions", "/api/x\n"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_it_reports_an_unknown_address_as_a_problem(db: None, path: str, method: str) -> None:
    body = assert_problem(Caller().call(method, path), 404, "not_found")

    assert "/api/docs/" in body["detail"]


def test_it_reports_requests_refused_before_views_as_problems(settings: Any) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = False, ["pairline.example"]

    answer = Client(raise_request_exception=False).get("/api/v1/x/", headers={"host": "evil"})

    assert_problem(answer, 400, "bad_request")


@pytest.fixture
def broken_database(django_db_blocker: Any) -> Any:
    """Reading anything fails, as when the database is away."""
    with django_db_blocker.block():
        yield


def test_it_reveals_no_internals_when_we_fail(
    broken_database: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = Caller("pl_secret-key").get("/locations/")

    body = assert_problem(answer, 500, "failure")
    assert set(body) == {"type", "title", "status", "code", "detail"}
    assert "database" not in answer.content.decode().lower()
    assert "An API request failed" in caplog.text
    assert "pl_secret-key" not in caplog.text


def test_it_reports_errors_outside_of_views_as_problems(settings: Any) -> None:
    settings.DEBUG = False
    settings.MIDDLEWARE = [
        "tests.integration.locations.rest.test_problems.failing",
        *settings.MIDDLEWARE,
    ]

    answer = Client(raise_request_exception=False).get("/api/v1/locations/")

    assert_problem(answer, 500, "failure")


def failing(get_response: Any) -> Any:
    """A middleware that fails."""

    def middleware(request: Any) -> Any:
        raise RuntimeError("a fault in a middleware")

    return middleware
