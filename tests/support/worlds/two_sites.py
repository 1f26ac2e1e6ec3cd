"""A small wind farm in arrays, for models of scores: two sites that share nothing, and a tag that stands alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from headrace_udfs.scoring import fit
from headrace_udfs.scoring.model import Model
from headrace_udfs.scoring.tags import Tag

Doubles = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]

STEP_US = 600_000_000
DAYS = 40
SITES = {"n": ("n1", "n2", "n3"), "s": ("s1", "s2")}
SIGNALS = ("wind", "power", "heat", "direction")


def tags() -> list[Tag]:
    """The sites' assets take turns, so that the tags of a site are not next to each other; s2.heat stands still."""
    pairs = [(site, asset) for asset_number in range(3) for site in SITES for asset in SITES[site][asset_number:][:1]]
    of_assets = [
        Tag(
            f"{asset}.{signal}",
            signal == "direction",
            tuple(f"{asset}.{other}" for other in SIGNALS if other != signal),
            tuple(f"{other}.{signal}" for other in SITES[site] if other != asset),
            signal != "power",
        )
        for site, asset in pairs
        for signal in SIGNALS
    ]
    return [*of_assets[:7], Tag("lone.level"), *of_assets[7:]]


def readings(seed: int, days: int) -> tuple[Positions, Doubles]:
    """Return the start of each instant and the readings of all tags in it; some are missing."""
    random = np.random.default_rng(seed)
    count = days * 144
    columns: dict[str, Doubles] = {"lone.level": 3 + np.sin(np.arange(count) / 40) + random.normal(0, 0.1, count)}
    for site, assets in SITES.items():
        wind = 9 + 3 * np.sin(np.arange(count) / 150 + ord(site)) + random.normal(0, 0.3, count)
        direction = np.cumsum(random.normal(0, 4, count))
        for asset in assets:
            own = wind + random.normal(0, 0.3, count)
            columns[f"{asset}.wind"] = own
            columns[f"{asset}.power"] = 2000 / (1 + np.exp(9 - own)) + random.normal(0, 15, count)
            columns[f"{asset}.heat"] = 12 + 5 * np.sin(np.arange(count) / 23) + random.normal(0, 0.2, count)
            columns[f"{asset}.direction"] = np.mod(direction + random.normal(0, 3, count), 360)
    columns["s2.heat"][:] = 5.0
    values = np.stack([columns[tag.name] for tag in tags()], axis=1)
    values[random.random(values.shape) < 0.01] = np.nan
    return np.arange(count) * STEP_US, values


@cache
def model() -> Model:
    """Return a model that learned from the readings of seed 1."""
    return fit.fit(tags(), *readings(1, DAYS))
