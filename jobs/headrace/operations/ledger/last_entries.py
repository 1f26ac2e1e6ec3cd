"""The number of each job's last entry, in a property of the ledger's table, so that its files need not all be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from pyiceberg.expressions import BooleanExpression, GreaterThan, In, Or
from pyiceberg.table import Table

from headrace.operations.ledger.entry import Entry

PROPERTY = "deploy.last"
"""Not named headrace.*: `tables apply` removes such properties if no file of sql/_tables/ has them."""


@dataclass(frozen=True)
class LastEntries:
    """The number of each job's last entry, among the first `entries` of the ledger.

    An older release does not write the property, so the ledger may have more entries.
    """

    entries: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Table) -> LastEntries:
        """Return what the table's property holds; nothing is known without it."""
        text = table.properties.get(PROPERTY)
        return cls(**json.loads(text)) if text else cls()

    @property
    def later(self) -> BooleanExpression:
        """The filter for the entries that this does not include."""
        return GreaterThan("entry", self.entries)  # type: ignore[call-arg,arg-type] # pydantic hides its own __init__ from mypy

    @property
    def candidates(self) -> BooleanExpression:
        """The filter for the entries that may be the last of their job."""
        if not self.numbers:
            return self.later
        return Or(In("entry", {*self.numbers.values()}), self.later)  # type: ignore[call-arg,arg-type] # as above

    def plus(self, later: Iterable[Entry]) -> LastEntries:
        """Return the same with `later` entries of the ledger, oldest first."""
        numbers = {each.job: each.entry for each in later}
        return LastEntries(max([self.entries, *numbers.values()]), {**self.numbers, **numbers})

    def to_properties(self) -> dict[str, str]:
        """Return this as a property of the table."""
        return {PROPERTY: json.dumps(asdict(self))}
