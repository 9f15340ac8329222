"""Extracting the readable content of WhatsApp messages."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_app.engine import message_content

TEXT = {"conversation": "Olá"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (TEXT, ("Olá", None)),
        ({"extendedTextMessage": {"text": "see https://example.org"}},
         ("see https://example.org", None)),
        ({"imageMessage": {"caption": "the shop"}}, ("the shop", "image")),
        ({"imageMessage": {}}, ("", "image")),
        ({"videoMessage": {"caption": "a film"}}, ("a film", "video")),
        ({"audioMessage": {"seconds": 3}}, ("", "audio")),
        ({"documentMessage": {"caption": "the offer", "fileName": "o.pdf"}},
         ("the offer", "document")),
        ({"stickerMessage": {}}, ("", "sticker")),
        ({"locationMessage": {"name": "Porto"}}, ("Porto", "location")),
        ({"contactMessage": {"displayName": "Charlie"}}, ("Charlie", "contact")),
        ({"pollCreationMessageV3": {"name": "When?"}}, ("When?", "poll")),
        ({"buttonsResponseMessage": {"selectedDisplayText": "Yes"}}, ("Yes", None)),
        ({"listResponseMessage": {"title": "Tuesday"}}, ("Tuesday", None)),
    ],
)  # fmt: skip
def test_it_extracts_the_text_that_users_read(
    e2e: Any, fields: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    assert message_content.content(e2e.Message(**fields)) == expected


@pytest.mark.parametrize(
    "wrapper",
    ["ephemeralMessage", "viewOnceMessageV2", "documentWithCaptionMessage", "deviceSentMessage"],
)
def test_it_unwraps_nested_messages(e2e: Any, wrapper: str) -> None:
    wrapped = e2e.Message(**{wrapper: {"message": TEXT}})
    assert message_content.content(wrapped) == ("Olá", None)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"protocolMessage": {"type": 0}},
        {"reactionMessage": {"text": "👍"}},
        {"senderKeyDistributionMessage": {"groupID": "x"}},
        {"messageContextInfo": {"messageSecret": b"x"}},
        {"pollUpdateMessage": {}},
    ],
)
def test_it_skips_messages_without_readable_content(e2e: Any, fields: dict[str, Any]) -> None:
    assert message_content.content(e2e.Message(**fields)) is None
