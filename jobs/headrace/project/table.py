"""A file of sql/_tables/ as a model, and the table in Iceberg's terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pyarrow as pa
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    NestedField,
    PrimitiveType,
    StringType,
    TimestamptzType,
)

from headrace.errors import did_you_mean
from headrace.project import yaml_file
from headrace.project.product import Product
from headrace.project.retention import OrDays, Retention
from headrace.project.table_layout import Partition, Sort

TYPES: dict[str, PrimitiveType] = {
    "string": StringType(),
    "double": DoubleType(),
    "float": FloatType(),
    "long": LongType(),
    "int": IntegerType(),
    "boolean": BooleanType(),
    "timestamptz": TimestamptzType(),
    "date": DateType(),
    "binary": BinaryType(),
}
_DECIMAL = re.compile(r"decimal\((?P<precision>[1-9]\d?), *(?P<scale>\d\d?)\)")
_DECIMAL_TEXT = r"^decimal\(([1-9]|[12][0-9]|3[0-8]), *[0-9]{1,2}\)$"
_PARTITION_TEXT = r"^(\w+|(identity|year|month|day|hour)\(\w+\)|(bucket|truncate)\([1-9][0-9]*, *\w+\))$"
_SORT_TEXT = r"^\w+( +(asc|desc))?$"
OUR_PROPERTIES = ("headrace.", "comment", "owner", "write.upsert.enabled")
"""Prefixes of the table properties that headrace sets from the other keys of a file."""


def _nearest(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, known, "known")


def _type(value: Any) -> PrimitiveType:
    text = str(value)
    if text in TYPES:
        return TYPES[text]
    if match := _DECIMAL.fullmatch(text):
        precision, scale = int(match["precision"]), int(match["scale"])
        if scale <= precision <= 38:
            return DecimalType(precision, scale)
        raise ValueError(f"'{text}': a decimal has at most 38 digits, and at most as many after the point")
    raise ValueError(f"unknown type '{text}'; {_nearest(text, [*TYPES, 'decimal(p, s)'])}")


def _column(name: str, info: ValidationInfo) -> str:
    """Return `name`, which must be a column; if the columns themselves have faults, only those are reported."""
    columns = info.data.get("columns")
    if columns is not None and name not in columns:
        raise ValueError(f"unknown column '{name}'; {_nearest(name, columns)}")
    return name


def _partition(text: Any, info: ValidationInfo) -> Partition:
    field = Partition.parse(str(text))
    name = _column(field.column, info)
    if columns := info.data.get("columns"):
        kind = columns[name].type
        if not field.transform.can_transform(kind):
            raise ValueError(f"'{text}' does not apply to '{name}', which is {kind}")
    return field


def _sort(text: Any, info: ValidationInfo) -> Sort:
    field = Sort.parse(str(text))
    _column(field.column, info)
    return field


def _scalar(value: Any) -> Any:
    """Return a boolean or number as text: Iceberg keeps properties as text, and YAML reads `true` and `100`."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


