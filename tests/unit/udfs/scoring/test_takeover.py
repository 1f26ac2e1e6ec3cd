"""A version of a model continues with what another one held."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from headrace_udfs.scoring.alignment import Readings, no_readings
from headrace_udfs.scoring.score_rows import REASONS
from headrace_udfs.scoring.stream import Scorer
from headrace_udfs.scoring.takeover import taken_over
from support.worlds import two_sites

NAMES = [tag.name for tag in two_sites.tags()]
BUCKET = [at for at, name in enumerate(NAMES) if name.startswith("n")]


def held(*rows: tuple[int, int]) -> Readings:
    tag, times = (np.array(part, np.int64) for part in zip(*rows, strict=True))
    return Readings(tag, times, tag + 0.5, np.ones(len(tag), bool), times)


def test_held_readings_are_renumbered_and_those_of_other_buckets_have_a_row() -> None:
    scorer = Scorer("sites@2", two_sites.model(), two_sites.STEP_US, 100)
    before = ["n2.heat", "gone.tag", "s1.wind", "n1.wind"]
    rows = held((0, 110), (1, 110), (2, 110), (3, 90), (2, 90), (2, 110))
    kept, left = taken_over(rows, before, BUCKET, scorer)
    assert [NAMES[BUCKET[at]] for at in kept.tag] == ["n2.heat", "n1.wind"]
    assert kept.values.tolist() == [0.5, 3.5]
    assert left is not None
    found = [(NAMES[tag], at) for tag, at in zip(left.tag.tolist(), left.times.tolist(), strict=True)]
    assert found == [("s1.wind", 110)]
    assert [REASONS[number] for number in left.reason] == ["another version of the model had it"]
    assert np.isnan(left.score).all()


def test_the_same_tags_keep_every_reading() -> None:
    scorer = Scorer("sites@2", two_sites.model(), two_sites.STEP_US, 0)
    rows = held((0, 1), (3, 1))
    kept, left = taken_over(rows, [NAMES[at] for at in BUCKET], BUCKET, scorer)
    assert (kept.tag.tolist(), left) == ([0, 3], None)
    kept, left = taken_over(replace(no_readings()), [], [], scorer)
    assert (len(kept), left) == (0, None)
