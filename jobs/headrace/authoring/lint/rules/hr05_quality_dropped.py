"""HR05: measurements reach a sink without a check of their quality."""

from __future__ import annotations

from headrace.authoring.lint.facts import NONE
from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR05(BaseRule):
    """Measurements reach a sink, and nothing on the way has checked their quality.

    Readers of the sink take a broken sensor's values for facts. A measurement is a ``double`` or ``boolean`` field
    of a source whose contract has ``quality:`` (a ``long`` if it has a unit), or a floating-point column, not unitless,
    of a table that has ``quality``. It matters if it reaches the sink, directly or in an aggregate other than
    ``count``, or if a condition on it, other than ``is null``, decides which rows do. The quality is checked by a
    condition on it, by an expression or ``filter`` that has both, or by a column of the sink that is computed from
    quality alone, such as ``max(quality)``.

    **Anti-pattern**

    .. code-block:: sql

        select tag, avg(`value`) as mean from {{ source('plant_readings') }} group by tag

    **Best practice**

    Keep only good readings with ``{{ good('quality') }}`` in a condition, or give the sink a column computed from
    ``quality``.

    .. code-block:: sql

        select tag, avg(`value`) as mean from {{ source('plant_readings') }}
        where {{ good('quality') }}
        group by tag
    """

    name = "headrace.quality_dropped"

    def check(self, subject: Subject) -> Violations:
        """Yield each result column or select that uses measurements without their quality."""
        if subject.sink is None:
            return
        for select in subject.query.last:
            columns = (select.result.columns or {}).items()
            qualities = NONE.union(*(column.quality for _, column in columns))
            carried = {source: name for name, column in columns for source in column.measured}
            for source in sorted((carried.keys() | select.result.sifted) - qualities):
                target = next((t for t in select.targets if t.name == carried.get(source)), None)
                place = target.segment if target else select.segment
                what = f"{target.name} is computed from" if target else "rows are selected by"
                yield place, f"{what} measurements of {source} whose quality nothing has checked"
