"""The windows of a job in job.yaml: their length, and how they are computed again when late readings belong to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import PlainValidator, TypeAdapter, WithJsonSchema

from headrace.project import yaml_file
from headrace_udfs.durations import Duration

CORRECTED_AT = "corrected_at"
"""The column with the time of a correction: null in the rows that the job itself writes."""

_LENGTH: TypeAdapter[timedelta] = TypeAdapter(Duration)


class Window(timedelta):
    """The length of a job's windows.

    needs: how long before a window readings are needed for its row, besides the one before these; None if none are.
    corrections: the columns that are added up, if rows are final and are corrected by further rows.
    """

    needs: timedelta | None = None
    corrections: tuple[str, ...] = ()


class _Keys(yaml_file.Model, use_attribute_docstrings=True):
    """The windows of a job, if their rows depend on more than their own readings, or are final."""

    length: Duration
    """How long a window is."""
    needs: Duration | None = None
    """The readings of this time before a window are needed as well, and the one before them, as by previous()."""
    corrections: list[str] = []
    """Columns that are added up: rows are final, and late readings add a row with the differences and corrected_at."""


def _window(value: Any) -> Window:
    if not isinstance(value, dict):
        return _of(_LENGTH.validate_python(value, strict=True))
    keys = _Keys.model_validate(value, strict=True)
    window = _of(keys.length)
    window.needs, window.corrections = keys.needs, tuple(keys.corrections)
    return window


def _of(length: timedelta) -> Window:
    return Window(days=length.days, seconds=length.seconds, microseconds=length.microseconds)


def _schema() -> dict[str, Any]:
    keys = _Keys.model_json_schema()
    keys.pop("$defs", None)
    return {"anyOf": [_LENGTH.json_schema(), keys]}


WindowSpec = Annotated[Window, PlainValidator(_window), WithJsonSchema(_schema())]
"""A field that reads the length of windows, like 1h, or an object with it and what else they need."""
