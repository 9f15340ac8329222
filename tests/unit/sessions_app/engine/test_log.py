"""Redaction of the library's log."""

from __future__ import annotations

import pytest

from sessions_app.engine import log


@pytest.mark.parametrize(
    ("name", "message", "expected"),
    [
        (
            "Client",
            "Successfully paired 351912345678:4@s.whatsapp.net",
            "whatsapp info Client: Successfully paired …:4@s.whatsapp.net",
        ),
        (
            "Client/QRChannel",
            "Emitting QR code https://wa.me/settings#2@abc,DEF=,GHI=,JKL=,6",
            "whatsapp info Client/QRChannel: Emitting QR code …",
        ),
        (
            "Client/Socket",
            "Failed to dial through socks5://lisbon:s3cret@10.1.2.3:80: refused",
            "whatsapp info Client/Socket: Failed to dial through socks5://…@10.1.2.3:80: refused",
        ),
        (
            "Client/Recv",
            '<iq from="s.whatsapp.net" type="set" xmlns="md"><ref>2@abcd</ref></iq>',
            'whatsapp info Client/Recv: <iq type="set" xmlns="md"><ref></ref></iq>',
        ),
        (
            "Client",
            'Unknown stream error: <stream:error code="500">secret words</stream:error>',
            'whatsapp info Client: Unknown stream error: <stream:error code="500"></stream:error>',
        ),
        (
            "Client",
            "Push name of 123456789@lid changed from Alice to Alice Owner, dispatching",
            "whatsapp info Client: Push name of …",
        ),
        (
            "Client",
            "Failed to decrypt: 9f8e7d6c5b4a39281706f5e4d3c2b1a0 in 'my words'",
            "whatsapp info Client: Failed to decrypt: … in …",
        ),
        ("Database", "Upgrading\nto v13", "whatsapp info Database: Upgrading to v13"),
    ],
)
def test_it_keeps_the_structure_and_drops_content(name: str, message: str, expected: str) -> None:
    assert log.line("INFO", name, message) == expected


def test_it_drops_text_that_resembles_a_tag() -> None:
    line = log.line("DEBUG", "Client/Send", '<body type="text">my words <b> here</body>')
    assert "words" not in line and "here" not in line


def test_it_drops_an_unreadable_stanza_entirely() -> None:
    assert log.line("DEBUG", "Client/Recv", "my words") == "whatsapp debug Client/Recv: "


def test_it_truncates_long_lines() -> None:
    assert len(log.line("DEBUG", "Client", "word " * 10_000)) < 700
