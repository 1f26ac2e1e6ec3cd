"""The layout of a table's rows in files: the texts of `partition:` and `sort:`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pyiceberg.table.sorting import NullOrder, SortDirection
from pyiceberg.transforms import TimeTransform, Transform, parse_transform

_PARTITION = re.compile(r"(?:(?P<by>identity|year|month|day|hour)\()?(?P<column>\w+)\)?")
_COUNTED = re.compile(r"(?P<by>bucket|truncate)\((?P<count>[1-9]\d*), *(?P<column>\w+)\)")
_SORT = re.compile(r"(?P<column>\w+)(?: +(?P<direction>asc|desc))?")


@dataclass(frozen=True)
class Partition:
    """One hidden partition field: rows are grouped by `transform` of `column`; queries do not name it."""

    column: str
    transform: Transform[Any, Any]

    @classmethod
    def parse(cls, text: str) -> Partition:
        """Parse `tag`, `day(ts)` or `bucket(16, tag)`. Raises ValueError with the valid forms."""
        if match := _COUNTED.fullmatch(text):
            return cls(match["column"], parse_transform(f"{match['by']}[{match['count']}]"))
        match = _PARTITION.fullmatch(text)
        if match is None or bool(match["by"]) != text.endswith(")"):
            raise ValueError(
                f"'{text}' is not a valid partition; write column, year(column), month(column), day(column), "
                f"hour(column), 'bucket(n, column)' or 'truncate(n, column)', the last two in quotes"
            )
        return cls(match["column"], parse_transform(match["by"] or "identity"))

    @property
    def by_time(self) -> bool:
        """Whether it groups rows by a unit of time."""
        return isinstance(self.transform, TimeTransform)

    @property
    def name(self) -> str:
        """The field's name in the partition spec, as Iceberg's own engines choose it."""
        kind = str(self.transform).replace("truncate", "trunc").replace("[", "_").rstrip("]")
        return self.column if kind == "identity" else f"{self.column}_{kind}"

    def __str__(self) -> str:
        kind, _, count = str(self.transform).rstrip("]").partition("[")
        return self.column if kind == "identity" else f"{kind}({count + ', ' if count else ''}{self.column})"


@dataclass(frozen=True)
class Sort:
    """One column of the order of rows within a file; nulls go where Iceberg puts them by default."""

    column: str
    descending: bool = False

    @classmethod
    def parse(cls, text: str) -> Sort:
        """Parse `tag` or `ts desc`. Raises ValueError with the valid forms."""
        match = _SORT.fullmatch(text)
        if match is None:
            raise ValueError(f"'{text}' is not a valid sort column; write column, column asc or column desc")
        return cls(match["column"], match["direction"] == "desc")

    @property
    def direction(self) -> SortDirection:
        """The direction in Iceberg's terms."""
        return SortDirection.DESC if self.descending else SortDirection.ASC

    @property
    def nulls(self) -> NullOrder:
        """The place of nulls in Iceberg's terms."""
        return NullOrder.NULLS_LAST if self.descending else NullOrder.NULLS_FIRST

    def __str__(self) -> str:
        return f"{self.column} desc" if self.descending else self.column
