"""Learn the baselines of tags from stored readings; the scores of new readings are calculated against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection

from headrace.environment import warehouse
from headrace.environment.settings import Settings
from headrace.historian.historian import Historian
from headrace.historian.tags import tags
from headrace.project.system_tables import READINGS

_BASELINES = Path(__file__).parent / "queries" / "baselines.sql"
_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Baseline:
    """A tag's baseline, in the tag's unit, and its previous one, if any."""

    tag: str
    count: int
    median: float
    mad: float
    old_median: float | None
    old_mad: float | None

    @property
    def shift(self) -> float:
        """How far the median has moved, in old MADs; 0 for a first baseline, infinite if the old MAD was 0."""
        if self.old_median is None or self.old_mad is None or self.median == self.old_median:
            return 0.0
        return abs(self.median - self.old_median) / self.old_mad if self.old_mad else float("inf")


@dataclass(frozen=True)
class Training:
    """The baselines learned and stored at the time `at` (UTC), and the chosen tags with too few good values."""

    at: datetime
    baselines: list[Baseline]
    too_few: list[str]


def train(settings: Settings, since: datetime | None = None, tag: str = "*", min_count: int = 30) -> Training:
    """Learn the baselines of `tag`, a name or a wildcard, from the good values measured at or after `since`.

    The baselines are stored in historian.tags in one commit. A tag with fewer than `min_count` good values keeps its
    baseline. Raises UserError for a name or a wildcard without a tag, and PlatformError.
    """
    names = _resolve(settings, tag)
    with warehouse.open(settings, [READINGS]) as connection:
        candidates = baselines(connection, since or _BEGINNING, names)
    learned = candidates.filter(pc.greater_equal(candidates["baseline_count"], min_count))
    too_few = sorted({*names} - {*learned["tag"].to_pylist()})
    at = datetime.now(UTC)
    if not len(learned):
        return Training(at, [], too_few)
    stamps = pa.array([at] * len(learned), pa.timestamp("us", "UTC"))
    before = tags.upsert(settings, learned.append_column("baseline_at", stamps)).before
    return Training(at, _compared(learned, before), too_few)


def _resolve(settings: Settings, tag: str) -> list[str]:
    """Return the names of the tags that `tag` stands for, listed or reporting. Raises UserError if there are none."""
    known = Historian.open(settings).tag_names
    names = known.resolve(tag)
    if unknown := [name for name in names if not known.known(name)]:
        raise known.unknown(unknown)
    return names


def baselines(connection: DuckDBPyConnection, since: datetime, names: Sequence[str]) -> pa.Table:
    """Return the exact median and median absolute deviation of the good values in `historian.readings` of each tag.

    Columns tag, baseline_median, baseline_mad, baseline_count; sorted by tag. Of the tags `names`, those without a good
    value have no row. A value counts as good if it is finite and its OPC UA StatusCode has the severity bits 00. Of
    several readings of a tag at the same instant, only the one that was received last counts.
    """
    result = warehouse.run(connection, _BASELINES, {"since": since.isoformat(), "tags": list(names)})
    with warehouse.errors_reported():
        return result.to_arrow_table()


def _compared(learned: pa.Table, before: pa.Table) -> list[Baseline]:
    old: dict[str, dict[str, Any]] = {row["tag"]: row for row in before.to_pylist()}
    return [
        Baseline(
            row["tag"],
            row["baseline_count"],
            row["baseline_median"],
            row["baseline_mad"],
            old.get(row["tag"], {}).get("baseline_median"),
            old.get(row["tag"], {}).get("baseline_mad"),
        )
        for row in learned.to_pylist()
    ]
