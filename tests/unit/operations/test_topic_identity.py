"""A topic is still the same if Kafka's id of it is; its name and its offsets prove nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg, kafka, kafka_metadata, kafka_records
from headrace.environment.kafka import OffsetRange
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, UserError
from headrace.operations import preflight, submission, topic_identity
from headrace.operations.ledger import Entry, Step
from headrace.planner import planning
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project import job_folder
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS, READINGS
from headrace.upkeep import reconcile
from support import ROOT
from support.worlds import paper_environment

JOB, TOPIC, SOURCE = "historian/readings_v1", "plant.readings", "plant_readings"


def plan_of(id_: str, topic: str = TOPIC, *sinks: str) -> StoredPlan:
    nodes = [
        {"id": n, "dynamicTableSink": {"table": {"identifier": f"`headrace`.`{sink.replace('.', '`.`')}`"}}}
        for n, sink in enumerate(sinks)
    ]
    return StoredPlan({"nodes": nodes, "edges": []}, (), {SOURCE: f"{topic} {id_}"}, "store", 0)


def entry(step: Step, plan: StoredPlan | None, job: str = JOB) -> Entry:
    return Entry("d", job, 1, step, "a" * 32, "r", "f", 1, "c", "me", plan=plan.to_text() if plan else None)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(ROOT, tmp_path)


@pytest.fixture
def known(project: Project, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An environment whose topic has two partitions, with ten offsets each."""
    loaded = paper_environment.environment(project, READINGS, DEAD_LETTERS)
    monkeypatch.setattr(kafka, "offset_ranges", lambda _client, _topic: {0: OffsetRange(0, 10), 1: OffsetRange(0, 10)})
    monkeypatch.setattr(kafka_metadata, "topic_id", lambda _client, _topic: "now")
    monkeypatch.setattr(kafka_records, "records_in", lambda _client, _topic, _at, first, end: [*range(first, end)])
    return loaded


@pytest.fixture
def job(project: Project) -> Job:
    return job_folder.load(project, JOB).job


def store(known: Settings, partition: int, *offsets: int) -> None:
    table = iceberg.load_table(iceberg.connect(known), READINGS)
    rows = [
        {"tag": "a", "ts": 1_700_000_000_000_000, "quality": 0, "src_topic": TOPIC, "src_partition": partition,
         "src_offset": each, "src_index": 0}
        for each in offsets
    ]  # fmt: skip
    table.append(pa.Table.from_pylist(rows, schema_to_pyarrow(table.schema(), include_field_ids=False)))


def start(project: Project, known: Settings) -> Mapping[int, int]:
    tables: Catalog = iceberg.connect(known)
    return preflight.start(known, tables, job_folder.load(project, JOB), TOPIC)


def test_the_ids_are_those_of_the_last_incarnation_that_may_have_stored_rows(job: Job) -> None:
    entries = [
        entry("submitting", plan_of("1")),
        entry("running", plan_of("1")),
        entry("stopped", plan_of("1")),
        entry("submitting", plan_of("2")),
        entry("failed", plan_of("2")),
    ]
    assert topic_identity.ids_of(entries, job) == {TOPIC: "1"}
    assert topic_identity.ids_of([*entries, entry("bounded", plan_of("3"))], job) == {TOPIC: "3"}
    assert topic_identity.ids_of([entry("running", None)], job) == {}


def test_an_earlier_version_that_wrote_the_same_table_counts_and_other_jobs_do_not(job: Job) -> None:
    others = [
        entry("stopped", plan_of("1", TOPIC, READINGS), "historian/readings_v0"),
        entry("running", plan_of("2", TOPIC, "condition.overheats"), "condition/overheat_v1"),
    ]
    assert topic_identity.ids_of(others, job) == {TOPIC: "1"}


