"""Builds a support bundle. What a part of it cannot do is said in its place: the bundle comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from core import tenancy
from core.data.csv_export import csv_texts
from core.logs.redaction import redact, redact_value
from core.logs.rotating_file import folder_of
from operations.support_bundles import sessions as sessions_told
from operations.support_bundles.log_lines import RecentLines, customer_lines, recent_lines
from operations.support_bundles.readme import BundleSummary, render_readme
from operations.support_bundles.settings import redacted_settings
from operations.support_bundles.zip_archive import BundleArchive
from sessions_app.diagnostics import checks, report, trial_connection
from sessions_app.diagnostics.trial_connection import Failure, Success, try_qr
from sessions_app.diagnostics.versions import PAIRLINE, versions
from sessions_app.models import Session
from sessions_app.store.gateway_settings import gateway_settings

MIN_GENERAL_LINES = 500  # or as many as were asked for each session, when that is more


class NoSuchSession(Exception):
    """Nobody has the session that was asked for."""


@dataclass(frozen=True)
class BundleRequest:
    """What to build: for the customer ``account`` (None: for operators), about ``session`` (None:
    all), with ``lines`` of the log for each."""

    account: UUID | None
    session: UUID | None
    lines: int

    def scope(self) -> AbstractContextManager[None]:
        """Whose rows may be touched meanwhile."""
        return tenancy.everyone() if self.account is None else tenancy.of_accounts([self.account])


def build_bundle(wanted: BundleRequest, target: Path) -> int:
    """Write the bundle to ``target``, for our eyes only; its size in bytes, 20 MB at most. Takes
    half a minute at most. Raises NoSuchSession, OSError when the disk takes no more, or Django's
    DatabaseError when the database ends meanwhile."""
    at = timezone.now()
    with wanted.scope(), BundleArchive(target) as archive:
        answers = (
            _add_machine_files(archive) if wanted.account is None else _add_customer_files(archive)
        )
        shown, there = _add_sessions(archive, wanted) if answers else (0, 0)
        if not answers:
            archive.add("sessions.txt", ["The database does not answer: see doctor.json.\n"])
        about = BundleSummary(at, bool(wanted.account), shown, there, wanted.lines, archive.cut)
        archive.add_last("README.txt", render_readme(about))
    return archive.size


def _add_machine_files(archive: BundleArchive) -> bool:
    """Whether the database answers and has its tables."""
    found = checks.run()
    doctor = report.report(checks.of_the_installation(found))
    archive.add("doctor.json", [_json({"at": timezone.now(), "version": PAIRLINE, **doctor})])
    archive.add("diagnostics.txt", [redact("\n".join(report.lines(found)) + "\n")])
    archive.add(
        "test_qr.txt", [redact("\n".join(trial_connection.lines(_try_connection())) + "\n")]
    )
    archive.add("versions.json", [_json(versions())])
    archive.add("settings.json", [_json(redacted_settings(settings.ENVIRONMENT()))])
    return not any(
        finding.severity.is_trouble
        for finding in found
        if finding.name in ("database", "migrations")
    )


def _add_customer_files(archive: BundleArchive) -> bool:
    """True: who asked is a row of the database."""
    outcome = _try_connection()
    if isinstance(outcome, Success):
        seconds = outcome.library_seconds + outcome.answer_seconds
        text = f"WhatsApp answered a new connection in {seconds:.2f} s.\n"
    else:
        text = "WhatsApp did not answer a new connection. Your operator can see why.\n"
    archive.add("test_qr.txt", [text])
    archive.add("versions.json", [_json({"pairline": PAIRLINE})])
    return True


def _try_connection() -> Success | Failure:
    """A real trial connection, which has its own limit of time."""
    try:
        return asyncio.run(try_qr(gateway_settings()))
    except Exception as error:  # whatever it is, it belongs into the bundle
        return Failure(f"The trial itself failed ({type(error).__name__}).", "See diagnostics.txt.")


def _add_sessions(archive: BundleArchive, wanted: BundleRequest) -> tuple[int, int]:
    """How many sessions are told of, and how many there are. Raises NoSuchSession."""
    sessions = sessions_told.select_sessions(wanted.account, wanted.session)
    if wanted.session is not None and not sessions:
        raise NoSuchSession(f"There is no session {wanted.session}.")
    of_none = max(MIN_GENERAL_LINES, wanted.lines) if wanted.account is None else 0
    ids = [str(session.pk) for session in sessions]
    log = recent_lines(folder_of(settings.DATA_DIR), ids, wanted.lines, of_none)
    one = wanted.session is not None
    events = sessions_told.MAX_EVENTS if one else sessions_told.MAX_EVENTS_OF_MANY
    for session in sessions:
        folder = f"sessions/{session.pk}"
        archive.add(f"{folder}/session.json", [_json(sessions_told.describe_session(session))])
        archive.add(f"{folder}/timeline.csv", csv_texts(sessions_told.timeline(session, events)))
        archive.add(f"{folder}/log.jsonl", _log_lines(session, log, wanted))
    if wanted.account is None:
        archive.add("log.jsonl", log.of_none)
    return len(sessions), 1 if one else sessions_told.count_sessions(wanted.account)


def _log_lines(session: Session, log: RecentLines, wanted: BundleRequest) -> Iterable[str]:
    lines = log.of_sessions[str(session.pk)]
    return lines if wanted.account is None else customer_lines(lines)


def _json(content: Mapping[str, object]) -> str:
    plain = json.loads(json.dumps(content, cls=DjangoJSONEncoder))
    return json.dumps(redact_value(plain), ensure_ascii=False, indent=2) + "\n"
