"""Changes to a job between a savepoint and the restart from it: the verdict on each, and what is then true.

The rows and what the windows count show the truth, not the job's state: Flink also restores what it should not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.planner.state.verdict import Kind

WINDOWS, PAIRS, LATEST = "watch/windows_v1", "watch/pairs_v1", "watch/latest_v1"
ROWS = "sql/watch/windows_v1/watch.readings.sql.j2"
COUNTS = "sql/watch/windows_v1/watch.windows.sql.j2"
JOB_FILE = "sql/watch/windows_v1/job.yaml"
CONTRACT = "sql/_sources/plant_readings.yaml"
PAIRED = "sql/watch/pairs_v1/watch.pairs.sql.j2"
PAIRS_FILE = "sql/watch/pairs_v1/job.yaml"
LATEST_FILE = "sql/watch/latest_v1/job.yaml"
# Readings of the window that is open at the savepoint: half of them come before it, half after.
WHOLE, HALF = 60, 30


@dataclass(frozen=True)
class Change:
    """One change: `edits` are replacements in files, `removed` are deleted files.

    `reasons` are words of each reason of the verdict, in order. `open_window` is the final count of the window that is
    open at the savepoint, None if it never appears. Windows are `size_s` long afterwards, None if there are none.
    `pairs` and `latest` are the row counts of the tables of these names.
    """

    name: str
    verdict: Kind
    edits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    job: str = WINDOWS
    open_window: int | None = WHOLE
    size_s: int | None = 60
    readings_stop: bool = False
    pairs: int = 330
    latest: int = 330
    parallelism: int = 1


LOST = "the readings in the windows that are open at the savepoint are lost"
CHANGES = (
    Change("nothing", "compatible"),
    Change("an expression after the state", "compatible", {ROWS: {"    `value`,": "    `value` + 1 as `value`,"}}),
    Change("a column added to a sink", "compatible", {ROWS: {"src() }}": "src() }},\n    quality"}}),
    Change("a column removed from a sink", "compatible", {ROWS: {"    `value`,\n": ""}}),
    Change("a filter before the window", "compatible",
           {COUNTS: {"on_time('plant_readings') }}": "on_time('plant_readings') }} where `value` >= 0"}}),
    Change("a filter after the window", "compatible", {COUNTS: {"window_end\n": "window_end\nhaving count(*) > 1\n"}}),
    Change("the size of the window", "compatible with loss", {COUNTS: {"'1m'": "'30s'"}},
           reasons=(f"starts empty, {LOST}: window size: 1 min → 30 s",), open_window=None, size_s=30),
    Change("the key of the window", "compatible with loss",
           {COUNTS: {"group by tag,": "group by tag, quality,"}}, reasons=(f"{LOST}: by added: quality",),
           open_window=HALF),
    Change("what is aggregated", "compatible with loss", {COUNTS: {"sum(`value`)": "sum(`value` * 2)"}},
           reasons=(LOST,), open_window=HALF),
    Change("a second aggregate", "compatible with loss",
           {COUNTS: {"as total": "as total,\n    max(`value`) as top"}}, reasons=(f"{LOST}: aggregate top",),
           open_window=HALF),
    Change("another aggregate of the same type", "compatible with loss", {COUNTS: {"sum(`value`)": "max(`value`)"}},
           reasons=(LOST,), open_window=HALF),
    Change("the window removed", "compatible with loss", {JOB_FILE: {", table/watch.windows: append": ""}},
           removed=(COUNTS,), reasons=("is removed, and with it the readings in the windows",), open_window=None,
           size_s=None),
    Change("a sink added", "compatible",
           {JOB_FILE: {"table/watch.windows: append":
                       "table/watch.windows: append, table/watch.latest: upsert"},
            "sql/watch/windows_v1/watch.latest.sql.j2":
            {"": "select\n    tag,\n    count(*) as readings\nfrom {{ source('plant_readings') }}\ngroup by tag\n"}},
           reasons=("starts with the records after the savepoint",), latest=180),
    Change("a sink removed", "compatible", {JOB_FILE: {"table/watch.readings: append, ": ""}}, removed=(ROWS,),
           readings_stop=True),
    Change("a source put before the first", "compatible",
           {JOB_FILE: {"[source/plant": "[source/other_readings, source/plant"},
            ROWS: {"select\n    tag,": "select\n    tag,\n    `value`,\n    {{ src() }}\nfrom {{ "
                   "source('other_readings') }}\nunion all\nselect\n    tag,"}},
           reasons=("the source other_readings is read from its beginning",)),
    Change("the topic of the source", "compatible with loss", {CONTRACT: {"topic: ": "topic: other."}},
           reasons=("is no longer read: its offsets are dropped",), open_window=None, size_s=None, readings_stop=True),
    Change("the watermark of the source", "compatible", {CONTRACT: {"lateness: 10s": "lateness: 20s"}}),
    Change("a range in the source's contract", "compatible",
           {CONTRACT: {"range: [-1000000, 1000000]": "range: [-5, 5000]"}}),
    Change("a step added", "compatible",
           {JOB_FILE: {"reads: [source/plant_readings]": "reads: [source/plant_readings]\nsteps: [enrich]"}}),
    Change("the parallelism", "compatible", parallelism=2),
    Change("the type of a join", "compatible with loss", {PAIRED: {"inner join": "left join"}}, job=PAIRS,
           reasons=("the rows that it keeps are lost: type: InnerJoin → LeftOuterJoin",), pairs=280),
    Change("the input of a join", "compatible with loss", {PAIRED: {"on_time('other": "on_time('plant"},
           PAIRS_FILE: {", source/other_readings": ""}}, job=PAIRS,
           reasons=("source other_readings is no longer read", "the rows that it keeps are lost"),
           pairs=100),
    Change("an expression after a join", "compatible",
           {PAIRED: {"heres.`value` as here": "heres.`value` + 0 as here"}}, job=PAIRS),
    Change("how long state is kept", "compatible", {LATEST_FILE: {"7d": "14d"}}, job=LATEST),
    Change("the time limit of state removed", "compatible with loss", {LATEST_FILE: {"state_ttl: 7d": ""}}, job=LATEST,
           reasons=("starts empty, the values that it has aggregated are lost: state kept",), latest=180),
)  # fmt: skip


def page() -> str:
    """Return the table of docs/upgrades.md."""
    rows = [f"| {change.name} | {change.verdict} |" for change in CHANGES]
    return "\n".join(["| what changes | verdict |", "|---|---|", *rows])
