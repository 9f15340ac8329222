"""Mapping the library's error texts to error codes."""

from __future__ import annotations

import pytest

from sessions_app.engine import errors

_NOW = "current time 2026-11-22T00:00:00Z is after 2026-11-20T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"x509: certificate has expired or is not yet valid: {_NOW}", "clock"),
        (f"failed to verify server cert: leaf cert cert certificate expired ({_NOW})", "clock"),
        (f"intermediate cert certificate not valid yet ({_NOW})", "clock"),
        ("x509: certificate signed by unknown authority", "dial"),
        ("noise handshake failed: failed to verify intermediate cert signature", "dial"),
        ("failed to dial: proxyconnect tcp: dial tcp 10.0.0.1:1: connection refused", "dial"),
        ("dial tcp: lookup web.whatsapp.com: no such host", "dial"),
        ("timed out waiting for handshake response", "dial"),
        ("failed to upgrade database: database or disk is full", "storage_full"),
        ("disk I/O error: file too large", "storage_full"),
        ("pq: could not extend file: No space left on device", "storage_full"),
        ("file is not a database", "keys_damaged"),
        ("database disk image is malformed", "keys_damaged"),
        ("unable to open database file: permission denied", "other"),
        ("pq: password authentication failed", "other"),
        ("something new", "other"),
    ],
)
def test_it_maps_a_failed_start_to_a_code(text: str, code: str) -> None:
    refused = errors.classify_start(text)
    assert refused.code == code
    assert "10.0.0.1" not in refused.detail


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no LID found for 351912345678@s.whatsapp.net from server", "not_on_whatsapp"),
        ("server returned error 463", "reachout_timelock"),
        ("server returned error 479", "refused"),
        ("websocket not connected", "not_connected"),
        ("client is nil", "not_connected"),
        ("the store doesn't contain a device JID", "not_connected"),
        ("timed out waiting for message send response", "timeout"),
        ("failed to get user info for 351912345678: info query timed out", "timeout"),
        ("websocket disconnected before message send returned response", "timeout"),
        ("something new", "refused"),
    ],
)
def test_it_maps_a_failed_send_to_a_code(text: str, code: str) -> None:
    reply = errors.classify_send(text)
    assert reply.code == code
    assert "351912345678" not in reply.error


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("phone number too short", "bad_number"),
        ("international phone number required (must not start with 0)", "bad_number"),
        ("info query returned status 400: bad-request", "bad_number"),
        ("info query returned status 429: rate-overlimit", "rate_limited"),
        ("websocket not connected", "not_connected"),
        ("info query returned status 501", "refused"),
    ],
)
def test_it_maps_a_failed_pairing_code_to_a_code(text: str, code: str) -> None:
    assert errors.classify_pair_code(text).code == code


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("proto: required field neonize.ConnectFailure.Reason not set", "connect_failure"),
        ("proto: required field neonize.TemporaryBan.Code not set", "temp_ban"),
        ("proto: required field neonize.LoggedOut.Reason not set", "logged_out"),
        ("proto: required field neonize.Receipt.Type not set", "start_failed"),
    ],
)
def test_it_finds_the_event_that_ended_the_loop(text: str, event: str) -> None:
    assert errors.classify_lost_events(text).name == event
