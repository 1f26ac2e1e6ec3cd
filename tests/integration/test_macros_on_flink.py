"""The macros on Flink: what their SQL gives, case by case; z_score() and lookup() agree with Python."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pytest
from jinja2 import Environment

from headrace.compose import look_ups
from headrace.compose.render import Templates
from headrace.compose.sql_text import ident, literal
from headrace.environment import iceberg
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.project import table_files
from headrace.project.paths import Project
from headrace_udfs.enrich import enrich
from headrace_udfs.flink_look_up import functions
from headrace_udfs.score import modified_z
from headrace_udfs.step_protocol import CatalogAddress
from headrace_udfs.tags import COLUMNS, TagTable
from support import ROOT, macro_fixtures
from support.macro_fixtures import MACROS, NAMES, Execution, Input, Sandbox

CASES = [(name, case) for name in NAMES for case in macro_fixtures.cases(name) if isinstance(case, Execution)]
EPOCH = "1970-01-01T00:00:00Z"

Row = tuple[Any, ...]


class Flink:
    """A TableEnvironment on a cluster, its clock that of the rows, and a job whose template it runs."""

    def __init__(self, cluster: MiniCluster, folder: Path) -> None:
        from pyflink.common import Configuration  # noqa: PLC0415 - importing PyFlink costs a second
        from pyflink.table import EnvironmentSettings, TableEnvironment  # noqa: PLC0415

        options = Configuration()
        rest = urlsplit(cluster.rest)
        options.set_string("execution.target", "remote")
        options.set_string("rest.address", str(rest.hostname))
        options.set_string("rest.port", str(rest.port))
        options.set_string("parallelism.default", "1")
        options.set_string("table.local-time-zone", "UTC")
        options.set_string("python.executable", str(cluster.workers))
        chosen = EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(options).build()
        self._tables = TableEnvironment.create(chosen)
        self._sandbox = Sandbox.at(folder / "project")
        self._rows = folder / "rows"
        templates = Environment()
        templates.filters |= {"ident": ident, "literal": literal}
        self._ddl = templates.from_string((MACROS / "tests" / "input.sql.j2").read_text())

    def ask(self, query: str, inputs: Mapping[str, Input]) -> tuple[Counter[Row], Counter[Row]]:
        """The rows that the query ends with, and those that it took back on the way."""
        templates = self._sandbox.templates(query)
        sql = templates.sinks["historian.readings"].sql
        stored = {name: table for name, table in inputs.items() if "." in name}
        self._look_up(templates, stored)
        inputs = {name: table for name, table in inputs.items() if name not in stored}
        for name, table in inputs.items():
            self._tables.execute_sql(self._ddl.render(name=name, path=self._written(name, table), **dict(table)))
        try:
            with self._tables.execute_sql(sql).collect() as found:
                changes = [(row.get_row_kind().name, tuple(row)) for row in found]
        finally:
            for name in inputs:
                self._tables.drop_temporary_table(f"`{name}`")
        taken_back = Counter(row for kind, row in changes if kind in ("DELETE", "UPDATE_BEFORE"))
        return Counter(row for _, row in changes) - taken_back - taken_back, taken_back

    def _look_up(self, templates: Templates, stored: Mapping[str, Input]) -> None:
        """Store the tables in the catalog, and make functions of what the templates look up in them."""
        settings = self._sandbox.settings
        if stored:
            catalog = iceberg.connect(settings, create=True)
        for name, table in stored.items():
            described = table_files.pick(self._sandbox.project, [name])[name]
            catalog.create_namespace_if_not_exists(name.partition(".")[0])
            if catalog.table_exists(name):
                catalog.drop_table(name)
            rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            kept = catalog.create_table(name, described.iceberg_schema())
            kept.append(pa.Table.from_pylist(rows, described.arrow_schema()))
        address = CatalogAddress(settings.catalog.name, settings.catalog.pyiceberg())
        for spec in templates.look_ups:
            for column, function in functions(spec, address).items():
                name = look_ups.function_of(spec, column)
                self._tables.drop_temporary_system_function(name)
                self._tables.create_temporary_system_function(name, function)

    def _written(self, name: str, table: Input) -> str:
        path = self._rows / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        lines = (json.dumps(dict(zip(table.columns, row, strict=True)), default=_iso) for row in table.rows)
        (path / "rows.jsonl").write_text("\n".join(lines) + "\n")
        return f"file://{path}"


def _iso(moment: Any) -> str:
    text: str = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return text


@pytest.fixture(scope="module")
def flink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flink]:
    with MiniCluster(Project(ROOT, ROOT)) as cluster:
        yield Flink(cluster, tmp_path_factory.mktemp("macros"))


@pytest.mark.parametrize(("macro", "case"), CASES, ids=lambda v: v if isinstance(v, str) else v.it)
def test_a_macro_returns_its_rows_on_flink(flink: Flink, macro: str, case: Execution) -> None:
    assert f"{macro}(" in case.query
    rows, taken_back = flink.ask(case.query, case.inputs)
    assert sorted(rows.elements(), key=repr) == sorted(map(tuple, case.rows), key=repr)
    assert bool(taken_back) == case.updates


def table(rows: Sequence[Row], **columns: str) -> Input:
    """Rows that all have the same time."""
    return Input(columns={**columns, "event_time": "TIMESTAMP_LTZ(3)"}, rows=[[*row, EPOCH] for row in rows])


def test_z_score_returns_the_results_of_the_function_of_arrays(flink: Flink) -> None:
    random = np.random.default_rng(4)
    n = 2000
    value = np.where(random.random(n) < 0.1, np.nan, random.normal(50, 1e3, n))
    median = np.where(random.random(n) < 0.1, np.nan, random.normal(50, 10, n))
    mad = random.choice([np.nan, 0.0, 1e-300, 0.1, 3.0, 1e300, -1.0], n)
    quality = random.choice([0, 0x00960000, 0x3FFFFFFF, 0x40000000, 0x80890500, 0xFFFFFFFF], n)
    none = np.isnan(np.stack([value, median, mad]))
    columns = [np.where(none[i], None, column).tolist() for i, column in enumerate((value, median, mad))]  # type: ignore[call-overload]
    readings = table(
        list(zip(range(n), *columns, quality.tolist(), strict=True)),
        n="INT", value="DOUBLE", median="DOUBLE", mad="DOUBLE", quality="BIGINT",
    )  # fmt: skip
    rows, _ = flink.ask("select n, {{ z_score('value', 'median', 'mad') }} from readings", {"readings": readings})
    score = modified_z(value, quality, median, mad)
    assert dict(rows) == {(i, None if np.isnan(m) else float(m)): 1 for i, m in enumerate(score)}


def test_lookup_returns_the_results_of_the_step_enrich(flink: Flink) -> None:
    known = [("a", "site/a", "degC"), ("", "site", None), ("'b\"`", None, "bar"), ("ä\\n", "s'", "%")]
    tags = [*(tag for tag, _, _ in known), "A", "a ", None]
    told = TagTable.of(pa.table([*zip(*known, strict=True), [None] * 4, [None] * 4], names=list(COLUMNS)))
    asset, unit = enrich(pa.array(tags, pa.string()), told)
    inputs = {
        "readings": table(list(enumerate(tags)), n="INT", tag="STRING"),
        "historian.tags": Input(columns=dict.fromkeys(("tag", "asset", "unit"), "STRING"), rows=[*map(list, known)]),
    }
    take = "{{ lookup('readings', table('historian.tags'), take=['asset', 'unit'], by='tag') }}"
    rows, _ = flink.ask(f"select n, asset, unit from {take}", inputs)
    assert sorted(rows) == list(zip(range(len(tags)), asset.to_pylist(), unit.to_pylist(), strict=True))
