"""The row about an outage of the platform: 10,000 numbers that drop in the same moment."""

from __future__ import annotations

from bench.outage_process import NUMBERS_AN_ACCOUNT, OWN_FAULT_EVERY
from bench.own_process import measured
from bench.progress import counted
from bench.table import Judged, Row

NUMBERS, LIMIT_SECONDS, MOST_RUNS = 10_000, 10, 3
OWN_FAULTS = NUMBERS // OWN_FAULT_EVERY


def outage(runs: int) -> list[Row]:
    """Seconds from the last incident to the last decision; at most three runs, each afresh."""
    found = [
        measured("bench.outage_process", "--numbers", str(NUMBERS))
        for _ in counted("outages", min(runs, MOST_RUNS))
    ]
    for one in found:
        assert (one["outages"], one["alarms"], one["mails"]) == (1, 1, OWN_FAULTS), one
        assert one["held"] == NUMBERS - OWN_FAULTS, one
    note = (
        f"one alarm, {OWN_FAULTS} mails about faults of their own; beside the changes of the "
        f"sessions {max(one['opened'] for one in found):.1f} s more were spent on the latter"
    )
    seconds = [one["seconds"] for one in found]
    accounts = NUMBERS // NUMBERS_AN_ACCOUNT
    what = f"{NUMBERS:,} numbers of {accounts:,} accounts drop: decided"
    return [Row("outage", what, "s", seconds, [], Judged.WORST, LIMIT_SECONDS, note=note)]
