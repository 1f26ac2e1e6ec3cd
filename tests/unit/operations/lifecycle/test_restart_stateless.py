"""What a start without state loses or repeats is shown before it, whatever the job keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import support
from headrace.cli import upgrade
from headrace.environment import kafka
from headrace.environment.apply import table_changes
from headrace.environment.kafka import OffsetRange
from headrace.errors import UserError
from headrace.operations import deploy
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import restart_stateless, retention_loss, submit
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.stored_offsets import INDEX_BITS, Stored
from support.worlds import paper_plant
from support.worlds.paper_plant import JOB, PaperPlant, entry

TOPIC = "plant.readings"
_NO_LETTERS = np.empty(0, np.int64)


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperPlant]:
    """The job's tables hold offsets 0 to 9 of partition 0, and 0 to 4 of partition 1."""
    positions = {0: np.arange(10) << INDEX_BITS, 1: np.arange(5) << INDEX_BITS}
    kept = {partition: Stored(each, _NO_LETTERS) for partition, each in positions.items()}
    monkeypatch.setattr(retention_loss, "stored", lambda *_: kept)
    with paper_plant.plant(tmp_path, monkeypatch) as world:
        yield world


def topic(patch: pytest.MonkeyPatch, *spans: tuple[int, int]) -> None:
    """Have the topic hold these offsets of its partitions."""
    patch.setattr(kafka, "offset_ranges", lambda *_: {p: OffsetRange(*span) for p, span in enumerate(spans)})


def costs(plant: PaperPlant, job: str = JOB) -> str:
    return "\n".join(restart_stateless.cost(plant.context, job).sentences)


def test_a_job_that_keeps_every_record_loses_what_retention_took(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic(monkeypatch, (4_000, 4_500), (5, 7))
    assert costs(plant).splitlines()[1:] == [
        "up to 3,990 records of plant.readings are lost, offsets 10 to 3999 of partition 0: retention deleted them "
        "before they were read",
        "it reads plant.readings on after the last record that its tables hold: 502 records wait",
    ]


def test_a_job_that_keeps_every_record_and_loses_none_has_a_cost_to_confirm(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic(monkeypatch, (3, 12), (0, 5), (0, 1))
    stateless = (Path(support.__file__).parent / "plans" / "overheat_v1.before_topic_prefix.json").read_text()
    plant.write(entry(plan=stateless))
    assert costs(plant).splitlines() == [
        "it has no windows, joins or aggregates that could be lost",
        "it reads plant.readings on after the last record that its tables hold: 3 records wait; none is lost or "
        "repeated",
    ]


def test_any_other_job_starts_at_the_earliest_record(plant: PaperPlant, monkeypatch: pytest.MonkeyPatch) -> None:
    topic(monkeypatch, (4_000, 4_500), (0, 7))
    table_changes.apply(plant.project, plant.settings, ["historian.rollup_1m"])
    assert costs(plant, "historian/rollup_1m_v1") == (
        "what its operators keep (windows, joins, aggregates) is lost: they start empty\n"
        "it reads plant.readings from its earliest record on: 507 records\n"
        "4,000 earlier records of plant.readings were deleted by retention, and are not read again"
    )


def test_nobody_restarts_a_job_without_state_unasked(plant: PaperPlant, monkeypatch: pytest.MonkeyPatch) -> None:
    topic(monkeypatch, (4_000, 4_500))
    done = []

    def restart(_context: OperationContext, job: str) -> Entry:
        done.append(job)
        return entry()

    monkeypatch.setattr("headrace.operations.lifecycle.operation_context.read_only", lambda *_: plant.context)
    monkeypatch.setattr(restart_stateless, "restart", restart)
    monkeypatch.setenv("HEADRACE_PROJECT", str(plant.project.root))
    app = typer.Typer()
    app.command()(upgrade.restart)
    refused = CliRunner().invoke(app, [JOB, "--from", "nothing"], input="n\n")
    assert isinstance(refused.exception, UserError)
    assert "--yes" in str(refused.exception)
    assert "up to 3,990 records of plant.readings are lost" in refused.stderr
    assert done == []
    accepted = CliRunner().invoke(app, [JOB, "--from", "nothing", "--yes"])
    assert "up to 3,990 records of plant.readings are lost" in accepted.stderr


def test_a_start_where_the_tables_end_names_what_retention_took(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic(monkeypatch, (4_000, 4_500), (5, 7))
    plant.cluster.running_jobs.clear()
    plant.write(entry(step="stopped"))
    started = []

    def run(_context: OperationContext, each: Entry, _prepared: object) -> Entry:
        started.append(each.message)
        return each

    monkeypatch.setattr(submit.submit.__module__ + ".run", run)
    submit.submit(plant.context, JOB)
    assert started == [
        "up to 3,990 records of plant.readings are lost, offsets 10 to 3999 of partition 0: retention deleted them "
        "before they were read"
    ]
    (action,) = deploy.plan(plant.context)
    assert action.why == f"it was stopped; {started[0]}"
    topic(monkeypatch, (10, 20), (5, 7))
    submit.submit(plant.context, JOB)
    assert started[1] is None
