"""The row about an outage in which 10,000 numbers drop at the same moment."""

from __future__ import annotations

from bench.outage_process import NUMBERS_AN_ACCOUNT, OWN_FAULT_EVERY
from bench.own_process import run_module
from bench.progress import counted
from bench.table import Criterion, Row

NUMBERS, LIMIT_SECONDS, MAX_RUNS = 10_000, 10, 3
OWN_FAULTS = NUMBERS // OWN_FAULT_EVERY


def outage(runs: int) -> list[Row]:
    """Measure from the last incident to the last decision, in at most three separate runs."""
    found = [
        run_module("bench.outage_process", "--numbers", str(NUMBERS))
        for _ in counted("outages", min(runs, MAX_RUNS))
    ]
    for one in found:
        assert (one["outages"], one["alarms"], one["mails"]) == (1, 1, OWN_FAULTS), one
        assert one["held"] == NUMBERS - OWN_FAULTS, one
    note = (
        f"one alarm, {OWN_FAULTS} mails about unrelated faults; opening the incidents of the "
        f"latter took another {max(one['opened'] for one in found):.1f} s"
    )
    seconds = [one["seconds"] for one in found]
    accounts = NUMBERS // NUMBERS_AN_ACCOUNT
    what = f"{NUMBERS:,} numbers of {accounts:,} accounts drop: decided"
    return [Row("outage", what, "s", seconds, [], Criterion.WORST, LIMIT_SECONDS, note=note)]
