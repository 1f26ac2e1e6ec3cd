"""YAML 1.2 text read into plain values, within bounds of size, depth and aliases.

PyYAML's own loaders read YAML 1.1, in which NO is false, 22:30 is 1350 and 0100 is 64, and they recurse without a
limit. Here plain scalars have the types of the core schema of YAML 1.2, a date is a text, and each key is the text that
the file has. Every fault is reported at its line and column.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from headrace.errors import Place, Problem, UserError
from headrace.project import yaml_faults

LARGEST_FILE = 4_000_000
"""Most bytes of a file."""
DEEPEST = 50
"""Most lists and mappings within each other."""
MOST_VALUES = 100_000
"""Most values of a file, with each alias counted as the values that it stands for."""
_MOST_DIGITS = 300

_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STANDARD = "tag:yaml.org,2002:"
_PLAIN = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    "merge": r"<<",
}
_BASES = {"0o": 8, "0x": 16}


class _Loader(yaml.CSafeLoader):
    """libyaml's parser, with the types that YAML 1.2 gives to plain scalars."""

    yaml_implicit_resolvers = {}


for _type, _form in _PLAIN.items():
    _Loader.add_implicit_resolver(_STANDARD + _type, re.compile(rf"(?:{_form})\Z"), None)


def read(path: Path) -> tuple[yaml.Node, Any]:
    """Return a file as a tree of nodes, which have their places, and as plain values.

    Raises UserError with what is wrong, the line, the column and the fix.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise UserError("no such file", Place.of(path)) from None
    except OSError as error:
        raise UserError(f"it cannot be read: {error.strerror}", Place.of(path)) from None
    if len(raw) > LARGEST_FILE:
        raise UserError(f"the file has more than {LARGEST_FILE:,} bytes", Place.of(path), "split it")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"not UTF-8 text: {error.reason} at byte {error.start}"
        raise UserError(what, Place.of(path), "save it as UTF-8") from None
    return parse(text, path)


def parse(text: str, path: Path) -> tuple[yaml.Node, Any]:
    """Return the text of the file `path` as `read` does."""
    return _Reader(path).read(text)


@dataclass(frozen=True)
class _Reader:
    path: Path

    def read(self, text: str) -> tuple[yaml.Node, Any]:
        if match := _NOT_TEXT.search(text):
            line = text.count("\n", 0, match.start()) + 1
            spot = Place.of(self.path, line, match.start() - text.rfind("\n", 0, match.start()))
            raise UserError(f"the character {match[0]!r} is not allowed in YAML", spot, "remove it")
        try:
            self._check_bounds(text)
            root = _Loader(text).get_single_node()
        except yaml.MarkedYAMLError as error:
            raise UserError([yaml_faults.problem(error, text, self.path)]) from None
        except yaml.YAMLError as error:
            raise UserError(f"not YAML: {error}", Place.of(self.path)) from None
        if root is None:
            raise UserError("the file is empty", Place.of(self.path, 1, 1))
        if problems := [*self._faulty_keys(root)]:
            raise UserError(problems)
        return root, self._value(root)

    def _check_bounds(self, text: str) -> None:
        """Read the text as a series of events, which takes no recursion, before a tree is made of it."""
        sizes: dict[str | None, int] = {}
        names: list[str | None] = [None]
        counts = [0]
        for event in yaml.parse(text, Loader=_Loader):
            name = getattr(event, "anchor", None)
            if isinstance(event, yaml.CollectionStartEvent):
                names, counts = [*names, name], [*counts, 1]
            elif isinstance(event, yaml.CollectionEndEvent):
                name = names.pop()
                sizes[name] = counts.pop()
                counts[-1] += sizes[name]
            elif isinstance(event, yaml.AliasEvent):
                if name in names:
                    self._refuse(f"*{name} stands within what it stands for", event, "write the values out")
                counts[-1] += sizes.get(name, 1)
            elif isinstance(event, yaml.ScalarEvent):
                sizes[name] = 1
                counts[-1] += 1
            if len(names) - 1 > DEEPEST:
                self._refuse(f"more than {DEEPEST} lists and mappings within each other", event, "nest fewer")
            if counts[-1] > MOST_VALUES:
                self._refuse(f"more than {MOST_VALUES:,} values, aliases included", event, "split the file")

    def _faulty_keys(self, node: yaml.Node) -> Iterator[Problem]:
        """Yield a problem for each key that is not one value, or is there twice: YAML 1.2 makes that an error."""
        if isinstance(node, yaml.SequenceNode):
            for value in node.value:
                yield from self._faulty_keys(value)
        if not isinstance(node, yaml.MappingNode):
            return
        seen: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                what, fix = (
                    "a key must be a text, not a list or a mapping",
                    "write a text before the colon; '{{' has no meaning in YAML",
                )
                yield Problem(what, self._place(key), fix)
            elif key.value in seen:
                what = f"key '{key.value}' is already set at line {seen[key.value]}"
                yield Problem(what, self._place(key), "keep one of them")
            else:
                seen[key.value] = key.start_mark.line + 1
            yield from self._faulty_keys(value)

    def _value(self, node: yaml.Node) -> Any:
        kind = node.tag.removeprefix(_STANDARD)
        if isinstance(node, yaml.MappingNode) and kind == "map":
            merged = [pair for key, value in node.value if _is_merge(key) for pair in self._merged(value)]
            return dict(
                [*merged, *((key.value, self._value(value)) for key, value in node.value if not _is_merge(key))]
            )
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            return [self._value(each) for each in node.value]
        if isinstance(node, yaml.ScalarNode) and kind in ("str", "merge", *_PLAIN):
            return self._scalar(node, kind)
        what = f"could not determine a constructor for the tag '{node.tag.replace(_STANDARD, '!!')}'"
        return self._refuse(what, node, "leave the tag out")

    def _merged(self, node: yaml.Node) -> Iterator[tuple[str, Any]]:
        """Yield the keys and values that `<<` adds; of several mappings, the first that has a key wins."""
        for each in reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(each, yaml.MappingNode):
                self._refuse("'<<' takes a mapping, or a list of mappings", each, "write the keys out")
            yield from self._value(each).items()

    def _scalar(self, node: yaml.ScalarNode, kind: str) -> Any:
        text = node.value
        if "\0" in text:
            self._refuse("the text contains the character '\\x00'", node, "remove it")
        if kind in ("str", "merge"):
            return text
        if not re.fullmatch(_PLAIN[kind], text):
            self._refuse(f"{text[:40]!r} is not a valid {kind}", node, "leave the tag out")
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        return self._number(node, kind)

    def _number(self, node: yaml.ScalarNode, kind: str) -> int | float:
        text = node.value.lower()
        if len(text) > _MOST_DIGITS:
            self._refuse("the number has too many digits", node, "put it in quotes if it is a text")
        if text == ".nan":
            self._refuse("NaN is not a number", node, "write a number, or put it in quotes if it is a text")
        if kind == "int":
            return int(text, _BASES.get(text[:2], 10))
        number = float(text.replace(".inf", "inf"))
        if math.isinf(number) and "inf" not in text:
            self._refuse("the number is too large for a double", node, "put it in quotes if it is a text")
        return number

    def _place(self, at: Any) -> Place:
        return Place.of(self.path, at.start_mark.line + 1, at.start_mark.column + 1)

    def _refuse(self, what: str, at: Any, fix: str) -> NoReturn:
        raise UserError(what, self._place(at), fix)


def _is_merge(key: yaml.Node) -> bool:
    return bool(key.tag == f"{_STANDARD}merge")
