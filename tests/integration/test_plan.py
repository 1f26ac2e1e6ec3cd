"""What `plan` reports for a change: on real Flink, without a broker, a cluster or the jobs' catalog."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from headrace.authoring.diff import JobPlan, Report, report
from headrace.cli import plan as command
from headrace.cli.markdown import plan_comment
from headrace.environment import settings
from headrace.environment.apply import table_changes
from headrace.errors import CheckFailed, UserError
from headrace.planner.state.alignment import align
from headrace.planner.state.operators import operators
from headrace.project.paths import Project
from support import ROOT
from support.git_repository import Repository, committed, repository

__all__ = ["committed", "repository"]

JOB = "condition/overheat_v1"
FOLDER = f"sql/{JOB}"
SPIKES = "condition/spikes_v1"
JOIN = """
select a.tag, b.ts as taken_at, a.`value` as number
from r as a join r as b on a.tag = b.tag and a.event_time between b.event_time - {}"""
YAML = """\
kind: job
name: test/{}_v1
owner: o
description: d
grain: g
reads: [source/plant_readings, table/historian.tags]
writes: {{table/test.shapes: upsert}}
"""
TABLE = """\
description: d
grain: g
columns:
  tag: {type: string, required: true, doc: t}
  taken_at: {type: timestamptz, doc: a}
  number: {type: double, doc: n}
  other: {type: double, doc: o}
key: [tag]
"""
WINDOW = "select tag, max(ts) as taken_at, {} as number from {{{{ {} }}}} group by tag, window_start, window_end"


TOTAL = "select tag, max(ts) as taken_at, sum(`value`){} as number from r group by {}"
TAGS = """
select r.tag, r.ts as taken_at, r.`value` as number
from r {} {{{{ table('historian.tags') }}}} as t on r.tag = t.tag {}"""
RUNNING = """
select tag, ts as taken_at, `value` as number,
    sum(`value`) over (partition by tag order by event_time rows between {} preceding and current row) as other
from r"""
KEPT = """
select tag, ts as taken_at, `value` as number
from (select *, row_number() over (partition by tag order by event_time {}) as place from r) where place = 1"""
SHAPES = {
    "the size of a window": (
        WINDOW.format("avg(`value`)", "tumble('r', '1h')"), WINDOW.format("avg(`value`)", "tumble('r', '30m')"),
        ["window aggregate by tag for test.shapes: window size: 1 h → 30 min"],
    ),
    "what a window gathers": (
        WINDOW.format("avg(`value`)", "tumble('r', '1h')"), WINDOW.format("max(`value`)", "tumble('r', '1h')"),
        ["window aggregate by tag for test.shapes: aggregate number: AVG(value) → MAX(value)"],
    ),
    "how often a window starts": (
        WINDOW.format("avg(`value`)", "hop('r', '1h', '5m')"), WINDOW.format("avg(`value`)", "hop('r', '1h', '10m')"),
        ["window aggregate by tag for test.shapes: window slide: 5 min → 10 min"],
    ),
    "the gap of a session": (
        WINDOW.format("avg(`value`)", "session('r', '5m')"), WINDOW.format("avg(`value`)", "session('r', '6m')"),
        ["window aggregate by tag for test.shapes: window gap: 5 min → 6 min"],
    ),
    "the kind of a window": (
        WINDOW.format("avg(`value`)", "session('r', '5m')"), WINDOW.format("avg(`value`)", "tumble('r', '5m')"),
        ["window aggregate by tag for test.shapes: window: SESSION → TUMBLE; window size added: 5 min; window gap "
         "removed: 5 min"],
    ),
    "what an aggregate counts": (
        TOTAL.format("", "tag"), TOTAL.format(" filter (where quality < 9)", "tag"),
        ["aggregate by tag for test.shapes: aggregate number: SUM(value) → SUM(value) FILTER (quality < 9) IS TRUE"],
    ),
    "what an aggregate groups by": (
        TOTAL.format("", "tag"), TOTAL.format("", "tag, quality"),
        ["aggregate by tag, quality for test.shapes: by added: quality"],
    ),
    "an aggregate that goes": (
        TOTAL.format("", "tag"), "select tag, ts as taken_at, `value` as number from r",
        ["aggregate by tag for test.shapes: removed"],
    ),
    "the bounds of a join": (
        JOIN.format("interval '5' minute and b.event_time"), JOIN.format("interval '9' minute and b.event_time"),
        ["join within a time for test.shapes: condition added: event_time >= (event_time0 - 9m); condition removed: "
         "event_time >= (event_time0 - 5m)"],
    ),
    "the kind of a join": (
        TAGS.format("join", ""), TAGS.format("left join", ""),
        ["join for test.shapes: type: InnerJoin → LeftOuterJoin"],
    ),
    "a join that comes": (
        "select tag, ts as taken_at, `value` as number from r", TAGS.format("join", "where t.unit = 'degC'"),
        ["source historian.tags: added", "join for test.shapes: added"],
    ),
    "how far back a running sum goes": (
        RUNNING.format(3), RUNNING.format(4),
        ["running aggregate by tag for test.shapes: window: ROWS BETWEEN 3 PRECEDING AND CURRENT ROW → "
         "ROWS BETWEEN 4 PRECEDING AND CURRENT ROW"],
    ),
    "which reading of a tag is kept": (
        KEPT.format("asc"), KEPT.format("desc"),
        ["deduplication by tag for test.shapes: keep: FirstRow → LastRow"],
    ),
    "a condition": (
        "select tag, ts as taken_at, `value` as number from r where `value` > 1 and quality = 0",
        "select tag, ts as taken_at, `value` as number from r where `value` > 2 and quality = 0",
        ["condition added: value > 2; condition removed: value > 1"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def flink() -> Iterator[None]:
    """Use the project's own Flink, and nothing that the shell has set for another environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLINK_HOME", str(ROOT / ".headrace" / "flink"))
        patch.delenv("HEADRACE_HOME", raising=False)
        yield


