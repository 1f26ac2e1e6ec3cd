"""Write series.json: the series and queries for node-opcua and for our own aggregates.

The random series come from a fixed seed, the real ones from the data of the demo, which `./run demo` downloads.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

SEED = 13
START = 1_704_110_400_000  # 2024-01-01T12:00:00Z, in milliseconds as all times here
SPAN = 100_000
GOOD, GOOD_LOCAL_OVERRIDE, UNCERTAIN, BAD, BAD_SENSOR = 0, 0x00960000, 0x40000000, 0x80000000, 0x808C0000
MIXED = [GOOD] * 6 + [UNCERTAIN, BAD, BAD_SENSOR]
Row = tuple[int, float | None, int]

SHARES = ((100, 100), (50, 50), (60, 80))
"""percent_data_bad and percent_data_good."""


def reading(chance: random.Random, at: int, qualities: list[int]) -> Row:
    """Return a random reading `at` milliseconds after START."""
    quality = chance.choice(qualities)
    return START + at, None if quality >= BAD else chance.randint(-40, 40) / 2, quality


def inside(chance: random.Random, qualities: list[int]) -> list[Row]:
    """Readings at irregular times, the first at the start of the query and the last at its end."""
    times = {0, SPAN, *(chance.randrange(1, SPAN) for _ in range(22))}
    return [reading(chance, at, qualities) for at in sorted(times)]


def on_edges(chance: random.Random) -> list[Row]:
    """Readings at multiples of five seconds, and so on most edges of intervals."""
    return [reading(chance, at, MIXED) for at in range(0, SPAN + 1, 5_000) if chance.random() < 0.8 or at in {0, SPAN}]


def with_gaps(chance: random.Random) -> list[Row]:
    """Bursts of readings with gaps between them."""
    bursts = [chance.randrange(low, low + 12_000) for low in (0, 40_000, 86_000) for _ in range(7)]
    return [reading(chance, at, MIXED) for at in sorted({0, SPAN, *bursts})]


def with_ties(chance: random.Random) -> list[Row]:
    """Many instants have two readings, in the order in which they count: the value that holds comes last."""
    times = {chance.randrange(500, SPAN, 500) for _ in range(14)} | {10_000, 35_000, 60_000}
    rows = [reading(chance, at, MIXED) for at in [0, SPAN, *times, *sorted(times)[::3], 10_000, 35_000]]
    return sorted(rows, key=lambda row: (row[0], -(row[2] >> 30), row[1] or 0, -row[2]))


def outside(chance: random.Random) -> list[Row]:
    """Readings before the start of the query and after its end."""
    times = {chance.randrange(-40_000, SPAN + 40_000) for _ in range(32)}
    return [reading(chance, at, MIXED) for at in sorted(times)]


def short(chance: random.Random) -> list[Row]:
    """Readings that begin after the start of the query and end before its end."""
    times = {chance.randrange(18_000, 72_000) for _ in range(14)}
    return [reading(chance, at, MIXED) for at in sorted(times)]


def broken(chance: random.Random) -> list[Row]:
    """Readings of a sensor that breaks down during the query."""
    rows = inside(chance, [GOOD])
    return [row if row[0] < START + 61_000 else (row[0], None, BAD_SENSOR) for row in rows]


def fading(chance: random.Random) -> list[Row]:
    """Readings that end before the end of the query, none of them bad."""
    return [row for row in inside(chance, [GOOD, GOOD, UNCERTAIN]) if row[0] < START + 66_000]


FAMILIES = {
    "good": lambda chance: inside(chance, [GOOD]),
    "mixed": lambda chance: inside(chance, MIXED),
    "overridden": lambda chance: [*inside(chance, [GOOD, GOOD, GOOD_LOCAL_OVERRIDE])[:-1], (START + SPAN, 7.0, GOOD)],
    "edges": on_edges,
    "gaps": with_gaps,
    "ties": with_ties,
    "outside": outside,
    "short": short,
    "broken": broken,
    "fading": fading,
}


def randoms() -> Iterator[dict[str, Any]]:
    """Yield the random series, six per family, with different settings."""
    chance = random.Random(SEED)  # noqa: S311 - the same series each time
    for family, generate in FAMILIES.items():
        for number in range(6):
            rows = generate(chance)
            yield question(
                f"{family}-{number}",
                rows,
                (START, START + SPAN, 7_000 if number == 5 else 5_000 if number % 2 else 10_000),
                stepped=number % 2 == 1,
                configuration={
                    "treat_uncertain_as_bad": number in {1, 2, 5},
                    "percent_data_bad": SHARES[number % 3][0],
                    "percent_data_good": SHARES[number % 3][1],
                    "use_sloped_extrapolation": number in {2, 4},
                },
            )


def reals(source: Path) -> Iterator[dict[str, Any]]:
    """Two days of a turbine, ten-minute means: La Haute Borne, ENGIE open data, Open Licence 2.0 (Etalab).

    One lacks the hour in which the clocks went back; the other has readings without a value.
    """
    day = 86_400_000
    for name, column, first in (("wind_speed", "Ws_avg", "2014-10-25"), ("active_power", "P_avg", "2014-04-21")):
        start = int(datetime.fromisoformat(f"{first}T00:00:00+00:00").timestamp() * 1000)
        rows = []
        with source.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                at = int(datetime.fromisoformat(line["Date_time"]).timestamp() * 1000)
                if line["Wind_turbine_name"] == "R80711" and start <= at <= start + 2 * day:
                    value = float(line[column]) if line[column] else None
                    rows.append((at, value, BAD if value is None else GOOD))
        yield question(
            f"real-{name}",
            sorted(rows),
            (start, start + 2 * day, 7_200_000),
            stepped=False,
            configuration={
                "treat_uncertain_as_bad": True,
                "percent_data_bad": 100,
                "percent_data_good": 100,
                "use_sloped_extrapolation": False,
            },
        )


def question(
    name: str, rows: list[Row], span: tuple[int, int, int], *, stepped: bool, configuration: dict[str, Any]
) -> dict[str, Any]:
    start, end, every = span
    return {
        "name": name,
        "start": start,
        "end": end,
        "every": every,
        "stepped": stepped,
        "configuration": configuration,
        "rows": rows,
    }


if __name__ == "__main__":
    series = [*randoms(), *reals(Path(sys.argv[1]))]
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in series)
    (Path(__file__).parent / "series.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
