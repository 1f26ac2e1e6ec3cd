"""The examples of docs/engines.md, run on a small plant: all engines return the same answers."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog

from bench import packages
from headrace.environment import settings
from headrace.project.paths import Project
from support.engines import BAD, FIRST, START, TAG, Rows, blocks, fill, plain, with_times
from support.services.postgres import DATABASE, USER, postgres
from support.services.seaweed import BUCKET, FILES, Seaweed, seaweed
from support.worlds.pumps import empty_plant


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A checkout with readings of two tags around a day in three snapshots, one in ten bad, and dead letters."""
    plant = empty_plant(pytestconfig.rootpath, tmp_path)
    (tmp_path / ".headrace").symlink_to(plant.home)
    fill(plant, settings.load(plant, "local"))
    monkeypatch.chdir(tmp_path)
    return plant


def done(*sections: str) -> dict[str, Any]:
    """Run the Python of the sections and return the names that it defines."""
    known: dict[str, Any] = {}
    for text in (each for section in sections for each in blocks("python", section)):
        exec(text, known)  # noqa: S102 - the page's own
    return known


@pytest.fixture
def in_duckdb(project: Project) -> tuple[list[Rows], int]:  # noqa: ARG001 - the checkout that the query runs in
    """The answers to the page's SQL, and the number of readings of the first snapshot."""
    known = done("DuckDB")
    return [plain(known["tables"].sql(sql).fetchall()) for sql in blocks("sql", "Five questions")], known["then"]


def test_duckdb_answers_the_five_questions(in_duckdb: tuple[list[Rows], int]) -> None:
    (last, minutes, day, dead), then = in_duckdb
    assert [row[0] for row in last] == ["R80711.active_power", TAG]
    assert len(minutes) < len(day)
    assert any(count > 1 for _, _, count in minutes)
    assert {quality for _, _, quality in day} == {0, BAD}
    assert [row[0] for row in day] == sorted(row[0] for row in day)
    assert START <= day[0][0] < day[-1][0] < START + timedelta(days=1)
    assert [row[:2] for row in dead] == [("bad_ts", 1), ("not_json", 2)]
    assert then == FIRST


def test_pyiceberg_returns_the_same_answers(in_duckdb: tuple[list[Rows], int]) -> None:
    (_, _, day, dead), then = in_duckdb
    known = done("pyiceberg")
    assert rows(known["day"]) == day
    assert rows(known["dead"]) == dead
    assert known["then"] == then


@pytest.mark.skipif(find_spec("polars") is None, reason="Polars is not installed: the page says how")
def test_polars_returns_the_same_answers(in_duckdb: tuple[list[Rows], int]) -> None:
    (last, minutes, _, _), then = in_duckdb
    known = done("pyiceberg", "Polars")
    assert plain(known["last"].rows()) == last
    assert plain(known["minutes"].rows()) == minutes
    assert known["then"] == then


@pytest.mark.skipif(not packages.python("spark").is_file(), reason="Spark is not installed: the page says how")
def test_spark_returns_the_same_answers(in_duckdb: tuple[list[Rows], int], project: Project) -> None:
    (project.home / "bench").symlink_to(packages.folder())
    script = "\n".join(
        [
            *blocks("python", "Spark"),
            "import json",
            f"queries = {blocks('sql', 'Five questions')!r}",
            "answers = [[list(row) for row in spark.sql(sql).collect()] for sql in queries]",
            "iso = lambda value: value.astimezone().isoformat()",
            "print('answers', json.dumps([answers, then], default=iso))",
            "spark.stop()",
        ]
    )
    ran = subprocess.run(
        [str(packages.python("spark")), "-c", script], capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    answers, then = json.loads(ran.stdout.partition("answers")[2])
    assert [plain(with_times(each)) for each in answers] == in_duckdb[0]
    assert then == in_duckdb[1]


@pytest.fixture(scope="module")
def store_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Seaweed, dict[str, str]]]:
    """An S3 store with a REST catalog, and the options of the store for pyiceberg."""
    with seaweed(tmp_path_factory.mktemp("engines") / "seaweed", "engineskey", "enginessecret") as server:
        keys = {"s3.access-key-id": server.access_key, "s3.secret-access-key": server.secret_key}
        yield server, {"s3.endpoint": server.s3, "s3.region": "us-east-1", **keys}


def counted(replacements: dict[str, str], block: int) -> dict[str, Any]:
    """Run the first block of the section on other catalogs and one of the others; return the names that they define."""
    known: dict[str, Any] = {}
    imports = blocks("python", "DuckDB")[0].partition("\n\ntables")[0]
    texts = blocks("python", "DuckDB and pyiceberg on Postgres, REST and S3")
    for text in (imports, texts[0], texts[block]):
        exec(re.sub("|".join(replacements), lambda word: replacements[word[0]], text), known)  # noqa: S102 - the page's own
    return known


def store_readings(catalog: Catalog) -> None:
    """Store two snapshots of readings, with two rows and then four."""
    catalog.create_namespace_if_not_exists("historian")
    table = catalog.create_table("historian.readings", (readings := pa.table({"value": [1.0, 2.0]})).schema)
    table.append(readings)
    table.append(readings)


def test_duckdb_and_pyiceberg_read_through_a_postgres_catalog(
    store_of_its_own: tuple[Seaweed, dict[str, str]], pytestconfig: pytest.Config
) -> None:
    server, options = store_of_its_own
    with postgres(pytestconfig.rootpath / ".headrace" / "jars" / "services", "engines") as database:
        where = f"{USER}:engines@{database.host}:{database.port}/{DATABASE}"
        warehouse = f"s3://{FILES}/engines"
        store_readings(
            load_catalog("headrace", type="sql", uri=f"postgresql+psycopg2://{where}", warehouse=warehouse, **options)
        )
        known = counted({"USER:PASSWORD@HOST/DATABASE": where, **_signs(server)}, 1)
    assert (known["by_pyiceberg"], known["by_duckdb"]) == (4, 4)


def test_duckdb_and_pyiceberg_read_through_a_rest_catalog(store_of_its_own: tuple[Seaweed, dict[str, str]]) -> None:
    server, options = store_of_its_own
    signs = {"ID": server.access_key, "PASS": server.secret_key, "WAREHOUSE": f"s3://{BUCKET}"}
    signed_in = {
        "credential": f"{server.access_key}:{server.secret_key}",
        "oauth2-server-uri": f"{server.rest}/v1/oauth/tokens",
    }
    where = {"uri": server.rest, "warehouse": signs["WAREHOUSE"]}
    store_readings(load_catalog("headrace", type="rest", **where, **signed_in, **options))
    known = counted({"REST": server.rest.removeprefix("http://"), **signs, **_signs(server)}, 2)
    assert (known["by_pyiceberg"], known["by_duckdb"], known["then"]) == (4, 4, 2)


def _signs(server: Seaweed) -> dict[str, str]:
    """Return the values for the placeholders on the page for the store and its keys."""
    return {"KEY": server.access_key, "SECRET": server.secret_key, "STORE": server.s3.removeprefix("http://")}


def rows(table: pa.Table) -> Rows:
    return plain([tuple(row.values()) for row in table.to_pylist()])