@pytest.fixture(scope="module")
def shapes(committed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return the operator changes of each of SHAPES, all planned at once."""
    root = tmp_path_factory.mktemp("shapes") / "project"
    shutil.copytree(committed, root)
    repository_of_shapes = Repository(Project(root, root / ".headrace"))
    names = {what: f"shape_{number}" for number, what in enumerate(SHAPES)}
    for what, name in names.items():
        shape(repository_of_shapes, SHAPES[what][0], name)
    repository_of_shapes.commit()
    for what, name in names.items():
        shape(repository_of_shapes, SHAPES[what][1], name)
    plans = planned(repository_of_shapes).jobs
    changes = {job.job: [str(pair) for pair in job.operator_changes] for job in plans}
    return {what: changes[f"test/{name}_v1"] for what, name in names.items()}


@pytest.mark.parametrize("what", SHAPES)
def test_a_change_of_an_operator_is_described(shapes: dict[str, list[str]], what: str) -> None:
    expected = SHAPES[what][2]
    assert [text for text in expected if not any(text in line for line in shapes[what])] == [], shapes[what]


def test_changes_in_the_columns_of_a_sink_have_flinks_types(repository: Repository) -> None:
    shape(repository, "select tag, ts as taken_at, `value` as number from r")
    repository.commit()
    shape(repository, "select tag, cast(quality as double) + 0 as other, cast(1 as double) as number from r")
    (job,) = planned(repository, "test/shape_v1").jobs
    assert [str(change) for change in job.parts["sink test.shapes"]] == [
        "column other added: DOUBLE",
        "column number: DOUBLE → DOUBLE NOT NULL",
        "column taken_at removed: TIMESTAMP_LTZ(6)",
    ]


def test_a_changed_field_type_is_reported_at_the_source_and_at_the_sink(repository: Repository) -> None:
    repository.edit("sql/_sources/plant_readings.yaml", "text: {type: string", "text: {type: long")
    repository.edit("sql/_tables/historian.readings.yaml", "text: {type: string", "text: {type: long")
    (job,) = planned(repository, "historian/readings_v1").jobs
    assert any("`text` BIGINT" in str(pair) for pair in job.operators)
    assert [str(change) for change in job.parts["sink historian.readings"]] == ["column text: STRING → BIGINT"]


def test_a_change_that_flink_does_not_see_leaves_its_plan_the_same(repository: Repository) -> None:
    repository.edit(f"{FOLDER}/_hot.sql.j2", "from readings\n", "from readings -- all of them\n")
    plan = planned(repository, JOB)
    (job,) = plan.jobs
    assert job.operators
    assert not job.operator_changes
    assert "+from readings -- all of them" in job.sql
    assert "Flink's plan stays the same." in plan_comment(plan)


def test_without_changes_nothing_is_reported_and_flink_is_not_started(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLINK_HOME", "nowhere")
    plan = planned(repository)
    assert (plan.jobs, plan.tables, plan.unchecked) == ((), (), ())
    assert plan_comment(plan).endswith("No job changes.\n")
    ended = run(repository, monkeypatch)
    assert ended.exit_code == 0
    assert "No job changes against HEAD" in ended.stdout


def test_a_new_job_is_planned_in_full_and_a_removed_one_must_be_stopped(repository: Repository) -> None:
    shape(repository, "select tag, ts as taken_at, `value` as number from r")
    repository.remove(FOLDER)
    removed, new = planned(repository).jobs
    assert (removed.job, removed.status, removed.notes) == (
        JOB, "removed", ("stop it if it runs; its tables stay",)
    )  # fmt: skip
    assert (new.job, new.status) == ("test/shape_v1", "new")
    assert [str(change) for change in new.changes] == [
        "reads added: source/plant_readings",
        "reads added: table/historian.tags",
        "sink test.shapes added: upsert",
    ]
    assert {pair.kind for pair in new.operators} == {"added"}


def test_the_changes_of_a_table_api_job_are_those_of_its_files(repository: Repository) -> None:
    module = "jobs/table_api/stuck.py"
    repository.edit(module, "\ndef tables(", "\n# Changed.\ndef tables(")
    (job,) = planned(repository, "condition/stuck_v1").jobs
    assert [str(change) for change in job.parts["Table API package"]][1:] == ["files that differ: stuck.py"]
    assert job.notes == ("Flink cannot compile the plan of a Table API job, so no plans are compared",)


def test_all_problems_in_the_files_of_the_jobs_are_reported_at_once(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.edit(f"{FOLDER}/job.yaml", "params:", "parms:")
    repository.edit(f"sql/{SPIKES}/condition.spikes.sql.j2", "hop(", "hopp(")
    monkeypatch.chdir(repository.project.root)
    with pytest.raises(UserError) as caught:
        planned(repository)
    assert [str(problem.where) for problem in caught.value.problems] == [
        f"{FOLDER}/job.yaml:9:1",
        f"sql/{SPIKES}/condition.spikes.sql.j2:24",
    ]
    assert caught.value.exit_code == 2


def test_what_flink_rejects_is_reported_for_all_jobs_at_its_lines(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.edit(f"{FOLDER}/_hot.sql.j2", "    quality,", "    qualty,")
    repository.edit(f"sql/{SPIKES}/condition.spikes.sql.j2", "avg(`value`)", "avgg(`value`)")
    monkeypatch.chdir(repository.project.root)
    with pytest.raises(UserError) as caught:
        planned(repository)
    where = [str(problem.where).split(":")[:2] for problem in caught.value.problems]
    assert where == [[f"{FOLDER}/_hot.sql.j2", "9"], [f"sql/{SPIKES}/condition.spikes.sql.j2", "22"]]


@pytest.mark.parametrize(
    ("was", "now", "note"),
    [
        ("owner:", "ower:", "its files at HEAD cannot be read by this version of headrace, so nothing is compared"),
        ("hot_limit: 100.0", "hot_limit: x", "the job at HEAD cannot be planned, so no plans are compared"),
    ],
)
def test_a_job_that_was_faulty_before_can_be_planned(repository: Repository, was: str, now: str, note: str) -> None:
    repository.edit(f"{FOLDER}/job.yaml", was, now)
    repository.commit()
    repository.edit(f"{FOLDER}/job.yaml", now, was)
    (job,) = planned(repository, JOB).jobs
    assert job.status == "changed"
    assert note in job.notes[0]


def test_tables_to_create_and_change_are_reported_if_there_is_a_catalog(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.edit(f"{FOLDER}/job.yaml", "hot_limit: 100.0", "hot_limit: 120.0")
    (without,) = [text for text in planned(repository, JOB).unchecked if "catalog" in text]
    assert without.endswith("which tables must be created or changed was not checked")
    kept = ["historian.dead_letters", "condition.overheats"]
    table_changes.apply(repository.project, settings.load(repository.project, "local"), kept)
    table = "sql/_tables/_system/historian.dead_letters.yaml"
    repository.edit(table, "retention: 90d", "retention: 30d")
    plan = planned(repository, JOB)
    assert [(each.name, each.action) for each in plan.tables] == [("historian.dead_letters", "change")]
    repository.edit(
        "sql/_tables/condition.overheats.yaml", "  hot_limit: {", "  new_one: {type: int, doc: n}\n  hot_limit: {"
    )
    ended = run(repository, monkeypatch, JOB)
    assert isinstance(ended.exception, CheckFailed)
    assert "table condition.overheats: to refuse" in ended.stdout


def test_a_comment_for_a_pull_request_folds_long_parts(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.edit(f"{FOLDER}/job.yaml", "hot_limit: 100.0", "hot_limit: 120.0")
    text = run(repository, monkeypatch, JOB, "--markdown").stdout
    assert text.startswith("### Plan against `HEAD` (")
    assert f"#### `{JOB}` changed" in text
    assert "  - param hot\\_limit: 100.0 → 120.0" in text
    assert text.count("<details>") == text.count("</details>") == 2
    assert "\n+    120.0E0 as hot_limit,\n" in text
    assert "\n\n\n" not in text


def test_json_has_each_changed_operator_before_and_after(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.edit(f"sql/{SPIKES}/condition.spikes.sql.j2", "size='1h'", "size='30m'")
    printed = json.loads(run(repository, monkeypatch, SPIKES, "--json").stdout)
    (job,) = printed["jobs"]
    assert job["changes"] == [
        {"part": f"SELECT for {SPIKES.replace('/', '.').removesuffix('_v1')}", "what": "changed: 1 line out, 1 line in",
         "was": None, "now": None}
    ]  # fmt: skip
    window = next(each for each in job["operators"] if each["operator"].startswith("window aggregate by"))
    assert window["change"] == "changed"
    assert (window["was"]["type"], window["was"]["traits"]["window size"]) == ("global-window-aggregate", "1 h")
    assert window["now"]["traits"]["window size"] == "30 min"


def test_the_numbers_of_operators_do_not_matter(repository: Repository) -> None:
    shape(repository, JOIN.format("interval '5' minute and b.event_time"))
    (job,) = planned(repository, "test/shape_v1").jobs
    now = [pair.operator for pair in job.operators]
    renumbered = {
        "nodes": [{**each.node, "id": each.id + 1000} for each in now],
        "edges": [{"source": a + 1000, "target": b + 1000} for a, b in edges(job)],
    }
    assert [pair for pair in align(now, operators(renumbered)) if pair.differs] == []


def edges(job: JobPlan) -> list[tuple[int, int]]:
    return [(each, pair.operator.id) for pair in job.operators for each in pair.operator.inputs]


def planned(repository: Repository, *names: str) -> Report:
    return report(repository.project, "local", names or None, "HEAD")


def shape(repository: Repository, select: str, name: str = "shape") -> None:
    """Write a job with one sink, whose template selects from `r`, the readings that are on time."""
    folder = f"sql/test/{name}_v1"
    repository.write(f"{folder}/job.yaml", YAML.format(name))
    repository.write("sql/_tables/test.shapes.yaml", TABLE)
    template = "with r as (select * from {{ on_time('plant_readings') }})\n" + select
    repository.write(f"{folder}/test.shapes.sql.j2", template)


def run(repository: Repository, monkeypatch: pytest.MonkeyPatch, *arguments: str):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("HEADRACE_PROJECT", str(repository.project.root))
    app = typer.Typer()
    app.command()(command.plan)
    return CliRunner().invoke(app, arguments)
