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
from operations.support_bundles.log_lines import LastLines, for_customers, last_lines
from operations.support_bundles.readme import Contents, readme
from operations.support_bundles.settings import told_settings
from operations.support_bundles.zip_archive import Archive
from sessions_app.diagnostics import checks, report, trial_connection
from sessions_app.diagnostics.trial_connection import Failure, Success, try_qr
from sessions_app.diagnostics.versions import PAIRLINE, versions
from sessions_app.models import Session
from sessions_app.store.gateway_settings import gateway_settings

LINES_OF_NO_SESSION = 500  # or as many as were asked for each session, when that is more


class NoSuchSession(Exception):
    """Nobody has the session that was asked for."""


@dataclass(frozen=True)
class Wanted:
    """What to build: for the customer ``account`` (None: for operators), about ``session`` (None:
    all), with ``lines`` of the log for each."""

    account: UUID | None
    session: UUID | None
    lines: int

    def scope(self) -> AbstractContextManager[None]:
        """Whose rows may be touched meanwhile."""
        return tenancy.everyone() if self.account is None else tenancy.of_accounts([self.account])


def build(wanted: Wanted, target: Path) -> int:
    """Write the bundle to ``target``, for our eyes only; its size in bytes, 20 MB at most. Takes
    half a minute at most. Raises NoSuchSession, OSError when the disk takes no more, or Django's
    DatabaseError when the database ends meanwhile."""
    at = timezone.now()
    with wanted.scope(), Archive(target) as archive:
        answers = _of_the_machine(archive) if wanted.account is None else _for_a_customer(archive)
        shown, there = _of_sessions(archive, wanted) if answers else (0, 0)
        if not answers:
            archive.add("sessions.txt", ["The database does not answer: see doctor.json.\n"])
        about = Contents(at, bool(wanted.account), shown, there, wanted.lines, archive.cut)
        archive.add_last("README.txt", readme(about))
    return archive.size


def _of_the_machine(archive: Archive) -> bool:
    """Whether the database answers and has its tables."""
    found = checks.run()
    doctor = report.report(checks.of_the_installation(found))
    archive.add("doctor.json", [_json({"at": timezone.now(), "version": PAIRLINE, **doctor})])
    archive.add("diagnostics.txt", [redact("\n".join(report.lines(found)) + "\n")])
    archive.add("test_qr.txt", [redact("\n".join(trial_connection.lines(_tried())) + "\n")])
    archive.add("versions.json", [_json(versions())])
    archive.add("settings.json", [_json(told_settings(settings.ENVIRONMENT()))])
    return not any(
        finding.severity.is_trouble
        for finding in found
        if finding.name in ("database", "migrations")
    )


def _for_a_customer(archive: Archive) -> bool:
    """True: who asked is a row of the database."""
    outcome = _tried()
    if isinstance(outcome, Success):
        seconds = outcome.library_seconds + outcome.answer_seconds
        text = f"WhatsApp answered a new connection in {seconds:.2f} s.\n"
    else:
        text = "WhatsApp did not answer a new connection. Your operator can see why.\n"
    archive.add("test_qr.txt", [text])
    archive.add("versions.json", [_json({"pairline": PAIRLINE})])
    return True


def _tried() -> Success | Failure:
    """A real trial connection, which has its own limit of time."""
    try:
        return asyncio.run(try_qr(gateway_settings()))
    except Exception as error:  # whatever it is, it belongs into the bundle
        return Failure(f"The trial itself failed ({type(error).__name__}).", "See diagnostics.txt.")


def _of_sessions(archive: Archive, wanted: Wanted) -> tuple[int, int]:
    """How many sessions are told of, and how many there are. Raises NoSuchSession."""
    sessions = sessions_told.chosen(wanted.account, wanted.session)
    if wanted.session is not None and not sessions:
        raise NoSuchSession(f"There is no session {wanted.session}.")
    of_none = max(LINES_OF_NO_SESSION, wanted.lines) if wanted.account is None else 0
    ids = [str(session.pk) for session in sessions]
    log = last_lines(folder_of(settings.DATA_DIR), ids, wanted.lines, of_none)
    one = wanted.session is not None
    events = sessions_told.MOST_EVENTS if one else sessions_told.MOST_EVENTS_OF_MANY
    for session in sessions:
        folder = f"sessions/{session.pk}"
        archive.add(f"{folder}/session.json", [_json(sessions_told.standing(session))])
        archive.add(f"{folder}/timeline.csv", csv_texts(sessions_told.timeline(session, events)))
        archive.add(f"{folder}/log.jsonl", _lines_of(session, log, wanted))
    if wanted.account is None:
        archive.add("log.jsonl", log.of_none)
    return len(sessions), 1 if one else sessions_told.count(wanted.account)


def _lines_of(session: Session, log: LastLines, wanted: Wanted) -> Iterable[str]:
    lines = log.of_sessions[str(session.pk)]
    return lines if wanted.account is None else for_customers(lines)


def _json(content: Mapping[str, object]) -> str:
    plain = json.loads(json.dumps(content, cls=DjangoJSONEncoder))
    return json.dumps(redact_value(plain), ensure_ascii=False, indent=2) + "\n"
