"""Where the location of a fault leads in a model: to its keys in the file, and to what the model says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class ModelPath:
    """`location` as the file has it, the `fields` on the way with their keys, and the `model` that was reached."""

    location: Location
    fields: list[tuple[str, FieldInfo]]
    model: type[BaseModel] | None

    @property
    def known_keys(self) -> list[str]:
        """The keys of the model reached, [] where they cannot be told."""
        return [key for key, _ in _fields(self.model)]

    @property
    def tags(self) -> list[str]:
        """What may stand in the key that tells the members of the last field's union apart."""
        return [*_members(self.fields[-1][1])]

    @property
    def meaning(self) -> str | None:
        """What the model says of the innermost key."""
        for key, field in reversed(self.fields):
            if field.description:
                return f"{key}: {' '.join(field.description.split())}"
        return None


def model_path(model: type[BaseModel], location: Location) -> ModelPath:
    """The way of `location`, in which pydantic puts the tag of a union's member between the keys of the file."""
    steps: list[str | int] = []
    fields: list[tuple[str, FieldInfo]] = []
    current: type[BaseModel] | None = model
    members: Mapping[str, type[BaseModel]] = {}
    for step in location:
        if step in members:
            current, members = members[str(step)], {}
            continue
        steps.append(step)
        if found := next(((key, field) for key, field in _fields(current) if key == step), None):
            fields.append(found)
            current, members = _model_in(found[1].annotation), _members(found[1])
    return ModelPath(tuple(steps), fields, current)


def _fields(model: type[BaseModel] | None) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()] if model else []


def _members(field: FieldInfo) -> Mapping[str, type[BaseModel]]:
    """The members of a union that a key tells apart, by that key's values."""
    if not isinstance(field.discriminator, str):
        return {}
    key, members = field.discriminator, get_args(field.annotation)
    return {tag: member for member in members for tag in get_args(member.model_fields[key].annotation)}


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(inner) for inner in get_args(annotation))
    return next((model for model in found if model), None)
