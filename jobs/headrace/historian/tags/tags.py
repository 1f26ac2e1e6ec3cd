"""Read and update historian.tags, the list of tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field, ValidationError, model_validator
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import Place, Problem, UserError
from headrace.project import pattern, yaml_file
from headrace.project.system_tables import TAGS


class Tag(yaml_file.Model):
    """A tag as a plant's list describes it, with the limits of normal operation and its sensor's range, in its unit."""

    model_config = ConfigDict(allow_inf_nan=False)

    tag: str = Field(min_length=1)
    description: str | None = None
    asset: str | None = None
    unit: str | None = None
    low_limit: float | None = None
    high_limit: float | None = None
    range_low: float | None = None
    range_high: float | None = None
    interpolation: Literal["step", "linear"] | None = None

    @model_validator(mode="after")
    def _low_below_high(self) -> Tag:
        for low, high in (("low_limit", "high_limit"), ("range_low", "range_high")):
            lowest, highest = getattr(self, low), getattr(self, high)
            if lowest is not None and highest is not None and not lowest < highest:
                raise ValueError(f"{low} {lowest:g} is not below {high} {highest:g}")
        return self


@dataclass(frozen=True)
class Upserted:
    """The result of an upsert: the table as it was `before`, and the numbers of added and of updated tags."""

    before: pa.Table
    added: int
    updated: int


def import_tags(settings: Settings, rows: pa.Table) -> Upserted:
    """Merge a plant's list into historian.tags: columns as in `Tag`, one row per tag, null for what is unknown.

    Columns that `rows` does not have stay unchanged. Raises UserError with every invalid row by its
    number, from 1, and PlatformError.
    """
    check(rows.to_pylist(), lambda number: f"row {number + 1}")
    return upsert(settings, rows)


def check(rows: Iterable[Mapping[str, Any]], where: Callable[[int], Place | str]) -> None:
    """Raise UserError with every problem in `rows`; `where` returns the place of a row by its index, from 0."""
    problems: list[Problem] = []
    first: dict[Any, int] = {}
    for index, row in enumerate(rows):
        try:
            Tag.model_validate(row)
        except ValidationError as error:
            problems += [_problem(item, where(index)) for item in error.errors()]
        tag = row.get("tag")
        if tag and (earlier := first.setdefault(tag, index)) != index:
            problems.append(Problem(f"tag '{tag}' is already at {where(earlier)}", where(index), "keep one"))
    if problems:
        raise UserError(problems)


def upsert(settings: Settings, updates: pa.Table) -> Upserted:
    """Write the columns of `updates` to the tags that it names, and add the tags that are missing, in one commit.

    A reader of the table sees all of the update or none of it. Raises PlatformError.
    """
    catalog = iceberg.connect(settings)

    def attempt() -> Upserted:
        table = iceberg.load_table(catalog, TAGS)
        before = _rows(table)
        after = merged(before, updates)
        if table.current_snapshot() is None:
            table.append(after)
        else:
            table.overwrite(after)
        added = len(after) - len(before)
        return Upserted(before, added, len(updates) - added)

    return iceberg.commit(TAGS, attempt)


def merged(tags: pa.Table, updates: pa.Table) -> pa.Table:
    """Return `tags` with the columns and the new tags of `updates`.

    Both have one row per tag. A tag in both has the values of `updates` in its columns, and keeps its other values. The
    result is sorted by tag and has the schema of `tags`, null for what neither has.
    """
    updates = updates.cast(pa.schema([tags.schema.field(name) for name in updates.column_names]))
    untouched = tags.filter(pc.invert(pc.is_in(tags["tag"], value_set=updates["tag"])))
    others = tags.drop_columns([name for name in updates.column_names if name != "tag"])
    touched = updates.join(others, "tag", join_type="left outer").select(tags.column_names).cast(tags.schema)
    return pa.concat_tables([untouched, touched]).sort_by("tag")


def matching(settings: Settings, asked: str = "*") -> list[dict[str, Any]]:
    """Return the rows of historian.tags that `asked`, a name or a wildcard (`pattern`), selects, sorted by tag.

    Raises PlatformError.
    """
    rows = {row["tag"]: row for row in stored(iceberg.load_table(iceberg.connect(settings), TAGS))}
    return [rows[name] for name in pattern.select(rows, asked)]


def stored(table: Table) -> list[dict[str, Any]]:
    """Return the rows of historian.tags, sorted by tag. Raises PlatformError."""
    with iceberg.errors_reported(f"table {TAGS} cannot be read"):
        rows: list[dict[str, Any]] = _rows(table).to_pylist()
    return rows


def _rows(table: Table) -> pa.Table:
    return table.scan().to_arrow().cast(schema_to_pyarrow(table.schema(), include_field_ids=False)).sort_by("tag")


def _problem(item: Any, where: Place | str) -> Problem:
    name = ".".join(map(str, item["loc"]))
    if item["type"] == "value_error":
        return Problem(str(item["ctx"]["error"]), where)
    if item["type"] == "missing":
        return Problem(f"there is no {name}", where)
    message = item["msg"][0].lower() + item["msg"][1:]
    return Problem(f"{name}: {message} (got {item['input']!r})", where)
