from __future__ import annotations

from headrace.authoring.lint.facts import NONE
from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR05(BaseRule):
    """Measurements reach a sink, and on the way nothing has looked at their quality.

    Whoever reads the sink takes a broken sensor's word for a fact. A measurement is a ``double`` or ``boolean`` field
    of a source whose contract has ``quality:`` (a ``long`` if it has a unit), or a floating column, not unitless, of a
    table that has ``quality``. It matters where it reaches the sink, bare or in an aggregate other than ``count``, and
    where a condition on it, other than ``is null``, decides which rows do. Its quality is looked at by a condition on
    it, by an expression or ``filter`` that has both, or by a column made of it alone that reaches the sink, such as
    ``max(quality)``.

    **Anti-pattern**

    .. code-block:: sql

        select tag, avg(`value`) as mean from {{ source('plant_readings') }} group by tag

    **Best practice**

    Keep only what is good, by ``{{ good('quality') }}`` in a condition, or give the sink a column made of ``quality``.

    .. code-block:: sql

        select tag, avg(`value`) as mean from {{ source('plant_readings') }}
        where {{ good('quality') }}
        group by tag
    """

    name = "headrace.quality_dropped"

    def check(self, subject: Subject) -> Violations:
        if subject.sink is None:
            return
        for select in subject.query.last:
            columns = (select.result.columns or {}).items()
            told = NONE.union(*(column.quality for _, column in columns))
            carried = {source: name for name, column in columns for source in column.measured}
            for source in sorted((carried.keys() | select.result.sifted) - told):
                bearing = next((t for t in select.targets if t.name == carried.get(source)), None)
                place = bearing.segment if bearing else select.segment
                what = f"{bearing.name} is made of" if bearing else "rows are chosen by"
                yield place, f"{what} measurements of {source} whose quality nothing has looked at"
