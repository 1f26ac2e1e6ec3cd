from __future__ import annotations

from headrace.authoring.lint import units
from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR04(BaseRule):
    """Columns of two units are added, subtracted or compared.

    Units are those of the contracts' fields and the tables' columns, followed through CTEs and views. Literals,
    products and columns without a unit go with all. Degrees less degrees are no longer on the scale of either.

    **Anti-pattern**

    .. code-block:: sql

        select pump, ts from {{ source('pumps') }} where bearing > pressure

    **Best practice**

    Compare and add what has one unit; convert one side first, by a factor or a macro.

    .. code-block:: sql

        select pump, ts from {{ source('pumps') }} where bearing > pressure * 12.5
    """

    name = "headrace.mixed_units"

    def check(self, subject: Subject) -> Violations:
        for select in subject.query.selects:
            for mix in units.mixes(select.segment, select.scope):
                yield mix.place, f"{mix.place.raw} is in {mix.second}, what it meets is in {mix.first}"
