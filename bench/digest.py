"""The row about daily summaries that are due for 10,000 members at the same moment."""

from __future__ import annotations

from bench.own_process import run_module
from bench.progress import counted
from bench.table import Criterion, Row

MEMBERS, LIMIT_SECONDS, MAX_RUNS = 10_000, 60, 3


def digest(runs: int) -> list[Row]:
    """Measure the seconds until all mails are in the outbox, in at most three separate runs."""
    found = [
        run_module("bench.digest_process", "--members", str(MEMBERS))
        for _ in counted("daily summaries", min(runs, MAX_RUNS))
    ]
    assert all(one["mails"] == MEMBERS for one in found), found
    note = (
        f"the longest transaction took {max(one['longest'] for one in found) * 1000:.0f} ms, "
        f"a check with no member due {max(one['idle'] for one in found) * 1000:.1f} ms"
    )
    seconds = [one["seconds"] for one in found]
    what = f"daily summaries of {MEMBERS:,} members"
    return [Row("digest", what, "s", seconds, [], Criterion.WORST, LIMIT_SECONDS, note=note)]
