"""The table of the benchmark."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.table import Criterion, Row, percentile, render

SCAN = Row("scan", "Scan → ready", "ms", [900, 1000, 1300], [700, 800, 900], Criterion.MEDIAN, 250,
           above_bare=True)  # fmt: skip


def test_it_computes_percentiles_of_samples() -> None:
    hundred = [float(number) for number in range(100, 0, -1)]
    assert percentile(hundred, 0.95) == 95
    assert percentile(hundred[:20], 0.95) == 99  # the second worst of twenty: 100, 99, … 81
    assert percentile([7.0], 0.95) == 7
    with pytest.raises(ValueError, match="needs samples"):
        percentile([], 0.95)


def test_it_adds_the_bare_median_to_relative_limits() -> None:
    assert (SCAN.measured, SCAN.at_most, SCAN.met) == (1000, 1050, True)
    alone = replace(SCAN, above_bare=False)
    assert (alone.at_most, alone.met) == (250, False)


def test_it_compares_the_chosen_statistic() -> None:
    samples = [float(number) for number in range(1, 41)]
    rows = [replace(SCAN, pairline=samples, judged=judged) for judged in Criterion]
    assert [row.measured for row in rows] == [20.5, 38, 40]


def test_it_has_no_ratio_without_bare_samples() -> None:
    assert SCAN.ratio == 1.25
    assert replace(SCAN, bare=[]).ratio is None
    assert replace(SCAN, bare=[0.0]).ratio is None


def test_it_prints_aligned_columns_and_results() -> None:
    memory = Row("memory", "Memory", "MB", [412.3], [], Criterion.WORST, 400, note="RSS of 3")
    head, line, first, second, note, total = render([SCAN, memory]).splitlines()
    assert head.index("Pairline median") + len("Pairline median") == first.index("1000 ms") + 7
    assert "bare + 250 ms" in first and first.endswith("  met")
    assert "1.2 ×" in first and "–" in second
    assert second.split()[-6:] == ["412", "MB", "400", "MB", "NOT", "met"]
    assert len(set(line)) == 1
    assert (note, total) == ("memory: RSS of 3", "1 of 2 met")
