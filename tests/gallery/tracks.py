"""Tracks of vehicles: aircraft around Paris on one afternoon, one position of each in ten seconds."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from support import ROOT

LOCK = Path(__file__).parent / "data" / "traffic" / "dataset.lock"
KEPT = ROOT / ".headrace" / "gallery" / "tracks.json.gz"
MEMBER = "traffic/data/samples/collections/quickstart.json.gz"
STEP_MS = 10_000
KMH_OF_KNOT = 1.852
AIRPORTS = {"LFPG": (49.0097, 2.5479), "LFPO": (48.7233, 2.3794), "LFPB": (48.9694, 2.4414)}
"""Latitude and longitude of the reference point of each airport."""


def fetch() -> Path:
    """Return the file with the tracks, downloading its package on first use."""
    if KEPT.is_file():
        return KEPT
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
               "--requirement", str(LOCK), "--dest", str(KEPT.parent)]  # fmt: skip
    subprocess.run(command, check=True)
    wheel = next(KEPT.parent.glob("traffic-*.whl"))
    with zipfile.ZipFile(wheel) as package:
        KEPT.with_suffix(".part").write_bytes(package.read(MEMBER))
    KEPT.with_suffix(".part").replace(KEPT)
    wheel.unlink()
    return KEPT


def tracks() -> pd.DataFrame:
    """Return the positions by time: vehicle, latitude, longitude (deg), speed (km/h), altitude (ft), at (epoch ms)."""
    with gzip.open(fetch()) as file:
        heard = pd.DataFrame(json.load(file))
    heard = heard.dropna(subset=["callsign", "latitude", "longitude", "groundspeed"])
    kept = heard[heard["timestamp"] % STEP_MS == 0].rename(columns={"callsign": "vehicle", "timestamp": "at"})
    kept = kept.assign(speed=kept["groundspeed"] * KMH_OF_KNOT).drop_duplicates(["vehicle", "at"])
    return kept.sort_values(["at", "vehicle"], ignore_index=True)[
        ["vehicle", "latitude", "longitude", "speed", "altitude", "at"]
    ]


def trips(positions: pd.DataFrame) -> pd.DataFrame:
    """Return where the vehicles go that come from above and are last heard low and near an airport, as a schedule."""
    first, last = (getattr(positions.groupby("vehicle"), which)() for which in ("first", "last"))
    landing = last[(first["altitude"] > 5000) & (last["altitude"] < 3000)]
    rows = []
    for vehicle, (latitude, longitude) in landing[["latitude", "longitude"]].iterrows():
        distances = {airport: float(km(latitude, longitude, *place)) for airport, place in AIRPORTS.items()}
        nearest = min(distances, key=distances.__getitem__)
        if distances[nearest] < 8:
            rows.append((vehicle, nearest, *AIRPORTS[nearest]))
    return pd.DataFrame(rows, columns=["vehicle", "destination", "to_latitude", "to_longitude"])


def km(
    latitude: npt.ArrayLike, longitude: npt.ArrayLike, to_latitude: float, to_longitude: float
) -> npt.NDArray[np.float64]:
    """Return distances on the sphere, by the spherical law of cosines."""
    a, b, c, d = (np.radians(each) for each in (latitude, longitude, to_latitude, to_longitude))
    cosine = np.sin(a) * np.sin(c) + np.cos(a) * np.cos(c) * np.cos(d - b)
    return np.asarray(6371.0088 * np.arccos(np.clip(cosine, -1, 1)))
