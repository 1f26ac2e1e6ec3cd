from __future__ import annotations

from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR08(BaseRule):
    """A column of an upsert's key comes from a function that gives something else each time.

    After a restart, or when Flink takes a row back, the same row gets another key: it replaces nothing, and what was
    to be one row becomes many. This goes for clocks, ``uuid`` and ``rand``.

    **Anti-pattern**

    .. code-block:: sql

        select uuid() as id, tag, `value` from {{ source('plant_readings') }}

    **Best practice**

    Make the key of the record's own columns; where none tells rows apart, the record's position in its topic,
    ``{{ src() }}``, does.

    .. code-block:: sql

        select src_topic, src_partition, src_offset, tag, `value` from {{ source('plant_readings') }}
    """

    name = "headrace.volatile_key"

    def check(self, subject: Subject) -> Violations:
        for select in subject.query.last:
            for target in select.targets:
                if target.name in subject.key and target.column.volatile:
                    what = f"{target.name} is of the key of {subject.sink}, and {target.column.volatile} gives it"
                    yield target.segment, f"{what} another value each time"
