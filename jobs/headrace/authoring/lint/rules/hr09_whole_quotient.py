"""HR09: a quotient of whole numbers goes to a column with fractions, or is compared with a value that has some."""

from __future__ import annotations

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import whole_numbers
from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations


class Rule_HR09(BaseRule):
    """A quotient of whole numbers goes to a column with fractions, or is compared with a value that has some.

    Flink divides whole numbers without a remainder, so a share of counts is 0, and AVG of whole numbers is a whole
    number too. A cast of the quotient comes too late. Whole numbers are followed through CTEs and views. A quotient
    that goes to a column of whole numbers is accepted, and one that a condition (WHERE, HAVING, ON, FILTER, CASE)
    compares with a whole number.

    **Anti-pattern**

    .. code-block:: sql

        select pump as tag, count(running) / count(*) as share from {{ source('pumps') }} group by pump

    **Best practice**

    Cast one side to double before dividing.

    .. code-block:: sql

        select pump as tag, cast(count(running) as double) / count(*) as share from {{ source('pumps') }} group by pump
    """

    name = "headrace.whole_quotient"

    def check(self, subject: Subject) -> Violations:
        """Yield each quotient of whole numbers that a column with fractions, or a comparison with some, depends on."""
        own = {id(part) for each in subject.query.selects for part in each.segment.recursive_crawl_all()}
        found: dict[int, tuple[BaseSegment, str]] = {}
        for select in subject.query.last:
            for first, target in zip(subject.query.last[0].targets, select.targets, strict=False):
                if first.name in subject.fractional:
                    for quotient in target.column.quotients:
                        place = quotient if id(quotient) in own else target.segment
                        what = f"'{first.name}' has fractions, but a quotient of whole numbers has none"
                        found.setdefault(id(place), (place, what))
        for select in subject.query.selects:
            for operand, value in whole_numbers.cut_comparisons(select.segment, select.scope):
                for quotient in value.quotients:
                    place = quotient if id(quotient) in own else operand
                    what = "a quotient of whole numbers has no fraction, but is compared with a value that has one"
                    found.setdefault(id(place), (place, what))
        yield from found.values()
