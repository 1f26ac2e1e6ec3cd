"""Where a contract reads a value from: the row, what is around it, or the record that carried the message."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from headrace_udfs.paths import JsonPath, shown

From = Literal["member", "index", "key", "header", "topic", "record_time"]
"""What a value can be read from, other than a path."""

AROUND: tuple[From, ...] = ("key", "header", "topic", "record_time")
"""What stands around a message's value, and so is the same for all rows of a message."""


class Model(BaseModel):
    """Base of the contract's parts: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, populate_by_name=True)


def _pattern(value: str) -> str:
    import pyarrow as pa  # noqa: PLC0415 - reading most contracts needs no regular expressions
    import pyarrow.compute as pc  # noqa: PLC0415

    try:
        pc.match_substring_regex(pa.array([""]), value)
    except pa.ArrowInvalid as error:
        raise ValueError(f"not a regular expression as RE2 reads it: {error}") from None
    return value


Pattern = Annotated[str, BeforeValidator(_pattern), WithJsonSchema({"type": "string"})]
"""A field that reads a regular expression in RE2's syntax, which takes time in proportion to the text alone."""


class Place(Model):
    """One place that a value is read from."""

    path: JsonPath | None = None
    """Keys that lead to the value in the row, joined by dots; ^. first leaves the row for what is around it."""
    from_: From | None = Field(default=None, alias="from")
    """Another place than the row: member, index, key, header, topic or record_time."""
    constant: str | int | float | bool | None = None
    """The value itself, the same for all readings."""
    header: str | None = Field(default=None, min_length=1)
    """Name of the header, with from: header."""
    out: int = Field(default=0, ge=0, le=8)
    """With from: member or index, how many elements further out."""
    split: str | None = Field(default=None, min_length=1)
    """Text between the levels of a key, a header, a member or a text at a path; a topic's levels are split by dots."""
    level: int | None = None
    """Which level of a text, 1 for the first and -1 for the last."""
    match: Pattern | None = None
    """Regular expression that the whole text must match; the value is its one group."""
    optional: bool = False
    """In join, whether the part is left out where it is missing."""
    members: bool = False
    """In join, whether the values of all members of the object are joined, in the order of their names."""

    @property
    def where(self) -> Hashable:
        """What identifies the place: equal for two that read the same."""
        keys = (self.path, self.from_, self.header, self.out, self.split, self.level, self.match, self.members)
        return (*keys, type(self.constant), self.constant)

    @model_validator(mode="after")
    def _is_one_place(self) -> Place:
        _check(self)
        return self


class Part(Place):
    """A place, or several whose texts are joined."""

    join: tuple[PlaceOrPath, ...] = ()
    """Places whose texts are joined, in their order."""
    separator: str = "."
    """Text between the parts of join."""


class Source(Part):
    """A place, several that are joined, or the first of several that has a value."""

    first: tuple[PartOrPath, ...] = ()
    """Places; the first that has a value is read."""

    @model_validator(mode="after")
    def _members_are_joined(self) -> Source:
        if self.members or any(part.members for part in self.first):
            raise ValueError("members: is allowed only in join")
        return self

    @property
    def has_place(self) -> bool:
        """Whether the source names a place; a field without one is read at the path of its name."""
        return bool(self.path is not None or self.from_ or self.join or self.first or self.constant is not None)

    @property
    def is_path(self) -> bool:
        """Whether the value is read whole at one path, and nowhere else."""
        return self.path is not None and not (self.from_ or self.level is not None or self.match is not None)

    @property
    def alternatives(self) -> tuple[Part, ...]:
        """The places, in order: the first that has a value is read. One place without `first`."""
        return self.first or (self,)


def _place(value: Any) -> Any:
    if isinstance(value, str):
        return {"path": value}
    if isinstance(value, dict) and isinstance(value.get("join"), list):
        return {**value, "join": tuple(value["join"])}  # a list, which JSON would have, is not what a function returns
    return value


