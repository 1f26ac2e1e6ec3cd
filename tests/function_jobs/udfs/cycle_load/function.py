"""The load of a cycle: its speed as a share of the fleet's limit, more in thin air."""

import pyarrow as pa

from .limits import LIMITS


def compute(setting: pa.StructArray, speed: pa.DoubleArray) -> dict[str, pa.Array]:
    """Return the load and its class. Raises ZeroDivisionError for a fleet whose limit is 0."""
    loads = [_load(row, rpm) for row, rpm in zip(setting.to_pylist(), speed.to_pylist(), strict=True)]
    classes = [None if load is None else "hard" if load > 0.5 else "easy" for load in loads]
    return {"load": pa.array(loads, pa.float64()), "class": pa.array(classes, pa.string())}


def _load(setting: dict[str, object] | None, speed: float | None) -> float | None:
    if setting is None or speed is None or setting["fleet"] not in LIMITS:
        return None
    return speed / LIMITS[str(setting["fleet"])] * (1 + float(setting["altitude"] or 0) / 100)  # type: ignore[arg-type]
