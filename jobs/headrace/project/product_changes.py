"""Which changes of a table break the readers of a data product."""

from __future__ import annotations

from collections.abc import Iterator

from pyiceberg.types import DecimalType, DoubleType, FloatType, IntegerType, LongType, PrimitiveType

from headrace.project.table import Column, Table
from headrace_udfs.durations import duration

_WIDENED = {(IntegerType, LongType), (FloatType, DoubleType)}


def breaking(was: Table, now: Table | None) -> Iterator[str]:
    """Yield each change between a product and the same table later that can break its readers."""
    if was.product is None:
        return
    if now is None or now.product is None:
        if was.product.deprecated is None:
            yield "it is no longer a product, and was not deprecated"
        return
    for name, column in was.columns.items():
        yield from _of_column(name, column, now.columns.get(name))
    if was.key != now.key:
        yield f"its key was {_listed(was.key)} and is {_listed(now.key)}"
    if was.identity != now.identity:
        yield f"a row was identified by {_listed(was.identity)}, and is by {_listed(now.identity)}"
    if now.product.freshness > was.product.freshness:
        yield f"its freshness was {duration(was.product.freshness)} and is {duration(now.product.freshness)}"
    if now.product.completeness < was.product.completeness:
        yield f"its completeness was {was.product.completeness:g} and is {now.product.completeness:g}"


def _of_column(name: str, was: Column, now: Column | None) -> Iterator[str]:
    if now is None:
        yield f"the column {name} is gone"
        return
    if was.type != now.type and not _holds_more(was.type, now.type):
        yield f"the column {name} was {was.type} and is {now.type}"
    if was.required and not now.required:
        yield f"the column {name} can be null now"
    if was.unit != now.unit:
        yield f"the column {name} was in {was.unit or 'no unit'} and is in {now.unit or 'no unit'}"


def _holds_more(was: PrimitiveType, now: PrimitiveType) -> bool:
    if isinstance(was, DecimalType) and isinstance(now, DecimalType):
        return was.scale == now.scale and was.precision <= now.precision
    return (type(was), type(now)) in _WIDENED


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"
