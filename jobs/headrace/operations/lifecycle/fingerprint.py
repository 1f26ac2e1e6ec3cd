"""A hash that shows, without querying Flink, whether a job has changed since it was last started."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import compose, leftover_tables
from headrace.environment.settings import Settings
from headrace.planner import own_functions, session
from headrace.planner import release as releases
from headrace.project import job_folder, model_files, python_module, table_files
from headrace.project.paths import Project


def fingerprint(project: Project, settings: Settings, name: str) -> str:
    """Return the sha256, in hex, of everything that the job consists of: its SQL, functions, tables, and how it runs.

    Two fingerprints of one job differ if a restart would change anything. Raises UserError for faults in its files.
    """
    folder = job_folder.load(project, name)
    composition, job = compose(project, settings, folder, LiveConnectors(settings)), folder.job
    tables = [*job.tables_written, *job.tables, *leftover_tables(project, settings, folder)]
    parts = {
        "setup": composition.setup(),
        "views": {view: select.sql for view, select in composition.views.items()},
        "selects": {sink: [select.sql, repr(composition.sinks[sink])] for sink, select in composition.selects.items()},
        "leftovers": composition.leftovers(),
        "contracts": [source.contract.model_dump_json() for source in composition.sources],
        "schemas": repr(settings.schema_registry) if any(s.contract.registered for s in composition.sources) else None,
        "steps": job.steps,
        "tables": {each: str(table.iceberg_schema()) for each, table in table_files.pick(project, tables).items()},
        "options": session.job_options(job),
        "checkpoints": settings.flink.checkpoint_interval_s,
        "slots": settings.slots_of(name),
        "functions": _digest(releases.functions_package()),
        "module": _digest(python_module.package(project)) if job.runs else None,
    }
    if job.functions:  # only then, as below
        parts["own functions"] = {each: own_functions.digest(project, each) for each in job.functions}
    if keys := {name for source in composition.sources for name in source.contract.key_names}:  # only then, as below
        parts["keys"] = [repr(settings.keys.get(name)) for name in sorted(keys)]
    if encoded := [each.encoded for each in composition.topics if each.encoded]:  # only then, as below
        parts["encodings"] = [repr(each) for each in encoded]
    if composition.look_ups:  # only then, as below
        parts["look ups"] = [repr(each) for each in composition.look_ups]
    if job.model:  # only then: the fingerprints of other jobs stay as they were
        files = releases.model_package(project, model_files.exact(project, job.model))
        parts["model"] = [job.model, releases.content_digest(files)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _digest(package: Path) -> str:
    return releases.content_digest(releases.package_files(package))
