"""The verdict on each change is true: the change is restored on a cluster, and its rows and windows are counted."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from headrace.environment.apply import table_changes
from headrace.environment.catalog_types import SqliteCatalog
from headrace.operations import submission
from headrace.operations.submission import Prepared
from headrace.planner.state.stored_plan import StoredPlan
from headrace.planner.state.verdict import verdict
from headrace.project.paths import Project
from support import ROOT
from support.upgrade_cases import CHANGES, LATEST, PAIRS, WHOLE, WINDOWS, Change
from support.worlds.live_plant import START_MS, Plant, plant, until

JOBS = ROOT / "tests" / "state_jobs" / "sql"
# A whole minute, at which windows start.
MINUTE_MS = START_MS - START_MS % 60_000
BEFORE, AFTER, OF_B = range(150), range(150, 330), range(100)
STORED = "select src_topic, count(*), count(distinct (src_partition, src_offset)) from watch.readings group by 1"
FOUND = {
    WINDOWS: "select epoch_ms(window_start) - {minute}, sum(readings) from watch.windows where tag = 'A' group by 1",
    PAIRS: "select 'pairs', count(there) from watch.pairs",
    LATEST: "select tag, readings from watch.latest where tag = 'A'",
}


# One change that keeps all state, one that loses it, and one that would take the state of another operator if ids went
# by position. `just proofs` restores all changes.
AT_EACH_COMMIT = {"the size of the window", "a sink added", "a source put before the first"}
# Changes of other kinds of operators, whose verdicts alone are tested at each commit.
JUDGED = {"a column added to a sink", "the key of the window", "the type of a join"}
RESTORED = [
    pytest.param(
        change,
        id=change.name.replace(" ", "_"),
        marks=() if change.name in AT_EACH_COMMIT else pytest.mark.proof,
    )
    for change in CHANGES
]


def message(second: int, tag: str = "A") -> bytes:
    return json.dumps({"tag": tag, "ts": MINUTE_MS + second * 1000, "value": second, "q": 192}).encode()


@dataclass(frozen=True)
class Stopped:
    """A job that was stopped with a savepoint, after which its topics got more records."""

    plant: Plant
    plan: StoredPlan
    savepoint: str
    kept: Path

    def restore(self) -> None:
        """Make the project's files and the tables what they were when the job was stopped."""
        shutil.rmtree(self.plant.project.sql)
        shutil.copytree(self.kept / "sql", self.plant.project.sql)
        _copy(self.kept / "catalog.db", _catalog(self.plant))


@pytest.fixture(scope="module")
def stopped(platform: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stopped]]:
    """A function that returns one of the jobs of tests/state_jobs, each stopped once for all of its changes."""
    with ExitStack() as plants:

        @cache
        def stop(job: str) -> Stopped:
            folder = tmp_path_factory.mktemp("stopped")
            laid = plants.enter_context(plant(platform, folder))
            return _stop_with_savepoint(_watched(laid), job)

        yield stop


def _watched(laid: Plant) -> Plant:
    """The plant with the jobs of tests/state_jobs, and a second topic, other.<its own>, of 100 readings of B."""
    often = laid.settings.flink.model_copy(update={"checkpoint_interval_s": 1.0})
    world = replace(laid, settings=laid.settings.model_copy(update={"flink": often}))
    shutil.copytree(JOBS, world.project.sql, dirs_exist_ok=True)
    contract = world.project.sql / "_sources" / "other_readings.yaml"
    contract.write_text(contract.read_text().replace("topic: other.readings", f"topic: other.{world.topic}"))
    client = AdminClient(world.settings.kafka_client())
    for done in client.create_topics([NewTopic(f"other.{world.topic}", 2, 1)]).values():
        done.result(timeout=30)
    table_changes.apply(world.project, world.settings)
    return world


def _stop_with_savepoint(watched: Plant, job: str) -> Stopped:
    produce_other(watched, [message(second, "B") for second in OF_B])
    watched.produce(map(message, BEFORE))
    first = submission.prepare(watched.project, watched.settings, job, parallelism=1)
    running = submission.launch(first, uuid.uuid4().hex)
    counts = {WINDOWS: {"readings": {watched.topic: [150, 150]}, 0: WHOLE, 60_000: WHOLE},
              PAIRS: {"readings": {}, "pairs": 100}, LATEST: {"readings": {}, "A": 150}}  # fmt: skip
    same = Change("", "unknown", job=job)
    until(lambda: contents(watched, same) == counts[job], 60, lambda: str(contents(watched, same)))
    savepoint = watched.cluster.stop(running.id)
    kept = watched.project.root / "kept"
    shutil.copytree(watched.project.sql, kept / "sql")
    _copy(_catalog(watched), kept / "catalog.db")
    watched.produce(map(message, AFTER))
    if job == PAIRS:
        produce_other(watched, [message(second, "B") for second in range(100, 330)])
    return Stopped(watched, StoredPlan.from_text(first.plan.to_text()), savepoint, kept)


