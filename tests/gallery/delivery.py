"""How events travel: out of order, late, twice and broken; and which of them a job took to be in time."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gallery.kit import Tables, Verdict, count


@dataclass(frozen=True)
class Delivery:
    """The shares of events that arrive long after others, twice, and broken; times are in milliseconds.

    All arrive up to `jitter` after their time, and late ones a time of `delays` (from, below) later. A second copy
    comes `again` after the first.
    """

    jitter: int
    delays: tuple[int, int]
    again: int
    late: float = 0.004
    twice: float = 0.01
    broken: float = 0.002

    def write(self, events: pd.DataFrame, key: str, random: np.random.Generator, file: Path) -> None:
        """Write messages in the order in which the events arrive. `events` has the column `at`, in epoch milliseconds.

        What is missing (NaN or None) is left out of a message. A broken one is cut off.
        """
        delays = np.where(random.random(len(events)) < self.late, random.integers(*self.delays, len(events)), 0)
        arrival = events["at"] + random.integers(0, self.jitter, len(events)) + delays
        again = events[random.random(len(events)) < self.twice]
        sent = pd.concat([events.assign(arrival=arrival), again.assign(arrival=arrival[again.index] + self.again)])
        sent = sent.sort_values("arrival", kind="stable").drop(columns="arrival")
        lines = []
        for row in sent.to_dict("records"):
            line = json.dumps({name: value for name, value in row.items() if not pd.isna(value)})
            if random.random() < self.broken:
                line = json.dumps({"$message": {"key": row[key], "value": {"$text": line[: len(line) // 2]}}})
            lines.append(line)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Sent:
    """What was sent. `good` has each event once, `on_time` those with a copy in time, by key and time `ts`.

    `late` and `broken` count messages.
    """

    good: pd.DataFrame
    on_time: pd.DataFrame
    late: int
    broken: int


def sent(tables: Tables, job: str, file: str, key: str) -> Sent:
    """Read the messages again, and take out those that the job put into its table of late readings."""
    lines = (tables.folder / file).read_text(encoding="utf-8").splitlines()
    copies = Counter(line for line in lines if not line.startswith('{"$message"'))
    late = tables.frame(f"select decode(payload) as line from historian.late_readings where job = '{job}'")["line"]
    return Sent(_frame(copies, key), _frame(copies - Counter(late), key), len(late), len(lines) - copies.total())


def _frame(lines: Counter[str], key: str) -> pd.DataFrame:
    frame = pd.DataFrame([json.loads(line) for line in lines])
    frame["ts"] = pd.to_datetime(frame["at"], unit="ms", utc=True)
    return frame.sort_values([key, "ts"], ignore_index=True)


def delivered(tables: Tables, job: str, sent: Sent) -> list[Verdict]:
    """Return whether each broken message is a dead letter, and whether only late ones count as late."""
    dead, early = (
        int(tables.frame(f"select count(*) as rows from historian.{where}")["rows"].iloc[0])
        for where in (
            f"dead_letters where job = '{job}'",
            f"late_readings where job = '{job}' and ts > watermark",
        )
    )
    return [
        Verdict("broken messages", count(dead, "dead letter"), count(sent.broken, "dead letter"), dead == sent.broken),
        Verdict("late messages, stored as such", count(sent.late, "row"), "each behind its watermark", early == 0),
    ]
