"""The logs' second line of defence: codes, keys and numbers go, everything useful stays."""

from __future__ import annotations

import base64
from random import Random
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.logs.redaction import redact, redact_value

QR = "2@" + ",".join(["Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyMTI="] * 4)


@pytest.mark.parametrize("text", [QR, f"https://wa.me/settings/linked_devices#{QR}"])
def test_it_redacts_the_text_of_a_qr_code(text: str) -> None:
    assert redact(f"code {text} shown") == "code … shown"


# Random keys may read like words, so no rule finds all of them. The sample is always the same.
SAMPLE = 4_000
KEPT_AT_MOST = {24: 1, 32: 0, 48: 0, 64: 0, 96: 0}  # of SAMPLE, by bytes


@pytest.mark.parametrize("size", KEPT_AT_MOST)
def test_it_redacts_random_bytes_in_base64(size: int) -> None:
    random, kept = Random(size), []

    for _ in range(SAMPLE // 2):
        key = random.randbytes(size)
        for encoded in (base64.b64encode(key), base64.urlsafe_b64encode(key)):
            text = encoded.decode().rstrip("=")
            kept += [text] if text in redact(f"key={text}.") else []

    assert len(kept) <= KEPT_AT_MOST[size], kept


@given(st.binary(min_size=16, max_size=96))
def test_it_redacts_any_bytes_in_hexadecimal(secret: bytes) -> None:
    for encoded in (secret.hex(), secret.hex().upper()):
        assert redact(f"key={encoded}.") == "key=…."


@pytest.mark.parametrize(
    "secret",
    [
        "0d9959a43375441a43799c0ef22df320bdc08b3112c7c8ea454961c8e7a12b71",
        "0521c5665880b33d603717defa76c094048900010897909952397feb3039da56",  # few letters
        "WT1fvlw/U6tBFSZ/vwfbtxdtb68t+ecb",  # few changes between capital and small letters
        "pl_abcDEF123",
        "pl_8fJk2LmN0pQrStUvWxYz1234567890abcdefghijklm",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    ],
)
def test_it_redacts_keys_and_tokens(secret: str) -> None:
    assert redact(f"Authorization: Bearer {secret}") == "Authorization: Bearer …"


@pytest.mark.parametrize("path", ["/link/", "/invitations/", "/unsubscribe/"])
def test_it_redacts_links_that_open_a_page(path: str) -> None:
    assert redact(f"GET {path}WzEsImxpbmtlZCJd:0pSw4/undo/ 200") == f"GET {path}…/undo/ 200"


@pytest.mark.parametrize("login", ["pairline:hunter2", "lisbon:", ":hunter2", "lisbon", "a:b:c"])
@pytest.mark.parametrize("scheme", ["postgres", "http", "https", "socks5"])
def test_it_redacts_a_login_in_an_address(scheme: str, login: str) -> None:
    said = redact(f"cannot reach {scheme}://{login}@db:5432/pairline")
    assert said == f"cannot reach {scheme}://…@db:5432/pairline"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("to +351912345678", "to …5678"),
        ("to +351 912 345 678, later", "to …5678, later"),
        ("to +1 (415) 555-2671.", "to …2671."),
        ("351912345678@s.whatsapp.net", "…5678@s.whatsapp.net"),
        ("351912345678:4@s.whatsapp.net", "…5678:4@s.whatsapp.net"),
        ("'351912345678'", "'…5678'"),
    ],
)
def test_it_keeps_the_last_four_digits_of_a_number(text: str, said: str) -> None:
    assert redact(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "Session connected",
        "2026-11-22 13:21:04+00:00",
        "took 0.123456789 s, 12345678 bytes, process 27443",
        "port 8000 on 192.168.100.200",
        "-" * 70,
        "/usr/lib/x86_64-linux-gnu/libpython3.11.so",
        "/srv/pairline/.venv/lib/python3.11/site-packages/django/db/backends/postgresql/base.py",
        "test_of_a_number_the_last_four_digits_stay_and_everything_else_too",
        "sessions_app.gateway.engine_process",
        "<iq xmlns=w:web type=set><pair-device-sign/></iq>",
    ],
)
def test_it_keeps_everything_that_is_useful(text: str) -> None:
    assert redact(text) == text


@given(st.uuids())
def test_it_keeps_the_ids_of_sessions_and_locations(identifier: object) -> None:
    text = f"Session connected session={identifier} file={identifier}.sqlite3"
    assert redact(text) == text


@given(st.text(max_size=200))
def test_it_redacts_any_text_idempotently(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


def test_it_redacts_facts_within_lists_and_objects() -> None:
    session = uuid4()
    facts = {
        "session": session,
        "count": 1234567890,
        "ready": True,
        "nothing": None,
        "key": b"secret",
        "peers": ["+351912345678", {"number": "+351912345679"}],
    }
    assert redact_value(facts) == {
        "session": str(session),
        "count": 1234567890,
        "ready": True,
        "nothing": None,
        "key": "6 bytes",
        "peers": ["…5678", {"number": "…5679"}],
    }
