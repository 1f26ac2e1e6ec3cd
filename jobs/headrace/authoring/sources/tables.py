"""Messages of CSV: their rows as documents, and what the contract says of the table."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.authoring.sources import numbers, times
from headrace.authoring.sources.documents import Seen
from headrace.authoring.sources.names import Keys

SIGNS = ("\t", ";", "|", ",")
"""Signs between cells; a comma may also be within numbers, so it comes last."""

MOST = 0.75
"""The share of the rows that have as many cells as the table has columns."""

_BASIC_TIME = re.compile(r"20\d{10}(\d\d)?")

_FIRST = (
    "the first row of the sample names the columns, as in a file; in the topic, such a row is a dead letter: leave it "
    "out, or leave out columns: if each message begins with it"
)
_GUESSES = "the rows have no names of columns: these are guesses, write what they are"

Cells = list[list[str]]


@dataclass(frozen=True)
class Table:
    """The rows of a sample. keys: `csv:` of the contract, and why. commas: columns of numbers with a decimal comma."""

    keys: Keys
    reason: str
    documents: list[dict[str, Any]]
    commas: frozenset[str]


def of_values(values: Sequence[bytes | None]) -> Table | None:
    """Return the table that most of the messages hold; None if they hold none."""
    texts = [text for value in values if (text := _text(value))]
    if 2 * len(texts) <= len(values) or any(text[0] in "{[<" for text in texts):
        return None
    for sign in SIGNS:
        try:
            messages = [[row for row in csv.reader(text.splitlines(), delimiter=sign) if row] for text in texts]
        except csv.Error:  # a cell of more than 128 KiB
            continue
        ((width, count),) = Counter(len(row) for rows in messages for row in rows).most_common(1)
        rows = sum(map(len, messages))
        if width > 1 and count >= MOST * rows and not (sign == "," and numbers.sign(texts) == ","):
            return _table(sign, width, messages)
    return None


def _text(value: bytes | None) -> str | None:
    try:
        text = (value or b"").decode().strip()
    except UnicodeDecodeError:
        return None
    return text if text.replace("\t", "").replace("\r", "").replace("\n", "").isprintable() else None


def _table(sign: str, width: int, messages: Sequence[Cells]) -> Table:
    header = _header(messages, width)
    rows = [row for cells in messages for row in (cells[1:] if header else cells) if len(row) == width]
    first = None if header else _first_names(rows)
    rows = rows[1:] if first else rows
    columns = [[row[i].strip() for row in rows] for i in range(width)]
    names = header or first or _names(columns)
    keys: Keys = {**({"delimiter": sign} if sign != "," else {}), **({} if header else {"columns": names})}
    typed = [_typed(texts) for texts in columns]
    documents = [dict(zip(names, row, strict=True)) for row in zip(*(values for values, _ in typed), strict=True)]
    commas = frozenset(name for name, (_, decimal) in zip(names, typed, strict=True) if decimal == ",")
    return Table(keys, "" if header else _FIRST if first else _GUESSES, documents, commas)


def _first_names(rows: Cells) -> list[str] | None:
    """Return the names in the first row of all, as a file has them: it is other than the rest in a column at least."""
    names = [cell.strip() for cell in rows[0]]
    if len(rows) < 2 or not all(names) or len({*names}) < len(names) or any(map(_holds, names)):
        return None
    others = ([row[i].strip() for row in rows[1:] if row[i].strip()] for i in range(len(names)))
    return names if any(texts and all(map(_holds, texts)) for texts in others) else None


def _holds(cell: str) -> bool:
    """Return whether a cell is a number or a time, and so no name."""
    return bool(re.match(r"-?\d", cell))


def _header(messages: Sequence[Cells], width: int) -> list[str] | None:
    """Return the names in the first row, if most messages begin with the same row, which has no number and no time."""
    ((first, count),) = Counter(tuple(rows[0]) for rows in messages).most_common(1)
    names = [cell.strip() for cell in first]
    holds = any(not name or _holds(name) for name in names)
    if holds or len(first) != width or len({*names}) < width or max(map(len, messages)) < 2:
        return None
    return names if count >= MOST * len(messages) else None


def _names(columns: Sequence[Sequence[str]]) -> list[str]:
    """Return names for columns that have none: time, tag and value by what they hold, else by their number."""
    found: list[str] = []
    for number, texts in enumerate(columns, 1):
        kind = _kind([each for each in texts if each])
        found.append(kind if kind and kind not in found else f"column_{number}")
    return found


def _kind(texts: Sequence[str]) -> str | None:
    if not texts:
        return None
    if "path" in times.time({"time": _seen(texts)}, 1)[0]:
        return "time"
    return "value" if numbers.sign(texts) else "tag"


def _seen(texts: Sequence[str]) -> Seen:
    seen = Seen()
    for each in texts:
        seen.add(each)
    return seen


def _typed(texts: Sequence[str]) -> tuple[list[Any], str | None]:
    """Return the cells of a column as numbers if most of them are, and its decimal sign; empty cells are None."""
    held = [each for each in texts if each]
    decimal = None if held and all(map(_BASIC_TIME.fullmatch, held)) else numbers.sign(held)
    return [_value(each, decimal) if each else None for each in texts], decimal


def _value(text: str, decimal: str | None) -> Any:
    if decimal is None or not numbers.is_number(text, decimal):
        return text
    plain = text.replace(",", ".") if decimal == "," else text
    return int(plain) if re.fullmatch(r"-?\d+", plain) else float(plain)


def field(found: Mapping[str, Any], table: Table, name: str, *, shared: bool) -> Keys:
    """Return the keys of a field for what cells have, which are texts.

    name: of the column; empty for those that are rows. shared: whether another field has the texts that are no numbers.
    """
    types = {"types": ["string"]} if shared else {}
    commas = name in table.commas if name else bool(table.commas)
    return {"type": found["type"], **types, **({"decimal": ","} if commas else {})}
