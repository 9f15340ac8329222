"""Build a support bundle. A part that fails is replaced by its error; the rest is still built."""

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
from core.data.network_wait import before_network_wait
from core.logs.redaction import redact, redact_value
from core.logs.rotating_file import folder_of
from operations.support_bundles.log_lines import RecentLines, customer_lines, recent_lines
from operations.support_bundles.readme import BundleSummary, render_readme
from operations.support_bundles.sessions import (
    MAX_EVENTS,
    MAX_EVENTS_OF_MANY,
    count_sessions,
    describe_session,
    select_sessions,
    timeline,
)
from operations.support_bundles.settings import redacted_settings
from operations.support_bundles.zip_archive import BundleArchive
from sessions_app.diagnostics import checks, report, trial_connection
from sessions_app.diagnostics.trial_connection import Failure, Success, try_qr
from sessions_app.diagnostics.versions import PAIRLINE, versions
from sessions_app.models import Session
from sessions_app.store.gateway_settings import gateway_settings

MIN_GENERAL_LINES = 500  # about no session; or the number of lines for each session, if higher


class NoSuchSession(Exception):
    """The requested session does not exist."""


@dataclass(frozen=True)
class BundleRequest:
    """What to build: for the customer ``account`` (None: for operators), about ``session`` (None:
    all), with up to ``lines`` log lines for each session."""

    account: UUID | None
    session: UUID | None
    lines: int

    def scope(self) -> AbstractContextManager[None]:
        """Return the tenant scope that the bundle is built in."""
        return tenancy.everyone() if self.account is None else tenancy.of_accounts([self.account])


def build_bundle(request: BundleRequest, target: Path) -> int:
    """Write the bundle to ``target``, readable by its owner only, and return its size in bytes (20
    MB at most). Takes up to half a minute. Raises NoSuchSession, OSError when the disk is full, or
    Django's DatabaseError when the database fails meanwhile."""
    at = timezone.now()
    with request.scope(), BundleArchive(target) as archive:
        add_first = _add_machine_files if request.account is None else _add_customer_files
        has_database = add_first(archive)
        shown, total = _add_sessions(archive, request) if has_database else (0, 0)
        if not has_database:
            archive.add("sessions.txt", ["The database does not answer: see doctor.json.\n"])
        summary = BundleSummary(
            at, bool(request.account), shown, total, request.lines, archive.truncated
        )
        archive.add_last("README.txt", render_readme(summary))
    return archive.size


def _add_machine_files(archive: BundleArchive) -> bool:
    """Add the files about this machine. Return whether the database works and is migrated."""
    found = checks.run()
    doctor = report.report(checks.of_the_installation(found))
    archive.add("doctor.json", [_json({"at": timezone.now(), "version": PAIRLINE, **doctor})])
    archive.add("diagnostics.txt", [redact("\n".join(report.lines(found)) + "\n")])
    trial = trial_connection.lines(_try_connection())
    archive.add("test_qr.txt", [redact("\n".join(trial) + "\n")])
    archive.add("versions.json", [_json(versions())])
    archive.add("settings.json", [_json(redacted_settings(settings.ENVIRONMENT()))])
    return not any(
        finding.severity.is_trouble
        for finding in found
        if finding.name in ("database", "migrations")
    )


def _add_customer_files(archive: BundleArchive) -> bool:
    """Add the files about the service. Return True: the database works, it holds the request."""
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
    """Run a real trial connection, which has its own timeout."""
    before_network_wait()
    try:
        return asyncio.run(try_qr(gateway_settings()))
    except Exception as error:  # any failure belongs in the bundle
        return Failure(f"The trial itself failed ({type(error).__name__}).", "See diagnostics.txt.")


def _add_sessions(archive: BundleArchive, request: BundleRequest) -> tuple[int, int]:
    """Add the files of each session. Return how many were added, and how many there are. Raises
    NoSuchSession."""
    sessions = select_sessions(request.account, request.session)
    if request.session is not None and not sessions:
        raise NoSuchSession(f"There is no session {request.session}.")
    general = max(MIN_GENERAL_LINES, request.lines) if request.account is None else 0
    ids = [str(session.pk) for session in sessions]
    log = recent_lines(folder_of(settings.DATA_DIR), ids, request.lines, general)
    only_one = request.session is not None
    events = MAX_EVENTS if only_one else MAX_EVENTS_OF_MANY
    for session in sessions:
        folder = f"sessions/{session.pk}"
        archive.add(f"{folder}/session.json", [_json(describe_session(session))])
        archive.add(f"{folder}/timeline.csv", csv_texts(timeline(session, events)))
        archive.add(f"{folder}/log.jsonl", _log_lines(session, log, request))
    if request.account is None:
        archive.add("log.jsonl", log.general)
    return len(sessions), 1 if only_one else count_sessions(request.account)


def _log_lines(session: Session, log: RecentLines, request: BundleRequest) -> Iterable[str]:
    lines = log.of_sessions[str(session.pk)]
    return lines if request.account is None else customer_lines(lines)


def _json(content: Mapping[str, object]) -> str:
    plain = json.loads(json.dumps(content, cls=DjangoJSONEncoder))
    return json.dumps(redact_value(plain), ensure_ascii=False, indent=2) + "\n"
