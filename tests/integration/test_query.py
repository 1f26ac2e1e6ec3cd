"""`headrace query`: the Iceberg tables through DuckDB."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pytest

from headrace import cli
from headrace.environment import iceberg, settings, warehouse
from headrace.environment.apply import table_changes
from headrace.environment.catalog_types import SqliteCatalog
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, UserError
from headrace.project import table_files
from headrace.project.paths import Project

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 150


class Command(Protocol):
    """Run `headrace query WORDS`; return exit code, standard output and standard error."""

    def __call__(self, *words: str) -> tuple[int, str, str]: ...


@pytest.fixture(scope="module")
def local(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A catalog with 150 readings of two tags, one per hour."""
    project = Project(pytestconfig.rootpath, tmp_path_factory.mktemp("home"))
    local = settings.load(project, "local")
    table_changes.apply(project, local)
    rows = [
        {"tag": f"t{n % 2}", "ts": START + timedelta(hours=n), "value": float(n), "quality": 0}
        | {"src_topic": "t", "src_partition": 0, "src_offset": n, "src_index": 0}
        for n in range(ROWS)
    ]
    schema = table_files.load_all(project)["historian.readings"].arrow_schema()
    iceberg.load_table(iceberg.connect(local), "historian.readings").append(pa.Table.from_pylist(rows, schema))
    return local


@pytest.fixture
def run(local: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    assert isinstance(local.catalog, SqliteCatalog)
    home = Path(local.catalog.path).parents[1]

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setenv("HEADRACE_HOME", str(home))
        monkeypatch.setattr("sys.argv", ["headrace", "query", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return command


def test_a_table_shows_the_answer(run: Command) -> None:
    code, out, _ = run("select tag, count(*) as n, max(ts) as latest from historian.readings group by tag order by tag")
    assert code == 0
    assert "t0 75 2026-01-07T04:00:00+00:00" in " ".join(re.findall(r"[\w:+-]+", out))
    assert "2 rows" in out


def test_a_long_answer_is_cut_in_the_terminal_and_says_so(run: Command) -> None:
    _, out, _ = run("select src_offset from historian.readings order by 1")
    shown, said = out.split("the first 100 rows; there are more")
    assert "--csv" in said
    assert re.findall(r"\d+", shown)[-1] == "99"


def test_csv_has_every_row_and_reads_back(run: Command) -> None:
    _, out, _ = run("select tag, ts, value, unit from historian.readings order by ts", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == ROWS
    assert rows[1] == {"tag": "t1", "ts": "2026-01-01T01:00:00+00:00", "value": "1.0", "unit": ""}


def test_json_is_one_document_even_with_values_that_json_cannot_represent(run: Command) -> None:
    _, out, _ = run("select 'nan'::double as a, 1.5::decimal(3, 1) as b, ts from historian.readings limit 1", "--json")
    assert json.loads(out) == [{"a": None, "b": "1.5", "ts": "2026-01-01T00:00:00+00:00"}]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select valu from historian.readings", 'Referenced column "valu" not found'),
        ("select * from historian.reading", 'Did you mean "readings"?'),
        ("selec 1", 'syntax error at or near "selec"'),
    ],
)
def test_an_error_in_sql_is_reported_with_its_position_and_without_a_stack_trace(
    run: Command, sql: str, message: str
) -> None:
    code, _, err = run(sql)
    assert code == 2
    assert message in err
    assert "^" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{folder}/out.csv'",
        "explain analyze copy (select 1) to '{folder}/out.csv'",
        "create table a (b int)",
        "select 1; drop view historian.readings",
        "attach '{folder}/new.db'",
        "set enable_external_access = true",
        "load httpfs",
    ],
)
def test_a_query_only_reads(local: Settings, sql: str) -> None:
    folder = Path(local.catalog.warehouse.removeprefix("file://"))
    with warehouse.open(local) as connection, pytest.raises(UserError, match="a query only reads"):
        warehouse.ask(connection, sql.format(folder=folder))
    assert not list(folder.glob("*.csv"))


def test_a_query_sees_no_file_outside_the_warehouse(local: Settings, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with warehouse.open(local) as connection, pytest.raises(UserError, match="disabled by configuration"):
        warehouse.ask(connection, f"from read_csv('{tmp_path / 'secret.csv'}')")


@pytest.mark.parametrize(
    "sql",
    [
        "describe historian.readings",
        "from historian.tags",
        "pivot historian.readings on tag using sum(value) group by quality",
    ],
)
def test_a_statement_that_reads_without_select_is_a_query_too(local: Settings, sql: str) -> None:
    with warehouse.open(local) as connection:
        warehouse.ask(connection, sql).fetchall()


def test_a_connection_shows_the_tables_as_they_were_when_it_was_opened(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    project = Project(pytestconfig.rootpath, tmp_path)
    local = settings.load(project, "local")
    table_changes.apply(project, local)
    row = {"tag": "a", "ts": START, "quality": 0, "src_topic": "t", "src_partition": 0, "src_offset": 0, "src_index": 0}
    schema = table_files.load_all(project)["historian.readings"].arrow_schema()
    count = "select count(*) from historian.readings"
    with warehouse.open(local) as before:
        iceberg.load_table(iceberg.connect(local), "historian.readings").append(pa.Table.from_pylist([row], schema))
        with warehouse.open(local) as after:
            assert warehouse.ask(after, count).fetchall() == [(1,)]
        assert warehouse.ask(before, count).fetchall() == [(0,)]


def test_another_engines_view_is_left_out(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    local = settings.load(Project(pytestconfig.rootpath, tmp_path), "local")
    assert isinstance(local.catalog, SqliteCatalog)
    table_changes.apply(Project(pytestconfig.rootpath, tmp_path), local)
    # The form in which Iceberg's own JDBC catalog stores it, which Trino and Spark use.
    with closing(sqlite3.connect(local.catalog.path)) as database, database:
        database.execute("alter table iceberg_tables add column iceberg_type varchar(5)")
        database.execute(
            "insert into iceberg_tables values ('headrace', 'historian', 'a_view', 'm.json', null, 'VIEW')"
        )
    names = iceberg.table_names(iceberg.connect(local))
    assert "historian.readings" in names
    assert "historian.a_view" not in names
    warehouse.open(local).close()


def test_the_historians_functions_can_be_called_in_sql(run: Command) -> None:
    _, out, _ = run("from last_reading(['t0', 't1'], '2026-01-02')", "--json")
    assert [(row["tag"], row["value"]) for row in json.loads(out)] == [("t0", 24.0), ("t1", 23.0)]


def test_a_connection_to_one_table_has_no_functions_over_others(local: Settings) -> None:
    with warehouse.open(local, ["historian.tags"]) as connection, pytest.raises(UserError, match="last_reading"):
        warehouse.ask(connection, "from last_reading(['t0'], now())")


def test_a_missing_table_is_reported_with_the_command_that_creates_it(local: Settings) -> None:
    with pytest.raises(PlatformError, match=r"there is no table historian\.none"):
        warehouse.open(local, ["historian.none"])
