"""Zones and expected arrivals, judged by Shapely and by when the vehicles did arrive; and the day replayed.

Some vehicles keep a part of their positions, and send it on the day after. The replay reads what came on the day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from matplotlib.figure import Figure

from gallery import tracks
from gallery.kit import Feed, Tables, Verdict, count, same
from headrace.operations import replay
from support import ROOT

JOB = "logistics/eta_v1"
FILE = "positions.jsonl"
DAY, NEXT_DAY = datetime(2021, 10, 7, tzinfo=UTC), datetime(2021, 10, 8, tzinfo=UTC)
BRANCH = "as_known_on_1007"
ZONES = ROOT / "udfs" / "zone_of" / "zones.geojson"
SECOND, HOUR = 1_000, 3_600_000
KEPT, TWICE, BROKEN = 0.05, 0.005, 0.001
"""Shares of the vehicles that keep positions, of the positions that are sent twice, and of those that are broken."""
AHEAD = (5, 10)
ERROR_MIN = 3.0
"""Half of what is expected so many minutes ahead is to be right to this many minutes."""


def write(folder: Path) -> list[Feed]:
    """Write positions in the order in which they arrive, with the time of their arrival, and the schedule."""
    random = np.random.default_rng(31)
    positions = tracks.tracks()
    tracks.trips(positions).to_csv(folder / "trips.csv", index=False)
    positions = positions.drop(columns="altitude")
    arrival = positions["at"] + random.integers(1, 40 * SECOND, len(positions))
    keeping = random.choice(positions["vehicle"].unique(), int(KEPT * positions["vehicle"].nunique()), replace=False)
    kept = positions["vehicle"].isin(keeping) & (positions.groupby("vehicle").cumcount() > 40)
    arrival = arrival.mask(kept, arrival + 20 * HOUR)
    again = positions[random.random(len(positions)) < TWICE]
    sent = pd.concat([positions.assign(arrival=arrival), again.assign(arrival=arrival[again.index] + 1)])
    lines = []
    for row in sent.sort_values("arrival", kind="stable").to_dict("records"):
        time = datetime.fromtimestamp(row.pop("arrival") / 1000, UTC).isoformat()
        if random.random() < BROKEN:
            row["latitude"] = 100 + row["latitude"]
        lines.append(json.dumps({"$message": {"key": row["vehicle"], "time": time, "value": row}}))
    (folder / FILE).write_text("\n".join(lines) + "\n")
    return [
        Feed("table/logistics.trips", folder / "trips.csv"),
        Feed("source/vehicle_positions", folder / FILE, partitions=2),
    ]


def then(tables: Tables) -> None:
    """Replay the day as it was known at its end: `submit --from 2021-10-07 --until 2021-10-08 --into ...`."""
    replay.run(replay.prepare(tables.project, tables.settings, JOB, (DAY, NEXT_DAY), BRANCH))


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare entries and exits with Shapely, expected arrivals with real ones, and the replayed day with its data."""
    everything = _positions(tables)
    of_the_day = everything[everything["arrived"] < NEXT_DAY]
    events = tables.frame("select * from logistics.zone_events")
    late = tables.frame(f"select key as vehicle, ts, src_ts from historian.late_readings where job = '{JOB}'")
    known = tables.frame(f'select * from logistics."zone_events@{BRANCH}"')
    late_then = tables.frame(f'select key as vehicle, ts, src_ts from historian."late_readings@{BRANCH}"')
    dead = int(tables.frame(f"select count(*) as n from historian.dead_letters where job = '{JOB}'")["n"].iloc[0])
    broken = sum(1 for line in (tables.folder / FILE).read_text().splitlines() if _latitude(line) > 90)
    after = len(everything) - len(of_the_day)
    met, met_then = (int((each["src_ts"] >= NEXT_DAY).sum()) for each in (late, late_then))
    return [
        same("entries and exits, and those of Shapely over the positions in time", events, crossings(everything, late)),
        *_arrivals(tables, everything),
        same(
            f"the day as it was known at its end, without the {after:,} positions of the day after, and Shapely",
            known,
            crossings(of_the_day, late_then),
        ),
        Verdict(
            "of these, late in the run of everything, and in the replay",
            f"{met} and {met_then}",
            "some, and none",
            met > met_then == 0,
        ),
        Verdict("broken positions", count(dead, "dead letter"), count(broken, "dead letter"), dead == broken),
    ]


