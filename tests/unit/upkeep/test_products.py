"""Data products are measured by what their tables and dead letters hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, UserError
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from headrace.upkeep import products
from support import ROOT

TABLE, JOB = "product.readings", "product/readings_v1"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(ROOT, tmp_path)


@pytest.fixture
def environment(project: Project) -> Settings:
    loaded = settings.load(project, "local")
    table_changes.apply(project, loaded, [TABLE, DEAD_LETTERS])
    return loaded


def append(known: Settings, name: str, rows: list[dict[str, object]]) -> None:
    table = iceberg.load_table(iceberg.connect(known), name)
    table.append(pa.Table.from_pylist(rows, schema_to_pyarrow(table.schema(), include_field_ids=False)))


def reading(offset: int, ts: datetime) -> dict[str, object]:
    position = {"src_topic": "t", "src_partition": 0, "src_offset": offset, "src_index": 0}
    return {"tag": "a", "ts": ts, "value": 1.0, "is_good": True, **position}


def dead(offset: int, job: str) -> dict[str, object]:
    position = {"src_topic": "t", "src_partition": 0, "src_offset": offset, "src_index": 0}
    return {"code": "not_json", "message": "m", "stage": "decode", "job": job, "version": 1, **position}


def test_a_product_is_as_old_as_its_newest_row_and_as_complete_as_its_dead_letters_leave_it(
    project: Project, environment: Settings
) -> None:
    now = datetime.now(UTC)
    (empty,) = products.measure(project, environment)
    assert (empty.newest, empty.rows, empty.completeness, empty.is_fresh, empty.is_complete) == (
        None,
        0,
        None,
        False,
        False,
    )
    with pytest.raises(CheckFailed, match=r"product\.readings has no rows, and promises 15m"):
        products.verdict(project, [empty])
    append(environment, TABLE, [])  # as a job commits that has had nothing to write
    (still_empty,) = products.measure(project, environment)
    assert (still_empty.newest, still_empty.rows) == (None, 0)

    newest = now - timedelta(minutes=5)
    append(environment, TABLE, [reading(n, newest - timedelta(hours=n)) for n in range(300)])
    append(environment, DEAD_LETTERS, [dead(300, JOB), dead(0, "another/job_v1")])
    (found,) = products.measure(project, environment, [TABLE])
    assert (found.newest, found.rows, found.dead) == (newest, 300, 1)
    assert found.completeness == 300 / 301
    assert found.age_in_words in {"5 min", "6 min"}
    products.verdict(project, [found])

    append(environment, DEAD_LETTERS, [dead(301, JOB)])
    (found,) = products.measure(project, environment)
    with pytest.raises(CheckFailed, match=r"has 99\.3377% of its records, and promises 99\.5000%"):
        products.verdict(project, [found])


def test_a_table_that_is_not_there_yet_has_no_rows(project: Project) -> None:
    loaded = settings.load(project, "local")
    table_changes.apply(project, loaded, ["historian.tags"])
    (found,) = products.measure(project, loaded)
    assert (found.newest, found.rows, found.dead) == (None, 0, 0)


def test_a_table_without_a_product_is_not_measured(project: Project, environment: Settings) -> None:
    with pytest.raises(UserError, match=r"there is no product 'historian\.readings'"):
        products.measure(project, environment, ["historian.readings"])
