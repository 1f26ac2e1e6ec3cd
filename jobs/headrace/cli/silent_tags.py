"""Report the tags that have nothing in an answer of `headrace history`, and where their nearest readings are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from headrace.cli import cells
from headrace.cli.common import log

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.historian import Historian

SHOWN = 10
"""Tags whose nearest readings are looked up, which can mean to open many files."""


def report(
    historian: Historian,
    tags: Sequence[str],
    answer: pa.Table,
    times: tuple[datetime, datetime],
    period: str,
    zone: ZoneInfo,
) -> None:
    """Print one line on standard error for each of `tags` without a reading in `answer`, at most SHOWN and a summary.

    `times` is the requested time, and `period` says it in words, like "in this time". A line ends with the option that
    shows the day of the nearest reading in `zone`.
    """
    from headrace.project import pattern

    reporting = _reporting(answer)
    silent = [name for name in historian.tag_names.resolve(tags) if name not in reporting]
    if not silent:
        return
    with log.status("looking for the nearest readings"):
        nearest = historian.nearest([pattern.literal(name) for name in silent[:SHOWN]], *times).to_pylist()
    lines = [_line(row["tag"], row["before"], row["after"], period, zone) for row in nearest]
    if len(silent) > SHOWN:
        lines.append(f"no reading of {len(silent) - SHOWN:,} more tags {period}")
    for line in lines:
        log.print(line, highlight=False, markup=False, soft_wrap=True)


def _reporting(answer: pa.Table) -> set[str]:
    """Return the tags with data in the answer: with a time, and among computed values, with one."""
    import pyarrow.compute as pc

    from headrace.historian.series.status import BAD_NO_DATA

    if "ts" in answer.column_names:
        answer = answer.filter(answer["ts"].is_valid())
    if {"text", "state"}.isdisjoint(answer.column_names):  # what is computed has a row for each time, also without data
        answer = answer.filter(pc.not_equal(answer["quality"], int(BAD_NO_DATA)))
    return set(answer["tag"].unique().to_pylist())


def _line(tag: str, before: datetime | None, after: datetime | None, period: str, zone: ZoneInfo) -> str:
    nearest = before or after
    if nearest is None:
        return f"{tag} has no readings"
    known = {"the last one before": before, "the first one after": after}
    times = "; ".join(f"{which}: {cells.shown(time)}" for which, time in known.items() if time)
    return f"no reading of {tag} {period}; {times} (--range {nearest.astimezone(zone).date()})"
