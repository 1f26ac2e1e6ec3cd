"""What another version of a model does with what was held for the one before: no reading is without a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from headrace_udfs.scoring.alignment import Readings, distinct
from headrace_udfs.scoring.score_rows import REPLACED, ScoreRows, rows_without
from headrace_udfs.scoring.stream import Scorer


def taken_over(
    held: Readings, names: Sequence[str], bucket: Sequence[int], whole: Scorer
) -> tuple[Readings, ScoreRows | None]:
    """Return the held readings of the bucket's tags, renumbered, and rows without a score for other tags of the model.

    held: readings whose numbers stand for `names`. bucket: the positions of its tags in the whole model. A tag that is
    now in another bucket is scored there, but what is held here cannot get there.
    """
    place = {tag.name: at for at, tag in enumerate(whole.model.tags)}
    tag = np.array([place.get(name, -1) for name in names], np.int64)[held.tag]
    here = np.isin(tag, bucket)
    kept = replace(held.taken(here), tag=np.searchsorted(np.array(bucket, np.int64), tag[here]))
    left = replace(held, tag=tag).taken((tag >= 0) & ~here & (held.times >= whole.from_us))
    return kept, rows_without(distinct(left), REPLACED) if len(left) else None