def test_a_topic_that_is_gone_and_one_that_is_another_are_both_problems() -> None:
    plan = StoredPlan(None, (), {"a": "plant.a 1", "b": "plant.b 2", "c": "plant.c 3"}, "store", 0)
    gone, other = topic_identity.problems(JOB, plan, {"plant.b": "2", "plant.c": "4"})
    assert gone.what == f"the broker has no topic 'plant.a', which {JOB} reads"
    assert other.where == "topic plant.c"
    assert other.what.startswith(f"the topic was deleted and created again since {JOB} read it")
    assert gone.fix
    assert other.fix
    assert topic_identity.problems(JOB, plan, {"plant.a": "1", "plant.b": "2", "plant.c": "3"}) == []


@pytest.mark.parametrize("rows", [0, 3])
def test_a_job_does_not_start_at_an_offset_of_another_topic_however_large_that_is(
    project: Project, known: Settings, rows: int
) -> None:
    paper_environment.write(known, entry("running", plan_of("before")))
    if rows:
        store(known, 0, *range(rows))
        with pytest.raises(UserError, match="the topic was deleted and created again since historian/readings_v1"):
            start(project, known)
    else:
        # Nothing is stored, so nothing can be taken for something else.
        assert start(project, known) == {0: 0, 1: 0}


def test_a_job_starts_where_its_tables_end_if_the_topic_is_the_same(project: Project, known: Settings) -> None:
    paper_environment.write(known, entry("running", plan_of("now")))
    store(known, 0, 0, 1, 2)
    assert start(project, known) == {0: 3, 1: 0}


def test_reconcile_fails_for_a_topic_of_whose_records_the_tables_have_none(project: Project, known: Settings) -> None:
    paper_environment.write(known, entry("running", plan_of("before")))
    store(known, 0, *range(10))
    store(known, 1, *range(10))
    with pytest.raises(CheckFailed) as caught:
        reconcile.reconcile(project, known, JOB)
    (problem,) = caught.value.problems
    assert problem.where == f"topic {TOPIC}"
    assert problem.fix == topic_identity.FIX
    # Another topic is another source: its verdict is "compatible with loss", and deploy alone is refused.
    assert "headrace deploy --accept-loss" in topic_identity.FIX
    paper_environment.write(known, entry("running", plan_of("now")))
    assert all(each.holds for each in reconcile.reconcile(project, known, JOB))


def test_a_source_that_a_savepoint_does_not_know_starts_where_the_tables_end(
    project: Project, known: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper_environment.write(known, entry("running", plan_of("now")))
    store(known, 0, 0, 1, 2)
    composition = SimpleNamespace(
        folder=job_folder.load(project, JOB), sources=[SimpleNamespace(contract=SimpleNamespace(topic=TOPIC))]
    )
    planned = SimpleNamespace(stored=plan_of("now"), composition=composition, execute=lambda *_: None)
    for name in ("check_tables", "check_registry", "check_same_topics"):
        monkeypatch.setattr(preflight, name, lambda *_args, **_options: None)
    monkeypatch.setattr(submission, "compose", lambda *_: composition)
    monkeypatch.setattr(submission, "table_environment", lambda *_: None)
    monkeypatch.setattr(planning, "plan_job", lambda *_: planned)
    monkeypatch.setattr(submission, "_await_running", lambda *_: "RUNNING")
    monkeypatch.setattr(submission, "Cluster", SimpleNamespace(of=lambda _settings: None))
    begun: list[Mapping[int, int]] = []
    more = count(0, 2)
    monkeypatch.setattr(kafka, "set_group_offsets", lambda *arguments: begun.append(arguments[-1]))

    def launched(before: StoredPlan) -> Mapping[int, int] | None:
        begun.clear()
        prepared = submission.prepare(project, known, JOB, goes_on=True, before=before)
        # The job that is stopped stores two more records before the new one is launched.
        stored = next(more)
        store(known, 1, stored, stored + 1)
        submission.launch(cast(Any, prepared), "b" * 32, "file:///savepoint")
        return begun[-1] if begun else None

    without = replace(plan_of("now"), topics={"another": "plant.other 1"})
    assert launched(without) == {0: 3, 1: 2}
    # What the savepoint knows is left alone: it may have no offset of a partition that no record has come from.
    assert launched(plan_of("now")) is None
    assert launched(without) == {0: 3, 1: 6}
