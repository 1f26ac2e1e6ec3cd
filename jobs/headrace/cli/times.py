"""Times that options take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from headrace.errors import UserError


def iso(text: str) -> datetime:
    """Return an ISO-8601 time, in UTC if it has no zone. Raises ValueError."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def is_time(text: str) -> bool:
    """Return whether the text is an ISO-8601 time."""
    try:
        iso(text)
    except ValueError:
        return False
    return True


def instant(text: str | None, option: str) -> datetime | None:
    """Return an ISO-8601 time, in UTC if it has no zone; None for None. Raises UserError at `option`."""
    if text is None:
        return None
    try:
        return iso(text)
    except ValueError:
        fix = "write it like 2026-01-31T08:00:00Z"
        raise UserError(f"'{text}' is not a valid ISO-8601 time", option, fix) from None


def ordered(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """Return both. Raises UserError if the span between them is empty."""
    if since >= until:
        raise UserError(
            f"--since {since.isoformat()} is not before --until {until.isoformat()}",
            fix="write an earlier --since, or a later --until",
        )
    return since, until


def span(since: str, until: str | None) -> tuple[datetime, datetime]:
    """Return the times of --since and --until, which is now if it is None. Raises UserError."""
    first, last = instant(since, "--since"), instant(until, "--until")
    assert first, "the option is required"  # noqa: S101 - narrows the type
    return ordered(first, last or datetime.now(UTC))


def length(text: str | None, option: str) -> timedelta | None:
    """Return a length of time like 10m; None for None. Raises UserError at `option`."""
    from pydantic import TypeAdapter, ValidationError

    from headrace_udfs.durations import Duration

    if text is None:
        return None
    try:
        found: timedelta = TypeAdapter(Duration).validate_python(text)
    except ValidationError:
        raise UserError(
            f"'{text}' is not a valid length of time", option, "write a number and a unit, as in 90d"
        ) from None
    return found