def _catalog(plant: Plant) -> Path:
    catalog = plant.settings.catalog
    assert isinstance(catalog, SqliteCatalog)
    return Path(catalog.path)


def _copy(one: Path, other: Path) -> None:
    """Make SQLite's file `other` hold what `one` holds, for connections that are open too."""
    with closing(sqlite3.connect(one)) as source, closing(sqlite3.connect(other)) as target:
        source.backup(target)


def produce_other(plant: Plant, payloads: Iterable[bytes]) -> None:
    producer = Producer(plant.settings.kafka_client())
    for number, payload in enumerate(payloads):
        producer.produce(f"other.{plant.topic}", payload, partition=number % 2)
    assert producer.flush(60) == 0


def change_files(plant: Plant, change: Change) -> None:
    root = plant.project.root
    for path, edits in change.edits.items():
        file = root / path
        text = file.read_text() if file.exists() else ""
        for was, now in edits.items():
            assert was in text, f"{path} holds no {was!r}"
            text = text.replace(was, now, 1)
        file.write_text(text)
    for path in change.removed:
        (root / path).unlink()


def contents(plant: Plant, change: Change) -> dict[str, Any]:
    """What the tables hold: of how many messages of each topic how many rows, and what the job counts."""
    stored = plant.query(STORED)
    counted = plant.query(FOUND[change.job].format(minute=MINUTE_MS))
    latest = plant.query(FOUND[LATEST]) if "a sink added" in change.name else []
    return {"readings": {topic: rest for topic, *rest in stored}, **dict(counted), **dict(latest)}


def true(plant: Plant, change: Change) -> dict[str, Any]:
    """What the tables must hold."""
    if change.job == PAIRS:
        return {"readings": {}, "pairs": change.pairs}
    if change.job == LATEST:
        return {"readings": {}, "A": change.latest}
    ours, others = (BEFORE if change.readings_stop else range(330)), f"other.{plant.topic}"
    readings = {plant.topic: [len(ours), len(ours)]}
    if "other_readings') }}" in str(change.edits) or "topic: other." in str(change.edits):
        readings[others] = [len(OF_B), len(OF_B)]
    windows: dict[Any, int] = {0: WHOLE, 60_000: WHOLE}
    if change.open_window:
        windows[120_000] = change.open_window
    if change.size_s:
        first = 180 if change.size_s == 60 else 150
        windows |= {second * 1000: change.size_s for second in range(first, 300, change.size_s)}
    return {"readings": readings, **windows, **({"A": change.latest} if "a sink added" in change.name else {})}


def changed(plant: Plant, change: Change, before: StoredPlan) -> Prepared:
    """Make the change and plan the job again; fail unless the verdict is as expected."""
    change_files(plant, change)
    job = submission.prepare(
        plant.project, plant.settings, change.job, parallelism=change.parallelism, goes_on=True, before=before
    )
    said = verdict(before, job.plan)
    assert said.kind == change.verdict, str(said)
    assert len(said.reasons) >= len(change.reasons), str(said)
    for reason, words in zip(said.reasons, change.reasons, strict=False):
        assert words in reason
    return job


def test_changes_that_are_not_restored_here_have_their_verdicts(own_plant: Plant) -> None:
    watched = _watched(own_plant)
    kept = watched.project.root / "kept"
    shutil.copytree(watched.project.sql, kept)
    changes = [change for change in CHANGES if change.name in JUDGED]
    assert len(changes) == len(JUDGED)
    for change in changes:
        before = submission.prepare(watched.project, watched.settings, change.job, parallelism=1).plan
        changed(watched, change, before)
        shutil.copytree(kept, watched.project.sql, dirs_exist_ok=True)


@pytest.mark.parametrize("change", RESTORED)
def test_the_verdict_on_a_change_is_correct(stopped: Callable[[str], Stopped], change: Change) -> None:
    before = stopped(change.job)
    before.restore()
    plant = before.plant
    job = changed(plant, change, before.plan)
    submission.launch(job, uuid.uuid4().hex, before.savepoint)
    try:
        expected = true(plant, change)
        until(lambda: contents(plant, change) == expected, 60, lambda: f"{contents(plant, change)} is not {expected}")
    finally:
        plant.cancel()
