"""README.txt of a bundle: what is in it, and what is not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

NEVER_INCLUDED = """Not in here, whatever happened: QR and pairing codes, WhatsApp keys, API keys, passwords,
tokens, secrets of webhooks, addresses of proxies, texts of messages, and whole phone numbers (the
last four digits stay)."""
_FOR_OPERATORS = """doctor.json        what `manage.py doctor --json` found
diagnostics.txt    what `manage.py cleanup_sessions diagnostics` found
test_qr.txt        what `manage.py test_qr` found: a throw-away connection to WhatsApp
versions.json      Pairline, Python and the packages that matter
settings.json      which settings are set; values of harmless ones only
log.jsonl          the last lines of the log about no session, one JSON object a line
sessions/<id>/     for each session: session.json (how it stands), timeline.csv, log.jsonl"""
_FOR_CUSTOMERS = """test_qr.txt        whether WhatsApp answers here, and how fast
versions.json      the version of Pairline
sessions/<id>/     for each connection: session.json (how it stands), timeline.csv, log.jsonl

It is about your own account: nothing of other customers, and nothing of the machine inside (no
paths, addresses, processes or settings). Names of locations and e-mail addresses of your people
are in it."""


@dataclass(frozen=True)
class BundleSummary:
    """What a bundle turned out to hold: ``shown`` of ``there`` sessions, up to ``lines`` of the
    log for each; ``cut`` names files that the limit of the whole has cut short."""

    at: datetime
    for_customer: bool
    shown: int
    there: int
    lines: int
    cut: Sequence[str]


def render_readme(contents: BundleSummary) -> str:
    """The text, in lines of at most 100 characters but for names of files."""
    what = _FOR_CUSTOMERS if contents.for_customer else _FOR_OPERATORS
    counted = (
        f"Sessions: {contents.shown} of {contents.there}, with up to {contents.lines} lines of "
        "the log each."
    )
    if contents.shown < contents.there:
        counted += "\nThose that need somebody come first, then those that changed last."
    log = "The log is that of the machine that made this bundle."
    parts = [
        f"Pairline support bundle, made {contents.at:%Y-%m-%d %H:%M:%S} UTC",
        what,
        NEVER_INCLUDED,
    ]
    parts += [f"{counted}\n{log}"]
    if contents.cut:
        parts.append("Cut short, for a bundle has 20 MB at most:\n" + "\n".join(contents.cut))
    return "\n\n".join(parts) + "\n"
