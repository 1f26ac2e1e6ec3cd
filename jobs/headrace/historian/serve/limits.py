"""How much may be asked for at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from headrace.errors import Problem, UserError

MAX_TAGS = 20
MAX_SPAN = timedelta(days=3660)
MAX_PIXELS = 4000
MAX_LISTED = 500
MAX_CSV_ROWS = 1_000_000
AT_ONCE = 4
"""Questions that are worked on at a time; others wait."""


def check(tags: Sequence[str], start: datetime, end: datetime) -> None:
    """Raise UserError with all that is too much, or the wrong way round, in a question of these tags and this time."""
    problems = []
    if len(tags) > MAX_TAGS:
        what = f"{len(tags)} tags are more than {MAX_TAGS}"
        problems.append(Problem(what, "query parameter tag", "ask for fewer, or in several questions"))
    if end <= start:
        what = f"the span ends at {_said(end)}, not after its start {_said(start)}"
        problems.append(Problem(what, "query parameters start and end", "put the earlier time first"))
    if end - start > MAX_SPAN:
        what = f"a span of {(end - start).days:,} days is longer than {MAX_SPAN.days:,}"
        problems.append(Problem(what, "query parameters start and end", "ask for less time"))
    if problems:
        raise UserError(problems)


def _said(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
