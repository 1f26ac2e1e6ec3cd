"""Replace rows of a table that a job upserts, by Flink's own sink: it commits next to the job, which goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from duckdb import ColumnExpression, ConstantExpression

from headrace.compose import render
from headrace.compose.connectors import LiveConnectors
from headrace.compose.sql_text import Sql
from headrace.environment import warehouse
from headrace.environment.settings import Settings
from headrace.planner.in_process.file_connectors import changelog_options, file_table
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.values import Row
from headrace.project.job import Job
from headrace.project.table import Table
from headrace.upkeep.recompute.dirty import Window
from headrace_udfs.references import resolve_in_sql

_LIMIT_MS = 300_000


@dataclass(frozen=True)
class UpsertedTable:
    """A table that the `job` upserts: its name and its file."""

    settings: Settings
    job: Job
    name: str
    described: Table

    def replace(self, cluster: MiniCluster, key: str, windows: Sequence[Window], rows: Iterable[Row]) -> None:
        """Write the rows of the `windows`, and delete those that are not among them any more. Raises PlatformError."""
        new = {self._key(row): row for row in rows}
        stale = [row for row in self._held(key, windows) if self._key(row) not in new]
        changes = [{"op": "d", "before": _plain(row), "after": None} for row in stale]
        changes += [{"op": "c", "before": None, "after": _plain(row)} for row in new.values()]
        if not changes:
            return
        path = cluster.folder / f"rows-{uuid4().hex}"
        options = changelog_options(path)
        (path / "changes.json").write_text("".join(json.dumps(each) + "\n" for each in changes), encoding="utf-8")
        checkpoints = {
            "execution.checkpointing.interval": "1000 ms",
            "execution.checkpointing.storage": "filesystem",
            "execution.checkpointing.dir": (cluster.folder / "checkpoints").as_uri(),
        }
        environment = cluster.environment(self.job, **checkpoints)
        for statement in LiveConnectors(self.settings).catalog():
            environment.execute_sql(resolve_in_sql(statement))
        catalog, given = self.settings.catalog.name, f"recomputed.{path.name}"
        environment.execute_sql(render.engine("cases_catalog", name="cases"))
        environment.execute_sql(render.engine("cases_database", name="cases.recomputed"))
        environment.execute_sql(file_table("cases", given, self.described, options))
        columns = [*self.described.columns]
        select = Sql(render.engine("columns_of", table=f"cases.{given}", columns=columns, value=None, headers=()))
        insert = render.engine("insert", sink=f"{catalog}.{self.name}", columns=columns, select=select)
        environment.execute_sql(insert).wait(_LIMIT_MS)

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.described.key)

    def _held(self, key: str, windows: Sequence[Window]) -> list[Row]:
        """Return the rows that the table has of the windows."""
        start, end = min(each.window_start for each in windows), max(each.window_end for each in windows)
        ts, names = ColumnExpression("ts"), {each.name for each in windows}
        keys = (ConstantExpression(each) for each in sorted({each.key for each in windows}))
        within = (ts >= ConstantExpression(start)) & (ts < ConstantExpression(end)) & ColumnExpression(key).isin(*keys)
        with warehouse.open(self.settings, [self.name]) as connection, warehouse.errors_reported():
            held = connection.sql(f"from {self.name}").filter(within).to_arrow_table().to_pylist()
        return [row for row in held if (row[key], row["ts"]) in names]


def _plain(row: Row) -> dict[str, Any]:
    return {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
