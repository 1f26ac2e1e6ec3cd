"""The examples of docs/macros.md run as jobs: each returns rows, with a value in each of its columns."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from headrace.environment import settings
from headrace.planner.in_process import case
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.results import run_case
from headrace.planner.in_process.values import Row
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT, macro_fixtures

START_MS = 1_704_067_200_000
MINUTE = 60_000
SINKS_OF_A_JOB = 8
"""Each sink takes a part of a slot's memory, and with some thirty of them none has enough."""
# The columns that each example selects. All are doubles but those of TYPES.
COLUMNS = {
    "as_of": "tag ts value wind_speed",
    "at_offsets": "tag ts offset_s around",
    "changed": "tag ts value quality",
    "columns": "tag ts highest",
    "convert": "tag ts value_degf",
    "counter": "tag window_start window_end used",
    "cumulate": "tag window_start window_end highest_so_far",
    "current": "order_id machine product",
    "dedupe": "tag ts value quality",
    "first": "tag window_start window_end opening closing",
    "funnel": "window_start window_end funnel_step tags",
    "gap": "tag ts silent_s",
    "good": "tag ts value",
    "good_lines": "tag window_start time_weighted_mean",
    "great_circle_km": "tag ts km_to_paris",
    "hop": "tag window_start window_end mean_value",
    "hysteresis": "tag ts value is_alarm",
    "last": "tag window_start window_end latest latest_quality",
    "last_of_each_time": "tag ts value",
    "last_two": "tag ts value smoothed",
    "lookup": "tag ts value asset unit",
    "next": "tag ts next_ts value lasted_s",
    "once": "tag ts value",
    "patterns": "tag ts value rise",
    "previous": "tag ts slope",
    "seconds_between": "tag ts silent_s",
    "session": "tag window_start window_end readings",
    "spikes": "tag window_start window_end spike_count",
    "tumble": "tag window_start window_end mean_value",
    "unpivot": "asset ts tag reading",
    "window_quality": "tag window_start quality",
    "within": "tag ts value unit",
    "z_score": "tag ts score",
}
ENRICHED = ["as_of", "unpivot"]
"""The examples that read the column `asset` of the step enrich; in others, it would be there twice."""
KEYS = {"good_lines": ["tag", "window_start"], "current": ["order_id"]}
"""The keys of examples whose rows change: they group without a window, or are those of a change stream."""
OF_CHANGES = ["current"]
"""The examples that read a change stream."""
PLAIN = [name for name in [*macro_fixtures.NAMES, "patterns"] if name not in [*ENRICHED, *OF_CHANGES]]
JOBS = [ENRICHED, OF_CHANGES, *(PLAIN[at : at + SINKS_OF_A_JOB] for at in range(0, len(PLAIN), SINKS_OF_A_JOB))]
TYPES = {
    "tag": "string",
    "order_id": "string",
    "machine": "string",
    "product": "string",
    "asset": "string",
    "unit": "string",
    "ts": "timestamptz",
    "next_ts": "timestamptz",
    "window_start": "timestamptz",
    "window_end": "timestamptz",
    "quality": "long",
    "latest_quality": "long",
    "is_alarm": "boolean",
    "funnel_step": "int",
    "tags": "long",
    "readings": "long",
    "spike_count": "long",
    "lasted_s": "long",
}
JOB = """\
kind: job
name: docs/{name}_v1
owner: tests
description: Examples of docs/macros.md.
grain: one row per row of an example
reads: [{reads}]
steps: [{steps}]
writes: {{{writes}}}
"""
TABLE = """\
description: Rows of an example.
owner: tests
grain: one row per row of the example
columns:
{columns}
key: [{key}]
"""
TAGS = """\
tag,asset,unit,range_low,range_high
R1.wind_speed,R1,m/s,0,200
R1.active_power,R1,kW,0,200
R80711.gearbox_pressure,R80711,bar,0,200
"""
ORDER = {
    "op": "c",
    "after": {"order_id": "o1", "machine": "m1", "product": "bolts", "starts_at": "2024-01-01T00:00:00Z"},
    "source": {"lsn": 1, "ts_ms": START_MS},
}
# Through all limits of the examples and back: cold, warm, hot, over 100 a dozen times, and after a pause cold again.
VALUES = [50.0, 70.0, 90.0, *[110.0 + n for n in range(12)], 74.0, 60.0]


