"""Operators see the status of the jobs: in the admin, among the alerts, and on the terminal."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.health import operator_alerts
from core.health.severity import Severity
from locations.models import User
from sessions_app.scheduler import status
from tests.integration.sessions_app.scheduler.conftest import DAY, AddJob, make_job, row

pytestmark = pytest.mark.django_db
PAGE = "/admin/sessions_app/scheduledjob/"
HOUR = timedelta(hours=1)


@pytest.fixture
def operator(client: Client, settings: Settings) -> Client:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    client.force_login(User.objects.create_superuser("op@example.com"))
    return client


def ran(ago: timedelta = HOUR, **columns: Any) -> dict[str, Any]:
    """The columns of a job that succeeded ``ago``."""
    at = timezone.now() - ago
    return {
        "last_started_at": at,
        "last_finished_at": at,
        "last_ok": True,
        "last_result": "Deleted 3 things.",
        **columns,
    }


def running(since: timedelta) -> dict[str, Any]:
    return {
        "last_started_at": timezone.now() - since,
        "lease_owner": "one",
        "lease_expires_at": timezone.now() + timedelta(minutes=1),
    }


def troubles() -> list[str]:
    return [line.text for line in operator_alerts.alerts() if line.subject == "Title of tidy"]


def test_it_shows_the_last_result_and_the_next_run(operator: Client, add_job: AddJob) -> None:
    add_job()
    make_job(late=-2.5 * HOUR, **ran())

    text = operator.get(PAGE).content.decode()

    for words in ("Title of tidy", "1 day", "1 h ago", "Deleted 3 things.", "in 2 h"):
        assert words in text


def test_it_shows_the_jobs_that_are_running(operator: Client, add_job: AddJob) -> None:
    add_job()
    make_job(**running(timedelta(minutes=3)))

    assert "running for 3 min" in operator.get(PAGE).content.decode()


def test_it_logs_run_now_and_makes_it_due(operator: Client, add_job: AddJob) -> None:
    add_job()
    make_job(late=-10 * HOUR)

    answer = operator.post(
        PAGE, {"action": "run_now", "_selected_action": "tidy"}, follow=True
    ).content.decode()

    assert "Title of tidy: a gateway starts it within a few seconds." in answer
    assert row().due_at <= timezone.now()
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.get_change_message()) == ("tidy", "Requested a run")


def test_it_reports_a_job_that_is_already_running(operator: Client, add_job: AddJob) -> None:
    add_job()
    make_job(**running(timedelta(minutes=3)))

    answer = operator.post(PAGE, {"action": "run_now", "_selected_action": "tidy"}, follow=True)

    assert "Title of tidy: is already running." in answer.content.decode()
    assert not LogEntry.objects.exists()


def test_it_does_not_let_anyone_edit_a_job(operator: Client, add_job: AddJob) -> None:
    add_job()
    make_job()

    assert operator.post(f"{PAGE}tidy/change/", {"name": "other"}).status_code == 403
    assert operator.post(f"{PAGE}tidy/delete/", {"post": "yes"}).status_code == 403
    assert operator.get(f"{PAGE}add/").status_code == 403


@pytest.mark.parametrize(("failures", "reported"), [(2, False), (3, True)])
def test_it_raises_an_alert_after_three_failures(
    add_job: AddJob, failures: int, reported: bool
) -> None:
    add_job()
    make_job(late=-HOUR, **ran(last_ok=False, last_result="OSError: no", failures=failures))

    assert (troubles() == ["failed 3 times in a row, last with: OSError: no"]) is reported


@pytest.mark.parametrize(("late", "reported"), [(DAY - HOUR, False), (DAY + HOUR, True)])
def test_it_alerts_about_jobs_late_by_an_interval(
    add_job: AddJob, late: timedelta, reported: bool
) -> None:
    add_job()
    make_job(late=late, **ran(2 * DAY))

    assert (troubles() == ["should have run 1 day ago"]) is reported


def test_it_raises_an_alert_for_a_hanging_job(add_job: AddJob) -> None:
    add_job()
    make_job(late=DAY + HOUR, **running(DAY))

    assert troubles() == ["has been running for 1 day"]


def test_it_shows_jobs_of_another_release_without_an_alert(
    operator: Client, add_job: AddJob
) -> None:
    add_job()
    make_job("newer", late=99 * DAY, failures=9)

    assert "newer" in operator.get(PAGE).content.decode()
    assert troubles() == []


def test_it_reports_trouble_or_the_next_run_in_health(add_job: AddJob) -> None:
    (before,) = status.findings()
    add_job()
    make_job(late=-2.5 * HOUR)
    (well,) = status.findings()
    add_job(name="other")
    make_job("other", failures=3, last_result="OSError: no")
    (bad,) = status.findings()

    assert before.severity is Severity.OK and "none yet" in before.text
    assert (well.severity, well.text) == (Severity.OK, "1 job, next tidy: in 2 h")
    assert (bad.severity, bad.next_step) == (Severity.ERROR, status.SEE)
    assert bad.text == "other: failed 3 times in a row, last with: OSError: no"


def run_command(*arguments: str) -> tuple[int, str]:
    printed = StringIO()
    try:
        call_command("cleanup_sessions", "jobs", *arguments, stdout=printed)
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        return ended.code, printed.getvalue()
    return 0, printed.getvalue()


def test_it_lists_the_jobs_by_command(add_job: AddJob) -> None:
    assert run_command() == (
        0,
        "No gateway has run yet: the first one creates the scheduled jobs.\n",
    )
    add_job()
    make_job(late=-2.5 * HOUR, **ran())

    code, text = run_command()

    assert code == 0
    assert text.splitlines() == [
        "job   every  next    last",
        "tidy  1 day  in 2 h  1 h ago · Deleted 3 things.",
    ]


def test_it_exits_with_1_if_a_job_fails(add_job: AddJob) -> None:
    add_job()
    make_job(**ran(last_ok=False, last_result="OSError: no", failures=4))

    code, text = run_command("--json")

    answer = json.loads(text)
    assert (code, answer["ok"]) == (1, False)
    (job,) = answer["jobs"]
    assert (job["name"], job["failures"]) == ("tidy", 4)
    assert job["trouble"] == "failed 4 times in a row, last with: OSError: no"
