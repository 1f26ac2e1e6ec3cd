"""Readings joined with the order of their time, from a change stream, appended: late changes, deletions and moves."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from headrace.environment import settings
from headrace.planner.in_process import case
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.results import run_case
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

JOB = "production/live_context_v1"
START_MS = 1_767_225_600_000
MINUTE = 60_000
CONTRACT = """\
description: Power of machines.
topic: plant.power
format: json
fields:
  machine: {type: string, required: true}
  power_kw: {type: double, unit: kW}
time: {path: ts, unit: epoch_ms}
key: machine
watermark: {lateness: 1m}
"""
JOB_YAML = f"""\
kind: job
name: {JOB}
owner: tests
description: Readings with the order of their time.
grain: one row per reading
reads: [source/live_power, source/erp_orders]
writes: {{table/production.live_context: append}}
"""
SELECT = """\
with readings as (
    select * from {{ on_time('live_power') }}
)

select machine, ts, power_kw, order_id
from {{ as_of('readings', 'erp_orders', by='machine', take='order_id') }}
"""
TABLE = """\
description: Readings with the order of their time.
owner: tests
grain: one row per reading
columns:
  machine: {type: string, required: true, doc: d}
  ts: {type: timestamptz, required: true, doc: d, unit: UTC}
  power_kw: {type: double, doc: d, unit: kW}
  order_id: {type: string, doc: d}
"""


def change(op: str, minute: float, order: str, machine: str | None, lsn: int) -> dict[str, Any]:
    row = {"order_id": order, "machine": machine, "starts_at": "2026-01-01T00:00:00Z"}
    source = {"lsn": lsn, "ts_ms": START_MS + round(minute * MINUTE)}
    return {"op": op, "before": row if op == "d" else None, "after": None if op == "d" else row, "source": source}


CHANGES: list[Any] = [
    change("r", 0, "o1", "a", 1),
    change("c", 10, "o2", "b", 3),
    change("u", 9.5, "o1", "b", 2),  # late, but on time: o1 moves to b, and o2 begins there after it
    change("d", 20, "o2", None, 4),
    {"$message": {"key": {"order_id": "o2"}, "value": None}},
    change("c", 30, "o3", "a", 5),
    change("u", 5, "o4", "a", 6),  # too late
    change("t", 31, "", "", 7),
    change("c", 90, "end", "z", 8),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("project")
    for part in ("sql", "catalogs"):
        shutil.copytree(ROOT / part, root / part)
    sql = root / "sql"
    (sql / "_sources" / "live_power.yaml").write_text(CONTRACT)
    (sql / "_tables" / "production.live_context.yaml").write_text(TABLE)
    cases = sql / JOB / "tests" / "one"
    cases.mkdir(parents=True)
    (sql / JOB / "job.yaml").write_text(JOB_YAML)
    (sql / JOB / "production.live_context.sql.j2").write_text(SELECT)
    readings = [{"machine": m, "power_kw": 1.0, "ts": START_MS + n * MINUTE} for n in (5, 12, 25, 35, 95) for m in "ab"]
    for name, messages in {"live_power": readings, "erp_orders": CHANGES}.items():
        (cases / f"source.{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in messages))
    return Project(root, root / ".headrace")


def test_readings_have_the_order_of_their_time(project: Project) -> None:
    with MiniCluster(Project.find(ROOT)) as cluster:
        (only,) = case.load(project, job_folder.load(project, JOB))
        rows = run_case(project, settings.load(project, "local"), cluster, only)
    found = {
        (row["machine"], (row["ts"].timestamp() * 1000 - START_MS) // MINUTE): row["order_id"]
        for row in rows["production.live_context"]
    }
    assert {minute: found["a", minute] for minute in (5, 12, 25, 35)} == {5: "o1", 12: None, 25: None, 35: "o3"}
    assert {minute: found["b", minute] for minute in (5, 12, 25, 35)} == {5: None, 12: "o2", 25: None, 35: None}
    assert [row["code"] for row in rows["historian.dead_letters"]] == ["table_truncated"]
    assert [row["code"] for row in rows["historian.markers"]] == ["tombstone"]
    assert [row["key"] for row in rows["historian.late_readings"]] == ["o4"]
