"""The figures of two commits: what the large topic costs more than the small one."""

from __future__ import annotations

from bench.windows.__main__ import Pair, page
from bench.windows.runs import Run


def _pair(commit: str, number: int, cpu_s: float) -> Pair:
    small, large = Run(10.0, 20.0, 5, 99_900, 100), Run(30.0, 20.0 + cpu_s, 15, 299_700, 300)
    return Pair("a window", commit, number, (100_000, 300_000), (small, large))


def test_the_start_of_a_job_is_in_no_figure() -> None:
    pair = _pair("a", 1, 10.0)
    assert pair.rows_s == 10_000
    assert pair.cpu == 50


def test_the_page_has_the_median_of_each_commit() -> None:
    pairs = [_pair("a", n, cpu) for n, cpu in enumerate((10, 8, 12))] + [_pair("b", 0, 6)]
    lines = [line for line in page(pairs).splitlines() if line.startswith("| a window")]
    assert lines == [
        "| a window | 100,000 and 300,000 | a | 10 (10 to 10) | 50.0 (40.0 to 60.0) | 3 "
        "| 15, of 299,700 readings, 300 dead |",
        "| a window | 100,000 and 300,000 | b | 10 (10 to 10) | 30.0 (30.0 to 30.0) | 1 "
        "| 15, of 299,700 readings, 300 dead |",
    ]
