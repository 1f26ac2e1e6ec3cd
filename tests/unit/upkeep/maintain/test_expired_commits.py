"""A start from an older state is refused although the commits that it would repeat have expired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.environment import iceberg
from headrace.errors import CheckFailed
from headrace.operations.lifecycle import commits
from headrace.operations.lifecycle.restore_points import RestorePoint, incarnations
from headrace.upkeep.maintain import expire
from support.worlds.paper_plant import JOB, NOW, OLD, READINGS, PaperPlant, plant

OTHER = "e" * 32
COME_TWICE = " were committed after file:/s was taken, and would come twice"


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperPlant]:
    with plant(tmp_path, monkeypatch) as made:
        yield made


def expired(paper: PaperPlant, later: timedelta = timedelta(days=8)) -> int:
    """Maintain the snapshots so much later; return how many are left."""
    catalog, jobs = iceberg.connect(paper.settings), {JOB: incarnations(paper.context.ledger.history(JOB))}
    expire.expire(catalog, READINGS, jobs, datetime.now(UTC) + later)
    return len(iceberg.load_table(catalog, READINGS).snapshots())


def refusal(paper: PaperPlant, checkpoint: int) -> str | None:
    """Return what prevents a start from this checkpoint of the incarnation NOW; None if nothing does."""
    point = RestorePoint("savepoint", "file:/s", NOW, checkpoint)
    try:
        commits.refuse_later(paper.context, paper.context.ledger.history(JOB), point)
    except CheckFailed as error:
        return error.problems[0].what
    return None


def test_rows_of_an_expired_commit_would_come_twice_too(paper: PaperPlant) -> None:
    paper.add_rows(NOW, checkpoint=3)
    paper.add_rows(NOW, checkpoint=5)
    assert (refusal(paper, 5), refusal(paper, 2)) == (None, f"2 rows in {READINGS}{COME_TWICE}")
    paper.add_rows(OLD)  # so that none of these commits is the head
    for number in (1, 2):
        expired(paper, timedelta(days=8 * number))
        paper.add_rows(OLD)
    assert refusal(paper, 5) is None
    assert refusal(paper, 4) == refusal(paper, 2) == f"rows in {READINGS}{COME_TWICE}"
    paper.add_rows(NOW, checkpoint=6)
    assert refusal(paper, 4) == f"1 rows or more in {READINGS}{COME_TWICE}"
    assert refusal(paper, 6) is None


def test_rows_of_a_job_that_the_ledger_does_not_know_count_if_they_came_since(paper: PaperPlant) -> None:
    paper.add_rows(OTHER)
    assert refusal(paper, 9) == f"1 rows in {READINGS}{COME_TWICE}"
    paper.add_rows(OLD)
    assert expired(paper) == 2
    assert refusal(paper, 9) == f"rows in {READINGS}{COME_TWICE}"
