"""The contract of a topic: a frozen model of sql/_sources/<name>.yaml, which is pickled on its way to the workers.

docs/payloads.md describes the keys with examples. A message is read in three steps, and a key describes each:

1. `format` makes documents of its bytes: objects, arrays and values.
2. `rows` leads from a document to its rows; without it, a document is one row.
3. Each field, the time and the quality read a place: a path in the row, or something around it (`places.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import InitErrorDetails

from headrace_udfs import contract_changes, contract_checks, contract_dictionary, contract_privacy, contract_reach
from headrace_udfs.contract_changes import Changes
from headrace_udfs.contract_dictionary import Dictionary
from headrace_udfs.contract_facts import ContractFacts
from headrace_udfs.contract_format import misplaced
from headrace_udfs.contract_keys import LONGEST_MESSAGE, ColumnName
from headrace_udfs.contract_parts import FieldSpec, QualitySpec, Severity
from headrace_udfs.contract_time import TimeSpec, Watermark
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.paths import MAX_PATH, JsonPath, Path, RowPath
from headrace_udfs.types import TS

__all__ = [
    "LONGEST_MESSAGE",
    "MAX_PATH",
    "ColumnName",
    "Contract",
    "FieldSpec",
    "JsonPath",
    "Path",
    "QualitySpec",
    "Severity",
    "TimeSpec",
    "Watermark",
]


class Contract(ContractFacts):
    """The contract of a topic: sql/_sources/<name>.yaml."""

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        if name not in FORMAT_FACTS:
            raise ValueError(f"unknown format '{name}'; the formats are: {', '.join(FORMAT_FACTS)}")
        return name

    @field_validator("csv", "schema_file", "message", "envelope")
    @classmethod
    def _belongs_to_the_format(cls, value: Any, info: ValidationInfo) -> Any:
        key = "schema" if info.field_name == "schema_file" else str(info.field_name)
        fault = misplaced(key, info.data.get("format", ""))
        if fault and value is not None:
            raise ValueError(fault)
        return value

    @field_validator("schema_sha256")
    @classmethod
    def _is_not_written(cls, value: object) -> None:
        if value is not None:
            raise ValueError("the digest comes from the schema; leave it out")

    @field_validator("rows")
    @classmethod
    def _rows_are_said_once(cls, rows: RowPath | None, info: ValidationInfo) -> RowPath | None:
        if rows and info.data.get("format") == "json_array":
            raise ValueError("json_array already says that the rows are []; write format: json")
        return rows

    @field_validator("changes")
    @classmethod
    def _changes_fit(cls, changes: Changes | None, info: ValidationInfo) -> Changes | None:
        if changes is not None and "format" in info.data:
            format_, rows, envelope = (info.data.get(name) for name in ("format", "rows", "envelope"))
            cls._refuse(contract_changes.faults(changes, format_ or "", rows, envelope))
        return changes

    @field_validator("fields")
    @classmethod
    def _fields_fit(cls, fields: Mapping[str, FieldSpec], info: ValidationInfo) -> Mapping[str, FieldSpec]:
        cls._refuse(contract_checks.of_fields(fields, _depths(info), _topic(info)))
        if info.data.get("changes"):
            cls._refuse(contract_changes.of_fields(fields))
        return fields

    @field_validator("time")
    @classmethod
    def _time_fits(cls, time: TimeSpec, info: ValidationInfo) -> TimeSpec:
        depths, fields = _depths(info), info.data.get("fields", {})
        if info.data.get("changes"):  # the time is read in the message, and fields in the row
            depths, fields = contract_checks.Rows(None, is_array=False), {}
        cls._refuse(contract_checks.of_time(time, fields, depths, _topic(info)))
        return time

    @field_validator("quality")
    @classmethod
    def _quality_fits(cls, quality: QualitySpec | None, info: ValidationInfo) -> QualitySpec | None:
        if quality is not None:
            fields, time = info.data.get("fields", {}), None if info.data.get("changes") else info.data.get("time")
            cls._refuse(contract_checks.of_quality(quality, fields, time, _depths(info), _topic(info)))
        return quality

    @field_validator("keys")
    @classmethod
    def _keys_are_required(cls, keys: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        fields: Mapping[str, FieldSpec] = info.data.get("fields", {})
        for key in keys if fields else ():
            if key not in fields:
                raise ValueError(f"'{key}' is not a field; the fields are: {', '.join(fields)}")
            if not fields[key].required:
                raise ValueError(f"the key must be required: write {key}: {{type: {fields[key].type}, required: true}}")
            if keys.count(key) > 1:
                raise ValueError(f"the key has '{key}' twice")
        return keys

    @field_validator("dictionary")
    @classmethod
    def _dictionary_fits(cls, dictionary: Dictionary | None, info: ValidationInfo) -> Dictionary | None:
        fields, keys = info.data.get("fields"), info.data.get("keys")
        if dictionary is not None and fields and keys:
            if len(keys) > 1:
                raise ValueError("one name is learned; write key: as one field")
            if info.data.get("changes"):
                raise ValueError("a change has its key itself; leave the dictionary out")
            read = contract_checks.with_paths(fields)
            found = contract_dictionary.faults(dictionary, fields, read, keys[0], info.data.get("format", ""))
            cls._refuse([((), fault) for fault in found])
        return dictionary

    @model_validator(mode="after")
    def _a_message_can_be_without_rows(self) -> Contract:
        if self.no_rows == "mark" and not self.many:
            self._refuse([(("no_rows",), "each message is one row; say with rows: where its rows are")])
        return self

    @model_validator(mode="after")
    def _schema_is_named(self) -> Contract:
        if FORMAT_FACTS[self.format].compiled and not (self.schema_file and self.message):
            need = "schema: (a .proto next to this file) and message: (the name of a message in it)"
            self._refuse([(("format",), f"{self.format} needs {need}")])
        return self

    @model_validator(mode="after")
    def _paths_lead_somewhere(self) -> Contract:
        columns = self.csv.columns if self.csv else None
        for name, source in self.sources.items():
            found = contract_reach.fault(source, self.format, self.rows or (), columns, self.envelope is not None)
            if found:
                self._refuse([(("fields", name) if name in self.fields else ("time" if name == TS else name,), found)])
        return self

    @model_validator(mode="after")
    def _what_is_told_can_be_read(self) -> Contract:
        try:
            _ = self.telling
        except ValidationError as error:
            what = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            self._refuse([(("dictionary", "told"), what.replace("Value error, ", ""))])
        return self

    @model_validator(mode="after")
    def _masks_fit(self) -> Contract:
        if self.dictionary:
            typed = self.typed_columns
            self._refuse([*contract_dictionary.faults_of_masks(self.dictionary, self.fields, self.time, typed)])
        self._refuse([*contract_privacy.of_fields(self.fields, self.keys)])
        secret, ordered = self.time.secret, self.watermark is not None
        if secret and (why := contract_privacy.of_time(secret, self.fields, ordered=ordered)):
            self._refuse([(("time", "secret"), why)])
        return self

    @model_validator(mode="after")
    def _a_message_can_be_valid(self) -> Contract:
        if fault := contract_checks.of_length(self.max_bytes, self.fields, self.format):
            self._refuse([(("max_bytes",), fault)])
        return self

    @classmethod
    def _refuse(cls, faults: list[contract_checks.Located]) -> None:
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, [_problem(*fault) for fault in faults])


def _topic(info: ValidationInfo) -> str | None:
    """Return the one topic, whose name then has the parts that are read; None if there may be several."""
    topics = info.data.get("topics")
    return topics[0] if isinstance(topics, tuple) and len(topics) == 1 else None


def _depths(info: ValidationInfo) -> contract_checks.Rows:
    # A change is read as if its message held one row: ^. leaves the row for the message.
    around = info.data.get("format") == "json_array" or info.data.get("changes") is not None
    return contract_checks.Rows(info.data.get("rows"), around)


def _problem(location: tuple[str, ...], what: str) -> InitErrorDetails:
    return InitErrorDetails(type="value_error", loc=location, input=None, ctx={"error": ValueError(what)})
