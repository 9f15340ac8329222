"""The README.txt of a support bundle. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

NEVER_INCLUDED = """Never included: QR and pairing codes, WhatsApp keys, API keys, passwords,
tokens, webhook secrets, proxy addresses, message texts, and whole phone numbers (the last four
digits are shown)."""
_FOR_OPERATORS = """doctor.json        the output of `manage.py doctor --json`
diagnostics.txt    the output of `manage.py cleanup_sessions diagnostics`
test_qr.txt        the output of `manage.py test_qr`: a test connection to WhatsApp
versions.json      the versions of Pairline, Python and important packages
settings.json      which settings are set, with the values of harmless ones
log.jsonl          the last log lines about no session, one JSON object per line
sessions/<id>/     for each session: session.json (its state), timeline.csv, log.jsonl"""
_FOR_CUSTOMERS = """test_qr.txt        whether and how fast WhatsApp answers the server
versions.json      the version of Pairline
sessions/<id>/     for each number: session.json (its state), timeline.csv, log.jsonl

It is about your account only: it contains nothing about other customers or about the server (no
paths, addresses, processes or settings). It contains the names of your locations and the e-mail
addresses of your members."""


@dataclass(frozen=True)
class BundleSummary:
    """The contents of a bundle: ``shown`` of ``total`` sessions, with up to ``lines`` log lines
    each. ``truncated`` names the files that the size limit cut short."""

    at: datetime
    for_customer: bool
    shown: int
    total: int
    lines: int
    truncated: Sequence[str]


def render_readme(summary: BundleSummary) -> str:
    """Return the text, in lines of at most 100 characters (except file names)."""
    files = _FOR_CUSTOMERS if summary.for_customer else _FOR_OPERATORS
    sessions = (
        f"Sessions: {summary.shown} of {summary.total}, up to {summary.lines} log lines each."
    )
    if summary.shown < summary.total:
        sessions += "\nDisconnected sessions come first, then the most recently changed ones."
    log = "The log is from the machine that built this bundle."
    title = f"Pairline support bundle, made {summary.at:%Y-%m-%d %H:%M:%S} UTC"
    parts = [title, files, NEVER_INCLUDED, f"{sessions}\n{log}"]
    if summary.truncated:
        names = "\n".join(summary.truncated)
        parts.append(f"Cut short, because a bundle has at most 20 MB:\n{names}")
    return "\n\n".join(parts) + "\n"
