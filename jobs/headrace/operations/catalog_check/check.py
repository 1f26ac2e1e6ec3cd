"""Try the parts that must work, one after the other, on a table that is dropped again."""

from __future__ import annotations

from collections.abc import Callable

from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, Problem
from headrace.operations.catalog_check import addresses
from headrace.operations.catalog_check.flink import ADDED, InFlink
from headrace.operations.catalog_check.part import Part, Step
from headrace.operations.catalog_check.throwaway import Throwaway
from headrace.project.paths import Project

_FIRST = [1]
_BOTH = [1, 1 + ADDED]


def check(project: Project, settings: Settings, progress: Callable[[str], None] = lambda _part: None) -> list[Part]:
    """Try to connect, sign in, write, commit and read back with each engine. Faults are returned, not raised.

    Each part has a limit: 10 s to connect, 60 s for an answer, two minutes for a Flink job.
    """
    parts: list[Part] = []
    for step in _steps(project, settings):
        progress(step.name)
        parts.append(step.tried([part.name for part in parts if part.outcome == "works"]))
    return parts


def verdict(parts: list[Part]) -> None:
    """Raise CheckFailed with all parts that failed, if any."""
    failed = [Problem(f"{part.name}: {part.fault}", fix=part.fix) for part in parts if part.outcome == "fails"]
    if failed:
        raise CheckFailed(failed)


def _steps(project: Project, settings: Settings) -> list[Step]:
    catalog, table = settings.catalog, Throwaway(settings)
    flink = InFlink(project, settings, table.name)
    who = "the keys of catalog.s3" if catalog.s3 else "this user"
    data = f"may {who} write to and read from {catalog.warehouse}?"
    cluster = f"does the cluster at {settings.flink.rest} reach catalog and store at the addresses in the settings?"
    created, written, by_flink = ("make a table",), ("write and commit",), ("Flink writes and commits",)
    return [
        Step("reach the catalog", lambda: addresses.check_catalog(catalog), f"is {catalog.address} the right address?"),
        Step(
            "reach the store",
            lambda: addresses.check_store(catalog),
            f"is {catalog.warehouse} where data may be stored?",
        ),
        Step("sign in", table.sign_in, "check the user and the password under `catalog:`", ("reach the catalog",)),
        Step("make a table", table.create, "may this user create tables there?", ("sign in", "reach the store")),
        Step("write and commit", lambda: table.append(_FIRST[0]), data, created),
        Step("pyiceberg reads", lambda: table.check_pyiceberg(_FIRST), data, written),
        Step("DuckDB reads", lambda: table.check_duckdb(_FIRST), data, written),
        Step("Flink reads", lambda: flink.check_reads(_FIRST), cluster, written),
        Step("Flink writes and commits", flink.append, cluster, ("Flink reads",)),
        Step("pyiceberg reads what Flink wrote", lambda: table.check_pyiceberg(_BOTH), data, by_flink),
        Step("DuckDB reads what Flink wrote", lambda: table.check_duckdb(_BOTH), data, by_flink),
        Step("drop the table", table.drop, f"drop {table.name} by hand", created),
    ]
