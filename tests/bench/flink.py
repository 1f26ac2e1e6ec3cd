"""The contenders on the session cluster: Flink's own JSON format in SQL alone, and the line."""

from __future__ import annotations

import uuid
from pathlib import Path
from string import Template

import yaml

from bench.meter import Meter
from bench.stand import READINGS, SLOTS, Stand
from headrace import local
from headrace.compose import render
from headrace.compose.sql_text import ident, literal
from headrace.operations import submission
from headrace.planner.session import table_environment
from headrace.project import job_folder

JOB = "historian/readings_v1"
_SQL = Path(__file__).parent / "sql"


def json_format(stand: Stand, meter: Meter) -> None:
    """Run Kafka to Iceberg in SQL, exactly once like the line and without Python; it drops messages it cannot read."""
    watch(stand, meter)
    name = stand.settings.catalog.name
    values = {
        "topic": literal(stand.topic),
        "bootstrap_servers": literal(stand.settings.kafka_client()["bootstrap.servers"]),
        "sink": ident(f"{name}.{READINGS}"),
    }
    job = job_folder.load(stand.project, JOB).job.model_copy(update={"name": "json"})
    environment = table_environment(stand.project, stand.settings, job, SLOTS)
    environment.execute_sql(render.engine("catalog", name=name, options=stand.settings.catalog.flink()))
    environment.execute_sql(Template((_SQL / "source.sql").read_text()).substitute(values))
    inserted = environment.execute_sql(Template((_SQL / "insert.sql").read_text()).substitute(values))
    stand.finish(str(inserted.get_job_client().get_job_id()))


def line(stand: Stand, meter: Meter) -> None:
    """Run the job that headrace ships, as headrace submits it."""
    watch(stand, meter)
    prepared = submission.prepare(stand.project, stand.settings, JOB, bounded=True, parallelism=SLOTS)
    submitted = submission.launch(prepared, uuid.uuid4().hex)
    stand.finish(submitted.id)


def decode_only(stand: Stand, meter: Meter) -> None:
    """Run the line without its steps, so that only decoding is left."""
    folder = stand.project.sql / JOB
    job = yaml.safe_load((folder / "job.yaml").read_text())
    (folder / "job.yaml").write_text(yaml.safe_dump({**job, "steps": []}, sort_keys=False))
    template = folder / f"{READINGS}.sql.j2"
    of_steps = {"unit,", "asset,"}
    template.write_text("\n".join(line for line in template.read_text().splitlines() if line.strip() not in of_steps))
    line(stand, meter)


def watch(stand: Stand, meter: Meter) -> None:
    """Have the meter watch the JobManager and the TaskManager."""
    for service in local.status(stand.project):
        if service.pid and service.name in {"jobmanager", "taskmanager"}:
            meter.watch(service.pid)
