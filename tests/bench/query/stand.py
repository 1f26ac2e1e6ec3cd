"""The stand of the benchmark: a catalog with the maintained table, and one with the table as Flink left it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyiceberg.catalog.sql  # noqa: F401 - the first catalog would import it while the clock runs

from bench.query import day
from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.historian.tags import tags
from headrace.project import table_files
from headrace.project.paths import Project
from headrace.upkeep import maintain
from headrace.upkeep.maintain import Report

READINGS = "historian.readings"


def load(place: str, name: str) -> Settings:
    """Return the settings of one of the two catalogs: `maintained` or `naive`."""
    project = _project(place)
    loaded = settings.load(project, "local")
    own = {"path": str(project.home / f"{name}.db"), "warehouse": f"file://{project.home / 'warehouse'}"}
    return loaded.model_copy(update={"catalog": loaded.catalog.model_copy(update=own)})


def make(root: Path, place: str, tag_count: int, each: int) -> None:
    """Fill `historian.readings` and `historian.tags`; the catalog `naive` then holds the readings as written."""
    folder = Path(place) / "sql" / "_tables"
    folder.mkdir(parents=True)
    shutil.copy(root / "sql" / "_tables" / "_defaults.yaml", folder)
    for name in (READINGS, "historian.tags"):
        shutil.copy(table_files.path_of(_project(str(root)), name), folder)
    shutil.copytree(root / "catalogs", Path(place) / "catalogs")
    project, maintained = _project(place), load(place, "maintained")
    table_changes.apply(project, maintained)
    tags.import_tags(maintained, pa.table({"tag": day.names(tag_count)}))
    table = iceberg.load_table(iceberg.connect(maintained), READINGS)
    day.store(table, day.readings(tag_count, each, table_files.load_all(project)[READINGS].arrow_schema()))
    naive = iceberg.connect(load(place, "naive"), create=True)
    naive.create_namespace_if_not_exists("historian")
    naive.register_table(READINGS, table.metadata_location)


def keep_up(place: str) -> Report:
    """Maintain as `headrace maintain` does; the replaced files stay next to the new ones."""
    (report,) = maintain.maintain(_project(place), load(place, "maintained"), [READINGS])
    return report


def naive_files(place: str) -> str:
    """Return the data files of the table that is not maintained, as a glob: pyiceberg numbers what it appends."""
    return f"{place}/home/warehouse/historian/readings/data/*/00000-*.parquet"


def settle(folder: Path) -> None:
    """Make the system write the folder's files to disk: it cannot drop unwritten pages from memory."""
    for path in _files(folder):
        with path.open("rb") as file:
            os.fdatasync(file.fileno())


def forget(folder: Path) -> None:
    """Make the system drop the folder's files from memory, which needs no privileges."""
    for path in _files(folder):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _files(folder: Path) -> Iterable[Path]:
    return (Path(at) / name for at, _, names in os.walk(folder) for name in names if not (Path(at) / name).is_symlink())


def _project(place: str) -> Project:
    return Project(Path(place), Path(place) / "home")
