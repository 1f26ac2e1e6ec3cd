"""One part that must work, and the result of trying it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Literal

from headrace.environment import iceberg
from headrace.errors import HeadraceError


@dataclass(frozen=True)
class Part:
    """What was tried; `fault` and `fix` if it fails. A part is skipped if one that it needs does not work."""

    name: str
    outcome: Literal["works", "fails", "skipped"]
    seconds: float = 0
    fault: str | None = None
    fix: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the part as one JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Step:
    """How to try a part, the names of the parts that it needs, and what to do if it fails."""

    name: str
    attempt: Callable[[], None]
    fix: str
    needs: tuple[str, ...] = ()

    def tried(self, working: Collection[str]) -> Part:
        """Try the part if all parts that it needs are in `working`, and return the result."""
        if not set(self.needs) <= set(working):
            return Part(self.name, "skipped")
        start = time.monotonic()
        try:
            self.attempt()
        except HeadraceError as error:
            problem = error.problems[0]
            own = problem.fix in {None, iceberg.CHECK}
            return Part(self.name, "fails", time.monotonic() - start, problem.what, self.fix if own else problem.fix)
        return Part(self.name, "works", time.monotonic() - start)
