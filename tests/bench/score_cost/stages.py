"""What the keyed function of a score job costs in Python, by the number of instants that it scores at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import numpy as np

from bench.score_cost import plant
from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring import stored, stream, tables
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.buckets import buckets
from headrace_udfs.scoring.model import Model
from headrace_udfs.scoring.parts import part
from headrace_udfs.scoring.stream import Found, Scorer

AT_A_TIME = (5, 20, 60)
_INSTANTS = 420
_ROWS = 20_000

_T = TypeVar("_T")


class Stages(msgspec.Struct, frozen=True):
    """CPU seconds per million readings of one bucket, by stage, when so many instants are scored at a time."""

    instants: int
    tags: int
    costs: dict[str, float]


@dataclass
class _Clock:
    spent: dict[str, float] = field(default_factory=dict)

    def timed(self, stage: str, work: Callable[[], _T]) -> _T:
        began = time.process_time()
        result = work()
        self.spent[stage] = self.spent.get(stage, 0.0) + time.process_time() - began
        return result


def run(model: Model) -> list[Stages]:
    """Score the readings of the first bucket of the model's tags."""
    bucket = buckets(model.tags)[0]
    times, values = zip(*plant.instants(_INSTANTS, len(model.tags) // plant.TAGS_OF_A_LINE), strict=True)
    at, columns = np.array(times), np.stack(values)[:, bucket]
    scorer = plant.scorer(part(model, bucket))
    _one(scorer, at, columns, AT_A_TIME[0])  # warms up
    return [_one(scorer, at, columns, instants) for instants in AT_A_TIME]


def _one(scorer: Scorer, at: Positions, columns: Doubles, instants: int) -> Stages:
    clock, tags, memory = _Clock(), columns.shape[1], stored.dump(scorer.pin, stream.fresh(scorer))
    for first in range(0, len(at), instants):
        some = slice(first, first + instants)
        count = columns[some].size
        readings = Readings(
            np.tile(np.arange(tags), len(at[some])),
            np.repeat(at[some], tags),
            columns[some].ravel(),
            np.ones(count, np.bool_),
            np.arange(count),
        )
        memory = _call(clock, scorer, memory, readings, int(at[some][-1]) + plant.EVERY_US)
    return Stages(instants, tags, {stage: spent / columns.size * 1e6 for stage, spent in clock.spent.items()})


def _call(clock: _Clock, scorer: Scorer, memory: bytes, readings: Readings, until: int) -> bytes:
    packed = clock.timed("packs", lambda: stored.pack(0, readings))
    held = clock.timed("packs", lambda: stored.unpack(packed))
    before = clock.timed("memory to and from bytes", lambda: stored.load(memory)[1])
    after, found = clock.timed("align, score, follow events", lambda: stream.advance(scorer, before, held, until))
    clock.timed("tables of scores and events, as Arrow", lambda: _sent(scorer, found))
    return clock.timed("memory to and from bytes", lambda: stored.dump(scorer.pin, after))


def _sent(scorer: Scorer, found: Found) -> list[bytes]:
    made = [tables.score_table(scorer, rows) for rows in found.scores]
    if found.frames:
        made.append(tables.event_table(found.frames))
    return [sent for table in made for sent in tables.streams(table, _ROWS)]
