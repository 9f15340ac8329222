"""Every kind of notice has a sentence, even if facts are missing."""

from __future__ import annotations

import pytest

from notifications.kinds import Facts, NoticeKind
from notifications.notices.sentences import sentence

LISBON = {"location": "Lisbon"}


@pytest.mark.parametrize(
    ("kind", "facts", "text"),
    [
        (
            NoticeKind.LINKED,
            {**LISBON, "number": "+351912345678"},
            "Lisbon is linked to +351 912 345 678.",
        ),
        (NoticeKind.LINKED, {**LISBON, "number": ""}, "Lisbon is linked."),
        (
            NoticeKind.LOST,
            {**LISBON, "reason": "logged_out"},
            "Lisbon lost its connection: The link was removed on the phone",
        ),
        (NoticeKind.LOST, {**LISBON, "reason": "of tomorrow"}, "Lisbon lost its connection."),
        (NoticeKind.REMINDER, {**LISBON, "days": 1}, "Lisbon has not been connected for 1 day."),
        (NoticeKind.REMINDER, {**LISBON, "days": 3}, "Lisbon has not been connected for 3 days."),
        (
            NoticeKind.RECOVERED,
            {**LISBON, "seconds": 7_000},
            "Lisbon is connected again, after 1 hour and 56 minutes.",
        ),
        (NoticeKind.RECOVERED, LISBON, "Lisbon is connected again."),
        (
            NoticeKind.PHONE_OFFLINE,
            {**LISBON, "days": 10},
            "The phone of Lisbon has not been online for 10 days.",
        ),
        (NoticeKind.STOPPED, {**LISBON, "by": "bob@x.org"}, "Lisbon was stopped by bob@x.org."),
        (NoticeKind.STOPPED, {**LISBON, "reason": "unlinked"}, "Lisbon was unlinked."),
        (NoticeKind.PLAN, {"change": "trial_ended"}, "The trial has ended."),
        (NoticeKind.PLAN, {"change": "of tomorrow"}, "The plan of the account has changed."),
        (
            NoticeKind.WEBHOOK_OFF,
            {"host": "example.com", "url": "https://example.com/hook?key=s3cret"},
            "The webhook to example.com was switched off because no delivery succeeded for a day.",
        ),
        (NoticeKind.BOUNCED, {"email": "bob@x.org"}, "Mails to bob@x.org do not arrive."),
        (NoticeKind.BUNDLE_READY, {}, "Your support bundle is ready."),
        (
            NoticeKind.EXPORT_READY, {},
            "Your export is ready. Download it under Settings › Account.",
        ),
    ],
)  # fmt: skip
def test_it_describes_what_happened(kind: NoticeKind, facts: Facts, text: str) -> None:
    assert sentence(kind, facts) == text


@pytest.mark.parametrize("kind", NoticeKind)
def test_it_has_a_sentence_without_facts(kind: NoticeKind) -> None:
    assert sentence(kind, {})
