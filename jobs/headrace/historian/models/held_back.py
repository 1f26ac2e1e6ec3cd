"""The end of a training span that networks have not learned from, and that sets their thresholds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from headrace.errors import UserError
from headrace.project.model_kinds import ModelFile, OnnxFile
from headrace_udfs.durations import duration
from headrace_udfs.scoring.alignment import Instants
from headrace_udfs.scoring.tags import LEAST_DAYS, LEAST_READINGS

_LEAST = timedelta(days=LEAST_DAYS)


def check(file: ModelFile, holdback: timedelta | None) -> None:
    """Raise UserError if networks have no holdback, one that is too short, or another kind has one."""
    if not isinstance(file, OnnxFile):
        if holdback:
            raise UserError(f"a model of the kind {file.kind} calibrates without a holdback", fix="omit --holdback")
        return
    if not holdback:
        raise UserError(
            "the thresholds of networks need readings that these have not learned from",
            fix="--holdback 90d takes the last 90 days of the span for that",
        )
    if holdback < _LEAST:
        raise UserError(f"--holdback {duration(holdback)} is too short", fix=f"hold back at least {LEAST_DAYS}d")


def since(grid: Instants, holdback: timedelta) -> datetime:
    """Return the start of the instants held back."""
    return datetime.fromtimestamp(int(grid.times[-rows(grid, holdback)]) / 1e6, UTC)


def rows(grid: Instants, holdback: timedelta) -> int:
    """Return how many of the last instants are held back.

    Raises UserError if there are too few of them, or of those before.
    """
    kept = int(np.searchsorted(grid.times, grid.times[-1] - holdback // timedelta(microseconds=1), side="right"))
    found = len(grid.times) - kept
    for count, where in ((found, "held back"), (kept, "before those held back")):
        if count < LEAST_READINGS:
            raise UserError(
                f"learning: {count:,} instants {where}, and {LEAST_READINGS:,} are needed",
                fix="choose a longer span, or another --holdback",
            )
    return found
