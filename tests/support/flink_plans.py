"""Flink's own description of a job's plan."""

from __future__ import annotations

from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import compose
from headrace.environment.settings import Settings
from headrace.planner import planning
from headrace.planner.session import table_environment
from headrace.project import job_folder
from headrace.project.paths import Project


def explain(project: Project, settings: Settings, name: str) -> str:
    """Return Flink's EXPLAIN of the job `name`, whose tables exist; nothing is started."""
    folder = job_folder.load(project, name)
    environment = table_environment(project, settings, folder.job, settings.flink.parallelism)
    composition = compose(project, settings, folder, LiveConnectors(settings))
    return str(planning.statement_set(environment, composition).explain())
