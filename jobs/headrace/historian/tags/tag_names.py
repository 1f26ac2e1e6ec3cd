"""Tags by name: wildcards, places in the plant, and what was perhaps meant by a name that is none."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pyiceberg.table import Table

from headrace.errors import Problem, UserError
from headrace.historian.tags import tags

_WILD = frozenset("*?")


@dataclass(frozen=True)
class TagNames:
    """The rows of historian.tags by their tag."""

    rows: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, listed: Table) -> TagNames:
        """Those of the list of tags. Raises PlatformError."""
        return cls({row["tag"]: row for row in tags.stored(listed)})

    def find(self, tag: str = "*", asset: str = "*") -> list[str]:
        """Names that match the wildcard `tag` (* and ?), of a place that matches `asset` or lies in it, in order.

        Without regard to case. `site/area` finds what is in `site/area/line`.
        """
        return sorted(
            name
            for name, row in self.rows.items()
            if _like(name, tag) and (asset == "*" or _in_place(row.get("asset") or "", asset))
        )

    def resolve(self, wanted: str | Sequence[str]) -> list[str]:
        """Names in order, each once, wildcards spelt out; a name that is not known stays. Raises UserError."""
        wanted = [wanted] if isinstance(wanted, str) else list(wanted)
        if not wanted:
            raise UserError("no tag is asked for", fix="name one, or a wildcard like 'R80711.*'")
        found: dict[str, None] = {}
        problems = []
        for name in wanted:
            matches = self.find(name) if _WILD & set(name) else [name]
            if not matches:
                problems.append(Problem(f"no tag matches '{name}'", fix=self._hint(name.strip("*?"))))
            found.update(dict.fromkeys(matches))
        if problems:
            raise UserError(problems)
        return list(found)

    def unknown(self, names: Sequence[str]) -> UserError:
        """What to tell of names that neither the list of tags nor a reading has."""
        return UserError([Problem(f"there is no tag '{name}'", fix=self._hint(name)) for name in names])

    def nearest(self, name: str, count: int = 3) -> list[str]:
        """Known names most like `name`, the likest first."""
        folded = {each.casefold(): each for each in self.rows}
        close = difflib.get_close_matches(name.casefold(), folded, n=count, cutoff=0.6)
        return [folded[each] for each in close] or [each for each in sorted(self.rows) if _like(each, f"*{name}*")][:3]

    def stepped(self, name: str) -> bool:
        """Whether the tag's value holds from reading to reading; a line between them is what most tags want."""
        return bool(self.rows.get(name, {}).get("interpolation") == "step")

    def _hint(self, name: str) -> str:
        near = self.nearest(name)
        return f"perhaps: {', '.join(near)}" if near else "`headrace tags` lists what there is"


def _like(text: str, pattern: str) -> bool:
    # Brackets are common in names of tags, and mean themselves.
    return fnmatchcase(text.casefold(), pattern.casefold().replace("[", "[[]"))


def _in_place(asset: str, pattern: str) -> bool:
    return _like(asset, pattern) or _like(asset, pattern.rstrip("/") + "/*")