def example(name: str) -> str:
    return macro_fixtures.PATTERN if name == "patterns" else macro_fixtures.example(name)


def messages() -> Iterator[str]:
    for minute, value in enumerate(VALUES):
        at = START_MS + minute * MINUTE + (20 * MINUTE if value < 75 and minute > 3 else 0)
        for tag in ("R1.wind_speed", "R1.active_power", "R80711.gearbox_pressure"):
            yield json.dumps({"tag": tag, "ts": at, "value": value, "q": 192}) + "\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("examples")
    for part in ("catalogs", "sql/_macros", "sql/_sources", "sql/_tables"):
        shutil.copytree(ROOT / part, root / part)
    return Project(root, root / ".headrace")


@pytest.fixture(scope="module")
def cluster() -> Iterator[MiniCluster]:
    with MiniCluster(Project.find(ROOT)) as up:
        yield up


def test_no_macro_is_left_out() -> None:
    assert {*macro_fixtures.NAMES} <= COLUMNS.keys(), "add the columns of its example"


@pytest.mark.parametrize("names", JOBS, ids=lambda names: f"{names[0]} to {names[-1]}")
def test_the_examples_run_as_a_job(project: Project, cluster: MiniCluster, names: Sequence[str]) -> None:
    written = write(project.root, names)
    (one,) = case.load(project, job_folder.load(project, written))
    rows = run_case(project, settings.load(project, "local"), cluster, one)
    wrong = {name: found for name in names if (found := empty(rows.get(f"docs.{name}", []), COLUMNS[name]))}
    assert not wrong
    assert not rows.get("historian.dead_letters")
    assert not rows.get("historian.late_readings")


def empty(rows: list[Row], columns: str) -> str | None:
    """Return what an example lacks: rows, or a value in one of its columns."""
    if not rows:
        return "no rows"
    return ", ".join(name for name in columns.split() if all(row[name] is None for row in rows)) or None


def write(root: Path, names: Sequence[str]) -> str:
    """Write a job with a sink per example, and its case; return its name."""
    job = f"docs/{names[0]}_v1"
    folder = root / "sql" / job
    cases = folder / "tests" / "readings"
    cases.mkdir(parents=True)
    writes = ", ".join(f"table/docs.{name}: {'upsert' if name in KEYS else 'append'}" for name in names)
    steps = "enrich" if names == ENRICHED else ""
    reads = ", ".join(
        [*(["source/erp_orders"] if names == OF_CHANGES else []), "source/plant_readings", "table/historian.tags"]
    )
    (folder / "job.yaml").write_text(JOB.format(name=names[0], reads=reads, steps=steps, writes=writes))
    if names == OF_CHANGES:
        (cases / "source.erp_orders.jsonl").write_text(json.dumps(ORDER) + "\n")
    for name in names:
        (folder / f"docs.{name}.sql.j2").write_text(example(name))
        (root / "sql" / "_tables" / f"docs.{name}.yaml").write_text(table(name))
    (cases / "source.plant_readings.jsonl").write_text("".join(messages()))
    (cases / "table.historian.tags.csv").write_text(TAGS)
    return job


def table(name: str) -> str:
    """Return the file of the table that an example fills."""
    key = KEYS.get(name, [])
    columns = "\n".join(
        f"  {each}: {{type: {TYPES.get(each, 'double')}, required: {str(each in key).lower()}, doc: d}}"
        for each in COLUMNS[name].split()
    )
    return TABLE.format(columns=columns, key=", ".join(key))
