"""Score a past span with a version of a model, and keep the rows apart from those of jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.table.refs import MAIN_BRANCH

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.historian import Historian, asset_states
from headrace.historian.models import replay
from headrace.operations.replay.branches import WRITER, Branch
from headrace.operations.replay.places import Places, new_id
from headrace.operations.replay.targets import Targets, targets
from headrace.project.model_files import Pin
from headrace.project.paths import Project
from headrace.project.system_tables import ANOMALY_EVENTS, SCORES
from headrace_udfs.scoring import tables

OWN = (SCORES, ANOMALY_EVENTS)


@dataclass(frozen=True)
class Backtested:
    """The places of the rows, and how many each has."""

    targets: Targets
    written: tuple[Branch, ...]


def backtest(
    project: Project,
    settings: Settings,
    pin: Pin,
    span: tuple[datetime, datetime],
    *into: str,
    progress: Callable[[str], None] = lambda _: None,
) -> Backtested:
    """Score the stored readings from the first time of `span` to before the second one, and write rows and events.

    The version scores as if it had been there, also what it has learned from. into: a branch of the two tables, or
    <own>=<other> for each. Other rows are not touched. Raises UserError if the version cannot be loaded or rows would
    mix, and PlatformError; then nothing is left.
    """
    catalog = iceberg.connect(settings)
    places = Places.of(targets(str(pin), OWN, into), OWN)
    places.require_free(project, catalog)
    _require_snapshots(catalog, places)
    scorer, historian = replay.scorer_of(project, pin, span[0]), Historian.open(settings, nonfinite="bad")
    states = asset_states.suppressing(settings, historian, [tag.name for tag in scorer.model.tags])
    rows = [tables.SCORES.empty_table()]
    frames = replay.replay(
        scorer,
        historian,
        span,
        datetime.now(UTC),
        progress,
        keep=lambda some: rows.append(tables.score_table(scorer, some)),
        states=states,
    )
    progress("writing")
    with _given_back_if_it_fails(catalog, places) as run:
        _append(catalog, places.targets, SCORES, pa.concat_tables(rows), run)
        _append(catalog, places.targets, ANOMALY_EVENTS, tables.event_table(frames), run)
    return Backtested(places.targets, places.written(settings, catalog))


def _require_snapshots(catalog: Catalog, places: Places) -> None:
    """Raise UserError if a table has no snapshot yet: Iceberg then knows no other branch than main."""
    none = [each for each in places.branched if not iceberg.load_table(catalog, each).metadata.snapshots]
    if none:
        each = " ".join(f"--into {own}={own}_again" for own in OWN)
        raise UserError(f"{' and '.join(none)} has no row yet, and so no branch", "--into", f"name a table: {each}")


@contextmanager
def _given_back_if_it_fails(catalog: Catalog, places: Places) -> Iterator[str]:
    run = new_id()
    try:
        places.take_tables(catalog, run)
        places.make_branches(catalog, run)
        yield run
    except BaseException:
        places.give_back(catalog, run)
        raise


def _append(catalog: Catalog, goal: Targets, own: str, rows: pa.Table, run: str) -> None:
    """Append the rows to the place of the table `own`, in one commit."""
    name = goal.others.get(own, own)
    branch = goal.branch if name == own else MAIN_BRANCH

    def attempt() -> None:
        table = iceberg.load_table(catalog, name)
        schema = table.schema().as_arrow()
        table.append(rows.select(schema.names).cast(schema), {WRITER: run}, branch=branch)

    iceberg.commit(name, attempt)