PlaceOrPath = Annotated[Place, BeforeValidator(_place, json_schema_input_type=str | Place)]
PartOrPath = Annotated[Part, BeforeValidator(_place, json_schema_input_type=str | Part)]
Part.model_rebuild()
Source.model_rebuild()


def is_around(source: Source) -> bool:
    """Return whether a source reads nothing of a message's value: what stands around it, and constants."""
    return all(place.from_ in AROUND or place.constant is not None for place in places(source))


def same(source: Source, other: Source) -> bool:
    """Return whether two sources read the same."""
    return _wheres(source) == _wheres(other)


def _wheres(source: Source) -> list[Hashable]:
    return [(part.where, part.separator, tuple(p.where for p in part.join)) for part in source.alternatives]


def parts(part: Part) -> tuple[Place, ...]:
    """Return the places that are joined, or the one place."""
    return part.join or (part,)


def places(source: Source) -> list[Place]:
    """Return every place that the source reads."""
    return [place for part in source.alternatives for place in parts(part)]


def described(source: Source) -> str:
    """Return where the source is read, as text for a page."""
    return " or ".join(f" {part.separator} ".join(map(_described, parts(part))) for part in source.alternatives)


def _described(place: Place) -> str:
    if place.constant is not None:
        return f"constant {place.constant!r}"
    where = {"header": f"header {place.header}", "record_time": "the record's timestamp", None: ""}
    what = where.get(place.from_, place.from_) or ""
    if place.path is not None:
        what = f"{what} {shown(place.path)}".strip()
    if place.level is not None:
        what += f", level {place.level}"
    return f"{what}, match {place.match}" if place.match else what


def _ways(place: Place) -> list[str]:
    ways = {
        "from": place.from_ is not None,
        "path": place.path is not None and place.from_ is None,
        "constant": place.constant is not None,
        "join": bool(getattr(place, "join", ())),
        "first": bool(getattr(place, "first", ())),
    }
    return [way for way, is_set in ways.items() if is_set]


def _check(place: Place) -> None:
    """Raise ValueError if the keys of a place contradict each other."""
    ways = _ways(place)
    if len(ways) > 1:
        raise ValueError(f"{' and '.join(ways)} are different places of a value; keep one of them")
    from_ = place.from_
    if place.path is not None and from_ not in (None, "key", "header"):
        raise ValueError(f"a {from_} has no path; only a key or a header in JSON has one")
    if (from_ == "header") != (place.header is not None):
        raise ValueError("from: header and header: NAME belong together")
    if place.out and from_ not in ("member", "index"):
        raise ValueError("out: is allowed only with from: member or from: index")
    if place.members and (place.path is None or from_ is not None or place.level is not None or place.match):
        raise ValueError("members: is allowed only with a path to an object")
    is_text = from_ not in ("index", "record_time") and not {"constant", "join", "first"} & set(ways)
    if not is_text and (place.level is not None or place.match is not None):
        raise ValueError("level and match take a part of a text, and there is none here")
    _check_part(place)


def _check_part(place: Place) -> None:
    """Raise ValueError if the keys that take a part of a text contradict each other."""
    if place.level is not None and place.match is not None:
        raise ValueError("level and match both take a part of the text; keep one of them")
    if place.level == 0:
        raise ValueError("the first level is 1, and the last is -1")
    if place.level is None and place.split is not None:
        raise ValueError("split needs a level: which part of the text to read")
    if place.level is not None and place.split is None and place.from_ != "topic":
        raise ValueError("level needs split: the text between two levels, like '/'")
    if place.match is not None and _groups(place.match) != 1:
        raise ValueError("match needs exactly one group in parentheses, which is the value; (?:...) is none")


def _groups(pattern: str) -> int:
    """Return the number of groups that a regular expression captures."""
    escaped, within, groups = False, False, 0
    for at, sign in enumerate(pattern):
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif within:
            within = sign != "]"
        elif sign == "[":
            within = True
        elif sign == "(":
            groups += pattern[at + 1 : at + 2] != "?" or pattern[at + 1 : at + 4] == "?P<"
    return groups
