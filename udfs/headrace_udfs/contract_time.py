"""The part of a contract that says when readings were taken, and how late they may arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, model_validator

from headrace_udfs import time_format
from headrace_udfs.contract_parts import JsonType
from headrace_udfs.contract_privacy import Secret
from headrace_udfs.durations import Duration
from headrace_udfs.instants import Instant
from headrace_udfs.places import Model, PartOrPath, Source


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError(f"there is no time zone '{name}'; names are like Europe/Berlin") from None
    return name


def _format(text: str) -> str:
    time_format.check(text)
    return text


ZoneName = Annotated[str, AfterValidator(_zone)]
TimeFormat = Annotated[str, AfterValidator(_format)]


def _one_or_more(value: object) -> object:
    # A tuple: files are read strictly, which a list made here would not pass.
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


class TimeSpec(Source):
    """The time at which a reading was taken."""

    unit: Literal["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "iso8601"] | None = None
    """How the source writes the time; iso8601 is a text with a time zone."""
    format: Annotated[
        tuple[TimeFormat, ...],
        BeforeValidator(_one_or_more, json_schema_input_type=TimeFormat | tuple[TimeFormat, ...]),
    ] = ()
    """Instead of a unit: the form of the text, like "%Y%m%d%H%M%S", or several; the first that fits counts."""
    zone: ZoneName | None = None
    """Time zone of texts that have none, like Europe/Berlin."""
    nanos: PartOrPath | None = None
    """Where the nanoseconds stand that are added to a time in epoch_s."""
    types: tuple[Literal["number", "string"], ...] = ()
    """Types that the message's value may have: [number, string] takes epoch times in texts, too."""
    earliest: Instant = datetime(2000, 1, 1, tzinfo=UTC)
    """The earliest valid time."""
    latest: Duration = timedelta(minutes=10)
    """How far a time may be ahead of the worker's clock."""
    secret: Secret | None = None
    """How the time is masked: {truncate: day}, or {shift: patients, by: patient}."""

    @property
    def of_payload(self) -> bool:
        """Whether a message's text or number can be the time, not only the record's timestamp."""
        return any(part.from_ != "record_time" for part in self.alternatives)

    @property
    def taken(self) -> tuple[JsonType, ...]:
        """The types of values that the time takes."""
        return self.types or (("string",) if self.format or self.unit == "iso8601" else ("number",))

    @model_validator(mode="after")
    def _says_how_it_is_written(self) -> TimeSpec:
        if not self.has_place:
            raise ValueError("the time needs a place; add path: ts, or from: record_time")
        if self.constant is not None:
            raise ValueError("the time of a reading cannot be constant; from: record_time is the time of its record")
        if self.unit and self.format:
            raise ValueError("unit and format both say how the time is written; keep one of them")
        if self.of_payload and not (self.unit or self.format):
            raise ValueError("it is not said how the time is written; add unit: epoch_ms, unit: iso8601 or a format")
        if not self.of_payload and (self.unit or self.format or self.zone):
            raise ValueError("record_time is in milliseconds by definition; leave unit, format and zone out")
        self._check_zone()
        if self.nanos and self.unit != "epoch_s":
            raise ValueError("nanos are added to a time in epoch_s alone")
        if self.types and (self.format or self.unit == "iso8601"):
            raise ValueError("a time of this form is a text; types is for epoch times")
        if self.earliest > datetime.now(UTC) + self.latest:
            raise ValueError(f"no time is valid: earliest is {self.earliest:%Y-%m-%d}, which is still to come")
        return self

    def _check_zone(self) -> None:
        zoned = [text for text in self.format if "%z" in text]
        if self.format and not self.zone and len(zoned) < len(self.format):
            raise ValueError("a format without %z needs a zone, like Europe/Berlin or UTC")
        if self.zone and self.format and len(zoned) == len(self.format):
            raise ValueError("the format has %z, so no text is without a zone; leave zone out")
        if self.zone and self.unit and self.unit != "iso8601":
            raise ValueError("an epoch time has no zone; leave zone out")


class Watermark(Model):
    """How late a reading may arrive and still count in its window."""

    lateness: Duration
    """How far a reading may be behind the latest one and still count in its window."""
