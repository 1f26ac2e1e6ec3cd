"""One thing that has to work, and how it went."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Literal

from headrace.errors import HeadraceError


@dataclass(frozen=True)
class Part:
    """What was tried; `fault` and `fix` where it fails. A part that needs one that does not work is skipped."""

    name: str
    outcome: Literal["works", "fails", "skipped"]
    seconds: float = 0
    fault: str | None = None
    fix: str | None = None

    def to_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Step:
    """How a part is tried, the names of the parts that it needs, and what a person does where it fails."""

    name: str
    attempt: Callable[[], None]
    fix: str
    needs: tuple[str, ...] = ()

    def tried(self, working: Collection[str]) -> Part:
        """The part, tried where those that it needs are among the `working`."""
        if not set(self.needs) <= set(working):
            return Part(self.name, "skipped")
        start = time.monotonic()
        try:
            self.attempt()
        except HeadraceError as error:
            problem = error.problems[0]
            return Part(self.name, "fails", time.monotonic() - start, problem.what, problem.fix or self.fix)
        return Part(self.name, "works", time.monotonic() - start)
