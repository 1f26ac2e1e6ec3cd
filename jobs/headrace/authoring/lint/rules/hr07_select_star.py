"""HR07: a sink filled by a star."""

from __future__ import annotations

from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR07(BaseRule):
    """A sink is filled by a * over columns that the template does not name.

    A field that is added to the contract, or a column that is added to the table, then changes what the job writes, or
    stops it at its next start. A ``*`` over a CTE or a view that names its columns is fine.

    **Anti-pattern**

    .. code-block:: sql

        select * from {{ source('plant_readings') }}

    **Best practice**

    Name the sink's columns in the last select, or in the CTE whose columns it takes.

    .. code-block:: sql

        with readings as (
            select tag, ts, `value`, quality from {{ source('plant_readings') }}
        )

        select * from readings
    """

    name = "headrace.select_star"

    def check(self, subject: Subject) -> Violations:
        """Yield each star of the result whose columns the template does not name."""
        if subject.sink is not None:
            for select in subject.query.last:
                for star in select.stars:
                    yield star, f"{star.raw} fills {subject.sink} with columns that the template does not name"
