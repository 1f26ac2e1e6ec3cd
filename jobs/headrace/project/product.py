"""`product:` of a table: what its readers can rely on."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from headrace.project import yaml_file
from headrace_udfs.durations import Duration


class Deprecation(yaml_file.Model, use_attribute_docstrings=True):
    """What to read instead of a product that will go."""

    since: date
    """The day on which its readers were asked to change over."""
    use: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
    """The table to read instead, <namespace>.<table>."""


class Product(yaml_file.Model, use_attribute_docstrings=True):
    """What the readers of a table can rely on. `headrace products` measures it."""

    version: int = Field(ge=1)
    """The version of what its readers rely on. A change that breaks them needs a higher one."""
    contact: str = Field(min_length=1)
    """Where its readers ask, like a channel or an address."""
    time: str = "ts"
    """The column whose newest time is the age of the table: a timestamptz."""
    freshness: Duration
    """How old its newest row is at most, like 15m."""
    completeness: float = Field(gt=0, le=1)
    """The share of the records for it that are rows and not dead letters, at least, like 0.999."""
    deprecated: Deprecation | None = None
    """Set once there is another table that its readers should read."""
