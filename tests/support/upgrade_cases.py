"""Changes of a job between a savepoint and what goes on from it: what is said of each, and what is then true.

The truth is in rows and in what windows hold, not in the job's state: Flink also restores what it should not.
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
# Of the window that is open at the savepoint, as many came before it as after.
WHOLE, HALF = 60, 30


@dataclass(frozen=True)
class Change:
    """`edits` are replacements in files, `removed` files that go.

    `told` are words of each reason in order. `open_window` is what the window that is open at the savepoint counts in
    the end, None where it never comes; windows are `size_s` long from then on, None where there are none. `pairs` and
    `latest` are what the tables of these names count.
    """

    name: str
    verdict: Kind
    edits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
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
           told=(f"starts anew, {LOST}: window size: 1 min → 30 s",), open_window=None, size_s=30),
    Change("the key of the window", "compatible with loss",
           {COUNTS: {"group by tag,": "group by tag, quality,"}}, told=(f"{LOST}: by added: quality",),
           open_window=HALF),
    Change("what is aggregated", "compatible with loss", {COUNTS: {"sum(`value`)": "sum(`value` * 2)"}},
           told=(LOST,), open_window=HALF),
    Change("a second aggregate", "compatible with loss",
           {COUNTS: {"as total": "as total,\n    max(`value`) as top"}}, told=(f"{LOST}: aggregate top",),
           open_window=HALF),
    Change("another aggregate of the same type", "compatible with loss", {COUNTS: {"sum(`value`)": "max(`value`)"}},
           told=(LOST,), open_window=HALF),
    Change("the window removed", "compatible with loss", {JOB_FILE: {", watch.windows: append": ""}},
           removed=(COUNTS,), told=("is gone, and the readings in the windows",), open_window=None, size_s=None),
    Change("a sink added", "compatible",
           {JOB_FILE: {"watch.windows: append": "watch.windows: append, watch.latest: upsert"},
            "sql/watch/windows_v1/watch.latest.sql.j2":
            {"": "select\n    tag,\n    count(*) as readings\nfrom {{ source('plant_readings') }}\ngroup by tag\n"}},
           told=("starts with what comes after the savepoint",), latest=180),
    Change("a sink removed", "compatible", {JOB_FILE: {"watch.readings: append, ": ""}}, removed=(ROWS,),
           readings_stop=True),
    Change("a source put before the first", "compatible",
           {JOB_FILE: {"[source/plant": "[source/other_readings, source/plant"},
            ROWS: {"select\n    tag,": "select\n    tag,\n    `value`,\n    {{ src() }}\nfrom {{ "
                   "source('other_readings') }}\nunion all\nselect\n    tag,"}},
           told=("the source other_readings is read from its start",)),
    Change("the topic of the source", "compatible with loss", {CONTRACT: {"topic: ": "topic: other."}},
           told=("was at offsets that are dropped",), open_window=None, size_s=None, readings_stop=True),
    Change("the watermark of the source", "compatible", {CONTRACT: {"lateness: 10s": "lateness: 20s"}}),
    Change("what the functions do", "compatible", {CONTRACT: {"range: [-1000000, 1000000]": "range: [-5, 5000]"}}),
    Change("what the functions give", "compatible",
           {JOB_FILE: {"reads: [source/plant_readings]": "reads: [source/plant_readings]\nthrough: [enrich]"}}),
    Change("the parallelism", "compatible", parallelism=2),
    Change("the type of a join", "compatible with loss", {PAIRED: {"inner join": "left join"}}, job=PAIRS,
           told=("the rows that it keeps are lost: type: InnerJoin → LeftOuterJoin",), pairs=280),
    Change("the input of a join", "compatible with loss", {PAIRED: {"on_time('other": "on_time('plant"},
           PAIRS_FILE: {", source/other_readings": ""}}, job=PAIRS,
           told=("source other_readings was at offsets that are dropped", "the rows that it keeps are lost"),
           pairs=100),
    Change("an expression after a join", "compatible",
           {PAIRED: {"heres.`value` as here": "heres.`value` + 0 as here"}}, job=PAIRS),
    Change("how long state is kept", "compatible", {LATEST_FILE: {"7d": "14d"}}, job=LATEST),
    Change("whether state is ever let go", "compatible with loss", {LATEST_FILE: {"state_ttl: 7d": ""}}, job=LATEST,
           told=("starts anew, the values that it has aggregated are lost: state kept",), latest=180),
)  # fmt: skip


def page() -> str:
    """The table of docs/upgrades.md."""
    rows = [f"| {change.name} | {change.verdict} |" for change in CHANGES]
    return "\n".join(["| what changes | verdict |", "|---|---|", *rows])