def _latitude(line: str) -> float:
    return float(json.loads(line)["$message"]["value"]["latitude"])


def _positions(tables: Tables) -> pd.DataFrame:
    """Return the good positions that were sent: vehicle, latitude, longitude, ts, arrived."""
    messages = [json.loads(line)["$message"] for line in (tables.folder / FILE).read_text().splitlines()]
    frame = pd.DataFrame([{**each["value"], "arrived": each["time"]} for each in messages])
    frame["ts"] = pd.to_datetime(frame["at"], unit="ms", utc=True)
    frame["arrived"] = pd.to_datetime(frame["arrived"], format="ISO8601")
    return frame[frame["latitude"] <= 90]


def crossings(positions: pd.DataFrame, late: pd.DataFrame) -> pd.DataFrame:
    """Return the entries and exits of the positions that were in time, at least one copy of them."""
    copies = positions.groupby(["vehicle", "ts"]).agg(
        copies=("at", "size"), latitude=("latitude", "first"), longitude=("longitude", "first")
    )
    too_late = late.groupby(["vehicle", "ts"]).size().reindex(copies.index, fill_value=0)
    in_time = _with_zones(copies[copies["copies"] > too_late].reset_index().sort_values(["vehicle", "ts"]))
    before = in_time.groupby("vehicle")["zone"].shift().fillna("")
    crossed = in_time["zone"] != before
    entries = in_time[crossed & (in_time["zone"] != "")].assign(event="entry")
    exits = in_time.assign(zone=before, event="exit")[crossed & (before != "")]
    return pd.concat([entries, exits])[["vehicle", "ts", "zone", "event"]]


def _with_zones(positions: pd.DataFrame) -> pd.DataFrame:
    zones = pd.Series("", positions.index)
    for feature in reversed(json.loads(ZONES.read_text())["features"]):  # of zones that overlap, the first one counts
        border = shapely.geometry.shape(feature["geometry"])
        inside = shapely.contains_xy(border, positions["longitude"], positions["latitude"])
        zones[inside] = feature["properties"]["zone"]
    return positions.assign(zone=zones)


def _arrivals(tables: Tables, positions: pd.DataFrame) -> list[Verdict]:
    """Return how far expected arrivals were from real ones."""
    expected = _expected(tables, positions)
    error = expected["error"][expected["ahead"].between(*AHEAD)].abs()
    arrived = expected["vehicle"].nunique()
    figure = f"{error.median():.1f} min in the middle, {error.quantile(0.9):.1f} min in nine of ten"
    return [
        Verdict(
            f"arrivals expected {AHEAD[0]} to {AHEAD[1]} minutes ahead, and {arrived} real ones: the error",
            figure,
            f"{ERROR_MIN:.0f} min in the middle at most",
            bool(error.median() <= ERROR_MIN),
        )
    ]


def _expected(tables: Tables, positions: pd.DataFrame) -> pd.DataFrame:
    """Return, for each expected arrival, vehicle, how long before the real one it was made, and its error, in minutes.

    A vehicle arrives with its first position in the zone of its destination.
    """
    trips = pd.read_csv(tables.folder / "trips.csv")
    there = _with_zones(positions).merge(trips, left_on=["vehicle", "zone"], right_on=["vehicle", "destination"])
    arrived = there.groupby("vehicle")["ts"].min().rename("arrived_at")
    expected = tables.frame("select * from logistics.etas").merge(arrived, on="vehicle")
    ahead = (expected["arrived_at"] - expected["ts"]).dt.total_seconds() / 60
    error = (expected["expected_at"] - expected["arrived_at"]).dt.total_seconds() / 60
    return pd.DataFrame({"vehicle": expected["vehicle"], "ahead": ahead, "error": error})


def picture(tables: Tables, path: Path) -> None:
    """Draw the error of expected arrivals over the time that was left, both to half a minute."""
    expected = (_expected(tables, _positions(tables))[["ahead", "error"]] * 2).round().drop_duplicates() / 2
    figure = Figure((7, 3), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0, color="#999999", linewidth=0.8)
    axes.plot(expected["ahead"], expected["error"], ".", markersize=3, color="#3b6ea5")
    axes.set(xlim=(25, 0), ylim=(-15, 15), xlabel="minutes before the arrival", ylabel="error, minutes")
    figure.savefig(path, metadata={"Date": None})
