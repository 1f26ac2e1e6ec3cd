"""Count the readings of each month and tag, and those that have no score, as condition.scores would have them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from headrace_udfs.scoring.model import Model
from headrace_udfs.scoring.score_rows import REASONS, REFUSED, ScoreRows


@dataclass(frozen=True)
class Counts:
    """The readings of a tag and month, and how many of them have no score, by reason."""

    readings: int
    without: dict[str, int] = field(default_factory=dict)


class Tally:
    """Counts rows of scores as they come, so that none has to be kept."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._found: Counter[int] = Counter()

    def add(self, rows: ScoreRows) -> None:
        """Count these rows."""
        month = rows.times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
        each = (month * len(self._model.tags) + rows.tag) * len(REASONS) + rows.reason
        self._found.update(dict(zip(*(part.tolist() for part in np.unique(each, return_counts=True)), strict=True)))

    def counts(self) -> dict[tuple[str, str], Counts]:
        """Return the counts by month (2015-01) and tag."""
        readings = Counter[tuple[str, str]]()
        without = defaultdict[tuple[str, str], dict[str, int]](dict)
        for each, count in self._found.items():
            place, reason = divmod(each, len(REASONS))
            month, at = divmod(place, len(self._model.tags))
            tag, why = self._model.tags[at].name, REASONS[reason]
            key = str(np.datetime64(month, "M")), tag
            readings[key] += count
            if why:
                without[key][self._model.refused[tag] if why == REFUSED else why] = count
        return {key: Counts(count, without.get(key, {})) for key, count in readings.items()}
