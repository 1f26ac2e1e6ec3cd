"""Which value of a row is its time, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pyarrow as pa

from headrace.authoring.sources.documents import Seen
from headrace.authoring.sources.names import TIME, Keys, last, ranked
from headrace_udfs import time_format

MOST = 0.75
"""The share of a value's examples that are a time, if its name says so: one odd message spoils no proposal."""

_SINCE, _UNTIL = datetime(2000, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_SCALES = (("epoch_s", 1.0), ("epoch_ms", 1e3), ("epoch_us", 1e6), ("epoch_ns", 1e9))
_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d(:\d\d(:\d\d([.,]\d+)?)?)?([Zz]|[+-]\d\d(:?\d\d)?)?")
_EPOCH_TEXT = re.compile(r"\d{9,19}(\.\d+)?")
_BEGINS = re.compile(r"\d{1,2}[./ -](\d{1,2}|[A-Z][a-z]{2})[./ -]\d{4} |\d{4}[./]\d\d[./]\d\d |\d{8}")
_DAYS = (
    "%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d-%b-%Y", "%d %b %Y",
    "%-d.%-m.%Y", "%-d/%-m/%Y", "%-m/%-d/%Y",
)  # fmt: skip
_CLOCKS = ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S,%f", "%H:%M", "%-I:%M:%S %p", "%-I:%M %p", "%-H:%M:%S", "%-H:%M")
_BASIC = ("%Y%m%d%H%M%S", "%Y%m%d%H%M%S.%f", "%Y%m%d%H%M", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%S.%f")
FORMS = tuple(form + zone for form in (*_BASIC, *map(" ".join, product(_DAYS, _CLOCKS))) for zone in ("", "%z", " %z"))
"""Forms of times that are tried, those in use more often first."""


def time(values: Mapping[str, Seen], rows: int) -> tuple[Keys, str]:
    """Return the keys of `time:`, and the reason. rows: how many of the rows must have the value."""
    unread = None
    for path in ranked(values, TIME):
        seen, is_named = values[path], last(path) in TIME
        if seen.count < rows:
            continue
        examples = [each for each in seen.examples if each is not None]
        if found := _written(examples, MOST if is_named else 1.0):
            return {"path": path, **found[0]}, f"{found[1]} in {path} {found[2]}"
        if is_named and examples and unread is None:
            unread = f"{examples[0]!r} in {path} is of no form that is known here"
    instead = "so the record's timestamp is used"
    if unread:
        return {"from": "record_time"}, f"{unread}, {instead}: write its unit or format, as docs/payloads.md shows"
    return {"from": "record_time"}, f"no value looks like a time, {instead}"


def _written(examples: Sequence[Any], share: float) -> tuple[Keys, Any, str] | None:
    """Return how the times are written, one of them, and what it says; None if too few of them are times."""
    numbers = [each for each in examples if type(each) in (int, float)]
    texts = [each for each in examples if isinstance(each, str)]
    enough = max(1.0, share * len(examples))
    if len(numbers) >= enough:
        return _of_numbers(numbers, numbers, enough)
    if len(texts) < enough:
        return None
    if found := _of_numbers([float(each) for each in texts if _EPOCH_TEXT.fullmatch(each)], texts, enough):
        return {**found[0], "types": ["string"]}, found[1], found[2]
    iso = [match for each in texts if (match := _ISO.fullmatch(each))]
    if len(iso) >= enough:
        if all(match[4] for match in iso):
            return {"unit": "iso8601"}, iso[0][0], "is ISO 8601 with a zone"
        guess = "has no zone: UTC is a guess, write the zone of its clock"
        return {"unit": "iso8601", "zone": "UTC"}, iso[0][0], guess
    return _of_forms(texts, enough)


def _of_numbers(numbers: Sequence[float], shown: Sequence[Any], enough: float) -> tuple[Keys, Any, str] | None:
    for unit, scale in _SCALES:
        fits = [_SINCE <= each / scale <= _UNTIL for each in numbers]
        if sum(fits) >= enough:
            first = fits.index(True)
            instant = datetime.fromtimestamp(numbers[first] / scale, UTC)
            return {"unit": unit}, shown[first], f"is {instant:%Y-%m-%d %H:%M:%S} UTC in {unit}"
    return None


def _of_forms(texts: Sequence[str], enough: float) -> tuple[Keys, Any, str] | None:
    if sum(bool(_BEGINS.match(each)) for each in texts) < enough:
        return None
    fitting = [*_fitting(texts, enough)]
    if not fitting:
        return None
    form, example = fitting[0]
    says = f"is of the form {form}"
    swapped = form.replace("%d/%m", "%m/%d").replace("%-d/%-m", "%-m/%-d")
    if swapped != form and any(each == swapped for each, _ in fitting):
        says += ", unless the month is first"
    if "%z" in form:
        return {"format": form}, example, says
    return {"format": form, "zone": "UTC"}, example, f"{says}; UTC is a guess, write the zone of its clock"


def _fitting(texts: Sequence[str], enough: float) -> Iterator[tuple[str, str]]:
    """Yield the forms that enough of the texts have, and such a text."""
    array = pa.array(texts, pa.string())
    for form in FORMS:
        _, fits, _ = time_format.read(array, form)
        if fits.sum() >= enough:
            yield form, texts[int(fits.argmax())]
