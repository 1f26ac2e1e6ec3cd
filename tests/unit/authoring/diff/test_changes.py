"""The changes of a job in words: one change per test, and none if nothing changed."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.authoring.diff import changes, side
from headrace.authoring.diff.side import Side
from headrace.environment import git_ref, settings
from headrace.planner import session
from headrace.planner.state import differences
from support.git_repository import Repository, committed, repository

__all__ = ["committed", "repository"]

JOB = "condition/overheat_v1"
FOLDER = f"sql/{JOB}"
SOURCE = "sql/_sources/plant_readings.yaml"
TABLE = "sql/_tables/condition.overheats.yaml"
TOPIC = "sql/_topics/overheat_alerts.yaml"
READINGS = "historian/readings_v1"


@pytest.mark.parametrize(
    ("path", "was", "now", "text"),
    [
        (SOURCE, "lateness: 10s", "lateness: 1m", "source plant_readings | watermark, lateness: 10s → 1m"),
        (SOURCE, "watermark: {lateness: 10s}", "", "source plant_readings | watermark removed: lateness 10s"),
        (SOURCE, "[-1000000, 1000000]", "[0, null]", "field value, range: -1000000 to 1000000 → 0 to open"),
        (SOURCE, "value: {type: double", "value: {unit: degC, type: double", "field value, unit added: degC"),
        (SOURCE, "text: {type: string", "text: {type: boolean", "field text, type: string → boolean"),
        (SOURCE, "fields:", "fields:\n  flow: {type: double, unit: l/s}", "field flow added: type double, unit l/s"),
        (SOURCE, "  text: {", "  words: {", "field text removed: type string, description Measured value, if"),
        (SOURCE, "latest: 10m", "latest: 1h", "source plant_readings | time, latest: 10m → 1h"),
        (SOURCE, "unit: epoch_ms", "unit: epoch_s", "source plant_readings | time, unit: epoch_ms → epoch_s"),
        (SOURCE, "mapping: opcda", "mapping: opcua", "source plant_readings | quality, mapping: opcda → opcua"),
        (SOURCE, "missing: uncertain", "missing: bad", "quality, missing: uncertain → bad"),
        (SOURCE, "topic: plant.readings", "topic: plant.all", "plant_readings | topic: plant.readings → plant.all"),
        (f"{FOLDER}/job.yaml", "hot_limit: 100.0", "hot_limit: 120.0", "job | param hot_limit: 100.0 → 120.0"),
        (f"{FOLDER}/job.yaml", "hot_limit: 100.0", "hot_limit: 100", "job | param hot_limit: 100.0 → 100"),
        (f"{FOLDER}/job.yaml", "hot_limit: 100.0", "hot_limit: '100.0'", "job | param hot_limit: 100.0 → '100.0'"),
        (f"{FOLDER}/job.yaml", "100.0}", "100.0, other: x}", "job | param other added: x"),
        (f"{FOLDER}/job.yaml", "params:", "steps: [enrich]\nparams:", "job | steps added: enrich"),
        (f"{FOLDER}/job.yaml", "params:", "state_ttl: 7d\nparams:", "job | state_ttl added: 7d"),
        (f"{FOLDER}/job.yaml", "params:", "keeps_every_record: true\nparams:",
         "job | keeps_every_record: no → yes"),
        (f"{FOLDER}/job.yaml", "params:", "late_table: historian.readings\nparams:",
         "late_table: historian.late_readings → "),
        (f"{FOLDER}/job.yaml", "alerts: append", "alerts: upsert", "job | sink topic/overheat_alerts: append → upsert"),
        (f"{FOLDER}/job.yaml", "[source/plant_readings]", "[table/historian.tags, source/plant_readings]",
         "job | reads added: table/historian.tags"),
        (f"{FOLDER}/job.yaml", "owner: reliability-team", "owner: line", "job | owner: reliability-team → line"),
        (TABLE, "hot_limit: {type: double, required: true", "hot_limit: {type: double",
         "table condition.overheats | column hot_limit, required: yes → no"),
        (TABLE, "\npartition:", "\n  n: {type: string, doc: d}\npartition:", "column n added: type string, doc d"),
        (TABLE, "quality: {type: long", "quality: {type: int", "column quality, type: long → int"),
        (TABLE, "day(ts)", "hour(ts)", "table condition.overheats | partition added: hour(ts)"),
        (TABLE, "retention: 730d", "retention: 90d", "table condition.overheats | retention, default: 730d → 90d"),
        ("sql/_tables/_defaults.yaml", "codec: zstd", "codec: gzip",
         "property write.parquet.compression-codec: zstd → gzip"),
        (TOPIC, "key: [tag]", "key: [tag, ts]", "topic overheat_alerts | key added: ts"),
        ("sql/_tables/_system/historian.dead_letters.yaml", "retention: 90d", "retention: 30d",
         "table historian.dead_letters | retention, default: 90d → 30d"),
        ("sql/_macros/good.sql.j2", "1073741824", "1073741823", "macro good | changed: 1 line out, 1 line in"),
        (f"{FOLDER}/_hot.sql.j2", "from readings\n", "from readings --\n", "view hot | changed: 1 line out, 1 line in"),
        (f"{FOLDER}/condition.overheats.sql.j2", "    quality,\n", "    coalesce(quality, 0) as quality,\n",
         "SELECT for condition.overheats | changed: 1 line out, 1 line in"),
        ("udfs/headrace_udfs/score.py", "0.6745", "0.6746", "UDF package | files that differ: score.py"),
    ],
)  # fmt: skip
def test_a_change_is_described(repository: Repository, path: str, was: str, now: str, text: str) -> None:
    repository.edit(path, was, now)
    described = changed(repository)
    assert [line for line in described if text in line], described


def test_nothing_is_reported_if_nothing_changed(repository: Repository) -> None:
    repository.write("sql/_sources/unread.yaml", (repository.project.root / SOURCE).read_text())
    repository.write("sql/_macros/unused.sql.j2", "{% macro unused() %}1{% endmacro %}")
    repository.edit(SOURCE, "fields:", "# a comment\nfields:")
    for name in (JOB, READINGS):
        was, now = sides(repository, name)
        assert changes.changes(was, now) == []
        assert was.plan_inputs == now.plan_inputs


def test_changes_of_unused_files_are_not_reported(repository: Repository) -> None:
    repository.edit("sql/_macros/tumble.sql.j2", "TUMBLE(TABLE", "TUMBLE (TABLE")
    repository.edit("sql/_tables/historian.readings.yaml", "retention:", "retention: 1d #")
    assert changed(repository) == []


def test_a_change_in_the_order_of_columns_is_described(repository: Repository) -> None:
    tag, ts = (line for line in lines(repository, TABLE) if line.startswith(("  tag:", "  ts:")))
    repository.edit(TABLE, f"{tag}\n{ts}", f"{ts}\n{tag}")
    (line,) = changed(repository)
    assert line.startswith("table condition.overheats | order of columns: tag, ts, value")
    assert "→ ts, tag, value" in line


def test_the_version_of_the_udf_package_is_the_one_that_submit_ships(repository: Repository) -> None:
    repository.edit("udfs/headrace_udfs/score.py", "0.6745", "0.6746")
    package = repository.project.root / "udfs" / "headrace_udfs"
    shipped = session.packed(repository.project, package, package.name).stem.removeprefix("headrace_udfs-")
    version, _ = changed(repository)
    assert re.fullmatch(rf"UDF package \| version: [0-9a-f]{{12}} → {shipped}", version)


def test_a_changed_model_of_the_udf_package_is_named(repository: Repository) -> None:
    repository.write("udfs/headrace_udfs/models/spikes.json", "{}")
    repository.commit()
    repository.edit("udfs/headrace_udfs/models/spikes.json", "{}", "[]")
    _, files = changed(repository)
    assert files == "UDF package | files that differ: models/spikes.json"


def test_another_version_of_a_model_is_one_change_and_its_changed_files_are_named(repository: Repository) -> None:
    model, job = repository.project.root / "udfs/models/turbines", "condition/scores_v1"
    shutil.copytree(model / "1", model / "2")
    assert changed(repository, job) == []
    (model / "1/model.npz").write_bytes(b"changed")
    assert changed(repository, job) == ["model turbines@1 | model.npz changed"]
    was, now = sides(repository, job)
    assert was.plan_inputs != now.plan_inputs
    repository.edit(f"sql/{job}/job.yaml", "turbines@1", "turbines@2")
    assert changed(repository, job) == ["job | model: turbines@1 → turbines@2"]


def test_a_job_uses_the_macros_that_its_macros_call(repository: Repository) -> None:
    repository.write("sql/_macros/mine.sql.j2", "{% macro mine(x) %}{{ good(x) }}{% endmacro %}")
    repository.edit(f"{FOLDER}/_hot.sql.j2", "good('quality')", "mine('quality')")
    repository.commit()
    repository.edit("sql/_macros/good.sql.j2", "1073741824", "1")
    assert [line.partition(" | ")[0] for line in changed(repository)] == ["macro good", "view hot"]


def test_a_change_of_a_variable_is_reported_for_the_jobs_that_use_it(repository: Repository) -> None:
    repository.edit("catalogs/local.yaml", "catalog:", "vars: {hot: 90.0, cold: 1}\ncatalog:")
    repository.edit(f"{FOLDER}/_hot.sql.j2", "param('hot_limit') }} and", "var('hot') }} and")
    repository.commit()
    repository.edit("catalogs/local.yaml", "hot: 90.0, cold: 1", "hot: 95.0, cold: 2")
    assert changed(repository) == ["environment | var hot: 90.0 → 95.0", "view hot | changed: 1 line out, 1 line in"]


def test_added_and_removed_views_sinks_checks_and_test_cases_are_reported(repository: Repository) -> None:
    repository.write(f"{FOLDER}/tests/mine/case.yaml", "tolerance: 0.1\n")
    repository.commit()
    repository.remove(f"{FOLDER}/topic.overheat_alerts.sql.j2")
    repository.edit(f"{FOLDER}/job.yaml", ", topic/overheat_alerts: append", "")
    repository.write(f"{FOLDER}/_cold.sql.j2", "select * from {{ source('plant_readings') }}")
    repository.remove(f"{FOLDER}/checks.sql.j2")
    repository.remove(f"{FOLDER}/tests/hot_and_cold")
    repository.edit(f"{FOLDER}/tests/mine/case.yaml", "0.1", "0.2")
    assert changed(repository) == [
        "job | sink topic/overheat_alerts removed: append",
        "view cold | added",
        "test mine | changed: 1 line out, 1 line in",
        "macro is_good | removed",
        "macro unique | removed",
        "SELECT for topic/overheat_alerts | removed",
        "checks.sql.j2 | removed",
        "test hot_and_cold | removed",
    ]


def test_changes_in_the_tables_of_a_followed_job_are_reported(repository: Repository) -> None:
    repository.edit(f"{FOLDER}/job.yaml", "[source/plant_readings]", f"[source/plant_readings, job/{READINGS}]")
    repository.commit()
    repository.edit("sql/_tables/historian.readings.yaml", "owner: historian", "owner: line")
    assert changed(repository) == ["table historian.readings | owner: historian → line"]


@pytest.mark.parametrize(
    ("edit", "same"),
    [
        (lambda r: r.edit(SOURCE, "latest: 10m", "latest: 1h"), True),
        (lambda r: r.edit(f"{FOLDER}/job.yaml", "owner: reliability-team", "owner: line"), True),
        (lambda r: r.edit("udfs/headrace_udfs/score.py", "0.6745", "0.6746"), True),
        (lambda r: r.edit(SOURCE, "text: {type: string", "text: {type: boolean"), False),
        (lambda r: r.edit(f"{FOLDER}/job.yaml", "params:", "state_ttl: 7d\nparams:"), False),
        (lambda r: r.edit(TABLE, "quality: {type: long", "quality: {type: int"), False),
        (lambda r: r.edit(f"{FOLDER}/job.yaml", "hot_limit: 100.0", "hot_limit: 100"), False),
    ],
)  # fmt: skip
def test_the_plan_inputs_differ_if_flinks_plan_may_differ(
    repository: Repository, edit: Callable[[Repository], None], same: bool
) -> None:
    edit(repository)
    was, now = sides(repository)
    assert (was.plan_inputs == now.plan_inputs) is same


LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2)
DESCRIBED = st.dictionaries(
    st.sampled_from(["columns", "topic", "reads", "params"]),
    LEAVES | st.lists(st.text("ab"), unique=True, max_size=3) | st.dictionaries(st.sampled_from("abc"), LEAVES),
)


@given(DESCRIBED)
def test_equal_descriptions_have_no_changes(described: dict[str, Any]) -> None:
    assert list(differences.changes("x", described, copy.deepcopy(described))) == []


@given(DESCRIBED, DESCRIBED)
def test_different_descriptions_have_as_many_changes_in_both_directions(
    was: dict[str, Any], now: dict[str, Any]
) -> None:
    forward, back = [*differences.changes("x", was, now)], [*differences.changes("x", now, was)]
    assert len(forward) == len(back)
    assert bool(forward) or set_values(was) == set_values(now)


def set_values(described: dict[str, Any]) -> dict[str, Any]:
    """Return what is set, without the order of names that are not columns."""
    present = {key: value for key, value in described.items() if value is not None}
    return {
        key: set_values(value) if isinstance(value, dict) else (type(value), value) for key, value in present.items()
    }


def changed(repository: Repository, name: str = JOB) -> list[str]:
    return [f"{change.part} | {change}" for change in changes.changes(*sides(repository, name))]


def sides(repository: Repository, name: str = JOB) -> tuple[Side, Side]:
    """Return the job at HEAD, and in the working tree."""
    loaded = settings.load(repository.project, "local")
    with ExitStack() as stack:
        then = stack.enter_context(git_ref.at(repository.project, "HEAD"))
        was = side.load(then, git_ref.settings_at(then, "local", loaded), name)
        return was, side.load(repository.project, loaded, name)


def lines(repository: Repository, path: str) -> list[str]:
    return (repository.project.root / path).read_text().splitlines()
