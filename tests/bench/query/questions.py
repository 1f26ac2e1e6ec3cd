"""What is asked: one day of readings, its questions, and with which tags each is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
MOMENTS = [SINCE + timedelta(hours=hour) for hour in range(1, 24)]
PIXELS = 1000

QUESTIONS = {
    "raw": "one tag, its readings of the day",
    "average": "one tag, the day by the minute: Average",
    "time_average2": "one tag, the day by the minute: TimeAverage2",
    "at": "one tag, its value at 23 times",
    "last_one": "one tag, its last reading",
    "last_all": "every tag, its last reading",
    "plot": "five tags, the day in 1000 pixels",
    "bad_count": "every tag, how many readings are bad",
}
"""The file in sql/ that asks it, and what it is."""


class Asked(msgspec.Struct, frozen=True):
    """A question and its tags; of every tag where it names none."""

    question: str
    tags: list[str]


def asked(question: str, names: list[str], number: int) -> Asked:
    """The question for the `number`th time: of other tags each time."""
    if question in {"last_all", "bad_count"}:
        return Asked(question, [])
    count = 5 if question == "plot" else 1
    # Far apart: neighbours in the sort order would share what was read for the one before.
    return Asked(question, sorted(names[(number * 331 + each * 397) % len(names)] for each in range(count)))


def values(asked: Asked) -> dict[str, Any]:
    """The parameters of a question in SQL, by name."""
    tags = {f"tag_{number}" if number > 1 else "tag": tag for number, tag in enumerate(asked.tags, start=1)}
    width = -((SINCE - UNTIL) // timedelta(microseconds=1) // PIXELS)
    return {**tags, "since": SINCE, "until": UNTIL, "moments": MOMENTS, "width": width}
