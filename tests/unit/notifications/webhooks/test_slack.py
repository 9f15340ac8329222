"""Notices in the format of Slack."""

from __future__ import annotations

from typing import Any

import pytest

from notifications.webhooks import slack

URL = "https://pairline.example/numbers/"


def payload(*sentences: str, count: int | None = None) -> dict[str, Any]:
    sessions = [{"sentence": sentence} for sentence in sentences]
    head = sentences[0] if len(sentences) == 1 else "3 numbers: lost"
    return {"sentence": head, "count": count or len(sentences), "sessions": sessions, "url": URL}


def test_it_puts_the_text_into_a_block_too() -> None:
    message = slack.message(payload("Lisbon lost its connection"))

    assert message["text"] == f"Lisbon lost its connection\n<{URL}|Open in Pairline>"
    (block,) = message["blocks"]
    assert block == {"type": "section", "text": {"type": "mrkdwn", "text": message["text"]}}


def test_it_lists_several_and_counts_the_rest() -> None:
    lines = slack.message(payload(*(f"Place {n} is lost" for n in range(30)), count=500))[
        "text"
    ].splitlines()

    assert lines[1] == "• Place 0 is lost"
    assert len([line for line in lines if line.startswith("•")]) == slack.LINES
    assert lines[-2] == "…and 480 more."


def test_it_stays_within_the_limit_of_a_block() -> None:
    message = slack.message(payload(*("&" * 120 for _ in range(100))))

    assert len(message["blocks"][0]["text"]["text"]) <= 3_000
    assert "…and" in message["text"]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Bed & Breakfast <Lisbon>", "Bed &amp; Breakfast &lt;Lisbon&gt;"),
        ("<!channel> <https://evil.example|Click>", "&lt;!channel&gt; &lt;https://evil.example|Click&gt;"),
        ("&lt;", "&amp;lt;"),
        ("two\nlines\u2028and a\ttab", "two lines and a tab"),
        ("@everyone", "@\u200beveryone"),
        ("stopped by bob@example.com", "stopped by bob@example.com"),
    ],
)  # fmt: skip
def test_it_escapes_names_and_mentions(typed: str, shown: str) -> None:
    assert slack.plain(typed) == shown


def test_it_formats_a_test_event() -> None:
    message = slack.message({"message": "This is a test."})

    assert message["text"] == "This is a test."
