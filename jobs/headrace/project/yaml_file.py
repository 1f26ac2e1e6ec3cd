"""YAML files read into frozen models: every fault of a file at once, each at its line, with the nearest known key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from headrace.errors import Place, Problem, UserError, did_you_mean
from headrace.project import yaml_text
from headrace.project.model_paths import Location, model_path


class Model(BaseModel):
    """Base of every file's model: immutable, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    renamed: ClassVar[Mapping[str, str]] = {}
    """Keys of earlier versions, and the key that each is now."""


_WORDS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
"""The truth values of YAML 1.1, which are texts in YAML 1.2."""

M = TypeVar("M", bound=BaseModel)


def load(
    path: Path,
    model: type[M],
    context: object = None,
    complete: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data,
) -> M:
    """Return the file `path` as a `model`. Raises UserError with one Problem per fault of the file.

    complete: makes the model's data of the file's, and may raise UserError.
    """
    root, data = yaml_text.read(path)
    if not isinstance(data, dict):
        raise UserError("a mapping of keys is required here", Place.of(path, 1, 1), f"start with {_keys(model)}")
    data = complete(data)
    try:
        # JSON's strict mode takes a text for a time, but a number, a truth value and a text never for each other.
        return model.model_validate_json(json.dumps(data), strict=True, context=context)
    except ValidationError as error:
        raise UserError([_problem(path, root, model, item) for item in error.errors()]) from None


def place(path: Path, location: Location) -> Place:
    """Return the line and column of the value at `location` (keys and indexes). Raises UserError as `load` does."""
    return _place(path, yaml_text.read(path)[0], location)


def _place(path: Path, root: yaml.Node, location: Location) -> Place:
    node, mark = root, root.start_mark
    for step in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                break
            node, mark = pair[1], pair[0].start_mark
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            mark = node.start_mark
    return Place.of(path, mark.line + 1, mark.column + 1)


def _problem(path: Path, root: yaml.Node, model: type[BaseModel], item: Any) -> Problem:
    route = model_path(model, item["loc"])
    location = route.location
    # For a fault of a key itself, Pydantic adds '[key]' to the location; the message already names the key.
    name = ".".join(map(str, location[:-2] if location[-1:] == ("[key]",) else location))
    where = _place(path, root, location)
    if item["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        key, got = item["ctx"]["discriminator"].strip("'"), item["ctx"].get("tag")
        key_path = f"{name}.{key}" if name else key
        what = f"{key_path}: there is no '{got}'" if got else f"key '{key_path}' is required"
        return Problem(what, _place(path, root, (*location, key)), f"one of {', '.join(route.tags)}")
    if item["type"] == "extra_forbidden":
        key, known = str(location[-1]), route.known_keys
        if now := route.renamed.get(key):
            return Problem(f"'{key}' is now '{now}'", where, f"write {now}: ...")
        return Problem(f"unknown key '{name}'", where, did_you_mean(key, known, "known keys here") if known else None)
    if item["type"] == "missing":
        return Problem(f"key '{name}' is required", where, f"add '{location[-1]}:'")
    if item["type"] == "value_error":
        what, _, fix = str(item["ctx"]["error"]).partition("; ")
        return Problem(f"{name}: {what}" if name else what, where, fix or route.meaning)
    # A value that should be text may be a password without quotes: only its type is shown.
    is_text = item["type"] == "string_type"
    got = type(item["input"]).__name__ if is_text else repr(item.get("input"))
    what = f"{name}: {item['msg'][0].lower()}{item['msg'][1:]} (got {got})"
    if is_text and isinstance(item["input"], bool | int | float):
        return Problem(what, where, "put it in quotes")
    if item["type"] == "bool_type" and (meant := _WORDS.get(str(item["input"]).lower())):
        return Problem(what, where, f"write {meant}")
    return Problem(what, where, route.meaning)


def _keys(model: type[BaseModel]) -> str:
    if issubclass(model, RootModel):
        return f"'{model.model_fields['root'].discriminator}:'"
    return ", ".join(f"'{f.alias or n}:'" for n, f in model.model_fields.items() if f.is_required())
