"""Resolve the location of a validation error to its keys in the YAML file and to the documentation of its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class ModelPath:
    """`location` in the file's own keys, the `fields` along it with their keys, and the `model` at its end."""

    location: Location
    fields: list[tuple[str, FieldInfo]]
    model: type[BaseModel] | None

    @property
    def known_keys(self) -> list[str]:
        """The keys of the model at the end; [] if that is unknown."""
        return [key for key, _ in _fields(self.model)]

    @property
    def renamed(self) -> Mapping[str, str]:
        """Earlier keys of the model at the end, and the key that each is now."""
        return getattr(self.model, "renamed", {})

    @property
    def tags(self) -> list[str]:
        """The values of the key that selects a member of the last field's union."""
        return [*_members(self.fields[-1][1])]

    @property
    def meaning(self) -> str | None:
        """The innermost key that has documentation, followed by it; None if no key has any."""
        for key, field in reversed(self.fields):
            if field.description:
                return f"{key}: {' '.join(field.description.split())}"
        return None


def model_path(model: type[BaseModel], location: Location) -> ModelPath:
    """Return the path of pydantic's `location`, which has the tag of a union's member between the keys of the file."""
    steps: list[str | int] = []
    fields: list[tuple[str, FieldInfo]] = []
    current: type[BaseModel] | None = model
    members: Mapping[str, type[BaseModel]] = {}
    if issubclass(model, RootModel):
        fields = [*model.model_fields.items()]
        members = _members(fields[0][1])
    for step in location:
        if step in members:
            current, members = members[str(step)], {}
            continue
        steps.append(step)
        if match := next(((key, field) for key, field in _fields(current) if key == step), None):
            fields.append(match)
            current, members = _model_in(match[1].annotation), _members(match[1])
    return ModelPath(tuple(steps), fields, current)


def _fields(model: type[BaseModel] | None) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()] if model else []


def _members(field: FieldInfo) -> Mapping[str, type[BaseModel]]:
    """Return the members of a discriminated union, by the value of the key that selects each."""
    if not isinstance(field.discriminator, str):
        return {}
    key, members = field.discriminator, get_args(field.annotation)
    return {tag: member for member in members for tag in get_args(member.model_fields[key].annotation)}


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = (_model_in(inner) for inner in get_args(annotation))
    return next((model for model in models if model), None)
