"""HR08: an upsert key that changes on each call."""

from __future__ import annotations

from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR08(BaseRule):
    """A key column of an upsert comes from a function that returns another value on each call.

    After a restart, or when Flink retracts a row, the same row gets another key: it replaces nothing, and one row
    becomes many. Such functions are clocks, ``uuid`` and ``rand``.

    **Anti-pattern**

    .. code-block:: sql

        select uuid() as id, tag, `value` from {{ source('plant_readings') }}

    **Best practice**

    Build the key from the record's own columns; if none identifies a row, use the record's position in its topic,
    ``{{ src() }}``.

    .. code-block:: sql

        select src_topic, src_partition, src_offset, tag, `value` from {{ source('plant_readings') }}
    """

    name = "headrace.volatile_key"

    def check(self, subject: Subject) -> Violations:
        """Yield each key column whose value comes from a volatile function."""
        for select in subject.query.last:
            for target in select.targets:
                if target.name in subject.key and target.column.volatile:
                    what = f"{target.name} is a key column of {subject.sink}, but {target.column.volatile} returns"
                    yield target.segment, f"{what} another value on each call"
