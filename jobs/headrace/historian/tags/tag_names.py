"""Find tags by name, by wildcard and by place in the plant, and suggest names for an unknown one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pyiceberg.table import Table

from headrace.errors import Problem, UserError, nearest
from headrace.historian.tags import tags

_WILD = frozenset("*?")


@dataclass(frozen=True)
class TagNames:
    """The rows of historian.tags by tag."""

    rows: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, listed: Table) -> TagNames:
        """Return the names of the table `listed`, historian.tags. Raises PlatformError."""
        return cls({row["tag"]: row for row in tags.stored(listed)})

    def find(self, tag: str = "*", asset: str = "*") -> list[str]:
        """Return the sorted names that match the wildcard `tag` (* and ?) and are at or below the place `asset`.

        `asset` may be a wildcard, too: `site/area` also matches tags in `site/area/line`. Case does not matter.
        """
        return sorted(
            name
            for name, row in self.rows.items()
            if _like(name, tag) and (asset == "*" or _in_place(row.get("asset") or "", asset))
        )

    def resolve(self, tags: str | Sequence[str]) -> list[str]:
        """Return the names that `tags`, one or more names and wildcards, stand for, in order and without duplicates.

        A name that is not in the list is kept: it may have readings. Raises UserError for a wildcard that matches
        nothing, and if `tags` is empty.
        """
        patterns = [tags] if isinstance(tags, str) else list(tags)
        if not patterns:
            raise UserError("no tag is given", fix="give a name, or a wildcard like 'R80711.*'")
        names: dict[str, None] = {}
        problems = []
        for pattern in patterns:
            matches = self.find(pattern) if _WILD & set(pattern) else [pattern]
            if not matches:
                problems.append(Problem(f"no tag matches '{pattern}'", fix=self._hint(pattern.strip("*?"))))
            names.update(dict.fromkeys(matches))
        if problems:
            raise UserError(problems)
        return list(names)

    def unknown(self, names: Sequence[str]) -> UserError:
        """Return the error for names that are neither in the list of tags nor in a reading."""
        return UserError([Problem(f"there is no tag '{name}'", fix=self._hint(name)) for name in names])

    def nearest(self, name: str, count: int = 3) -> list[str]:
        """Return up to `count` known names: those most similar to `name`, or else those that contain it."""
        containing = [each for each in sorted(self.rows) if _like(each, f"*{name}*")]
        return nearest(name, self.rows, count) or containing[:count]

    def stepped(self, name: str) -> bool:
        """Return whether the tag's value holds from one reading to the next; otherwise a line connects them."""
        return bool(self.rows.get(name, {}).get("interpolation") == "step")

    def _hint(self, name: str) -> str:
        similar = self.nearest(name)
        return f"similar names: {', '.join(similar)}" if similar else "`headrace tags` lists all tags"


def _like(text: str, pattern: str) -> bool:
    # Brackets are common in names of tags and stand for themselves.
    return fnmatchcase(text.casefold(), pattern.casefold().replace("[", "[[]"))


def _in_place(asset: str, pattern: str) -> bool:
    return _like(asset, pattern) or _like(asset, pattern.rstrip("/") + "/*")
