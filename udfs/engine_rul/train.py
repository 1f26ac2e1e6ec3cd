"""Train the models of engine_wear and engine_rul on C-MAPSS: `python -m engine_rul.train train_FD001.txt.xz`, in udfs/.

The windows, the number of components and the width of the random waves are those with the least error in five folds
over the training engines.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from .ridge import MOST, Doubles, Ridge, recent_means

SENSORS = slice(5, 26)
COMPONENTS = 2
COSINES, WIDTH, PENALTY, SEED = 300, 0.3, 1.0, 0


def wear(sensors: Doubles) -> tuple[Doubles, Doubles]:
    """Return the principal components of the sensors [rows, 21]: weights [21, COMPONENTS] and offset [COMPONENTS]."""
    mean, scale = sensors.mean(axis=0), sensors.std(axis=0)
    moving = scale > 1e-6
    scaled = (sensors - mean)[:, moving] / scale[moving]
    directions = np.linalg.svd(scaled, full_matrices=False)[2][:COMPONENTS].T
    directions *= np.sign(directions.sum(axis=0))  # the sign of a direction is arbitrary, and differs by machine
    weights = np.zeros((sensors.shape[1], COMPONENTS))
    weights[moving] = directions / scale[moving, None]
    return weights, -mean @ weights


def inputs(components: Doubles, flight: Doubles) -> Doubles:
    """Return what the regression reads of each flight [rows, 2 * len(WINDOWS) + 1]; rows are by engine and flight."""
    ends, lengths = np.arange(1, len(flight) + 1), flight.astype(np.int64)
    return np.column_stack([*(recent_means(column, ends, lengths) for column in components.T), flight])


def ridge(read: Doubles, left: Doubles) -> Ridge:
    """Return the model that fits the flights left, up to MOST, with the least penalised error."""
    random = np.random.default_rng(SEED)
    waves, phases = random.normal(0, WIDTH, (read.shape[1], COSINES)), random.uniform(0, 2 * np.pi, COSINES)
    untrained = Ridge(read.mean(axis=0), read.std(axis=0), waves, phases, np.zeros(0))
    features = untrained.features(read)
    weights = np.linalg.solve(
        features.T @ features + PENALTY * np.eye(features.shape[1]), features.T @ np.minimum(left, MOST)
    )
    return Ridge(untrained.mean, untrained.scale, waves, phases, weights)


def main(file: Path) -> None:
    """Write model.npz of both functions."""
    rows = np.loadtxt(file)
    engine, flight = rows[:, 0], rows[:, 1]
    lives = np.zeros(int(engine.max()) + 1)
    np.maximum.at(lives, engine.astype(int), flight)
    weights, offset = wear(rows[:, SENSORS])
    model = ridge(inputs(rows[:, SENSORS] @ weights + offset, flight), lives[engine.astype(int)] - flight)
    here = Path(__file__).parent
    np.savez_compressed(here.with_name("engine_wear") / "model.npz", weights=weights, offset=offset)
    np.savez_compressed(here / "model.npz", **vars(model))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