ColumnName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]*$")]
KnownColumn = Annotated[str, AfterValidator(_column)]
ColumnType = Annotated[
    PrimitiveType,
    BeforeValidator(_type),
    WithJsonSchema({"anyOf": [{"enum": list(TYPES)}, {"type": "string", "pattern": _DECIMAL_TEXT}]}),
]
PartitionText = Annotated[
    Partition, BeforeValidator(_partition), WithJsonSchema({"type": "string", "pattern": _PARTITION_TEXT})
]
SortText = Annotated[Sort, BeforeValidator(_sort), WithJsonSchema({"type": "string", "pattern": _SORT_TEXT})]
PropertyName = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": r"^(?!headrace\.|comment|owner|format-version)"})
]
Property = Annotated[str, BeforeValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
OptionalProperty = Annotated[
    str | None, BeforeValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean", "null"]})
]


class Column(yaml_file.Model, use_attribute_docstrings=True):
    """One column."""

    type: ColumnType
    """Its Iceberg type; decimal(p, s) has p digits, s of them after the point."""
    doc: str
    """What it holds, in words."""
    unit: str | None = None
    """Unit of its values, like degC; 1 for a ratio. It stands at the end of the doc in the catalog, in brackets."""
    required: bool = False
    """Whether every row has a value of it."""

    @property
    def comment(self) -> str:
        """Its doc, with the unit in brackets, as the catalog has it."""
        return f"{self.doc} [{self.unit}]" if self.unit else self.doc


class Defaults(yaml_file.Model, use_attribute_docstrings=True):
    """What tables share: sql/_tables/_defaults.yaml."""

    columns: dict[ColumnName, dict[ColumnName, Column]] = {}
    """Groups of columns by name. `include: [group]` among the columns of a table stands for the columns of a group."""
    properties: dict[PropertyName, Property] = {}
    """Iceberg table properties of every table whose own file does not set them; a table sets null to have none."""


INCLUDE = "include"
"""The key among a table's columns that lists groups of columns."""


@dataclass(frozen=True)
class _InvalidInclude:
    """Stands for a value of `include:` until its own location is known, at which `what` is reported."""

    what: str


def _reported(value: Any) -> Any:
    if isinstance(value, _InvalidInclude):
        raise ValueError(value.what)  # noqa: TRY004 - pydantic reports ValueErrors alone
    return value


def _defaults(info: ValidationInfo) -> Defaults:
    return info.context if isinstance(info.context, Defaults) else Defaults()


def _with_included(columns: Any, info: ValidationInfo) -> Any:
    """Return the columns, with those of the included groups in the position of `include:`."""
    if not isinstance(columns, dict) or INCLUDE not in columns:
        return columns
    included = _included(columns, _defaults(info).columns)
    if isinstance(included, _InvalidInclude):
        return {**columns, INCLUDE: included}
    expanded: dict[Any, Any] = {}
    for name, column in columns.items():
        expanded |= included if name == INCLUDE else {name: column}
    return expanded


def _included(
    columns: Mapping[Any, Any], groups: Mapping[str, Mapping[str, Column]]
) -> dict[str, Column] | _InvalidInclude:
    names = columns[INCLUDE]
    if not isinstance(names, list) or not names:
        return _InvalidInclude("a list of groups of columns belongs here; like include: [position]")
    included: dict[str, Column] = {}
    for name in names:
        if name not in groups:
            known = _nearest(str(name), groups) if groups else "add it under columns: in sql/_tables/_defaults.yaml"
            return _InvalidInclude(f"unknown group of columns '{name}'; {known}")
        if twice := [column for column in groups[name] if column in columns or column in included]:
            return _InvalidInclude(f"'{twice[0]}' of the group '{name}' is a column already; keep one")
        included |= groups[name]
    return included


def _include_schema(schema: dict[str, Any]) -> None:
    schema["properties"] = {
        INCLUDE: {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "description": "Groups of columns of sql/_tables/_defaults.yaml that stand here.",
        }
    }


class Table(yaml_file.Model, use_attribute_docstrings=True):
    """One Iceberg table."""

    description: str
    """What the table holds, in one sentence."""
    owner: str | None = None
    """The person or team responsible for it."""
    grain: str
    """What one row of it stands for: one row per ..."""
    columns: Annotated[
        dict[ColumnName, Annotated[Column, BeforeValidator(_reported)]], BeforeValidator(_with_included)
    ] = Field(min_length=1, json_schema_extra=_include_schema)
    """The columns by name, in their order. include: [group] stands for the columns of a group."""
    retired: list[ColumnName] = []
    """Names of columns that earlier versions of the file had. A table that has them keeps them and what they hold, null
    in the rows that jobs write from now on; a new table is created without them."""
    partition: list[PartitionText] = []
    """How rows are spread over files: column, day(column), 'bucket(16, column)' and the like."""
    sort: list[SortText] = []
    """The order of rows within a file: column, or column desc."""
    identity: list[KnownColumn] = []
    """Columns that identify a row: documented as a property, and not enforced."""
    key: list[KnownColumn] = []
    """Columns by which an upsert replaces a row: Iceberg's identifier fields. A table of appended events has none,
    because Flink's sink keeps each key that it writes in memory."""
    retention: Annotated[Retention, OrDays] | None = None
    """How many days its rows are kept, like 90d, or, by pattern of tags,
    {default: 400d, classes: [{tags: '*.vibration*', keep: 90d}]}. `maintain --retention` deletes older rows."""
    product: Product | None = None
    """What its readers can rely on, if it is a data product."""
    properties: Annotated[dict[PropertyName, OptionalProperty], Field(validate_default=True)] = {}
    """Iceberg table properties, besides those of sql/_tables/_defaults.yaml; null leaves out one of those."""

    @field_validator("retired")
    @classmethod
    def _gone(cls, names: list[str], info: ValidationInfo) -> list[str]:
        if still := [name for name in names if name in info.data.get("columns", {})]:
            raise ValueError(f"'{still[0]}' is still among the columns; keep one")
        return names

    @field_validator("partition")
    @classmethod
    def _distinct(cls, fields: list[Partition]) -> list[Partition]:
        groups = [(f.column, "time" if f.by_time else str(f.transform)) for f in fields]
        if len(set(groups)) < len(groups):
            raise ValueError("a column is partitioned twice the same way, or by two units of time; keep the finer one")
        return fields

    @field_validator("key")
    @classmethod
    def _present_and_exact(cls, names: list[str], info: ValidationInfo) -> list[str]:
        for name in names:
            column = info.data.get("columns", {}).get(name)
            if column and (not column.required or isinstance(column.type, FloatType | DoubleType)):
                raise ValueError(f"'{name}' must be 'required: true', and neither float nor double, to be a key")
        return names

    @field_validator("retention")
    @classmethod
    def _by_time(cls, retention: Retention | None, info: ValidationInfo) -> Retention | None:
        if retention and not any(field.by_time for field in info.data.get("partition", [])):
            raise ValueError(
                "rows are deleted by time, and the table is not partitioned by it; add partition: [day(...)]"
            )
        if retention and retention.classes and "columns" in info.data:
            column = info.data["columns"].get("tag")
            if column is None or not isinstance(column.type, StringType):
                raise ValueError("classes are of tags, and the table has no column 'tag' of texts; keep default alone")
        return retention

    @field_validator("product")
    @classmethod
    def _has_a_time(cls, product: Product | None, info: ValidationInfo) -> Product | None:
        columns = info.data.get("columns")
        if product and columns is not None:
            column = columns.get(product.time)
            if column is None or not isinstance(column.type, TimestamptzType):
                raise ValueError(f"'{product.time}' must be a column with type timestamptz; name one with time:")
        return product

    @field_validator("properties")
    @classmethod
    def _with_defaults(cls, properties: dict[str, str | None], info: ValidationInfo) -> dict[str, str | None]:
        defaults = _defaults(info).properties
        for name, value in properties.items():
            if name.startswith((*OUR_PROPERTIES, "format-version")):
                raise ValueError(f"'{name}' is set by headrace itself, from the other keys; leave it out")
            if value is None and name not in defaults:
                raise ValueError(f"'{name}' has no default that null could leave out; leave the property out")
        return {name: value for name, value in (defaults | properties).items() if value is not None}

    @property
    def all_properties(self) -> dict[str, str]:
        """The table's properties: those of the file, and the file's other keys under headrace's own names."""
        ours = {
            "comment": self.description,
            "owner": self.owner,
            "headrace.grain": self.grain,
            "headrace.identity": ",".join(self.identity),
            "headrace.retention": self.retention and self.retention.text,
            "headrace.product.version": self.product and str(self.product.version),
            "headrace.product.use-instead": self.product and self.product.deprecated and self.product.deprecated.use,
            # With it, Flink's sink replaces rows by their key.
            "write.upsert.enabled": "true" if self.key else None,
        }
        own = {name: value for name, value in self.properties.items() if value is not None}
        return {name: value for name, value in ours.items() if value} | own

    def iceberg_schema(self) -> Schema:
        """Return the Iceberg schema, with field ids from 1 in the order of the file."""
        fields = [
            NestedField(number, name, column.type, required=column.required, doc=column.comment)
            for number, (name, column) in enumerate(self.columns.items(), start=1)
        ]
        return Schema(*fields, identifier_field_ids=[f.field_id for f in fields if f.name in self.key])

    def arrow_schema(self) -> pa.Schema:
        """Return the pyarrow schema that pyiceberg writes unchanged: required is not nullable, times are us in UTC."""
        return schema_to_pyarrow(self.iceberg_schema(), include_field_ids=False)

    def partition_spec(self) -> PartitionSpec:
        """Return Iceberg's partition spec, whose source ids are those of `iceberg_schema`."""
        ids = {f.name: f.field_id for f in self.iceberg_schema().fields}
        return PartitionSpec(
            *(
                PartitionField(ids[field.column], number, field.transform, field.name)
                for number, field in enumerate(self.partition, start=PARTITION_FIELD_ID_START)
            )
        )

    def sort_order(self) -> SortOrder:
        """Return Iceberg's sort order, whose source ids are those of `iceberg_schema`."""
        ids = {f.name: f.field_id for f in self.iceberg_schema().fields}
        fields = [SortField(ids[f.column], IdentityTransform(), f.direction, f.nulls) for f in self.sort]
        return SortOrder(*fields, order_id=1 if fields else 0)
