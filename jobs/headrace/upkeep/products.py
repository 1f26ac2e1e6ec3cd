"""Whether data products are what they promise: their age and their share of good records, as stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, Place, Problem, UserError, unknown
from headrace.project import job_folder, table_files
from headrace.project.paths import Project
from headrace.project.product import Product
from headrace.project.system_tables import DEAD_LETTERS
from headrace_udfs.durations import duration


@dataclass(frozen=True)
class Measured:
    """A product as it is: the time of its newest row, its rows, and the dead letters of the jobs that write it."""

    table: str
    product: Product
    newest: datetime | None
    rows: int
    dead: int
    measured_at: datetime

    @property
    def age(self) -> timedelta | None:
        """How old its newest row is; None without rows."""
        return None if self.newest is None else max(self.measured_at - self.newest, timedelta())

    @property
    def age_in_words(self) -> str:
        """Its age in the largest whole unit; "" without rows."""
        if self.age is None:
            return ""
        seconds = round(self.age.total_seconds())
        units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
        return next(f"{seconds // size} {unit}" for unit, size in units if seconds >= size or size == 1)

    @property
    def completeness(self) -> float | None:
        """The share of records that are rows; None if there are none."""
        return self.rows / (self.rows + self.dead) if self.rows + self.dead else None

    @property
    def is_fresh(self) -> bool:
        """Whether its newest row is as new as promised."""
        return self.age is not None and self.age <= self.product.freshness

    @property
    def is_complete(self) -> bool:
        """Whether as many records are rows as promised."""
        return self.completeness is not None and self.completeness >= self.product.completeness


def measure(project: Project, settings: Settings, names: Iterable[str] | None = None) -> list[Measured]:
    """Return the products `names`, or all, as the environment has them now.

    Raises UserError for names that are no products, and for faulty files; PlatformError.
    """
    products = {name: table.product for name, table in table_files.load_all(project).items() if table.product}
    if absent := [name for name in names or () if name not in products]:
        raise UserError([unknown("product", name, products) for name in absent])
    chosen = {name: products[name] for name in names or products}
    catalog, now = iceberg.connect(settings), datetime.now(UTC)
    dead_letters = iceberg.find_table(catalog, DEAD_LETTERS)
    results = []
    for name, product in chosen.items():
        table = iceberg.find_table(catalog, name)
        newest, rows = (_newest(table, product.time), iceberg.row_count(table)) if table else (None, 0)
        dead = _dead(dead_letters, _writers(project, name)) if dead_letters else 0
        results.append(Measured(name, product, newest, rows, dead, now))
    return results


def verdict(project: Project, results: Iterable[Measured]) -> None:
    """Raise CheckFailed with each promise that is not kept."""
    if problems := [problem for each in results for problem in _broken(project, each)]:
        raise CheckFailed(problems)


def _broken(project: Project, measured: Measured) -> Iterator[Problem]:
    name, product = measured.table, measured.product
    where = Place.of(table_files.path_of(project, name))
    if not measured.is_fresh:
        found = "has no rows" if measured.age is None else f"has nothing newer than {measured.newest:%Y-%m-%d %H:%M:%S}"
        yield Problem(
            f"{name} {found}, and promises {duration(product.freshness)}", where, "headrace status shows its job"
        )
    if measured.rows and not measured.is_complete:
        what = f"{name} has {measured.completeness:.4%} of its records, and promises {product.completeness:.4%}"
        yield Problem(what, where, "headrace dead-letters shows the others")


def _newest(table: Table, column: str) -> datetime | None:
    """Return the latest time in a column, from the statistics of the table's files."""
    if not iceberg.row_count(table):
        return None  # pyiceberg lists no files of a commit without rows
    metrics = table.inspect.files()["readable_metrics"].to_pylist()
    return max((each[column]["upper_bound"] for each in metrics if each[column]["upper_bound"]), default=None)


def _dead(dead_letters: Table, jobs: Iterable[str]) -> int:
    scans = (dead_letters.scan(iceberg.equals("job", job), selected_fields=("job",)) for job in jobs)
    return sum(scan.to_arrow().num_rows for scan in scans)


def _writers(project: Project, table: str) -> list[str]:
    jobs = (job_folder.load(project, name).job for name in job_folder.names(project))
    return [job.name for job in jobs if table in job.tables_written]
