"""Texts that break programs, in every field, filter and header that takes one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from sessions_app.models import Session
from tests.integration.locations.rest.conftest import Caller

TEXTS = {
    "null byte": "\x00",
    "null byte within": "a\x00b",
    "right to left": "\u202eabc\u202c",
    "zero width": "\u200b\u200d\ufeff",
    "emoji": "👩‍👩‍👧‍👦🇵🇹",
    "many marks": "Z" + "\u0335" * 2000,
    "half of a pair": "\ud83d",
    "markup": "<script>alert(1)</script>",
    "sql": "' OR 1=1; --",
    "template": "{{ 7*7 }}{% url %}",
    "line breaks": "a\r\nSet-Cookie: x=1",
    "huge number": "9" * 4000,
    "very long": "x" * 200_000,
}
THINGS: list[Any] = [None, True, 7, -1, 10**400, 1.5, [], {}, [[]], {"a": {"b": []}}]


@pytest.fixture
def fields(session: Session) -> list[tuple[str, dict[str, Any], str]]:
    """Address, a good body, and the field to spoil."""
    own = f"/sessions/{session.pk}"
    text = {"to": "+351912345678", "text": "Hello"}
    hook = {"url": "https://93.184.216.34/hooks", "events": ["session.status"]}
    return [
        ("/sessions/", {"location": str(session.location_id)}, "location"),
        ("/locations/", {"name": "Porto", "ghl_id": ""}, "name"),
        ("/locations/", {"name": "Porto", "ghl_id": ""}, "ghl_id"),
        (f"{own}/messages/", text, "to"),
        (f"{own}/messages/", text, "text"),
        (f"{own}/pairing-code/", {"phone": "+351912345678"}, "phone"),
        ("/webhooks/", hook, "url"),
        ("/webhooks/", hook, "events"),
    ]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_it_accepts_or_refuses_texts_in_a_field(
    caller: Caller, fields: list[tuple[str, dict[str, Any], str]], text: str
) -> None:
    for path, body, field in fields:
        answer = caller.post(path, {**body, field: text})

        assert answer.status_code in (201, 202, 400, 402, 409), (path, field)
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: str(thing)[:12])
def test_it_refuses_values_that_are_no_text(
    caller: Caller, fields: list[tuple[str, dict[str, Any], str]], thing: Any
) -> None:
    for path, body, field in fields:
        answer = caller.post(path, {**body, field: thing})

        assert answer.status_code == 400, (path, field)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", ["cursor", "status", "location", "direction", "since", "nonsense"])
def test_it_refuses_or_ignores_invalid_filters(
    caller: Caller, session: Session, name: str, text: str
) -> None:
    if len(text) > 10_000:
        text = text[:10_000]  # longer lines are refused by the server that is in front
    query = f"?{name}={quote(text, errors='surrogatepass')}"

    for path in ("/sessions/", "/locations/", f"/sessions/{session.pk}/messages/"):
        assert caller.get(path + query).status_code in (200, 400), path


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_it_refuses_a_text_for_a_key(db: None, text: str) -> None:
    header = text.encode("utf-8", "surrogatepass").decode("latin-1")

    answer = Caller().get("/sessions/", HTTP_AUTHORIZATION=f"Bearer {header}")

    assert answer.status_code == 401
