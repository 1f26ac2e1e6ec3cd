"""Train model.npz on simulated engines: each sensor drifts as its engine wears, some up, some down, with noise."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

SENSORS = 21


def train(engines: int = 40, cycles: int = 200) -> dict[str, npt.NDArray[np.float64]]:
    """Return the weights of a least-squares fit, float64 [SENSORS], and the intercept, float64 [1]."""
    random = np.random.default_rng(7)
    drift = random.normal(0, 1, SENSORS)
    left = np.tile(np.arange(cycles, 0, -1.0), engines)
    wear = (1 - left / cycles)[:, None]
    sensors = 500 + 20 * wear * drift + random.normal(0, 1, (left.size, SENSORS))
    design = np.column_stack([sensors, np.ones(left.size)])
    solution = np.linalg.lstsq(design, left, rcond=None)[0]
    return {"weights": solution[:-1], "intercept": solution[-1:]}


if __name__ == "__main__":
    np.savez_compressed(Path(__file__).parent / "model.npz", **train())
