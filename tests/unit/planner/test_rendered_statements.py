"""`headrace render` shows the statements that the planner gives to Flink, all of them and in their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from headrace.authoring.render import statements
from headrace.compose import render
from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import compose
from headrace.compose.sql_text import Sql
from headrace.environment import settings
from headrace.planner import planning, sources
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

COLUMNS = ["tag", "ts"]


@dataclass
class Recorder:
    """Stands for Flink's table environment and its statement set, and keeps what each is given as text."""

    given: list[str] = field(default_factory=list)

    def execute_sql(self, statement: str) -> None:
        self.given.append(statement)

    add_insert_sql = execute_sql

    def create_temporary_system_function(self, *_of: Any) -> None:
        """Register a function, which has no statement."""

    create_java_temporary_system_function = create_temporary_system_function

    def create_statement_set(self) -> Recorder:
        return self

    def sql_query(self, sql: str) -> Any:
        query = Mock(sql=sql)
        query.get_resolved_schema.return_value.get_column_names.return_value = COLUMNS
        return query

    def create_temporary_view(self, name: str, query: Any) -> None:
        self.given.append(render.engine("view", view=name, select=Sql(query.sql)))


@pytest.mark.parametrize("job", ["historian/readings_v1", "historian/rollup_1m_v1", "condition/spikes_v1"])
def test_what_is_shown_is_what_flink_gets(job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(ROOT, Path("/headrace"))
    known = settings.load(project, "local")
    composition = compose(project, known, job_folder.load(project, job), LiveConnectors(known))
    monkeypatch.setattr("headrace.planner.schema_check.mismatches", lambda *_of: [])
    for module in (planning, sources):
        monkeypatch.setattr(module, "resolve_in_sql", str)
    flink = Recorder()
    planning.statement_set(flink, composition)
    assert statements.of(composition, dict.fromkeys(composition.selects, COLUMNS)) == flink.given
