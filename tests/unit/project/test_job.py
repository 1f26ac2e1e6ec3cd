"""Keys and prefixes of job.yaml, and the error for each one of an earlier version, which names the new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.errors import Problem, UserError
from headrace.project import job_folder, yaml_file
from headrace.project.job import Job
from headrace.project.paths import Project

TEXT = """kind: job
name: test/hot_v1
owner: o
description: d
grain: g
reads: [source/plant, table/historian.tags]
writes: {table/test.hot: append, topic/alerts: upsert}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sql" / "test" / "hot_v1").mkdir(parents=True)
    return Project(tmp_path, tmp_path / ".headrace")


def problems(project: Project, text: str) -> list[tuple[str, str, str | None]]:
    (project.sql / "test" / "hot_v1" / "job.yaml").write_text(text)
    with pytest.raises(UserError) as raised:
        job_folder.load(project, "test/hot_v1")
    return [plain(problem) for problem in raised.value.problems]


def plain(problem: Problem) -> tuple[str, str, str | None]:
    return str(problem.where).removeprefix("sql/test/hot_v1/"), problem.what, problem.fix


def test_sinks_have_the_names_of_their_tables_and_topics(project: Project) -> None:
    path = project.sql / "test" / "hot_v1" / "job.yaml"
    path.write_text(TEXT)
    job = yaml_file.load(path, Job)
    assert job.writes == {"test.hot": "append", "topic/alerts": "upsert"}
    assert (job.tables_written, job.topics_written) == (["test.hot"], ["alerts"])
    assert [job.output(sink) for sink in job.writes] == ["table/test.hot", "topic/alerts"]


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("through", "steps", "[enrich]"),
        ("late", "late_table", "historian.late_readings"),
        ("recompute", "window", "1m"),
        ("complete", "keeps_every_record", "true"),
    ],
)
def test_an_old_key_is_reported_with_the_new_one(project: Project, old: str, new: str, value: str) -> None:
    assert problems(project, f"{TEXT}{old}: {value}\n") == [
        ("job.yaml:8:1", f"'{old}' is now '{new}'", f"write {new}: ...")
    ]


def test_the_old_step_of_scores_is_reported_with_the_kind_of_job_that_replaces_it(project: Project) -> None:
    [(where, what, fix)] = problems(project, f"{TEXT}steps: [enrich, score]\n")
    assert (where, what) == (
        "job.yaml:8:17",
        "steps.1: the step 'score' is gone: a job of kind score writes anomaly scores to a table of their own",
    )
    assert fix == "remove it, and score and anomaly from the templates (docs/upgrades.md)"


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [("test.hot: append", "table/test.hot", 10), ("kafka/alerts: append", "topic/alerts", 10)],
)
def test_an_old_name_of_a_sink_is_reported_with_the_new_one(project: Project, old: str, new: str, column: int) -> None:
    name = old.partition(":")[0]
    text = TEXT.replace("{table/test.hot: append, topic/alerts: upsert}", f"{{{old}}}")
    where, what, fix = problems(project, text)[0]
    assert (where, fix) == (f"job.yaml:7:{column}", f"write {new}")
    assert what == f"writes: '{name}' is now '{new}'"


@pytest.mark.parametrize("name", ["table/kafka.x", "table/topic.x", "topic/a.b", "table/x", "source/x", "Hot"])
def test_a_sink_that_is_neither_a_table_nor_a_topic_is_refused(project: Project, name: str) -> None:
    text = TEXT.replace("table/test.hot", name)
    _, what, fix = problems(project, text)[0]
    assert what == f"writes: '{name}' is not a valid sink"
    assert fix == "write table/<namespace>.<table> or topic/<topic>"


def test_the_old_file_name_of_a_topic_is_reported_with_the_new_one(project: Project) -> None:
    (project.sql / "test" / "hot_v1" / "kafka.kafka_alerts.sql.j2").write_text("select 1")
    old = TEXT.replace("topic/alerts", "kafka/kafka_alerts")
    renamed = (
        "kafka.kafka_alerts.sql.j2:1",
        "'kafka.kafka_alerts.sql.j2' is now 'topic.kafka_alerts.sql.j2'",
        "rename the file to topic.kafka_alerts.sql.j2",
    )
    assert problems(project, old)[-1] == renamed
    assert problems(project, TEXT) == [renamed]


@pytest.mark.parametrize(
    ("name", "sink"),
    [("topic.alerts", "topic/alerts"), ("historian.topic", "historian.topic"), ("topics.x", "topics.x")],
)
def test_a_file_name_stands_for_a_sink(name: str, sink: str) -> None:
    assert job_folder.sink_of(name) == sink
    assert job_folder.template_of(sink) == f"{name}.sql.j2"


def test_a_table_that_is_read_may_say_how_often_it_is_looked_at(project: Project) -> None:
    path = project.sql / "test" / "hot_v1" / "job.yaml"
    path.write_text(TEXT.replace("table/historian.tags", "{table/historian.tags: {refresh: 10s}}, table/test.two"))
    job = yaml_file.load(path, Job)
    assert job.reads == ["source/plant", "table/historian.tags", "table/test.two"]
    assert job.tables == ["historian.tags", "test.two"]
    assert [job.refresh(name).total_seconds() for name in job.tables] == [10, 60]


@pytest.mark.parametrize(
    ("read", "what"),
    [
        ("{table/historian.tags: {refresh: 10}}", "reads.1.refresh: a duration is a whole number"),
        ("{table/historian.tags: {refresh: 10ms}}", "reads.1.refresh: at least 1s"),
        ("{table/historian.tags: {fresh: 10s}}", "unknown key 'reads.1.fresh'"),
        ("{source/plant: {refresh: 10s}}", "reads.1: 'source/plant' has no options"),
        ("{table/historian.tags: 10s}", "reads.1: the options of 'table/historian.tags' belong here"),
        ("{table/historian.tags: {refresh: 1s}, table/test.two: {}}", "reads.1: one table and its options"),
        ("5", "reads.1: 5 is not a valid input"),
    ],
)
def test_options_that_a_read_cannot_have_are_reported(project: Project, read: str, what: str) -> None:
    [(where, found, _)] = problems(project, TEXT.replace("table/historian.tags", read))
    assert found.startswith(what)
    assert where.startswith("job.yaml:6:")
