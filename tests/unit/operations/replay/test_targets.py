"""What `--into` says: a branch, another table, or one for each table of the job."""

from __future__ import annotations

import pytest

from headrace.errors import UserError
from headrace.operations.replay.targets import Targets, targets

EDGE, ARRIVALS = "edge.readings", "edge.arrivals"


def said(into: list[str], *tables: str) -> Targets:
    return targets("edge/forward_v1", tables, into)


@pytest.mark.parametrize(
    ("into", "found", "shown"),
    [
        (["replay_0313"], Targets("replay_0313"), "the branch replay_0313"),
        (["again.readings"], Targets("again_readings", {EDGE: "again.readings"}), "the table again.readings"),
        ([f"{EDGE}=again.r"], Targets("again_r", {EDGE: "again.r"}), "the table again.r"),
    ],
)
def test_a_job_of_one_table_goes_into_a_branch_or_a_table(into: list[str], found: Targets, shown: str) -> None:
    assert said(into, EDGE) == found
    assert found.shown == shown


def test_each_table_of_a_job_goes_into_one_of_its_own() -> None:
    assert said(["day"], EDGE, ARRIVALS) == Targets("day")
    found = said([f"{ARRIVALS}=again.a", f"{EDGE}=again.r"], EDGE, ARRIVALS)
    assert found == Targets("again_a", {ARRIVALS: "again.a", EDGE: "again.r"})
    assert found.shown == "the tables again.a, again.r"


BOTH = f"a table for each: --into {EDGE}={EDGE}_again --into {ARRIVALS}={ARRIVALS}_again"


@pytest.mark.parametrize(
    ("into", "what", "fix"),
    [
        (["main"], "main is what readers see", "as in replay_0313"),
        (["Not-this"], "'Not-this' is not a valid name of a branch", "lower case"),
        ([""], "'' is not a valid name of a branch", "lower case"),
        ([f"{EDGE}@day"], "'edge.readings@day' is how a query names a branch", "write the branch alone: day"),
        (["again.readings"], f"writes {EDGE} and {ARRIVALS}, whose rows do not go into one table", BOTH),
        (["day", "other"], "as OWN=OTHER, and 'day' is not", BOTH),
        ([f"{EDGE}=again.r", "day"], "as OWN=OTHER, and 'day' is not", BOTH),
        ([f"{EDGE}=again.r"], f"nothing says where the rows of {ARRIVALS} go", BOTH),
        ([f"{EDGE}=again.r", f"{ARRIVALS}=again.r"], "the rows of several tables would mix in again.r", BOTH),
        ([f"{EDGE}=again.r", f"{EDGE}=again.s"], f"the rows of {EDGE} go into one table", "leave again.r out"),
        ([f"{EDGE}=Again.R"], "'Again.R' is not a valid name of a table", "as in fleet.arrivals_0313"),
        ([f"{EDGE}=again"], "'again' is not a valid name of a table", "as in fleet.arrivals_0313"),
        ([f"{EDGE}="], "'' is not a valid name of a table", "as in fleet.arrivals_0313"),
        (["edge.reading=again.r"], "writes no table 'edge.reading'", f"did you mean '{EDGE}'?"),
    ],
)
def test_what_says_no_target_is_refused(into: list[str], what: str, fix: str) -> None:
    with pytest.raises(UserError) as raised:
        said(into, EDGE, ARRIVALS)
    (problem,) = raised.value.problems
    assert what in problem.what
    assert problem.fix is not None
    assert fix in problem.fix
