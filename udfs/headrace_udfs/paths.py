"""Paths of a contract: to a value in a row's element, and from a message to its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

MAX_PATH = 32
"""The most keys that a path can have."""

OUT = "^"
"""The step of a path that leaves an element for what is around it."""

MEMBER, INDEX = "{member}", "{index}"
"""Steps of a path that stand for the name, or for the number, of the row's element in what is around it."""

EACH, EVERY = "[]", "*"
"""Steps of a path to rows: each element of an array, and every member of an object."""

BUT = "!{}"
"""The first of a tuple of names, in a path to rows, that stands for every member but those that follow."""

Path = tuple[str | int, ...]
"""The steps to a value: keys of objects and positions in arrays, from the outermost; any OUT is first."""

RowPath = tuple[str | tuple[str, ...], ...]
"""The steps to the rows of a message: keys, EACH, EVERY, and tuples of the names of members, or of BUT and names."""

Steps = tuple[str | int | tuple[str, ...], ...]
"""The steps from a message to a value: those of a RowPath, then those of a Path without OUT."""

_FORBIDDEN = re.compile(r'["\\\x00-\x1f]')
_POSITION = re.compile(r"-?[0-9]{1,6}|\{index\}")
_PART = re.compile(r"([^\[\]]*)((?:\[(?:-?[0-9]{1,6}|\{index\})\])*)")
_ROW_PART = re.compile(r"(?:(!?\{[^{}]*\}|\*|[^.\[\]{}*]+))?((?:\[\])*)")


def _path(value: object) -> object:
    steps = _split(value) if isinstance(value, str) else value
    if not isinstance(steps, list | tuple) or not all(map(_is_step, steps)) or not (steps or value == "."):
        raise ValueError("a path is keys joined by dots, like meta.tag, or a list of keys")
    _check(steps)
    outs = next((i for i, step in enumerate(steps) if step != OUT), len(steps))
    if OUT in steps[outs:]:
        raise ValueError(f"'{OUT}' can only begin a path: it leaves the row for what is around it")
    return tuple(steps)


def _is_step(step: object) -> bool:
    return type(step) is int or (isinstance(step, str) and bool(step))


def _split(text: str) -> list[str | int]:
    if text == ".":
        return []
    steps: list[str | int] = []
    for number, part in enumerate(text.split(".")):
        match = _PART.fullmatch(part)
        if match is None:  # brackets that hold no position belong to the key
            steps.append(part)
            continue
        key, positions = match.groups()
        if key or number or not positions:
            steps.append(key)
        steps += [each if each == INDEX else int(each) for each in _POSITION.findall(positions)]
    return steps


def _check_keys(steps: Sequence[object]) -> None:
    if any(isinstance(step, str) and _FORBIDDEN.search(step) for step in steps):
        raise ValueError("a key of a path cannot contain a quotation mark, a backslash or a control character")


def _check(steps: Sequence[object]) -> None:
    _check_keys(steps)
    if len(steps) > MAX_PATH:
        raise ValueError(f"a path has {len(steps)} keys; at most {MAX_PATH} are allowed")


def _rows(value: object) -> object:
    steps = _split_rows(value) if isinstance(value, str) else value
    if not isinstance(steps, list | tuple) or not steps or not all(map(_is_row_step, steps)):
        raise ValueError("it is a path, like metrics[], values.* or {temperature,pressure}, or a list")
    _check(steps)
    for step in steps:
        _check_keys([step] if isinstance(step, str) else step)
    if not repeats(steps[-1]):
        ends = "[] (each element), * (every member), {a,b} (these members) or !{a,b} (all others)"
        raise ValueError(f"the path must end with {ends}")
    return tuple(step if isinstance(step, str) else tuple(step) for step in steps)


def _split_rows(text: str) -> list[str | tuple[str, ...]] | None:
    """Return the steps of a path to rows written as text; None if it is not one."""
    steps: list[str | tuple[str, ...]] = []
    at = 0
    while at <= len(text):
        match = _ROW_PART.match(text, at)
        if match is None or not match[0]:
            return None
        if name := match[1]:
            steps.append(_names(name) if name.endswith("}") else name)
        steps += [EACH] * (len(match[2]) // 2)
        if match.end() == len(text):
            return steps
        if text[match.end()] != ".":
            return None
        at = match.end() + 1
    return None


def _names(text: str) -> tuple[str, ...]:
    """Return the names of {a,b}, and those of !{a,b} after BUT."""
    names = (name.strip() for name in text.removeprefix("!")[1:-1].split(","))
    return (BUT, *names) if text.startswith("!") else tuple(names)


def _is_row_step(step: object) -> bool:
    if isinstance(step, list | tuple):
        return bool(step) and all(isinstance(name, str) and name for name in step) and len(set(step)) == len(step)
    return isinstance(step, str) and bool(step)


def repeats(step: str | tuple[str, ...]) -> bool:
    """Return whether a step of a path to rows leads to several elements."""
    return not isinstance(step, str) or step in (EACH, EVERY)


def depth(rows: RowPath) -> int:
    """Return how many steps of the path repeat: a path can leave the row so many times."""
    return sum(map(repeats, rows))


def outs(path: Path) -> int:
    """Return how many times the path leaves the element where it begins."""
    return sum(1 for step in path if step == OUT)


def whole(rows: RowPath, path: Path) -> Steps:
    """Return the steps from the message to where a path in its rows leads."""
    for _ in range(outs(path)):
        last = max((i for i, step in enumerate(rows) if repeats(step)), default=0)
        rows = rows[:last]
        last = max((i for i, step in enumerate(rows) if repeats(step)), default=-1)
        rows = rows[: last + 1]
    return (*rows, *path[outs(path) :])


def shown(path: Path | RowPath) -> str:
    """Return the path as text, for a message."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step == EACH:
            text += step
        else:
            text += ("." if text else "") + (step if isinstance(step, str) else _shown_names(step))
    return text or "."


def _shown_names(names: tuple[str, ...]) -> str:
    return "!{" + ",".join(names[1:]) + "}" if names[0] == BUT else "{" + ",".join(names) + "}"


_KEY = r'[^"\\\x00-\x1f]+'
_TEXT = r'[^".\\\x00-\x1f]+'
_STEPS = {
    "type": "array",
    "items": {"anyOf": [{"type": "string", "pattern": f"^{_KEY}$"}, {"type": "integer"}]},
    "minItems": 1,
    "maxItems": MAX_PATH,
}

JsonPath = Annotated[
    Path,
    BeforeValidator(_path),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": rf"^(\.|{_TEXT}(\.{_TEXT}){{0,{MAX_PATH - 1}}})$"}, _STEPS]}
    ),
]
"""A field that reads a path: keys joined by dots, or a list of keys and positions."""

JsonRowPath = Annotated[
    RowPath,
    BeforeValidator(_rows),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r'^([^"\\\x00-\x1f]*(\[\]|\*|\{[^{}]+\}))$'},
                {
                    "type": "array",
                    "items": {
                        "anyOf": [
                            {"type": "string", "pattern": f"^{_KEY}$"},
                            {"type": "array", "items": {"type": "string", "pattern": f"^{_KEY}$"}, "minItems": 1},
                        ]
                    },
                    "minItems": 1,
                    "maxItems": MAX_PATH,
                },
            ]
        }
    ),
]
"""A field that reads a path to rows."""
