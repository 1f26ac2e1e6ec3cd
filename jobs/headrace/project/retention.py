"""`retention:` of a table: how many days its rows are kept, for all or by pattern of tags."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from headrace.project import pattern, yaml_file

DEFAULT = "default"
"""The name of the class of the tags that no pattern matches."""
_DAYS = re.compile("[1-9][0-9]*d")


def _days(text: str) -> str:
    if not _DAYS.fullmatch(text):
        raise ValueError(f"'{text}' is not a valid number of days; write one like 90d")
    return text


Days = Annotated[str, AfterValidator(_days), WithJsonSchema({"type": "string", "pattern": f"^{_DAYS.pattern}$"})]


class TagClass(yaml_file.Model, use_attribute_docstrings=True):
    """Tags whose rows are kept for another time than those of other tags."""

    tags: str = Field(min_length=1)
    """A pattern of tags, like '*.vibration*': * stands for any text, ? for one character."""
    keep: Days
    """How many days their rows are kept, like 90d."""


class Retention(yaml_file.Model, use_attribute_docstrings=True):
    """How long rows are kept: `default`, or `keep` of the first of the `classes` whose pattern matches their tag."""

    default: Days
    """How many days the rows of all other tags are kept, like 400d."""
    classes: list[TagClass] = []
    """Tags that are kept for another time; the first class that matches a tag counts."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"default": value} if isinstance(value, str) else value

    @field_validator("classes")
    @classmethod
    def _reachable(cls, classes: list[TagClass]) -> list[TagClass]:
        for number, each in enumerate(classes):
            for earlier in classes[:number]:
                if earlier.tags == "*" or earlier.tags.casefold() == each.tags.casefold():
                    raise ValueError(f"'{each.tags}' matches no tag that '{earlier.tags}' does not; remove it")
        return classes

    @classmethod
    def parse(cls, text: str) -> Retention:
        """Return the retention whose `text` this is."""
        return cls.model_validate_json(text if text.startswith("{") else f'"{text}"')

    @model_serializer(mode="wrap")
    def _as_in_files(self, fields: SerializerFunctionWrapHandler) -> Any:
        return fields(self) if self.classes else self.default

    @property
    def text(self) -> str:
        """The retention as the value of a table property: days, or JSON if there are classes."""
        return self.model_dump_json() if self.classes else self.default

    def __str__(self) -> str:
        return ", ".join([self.default, *(f"{each.keep} for {each.tags}" for each in self.classes)])

    @property
    def names(self) -> list[str]:
        """The names of the classes: their patterns, and DEFAULT at the end."""
        return [*(each.tags for each in self.classes), DEFAULT]

    def keep(self, name: str) -> timedelta:
        """Return how long rows of the class with this name are kept."""
        days = next((each.keep for each in self.classes if each.tags == name), self.default)
        return timedelta(days=int(days.removesuffix("d")))

    def class_of(self, tag: str | None) -> str:
        """Return the name of the class of a tag."""
        return class_of(tag, [each.tags for each in self.classes])


class OrDays:
    """Marks a field whose value may be days alone, for its JSON schema."""

    @staticmethod
    def __get_pydantic_json_schema__(core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "pattern": f"^{_DAYS.pattern}$"}, handler(core)]}


def class_of(tag: str | None, patterns: list[str]) -> str:
    """Return the first of the `patterns` that matches the tag, or DEFAULT."""
    return next((each for each in patterns if tag is not None and pattern.select([tag], each)), DEFAULT)
