"""Run jobs with event time on a platform of its own: `python -m bench.windows.runs CHECKOUT`, by CHECKOUT's Python.

It reads orders and writes runs, one a line, as JSON: so two checkouts can take turns, each with its own code.
"""

from __future__ import annotations

import shutil
import sys
import uuid
from pathlib import Path

import msgspec
import yaml

from bench import rounds, topic
from bench.flink import watch
from bench.meter import Meter
from bench.stand import DEAD_LETTERS, SLOTS, Stand, stand
from headrace.environment import iceberg, settings
from headrace.operations import submission
from headrace.project.paths import Project

SIGNALS_MS = 1000
"""Each tag sends a reading per second, so that a window of a minute has sixty."""


class Order(msgspec.Struct, frozen=True):
    """A job, the table that it writes, the job's parameters here, and how many messages it is to read."""

    job: str
    table: str
    params: dict[str, str]
    messages: int


class Run(msgspec.Struct, frozen=True):
    """Seconds that the job ran and CPU of Flink and its workers; rows, readings in them if they say so, and dead."""

    seconds: float
    cpu_s: float
    rows: int
    readings: int
    dead: int


def main(checkout: Path) -> None:
    """Carry out the orders until there are no more."""
    with rounds.platform(Project.find(checkout), _progress) as project:
        filled: dict[int, str] = {}
        for number, line in enumerate(sys.stdin):
            order = msgspec.json.decode(line, type=Order)
            if order.messages not in filled:
                filled[order.messages] = _fill(project, order.messages)
            run = _run(project, order, filled[order.messages], number)
            sys.stdout.write(msgspec.json.encode(run).decode() + "\n")
            sys.stdout.flush()


def _progress(text: str) -> None:
    sys.stderr.write(text + "\n")


def _fill(project: Project, messages: int) -> str:
    name = f"windows.{messages}"
    client = settings.load(project, "local").kafka_client()
    topic.create(client, name)
    each = (topic.message(n, topic.START_MS + n * SIGNALS_MS // len(topic.TAGS), n % 977 / 10) for n in range(messages))
    topic.send(client, name, each, topic.PARTITIONS)
    return name


def _run(project: Project, order: Order, name: str, number: int) -> Run:
    with stand(project, project.home / f"run-{number}", name, order.messages) as place:
        _prepare(project, place, order)
        with Meter() as meter:
            watch(place, meter)
            prepared = submission.prepare(place.project, place.settings, order.job, bounded=True, parallelism=SLOTS)
            job_id = submission.launch(prepared, uuid.uuid4().hex).id
            place.finish(job_id)
        tables = iceberg.connect(place.settings)
        rows = iceberg.load_table(tables, order.table).scan().to_arrow()
        readings = sum(rows["readings"].to_pylist()) if "readings" in rows.column_names else 0
        dead = iceberg.row_count(iceberg.load_table(tables, DEAD_LETTERS))
        seconds = place.cluster.get(f"/jobs/{job_id}")["duration"] / 1000
        return Run(seconds, meter.cpu_s, rows.num_rows, readings, dead)


def _prepare(project: Project, place: Stand, order: Order) -> None:
    path = place.project.sql / order.job / "job.yaml"
    job = yaml.safe_load(path.read_text(encoding="utf-8"))
    job["params"] = {**job.get("params", {}), **order.params}
    path.write_text(yaml.safe_dump(job, sort_keys=False), encoding="utf-8")
    modules = Path("jobs") / "table_api"
    shutil.copytree(project.root / modules, place.project.root / modules, ignore=shutil.ignore_patterns("__pycache__"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
