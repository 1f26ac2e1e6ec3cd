"""Tables that replays have made are maintained like those of the project, and no others."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.operations.replay import left
from headrace.operations.replay.other_tables import OtherTable
from headrace.project.paths import Project
from headrace.project.system_tables import DEPLOYMENTS, READINGS
from headrace.upkeep.maintain import maintain
from support import ROOT

OTHER, FOREIGN = "again.readings", "foreign.readings"
FILES = 3


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for each in ("sql", "catalogs"):
        shutil.copytree(ROOT / each, tmp_path / each)
    return Project(tmp_path, tmp_path / ".headrace")


@pytest.fixture
def known(project: Project) -> Settings:
    found = settings.load(project, "local")
    table_changes.apply(project, found, [READINGS, DEPLOYMENTS])
    return found


@pytest.fixture
def catalog(known: Settings) -> Catalog:
    """A catalog with a table that a replay has made, and a foreign one, of three small files in one day each."""
    found = iceberg.connect(known)
    own = iceberg.load_table(found, READINGS)
    OtherTable(OTHER, READINGS).take(found, "job-1", "again_readings")
    found.create_namespace("foreign")
    found.create_table(FOREIGN, schema=own.schema(), partition_spec=own.spec(), sort_order=own.sort_order())
    for name in (OTHER, FOREIGN):
        table = iceberg.load_table(found, name)
        schema = table.schema().as_arrow()
        for number in range(FILES):
            row = {"tag": f"t{FILES - number}", "ts": datetime(2026, 3, 1, number, tzinfo=UTC), "quality": 0,
                   "src_topic": "t", "src_partition": 0, "src_offset": number, "src_index": 0}  # fmt: skip
            table.append(pa.Table.from_pylist([row], schema))
    return found


def files(catalog: Catalog, name: str) -> int:
    return len(iceberg.load_table(catalog, name).inspect.files())


def test_their_files_are_merged_and_they_can_be_dropped_as_before(
    catalog: Catalog, project: Project, known: Settings
) -> None:
    reports = {each.table: each for each in maintain(project, known)}
    assert {OTHER, READINGS} <= reports.keys()
    assert FOREIGN not in reports
    assert (reports[OTHER].files_before, reports[OTHER].files_after) == (FILES, 1)
    assert (files(catalog, OTHER), files(catalog, FOREIGN)) == (1, FILES)
    rows = iceberg.load_table(catalog, OTHER).scan().to_arrow()
    assert rows["tag"].to_pylist() == ["t1", "t2", "t3"]
    assert [(each.table, each.rows) for each in left.listed(project, known, None)] == [(OTHER, FILES)]
    assert left.dropped_tables(known, [OTHER]) == [OTHER]


def test_one_of_them_can_be_named(catalog: Catalog, project: Project, known: Settings) -> None:
    (report,) = maintain(project, known, iter([OTHER]))
    assert report.table == OTHER
    assert files(catalog, OTHER) == 1
    with pytest.raises(UserError, match=FOREIGN):
        [*maintain(project, known, [OTHER, FOREIGN])]
    with pytest.raises(UserError, match=r"no\.such"):
        [*maintain(project, known, ["no.such"])]


def test_a_dry_run_writes_nothing(catalog: Catalog, project: Project, known: Settings) -> None:
    (report,) = (each for each in maintain(project, known, dry_run=True) if each.table == OTHER)
    assert report.rewritten
    assert files(catalog, OTHER) == FILES
