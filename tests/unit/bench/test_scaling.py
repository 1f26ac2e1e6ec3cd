"""The page of scaling, and the plan that is computed from its figures."""

from __future__ import annotations

import msgspec
import pytest

from bench.scaling.__main__ import measured, page
from bench.scaling.cases import CASES, Case
from bench.scaling.plan import Measured, table
from bench.scaling.runs import Run


def run(case: Case, readings: int, seconds: float, cpu_s: float, fault: str | None = None) -> Run:
    return Run(case, readings, seconds, cpu_s, 2**31, readings * 16, 1.0, fault)


def test_figures_are_marginal_but_those_of_one_run_alone_are_whole() -> None:
    ten = next(case for case in CASES if case.jobs == 10)
    found = [
        run(CASES[0], 300_000, 2.0, 3.0),
        run(CASES[0], 1_500_000, 6.0, 9.0),
        run(ten, 2_000_000, 10.0, 20.0),
        run(CASES[1], 300_000, 2.0, 3.0),
        run(CASES[1], 1_500_000, 6.0, 9.0, "1 of 1,500,000 rows"),
    ]
    first, jobs = measured(found)
    assert [first.rows_s, first.cpu_s_per_million] == pytest.approx([300_000, 5])
    assert [jobs.rows_s, jobs.cpu_s_per_million] == pytest.approx([200_000, 10])
    assert (jobs.slots, jobs.partitions) == (10, 10)
    assert jobs.rss_a_slot == 2**31 / 10
    assert "Without figures: 1 slot, 1 of 1,500,000 rows." in page(found)


def test_a_trillion_readings_a_day_are_planned_from_a_case() -> None:
    case = Measured("a case", 100_000, 6.0, 16.0, 2**30, slots=2, partitions=4)
    heading, row = table([case], rows_s_of_a_partition=100_000)
    plan = dict(zip(heading, row, strict=True))
    # 11.57 million readings/s, at six tenths of a core and of a slot's 50,000/s
    assert plan == {
        "messages as in": "a case",
        "cores": "116",
        "slots": "386",
        "jobs": "7",
        "memory": "0.4 TiB",
        "partitions": "386",
        "stored a day": "14.6 TiB",
        "files a day": "555,840",
    }


def test_each_case_changes_one_thing_of_the_first() -> None:
    first, *others = map(msgspec.structs.asdict, CASES)
    free = {"name", "readings"}
    changed = [{key for key in case if case[key] != first[key]} - free for case in others]
    assert all(len(keys) == 1 for keys in changed[:-1])
    assert changed[-1] == {"slots", "partitions", "jobs"}
