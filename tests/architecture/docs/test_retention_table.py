"""docs/explanation/retention.md lists every model, with the job that deletes its rows."""

from __future__ import annotations

import re

from django.apps import apps

from conversations.models import EARLY_RECEIPT_KEPT
from core.background.jobs import registered
from locations.jobs import INVITATIONS_KEPT
from locations.rest.idempotency import KEPT as ANSWERS_KEPT
from notifications.mail.queue import KEPT as MAILS_KEPT
from notifications.webhooks.queue import KEPT as DELIVERIES_KEPT
from sessions_app.jobs import EVENTS_KEPT, GATEWAYS_KEPT, LEFT_OVER_AFTER, LINKS_KEPT
from tests.architecture.sources import PROJECT

PAGE = PROJECT / "docs" / "explanation" / "retention.md"
ROW = re.compile(r"^\| `(\w+\.\w+)` \| ([^|]+?) \| (?:`(\w+)`)? ?\| ?([^|]*?) ?\|$", re.MULTILINE)
# Rows kept for ever, or as long as their account, need a reason or a job.
ENDLESS = ("forever", "with the account")


def test_it_lists_every_model_once() -> None:
    named = [row[0] for row in ROW.findall(PAGE.read_text())]

    assert sorted(named) == sorted(model._meta.label for model in apps.get_models())


def test_it_gives_each_table_a_job_or_a_reason() -> None:
    for label, kept, job, why in ROW.findall(PAGE.read_text()):
        assert not (kept in ENDLESS and not job) or why, f"Say why {label} is kept {kept}"
        if re.search(r"\d+ (days?|hours?|months?)", kept):
            assert job, f"Say which job deletes {label} after {kept}"


def test_it_names_jobs_that_exist() -> None:
    named = {row[2] for row in ROW.findall(PAGE.read_text())} - {""}

    assert named <= set(registered())
    assert len(named) > 5


def test_it_shows_the_retention_times_of_the_code() -> None:
    kept = {label: words for label, words, _, _ in ROW.findall(PAGE.read_text())}

    assert kept["locations.Invitation"].startswith(f"{INVITATIONS_KEPT.days} days")
    assert kept["locations.IdempotentAnswer"] == f"{ANSWERS_KEPT.days * 24} hours"
    assert kept["sessions_app.SessionEvent"] == f"{EVENTS_KEPT.days // 30} months"
    assert kept["sessions_app.ConnectLink"].startswith(f"{LINKS_KEPT.days} days")
    assert kept["sessions_app.Gateway"].startswith(f"{GATEWAYS_KEPT.days} days")
    assert kept["conversations.EarlyReceipt"] == f"{EARLY_RECEIPT_KEPT.days} day"
    assert kept["notifications.Delivery"] == f"{DELIVERIES_KEPT.days} days"
    assert kept["notifications.Mail"] == f"{MAILS_KEPT.days} days"
    assert f"| {LEFT_OVER_AFTER.days} days after their last change |" in PAGE.read_text()
