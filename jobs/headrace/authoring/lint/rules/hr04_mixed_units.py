"""HR04: values of different units are combined."""

from __future__ import annotations

from headrace.authoring.lint import units
from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR04(BaseRule):
    """Values of different units are added, subtracted or compared.

    Units come from the contracts' fields and the tables' columns and are followed through CTEs and views. Literals,
    products and columns without a unit match every unit. The difference of two temperatures in degC or degF is no
    longer a reading on that scale, so it matches every unit too.

    **Anti-pattern**

    .. code-block:: sql

        select pump, ts from {{ source('pumps') }} where bearing > pressure

    **Best practice**

    Convert one side first, by a factor or a macro, so that both have the same unit.

    .. code-block:: sql

        select pump, ts from {{ source('pumps') }} where bearing > pressure * 12.5
    """

    name = "headrace.mixed_units"

    def check(self, subject: Subject) -> Violations:
        """Yield each value whose unit differs from the unit that it is added to, subtracted from or compared with."""
        for select in subject.query.selects:
            for mix in units.mixes(select.segment, select.scope):
                yield mix.place, f"{mix.place.raw} is in {mix.second}, but is combined with a value in {mix.first}"
