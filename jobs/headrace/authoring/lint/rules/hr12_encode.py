"""HR12: `encode` of a constant, which Flink cuts to one byte."""

from __future__ import annotations

from headrace.authoring.lint import parse_tree
from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR12(BaseRule):
    """The result of ``encode`` is used, which Flink cuts to one byte if the text is a constant.

    Flink gives ``encode`` the type BINARY(1) and computes what is constant when it plans, so that ``encode('north',
    'UTF-8')`` is stored as ``n``, and equals no other ``encode``.

    **Anti-pattern**

    .. code-block:: sql

        select tag, encode('north', 'UTF-8') as site from {{ source('plant_readings') }}

    **Best practice**

    Cast the text, which makes UTF-8 of it. For other character sets, cast the result.

    .. code-block:: sql

        select tag, cast('north' as bytes) as site from {{ source('plant_readings') }}
    """

    name = "headrace.encode"

    def check(self, subject: Subject) -> Violations:
        """Yield each call of `encode` that is not in a cast."""
        for select in subject.query.selects:
            calls = [*parse_tree.below(select.segment, "function")]
            casts = [call for call in calls if parse_tree.function_name(call) == "cast"]
            within = {id(part) for cast in casts for part in cast.recursive_crawl_all()}
            for call in calls:
                if parse_tree.function_name(call) == "encode" and id(call) not in within:
                    yield call, "Flink cuts 'encode' of a constant to one byte: write cast(... as bytes)"
