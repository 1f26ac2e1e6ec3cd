"""The Trino examples of docs/engines.md, on Postgres and on REST, with S3: the answers are those of DuckDB."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from pyiceberg.table import Table

from bench import trinohome
from headrace.environment import iceberg, warehouse
from headrace.environment.catalog_types import Catalog, PostgresCatalog, RestCatalog
from headrace.environment.settings import Flink, Settings
from headrace.historian.tags import tags
from headrace.project.paths import Project
from support.engines import FIRST, START, TAG, Rows, blocks, fill, plain, with_times
from support.services.postgres import DATABASE, USER, postgres
from support.services.seaweed import BUCKET, FILES, seaweed
from support.services.trino import trino
from support.worlds.pumps import empty_plant, store

pytestmark = pytest.mark.skipif(not trinohome.python().is_file(), reason="Trino is not installed: the page says how")

SECRETS = {
    "HEADRACE_PG_PASSWORD": """en'gi"nes\\@""",
    "HEADRACE_S3_ACCESS_KEY": "engineskey",
    "HEADRACE_S3_SECRET_KEY": "enginessecret",
    "HEADRACE_CATALOG_CREDENTIAL": "engineskey:enginessecret",
}
KINDS = ("headrace", "headrace_rest")
"""The catalogs by their names in Trino: in Postgres, and behind a REST server."""
WRITER = "headrace_writer"
"""The one in Postgres again, with permission to write."""
# Trino's client is in a separate Python environment.
ASK = """
import json, sys
cursor = connection.cursor()
answers = [cursor.execute(sql).fetchall() for sql in json.load(sys.stdin)]
iso = lambda value: value.isoformat()
print(json.dumps([answers, then], default=iso))
"""


