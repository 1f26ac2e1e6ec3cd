"""Fixes for a name that is not known: the nearest known one, or all of them."""

from __future__ import annotations

import pytest

from headrace.errors import Problem, did_you_mean, nearest, unknown


@pytest.mark.parametrize(
    ("name", "known", "fix"),
    [
        ("limt", ["limit", "size"], "did you mean 'limit'?"),
        ("LIMIT", ["limit", "size"], "did you mean 'limit'?"),
        ("zzz", ["limit", "size", "limit"], "params: limit, size"),
        ("zzz", (), "params: none"),
    ],
)
def test_the_fix_is_the_nearest_name_or_all_of_them(name: str, known: list[str], fix: str) -> None:
    assert did_you_mean(name, known, "params") == fix


def test_the_nearest_names_come_in_the_order_of_similarity_as_they_are_spelled() -> None:
    names = ["Average", "TimeAverage", "Total"]
    assert nearest("averge", names, count=3, cutoff=0.5) == ["Average", "TimeAverage"]
    assert nearest("averge", names) == ["Average"]


def test_an_unknown_thing_is_a_problem_at_its_place() -> None:
    assert unknown("job", "a/hott_v1", ["a/hot_v1"], "here") == Problem(
        "there is no job 'a/hott_v1'", "here", "did you mean 'a/hot_v1'?"
    )
    assert unknown("module", "x", ["stuck"], scope="jobs/table_api").fix == "modules of jobs/table_api: stuck"
