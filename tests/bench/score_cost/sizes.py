"""What a model and the state of its stream take, in bytes per tag."""

from __future__ import annotations

import cloudpickle
import msgspec
import numpy as np
import yaml

from bench.score_cost import plant
from headrace_udfs.scoring import stored, stream
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.buckets import buckets
from headrace_udfs.scoring.model import Model
from headrace_udfs.scoring.parts import part

_INSTANTS = 120


class Sizes(msgspec.Struct, frozen=True):
    """Bytes per tag, but for `held`, which is those of a reading that waits for the watermark.

    state: the memory of a stream. artefact, card: the files of a version. function: the model in the job that Flink is
    given, and in each worker.
    """

    state: float
    held: float
    artefact: float
    card: float
    function: float


def run(model: Model) -> Sizes:
    """Measure the model, and the state of the first bucket of its tags."""
    tags = len(model.tags)
    card = len(yaml.safe_dump(model.card(), sort_keys=False, width=120))
    function = len(cloudpickle.dumps(plant.scorer(model)))
    return Sizes(*_state(model), len(model.save()) / tags, card / tags, function / tags)


def _state(model: Model) -> tuple[float, float]:
    bucket = buckets(model.tags)[0]
    times, values = zip(*plant.instants(_INSTANTS, len(model.tags) // plant.TAGS_OF_A_LINE), strict=True)
    columns = np.stack(values)[:, bucket]
    scorer, tags = plant.scorer(part(model, bucket)), columns.shape[1]
    at = np.array(times)
    every = np.ones(columns.size, np.bool_), np.arange(columns.size)
    readings = Readings(np.tile(np.arange(tags), _INSTANTS), np.repeat(at, tags), columns.ravel(), *every)
    memory, _ = stream.advance(scorer, stream.fresh(scorer), readings, times[-1] + plant.EVERY_US)
    return len(stored.dump(scorer.pin, memory)) / tags, len(stored.pack(0, readings)) / columns.size
