"""A savepoint that the ledger does not know: the topics that it has no offsets of are read as added ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headrace.errors import UserError
from headrace.operations import preflight, submission
from headrace.operations.lifecycle import restore_points, submit
from support.worlds import paper_plant
from support.worlds.paper_plant import JOB, PaperPlant, entry

OTHER = "c" * 32


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperPlant]:
    with paper_plant.plant(tmp_path, monkeypatch) as world:
        world.cluster.running_jobs.clear()
        world.write(entry(step="stopped"))
        yield world


def in_java(text: str) -> bytes:
    """Return the text as Java writes it, after its length in bytes."""
    return len(text).to_bytes(2, "big") + text.encode()


@pytest.mark.parametrize(
    ("state", "restored", "message"),
    [
        (in_java("plant.readings"), {"plant.readings"}, None),
        (in_java("plant.readings.late"), set(), "no offsets of plant.readings: read from right after what the tables"),
    ],
)
def test_its_topics_are_read_from_it(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch, state: bytes, restored: set[str], message: str | None
) -> None:
    path = plant.leave_savepoint(OTHER, b"\0" + state + b"\0")
    asked: dict[str, Any] = {}

    def prepare(*given: Any, **options: Any) -> Any:
        asked.update(options)
        return paper_plant._prepared(*given)

    monkeypatch.setattr(submission, "prepare", prepare)
    monkeypatch.setattr(restore_points, "newest", lambda *_: None)
    monkeypatch.setattr(submit, "run", lambda _context, of, _prepared: of)
    made = submit.submit(plant.context, JOB, savepoint=path)
    assert asked["restored"] == restored
    assert (message or "") in (made.message or "")
    assert (made.message is None) == (message is None)


@pytest.fixture
def unplanned(plant: PaperPlant, monkeypatch: pytest.MonkeyPatch) -> PaperPlant:
    """The plant, in which a job is prepared without Flink, and starts at offset 12."""
    monkeypatch.undo()
    monkeypatch.setattr(preflight, "start", lambda *_: {0: 12})
    monkeypatch.setattr(preflight, "check_tables", lambda *_, **__: None)
    monkeypatch.setattr(preflight, "spread", lambda *_: None)
    monkeypatch.setattr(submission, "compose", lambda *_: SimpleNamespace())
    monkeypatch.setattr(submission, "table_environment", lambda *_: None)
    monkeypatch.setattr("headrace.planner.planning.plan_job", lambda *_: SimpleNamespace(stored=None))
    return plant


def test_a_source_that_is_not_in_it_starts_where_the_tables_end(unplanned: PaperPlant) -> None:
    begins = {}
    for restored in ({"plant.readings"}, set()):
        prepared = submission.prepare(unplanned.project, unplanned.settings, JOB, goes_on=True, restored=restored)
        begins[bool(restored)] = ([*prepared.added], prepared.starts)
    assert begins == {True: ([], {}), False: (["plant_readings"], {"plant.readings": {0: 12}})}


def test_a_job_that_leaves_its_state_has_a_start(unplanned: PaperPlant) -> None:
    prepared = submission.prepare(unplanned.project, unplanned.settings, "historian/rollup_1m_v1", goes_on=True)
    assert prepared.starts == {"plant.readings": {0: 12}}


def test_a_state_that_ends_somewhere_is_refused(plant: PaperPlant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore_points, "newest", lambda *_: None)
    path = plant.leave_savepoint(OTHER, in_java("plant.readings"))
    plant.write(entry(OTHER, "bounded"), entry(OTHER, "stopped"))
    with pytest.raises(UserError, match="would stop reading where the run did"):
        submit.submit(plant.context, JOB, savepoint=path)


def test_one_whose_path_is_relative_is_refused(plant: PaperPlant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plant.project.root)
    plant.leave_savepoint()
    with pytest.raises(UserError, match="begins with / or with its file system"):
        submit.submit(plant.context, JOB, savepoint="savepoints/savepoint-bbbbbb-1")
