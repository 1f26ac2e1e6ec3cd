"""What so many readings a day take, computed from measured figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

DAY_S = 86_400
READINGS = 1e12
"""Readings a day that are planned."""

HEADROOM = 0.6
"""The share of a core and of a partition that may be busy on average: peaks and restarts need the rest."""

COMMIT_S = 60
"""Seconds between two commits of a job of this size. Its files then have a good size, and a catalog has few commits."""

FILE = 512 * 2**20
"""Bytes of a file, Iceberg's default target."""

JOB_SLOTS = 64
"""Slots of one job: a checkpoint and a commit wait for all of them, and a failure restarts all of them."""


class Measured(msgspec.Struct, frozen=True):
    """Marginal figures of a case. bytes_a_reading: in Parquet. rss_a_slot: peak, with a share of Flink's processes."""

    name: str
    rows_s: float
    cpu_s_per_million: float
    bytes_a_reading: float
    rss_a_slot: float
    slots: int
    partitions: int


def table(cases: Sequence[Measured], rows_s_of_a_partition: float) -> list[list[str]]:
    """Return what READINGS a day take with messages as in each case: a heading, and a row for each case."""
    rows = [["messages as in", "cores", "slots", "jobs", "memory", "partitions", "stored a day", "files a day"]]
    return [*rows, *(_row(case, rows_s_of_a_partition) for case in cases)]


def _row(case: Measured, rows_s_of_a_partition: float) -> list[str]:
    rate = READINGS / DAY_S
    cores = rate * case.cpu_s_per_million / 1e6 / HEADROOM
    slots = math.ceil(rate / (case.rows_s / case.slots) / HEADROOM)
    partitions = math.ceil(rate / rows_s_of_a_partition / HEADROOM)
    stored = READINGS * case.bytes_a_reading
    # Each slot writes a file per commit, unless it has filled more.
    files = max(slots * DAY_S / COMMIT_S, stored / FILE)
    return [
        case.name,
        f"{cores:,.0f}",
        f"{slots:,}",
        f"{math.ceil(slots / JOB_SLOTS)}",
        f"{slots * case.rss_a_slot / 2**40:.1f} TiB",
        f"{max(partitions, slots):,}",
        f"{stored / 2**40:.1f} TiB",
        f"{files:,.0f}",
    ]
