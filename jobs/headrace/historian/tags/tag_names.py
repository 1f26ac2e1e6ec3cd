"""Find tags by name, by wildcard and by place in the plant, and suggest names for an unknown one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pyiceberg.table import Table

from headrace.errors import Problem, UserError, nearest
from headrace.historian.tags import tags
from headrace.project import pattern as patterns


@dataclass(frozen=True)
class TagNames:
    """The names of all tags: those that historian.tags lists, and those that report without being listed."""

    rows: Mapping[str, Mapping[str, Any]]
    """The rows of historian.tags by tag."""
    reported: Callable[[], AbstractSet[str]]
    """Returns the tags that have readings; called once, and only when the listed tags are not enough."""

    @classmethod
    def of(cls, listed: Table, reported: Callable[[], AbstractSet[str]]) -> TagNames:
        """Return the names of the table `listed`, historian.tags, and of `reported`. Raises PlatformError."""
        return cls({row["tag"]: row for row in tags.stored(listed)}, reported)

    def reporting(self, reported: Callable[[], AbstractSet[str]]) -> TagNames:
        """Return the same listed tags with other tags that report."""
        return replace(self, reported=reported)

    @cached_property
    def all(self) -> list[str]:
        """All names, sorted."""
        return sorted({*self.rows, *self._reported})

    @cached_property
    def _reported(self) -> AbstractSet[str]:
        return self.reported()

    def row(self, name: str) -> Mapping[str, Any]:
        """Return what the list says of a tag; only its name if it is not listed."""
        return self.rows.get(name, {"tag": name})

    def assets(self, names: Iterable[str]) -> dict[str, str | None]:
        """Return the asset of each tag, None for one that is not listed or has none."""
        return {name: self.row(name).get("asset") for name in names}

    def known(self, name: str) -> bool:
        """Return whether the tag is listed or has readings."""
        return name in self.rows or name in self._reported

    def find(self, tag: str = "*", asset: str = "*") -> list[str]:
        """Return the sorted names that `tag`, a name or a wildcard, stands for and that are at or below `asset`.

        `asset` is a place, or a wildcard for one: `site/area` also matches tags in `site/area/line`. A tag that is not
        listed has no place. The case of wildcards and places does not matter.
        """
        return [name for name in patterns.select(self.all, tag) if self.in_place(name, asset)]

    def in_place(self, name: str, asset: str) -> bool:
        """Return whether the tag is at or below the place `asset`, or in a place like that wildcard."""
        place = self.row(name).get("asset") or ""
        return asset == "*" or patterns.like(place, asset) or patterns.like(place, asset.rstrip("/") + "/*")

    def resolve(self, tags: str | Sequence[str]) -> list[str]:
        """Return the names that `tags`, one or more names and wildcards, stand for, in order and without duplicates.

        A name that is not in the list is kept: it may have readings. Raises UserError for a wildcard that matches
        nothing, and if `tags` is empty.
        """
        asked = [tags] if isinstance(tags, str) else list(tags)
        if not asked:
            raise UserError("no tag is given", fix="give a name, or a wildcard like 'R80711.*'")
        names: dict[str, None] = {}
        problems = []
        for pattern in asked:
            matches = self.find(pattern) if patterns.is_wild(pattern) else [patterns.name_of(pattern)]
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
        containing = [each for each in self.all if patterns.like(each, f"*{patterns.literal(name)}*")]
        return nearest(name, self.all, count) or containing[:count]

    def stepped(self, name: str) -> bool:
        """Return whether the tag's value holds from one reading to the next; otherwise a line connects them."""
        return bool(self.rows.get(name, {}).get("interpolation") == "step")

    def _hint(self, name: str) -> str:
        similar = self.nearest(name)
        return f"similar names: {', '.join(similar)}" if similar else "`headrace tags list` lists all tags"
