"""The row about daily summaries: 10,000 members whose hour has come at the same moment."""

from __future__ import annotations

from bench.own_process import measured
from bench.progress import counted
from bench.table import Judged, Row

MEMBERS, LIMIT_SECONDS, MOST_RUNS = 10_000, 60, 3


def digest(runs: int) -> list[Row]:
    """Seconds until all of their mails are in the outbox; at most three runs, each afresh."""
    found = [
        measured("bench.digest_process", "--members", str(MEMBERS))
        for _ in counted("daily summaries", min(runs, MOST_RUNS))
    ]
    assert all(one["mails"] == MEMBERS for one in found), found
    note = (
        f"the longest transaction took {max(one['longest'] for one in found) * 1000:.0f} ms, "
        f"a look at nobody due {max(one['idle'] for one in found) * 1000:.1f} ms"
    )
    seconds = [one["seconds"] for one in found]
    what = f"daily summaries of {MEMBERS:,} members"
    return [Row("digest", what, "s", seconds, [], Judged.WORST, LIMIT_SECONDS, note=note)]
