"""The questions about one day of readings, and the tags of each."""

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
"""The name of its file in sql/, and its description."""


class Question(msgspec.Struct, frozen=True):
    """A question, by its name in QUESTIONS, and its tags; without tags it is about every tag."""

    name: str
    tags: list[str]


def numbered(name: str, names: list[str], number: int) -> Question:
    """Return the question with the tags of its `number`th use, which differ each time."""
    if name in {"last_all", "bad_count"}:
        return Question(name, [])
    count = 5 if name == "plot" else 1
    # The tags are far apart: with neighbours in the sort order, a question would use what the last one has read.
    return Question(name, sorted(names[(number * 331 + each * 397) % len(names)] for each in range(count)))


def values(question: Question) -> dict[str, Any]:
    """Return the parameters of a question in SQL, by name."""
    tags = {f"tag_{number}" if number > 1 else "tag": tag for number, tag in enumerate(question.tags, start=1)}
    width = -((SINCE - UNTIL) // timedelta(microseconds=1) // PIXELS)
    return {**tags, "since": SINCE, "until": UNTIL, "moments": MOMENTS, "width": width}