@dataclass(frozen=True)
class Lake:
    """The tables of a plant in both kinds of catalog, and a Trino over both."""

    project: Project
    settings: dict[str, Settings]
    port: int

    def ask(self, kind: str, *queries: str, zone: str = "UTC") -> tuple[list[Rows], int]:
        """Return Trino's answers over the page's own connection, and the number of readings of the first snapshot."""
        replacements = {'"headrace"': f'"{kind}"', "8080": str(self.port), '"UTC"': f'"{zone}"'}
        (block,) = blocks("python", "Trino")
        script = re.sub("|".join(replacements), lambda word: replacements[word[0]], block) + ASK
        command = [str(trinohome.python()), "-c", script]
        ran = subprocess.run(
            command, input=json.dumps(queries), capture_output=True, text=True, timeout=120, check=False
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        answers, then = json.loads(ran.stdout)
        return [plain(with_times(each)) for each in answers], then

    def table(self, kind: str, name: str) -> Table:
        return iceberg.load_table(iceberg.connect(self.settings[kind]), name)


@pytest.fixture(scope="module")
def lake(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    folder = tmp_path_factory.mktemp("trino")
    jars = pytestconfig.rootpath / ".headrace" / "jars" / "services"
    keys = (SECRETS[f"HEADRACE_S3_{each}_KEY"] for each in ("ACCESS", "SECRET"))
    with (
        pytest.MonkeyPatch.context() as patch,
        seaweed(folder / "seaweed", *keys) as server,
        postgres(jars, SECRETS["HEADRACE_PG_PASSWORD"]) as database,
    ):
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        s3 = server.store("${env:HEADRACE_S3_ACCESS_KEY}", "${env:HEADRACE_S3_SECRET_KEY}")
        in_postgres = PostgresCatalog(
            type="postgres",
            name="headrace",
            host=database.host,
            port=database.port,
            database=DATABASE,
            user=USER,
            password="${env:HEADRACE_PG_PASSWORD}",  # noqa: S106 - a reference
            warehouse=f"s3://{FILES}/engines",
            s3=s3,
        )
        behind_rest = RestCatalog(
            type="rest",
            name="headrace",
            uri=server.rest,
            warehouse=f"s3://{BUCKET}",
            credential="${env:HEADRACE_CATALOG_CREDENTIAL}",
            s3=s3,
        )
        known = {"headrace": _on(in_postgres), "headrace_rest": _on(behind_rest)}
        project = empty_plant(pytestconfig.rootpath, folder / "project")
        for each in known.values():
            fill(project, each)
            for unit in ("m/s", "km/h"):
                tags.import_tags(each, pa.Table.from_pylist([{"tag": TAG, "asset": "park", "unit": unit}]))
        replacements = {
            "HOST/DATABASE": f"{database.host}:{database.port}/{DATABASE}",
            "USER": USER,
            "BUCKET/WAREHOUSE": f"{FILES}/engines",
            "WAREHOUSE": f"s3://{BUCKET}",
            "http://REST": server.rest,
            "http://STORE": server.s3,
        }
        properties = [
            re.sub("|".join(replacements), lambda word: replacements[word[0]], each)
            for each in blocks("properties", "Trino")
        ]
        catalogs = {kind: each + properties[-1] for kind, each in zip(KINDS, properties, strict=False)}
        catalogs[WRITER] = catalogs["headrace"].replace("iceberg.security=READ_ONLY\n", "")
        with trino(folder / "server", catalogs, SECRETS) as port:
            yield Lake(project, known, port)


def _on(catalog: Catalog) -> Settings:
    return Settings(catalog=catalog, kafka={"bootstrap.servers": "nowhere:1"}, flink=Flink(rest="http://nowhere:1"))


@pytest.mark.parametrize("kind", KINDS)
def test_trino_answers_as_duckdb_does(lake: Lake, kind: str) -> None:
    queries = blocks("sql", "Five questions")
    with warehouse.open(lake.settings[kind]) as duckdb:
        expected = [plain(warehouse.ask(duckdb, sql).fetchall()) for sql in queries]
    assert [len(rows) > 1 for rows in expected] == [True] * 4
    assert lake.ask(kind, *queries) == (expected, FIRST)


@pytest.mark.parametrize("kind", KINDS)
def test_trino_returns_the_tags_as_of_a_time(lake: Lake, kind: str) -> None:
    (sql,) = blocks("sql", "Trino")
    first, *_, last = lake.table(kind, "historian.tags").snapshots()
    units = []
    for snapshot in (first, last):
        at = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
        ((rows,), _) = lake.ask(kind, sql.replace("2014-01-01 12:00:00", f"{at:%Y-%m-%d %H:%M:%S.%f}"))
        units.append(rows)
    assert units == [[(TAG, "park", "m/s")], [(TAG, "park", "km/h")]]


@pytest.mark.parametrize("kind", KINDS)
def test_trino_opens_only_the_files_of_the_day(lake: Lake, kind: str) -> None:
    table = lake.table(kind, "historian.readings")
    (_, _, day, _) = blocks("sql", "Five questions")
    ((((explanation,),),), _) = lake.ask(kind, f"explain analyze {day}")
    read = {int(rows) for rows in re.findall(r"Input: (\d+) rows .*Splits", explanation)}
    of_the_day = f"tag = '{TAG}' and ts >= '2014-01-01T00:00:00+00:00' and ts < '2014-01-02T00:00:00+00:00'"
    files = [task.file.record_count for task in table.scan(of_the_day).plan_files()]
    assert read == {sum(files)}
    assert sum(files) < table.scan().count()


def test_each_question_sees_what_was_committed_before(lake: Lake) -> None:
    count = "select count(*) from historian.readings where tag = 'new'"
    ([before], _) = lake.ask("headrace", count)
    store(lake.project, [("new", START + timedelta(days=9), 1.5, 0)], lake.settings["headrace"])
    ([after], _) = lake.ask("headrace", count)
    assert (before, after) == ([(0,)], [(1,)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sql", ["delete from historian.tags", "create view historian.mine as select 1 as one"])
def test_nobody_can_write_through_trino(lake: Lake, kind: str, sql: str) -> None:
    with pytest.raises(AssertionError, match="Access Denied"):
        lake.ask(kind, sql)


def test_headrace_ignores_a_view_created_by_trino(lake: Lake) -> None:
    lake.ask(WRITER, "create view historian.windy as select tag from historian.readings")
    with warehouse.open(lake.settings["headrace"]) as duckdb:
        [(count,)] = warehouse.ask(duckdb, "select count(*) from historian.readings").fetchall()
    assert count > FIRST


def test_a_session_in_another_time_zone_selects_another_day_and_a_quality_is_a_number(lake: Lake) -> None:
    (local, utc) = (
        f"select min(ts) from historian.readings where ts >= timestamp '2014-01-01 00:00:00{zone}'"
        for zone in ("", " UTC")
    )
    quality = "select distinct bitwise_right_shift(quality, 30) from historian.readings order by 1"
    (local_rows, utc_rows, qualities), _ = lake.ask("headrace", local, utc, quality, zone="Europe/Berlin")
    assert local_rows[0][0] < START <= utc_rows[0][0]
    assert qualities == [(0,), (2,)]
