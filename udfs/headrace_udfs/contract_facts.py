"""What follows from the keys of a contract: its columns, where each is read, its topics, its masks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Self

from headrace_udfs import contract_changes, contract_checks, contract_dictionary, contract_privacy
from headrace_udfs.contract_keys import ContractKeys
from headrace_udfs.contract_parts import FieldSpec, QualitySpec
from headrace_udfs.contract_privacy import Handlings, Secret
from headrace_udfs.contract_time import TimeSpec
from headrace_udfs.contract_topics import TopicPattern
from headrace_udfs.faults import MARKERS, Code
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.paths import Path
from headrace_udfs.places import Source, is_around
from headrace_udfs.types import QUALITY, TS, ContractType


class ContractFacts(ContractKeys):
    """A contract with what follows from its keys."""

    def with_schema(self, descriptors: bytes) -> Self:
        """Return the contract with its compiled schema, a descriptor set, which is pickled with it."""
        compiled = self.model_copy(update={"schema_sha256": hashlib.sha256(descriptors).hexdigest()})
        compiled._descriptors = descriptors
        return compiled

    @property
    def descriptors(self) -> bytes | None:
        """The compiled schema, if the contract has one."""
        return self._descriptors

    @property
    def markers(self) -> tuple[Code, ...]:
        """The codes of what has no reading by design: changes without a row, rows that say what ids stand for, and
        messages without rows, if they may have none."""
        told = bool(self.dictionary and self.dictionary.told)
        empty = self.no_rows == "mark"
        defined = (Code.DEFINITION,) if told else ()
        return (*(MARKERS if self.changes else ()), *defined, *((Code.NO_READINGS,) if empty else ()))

    @property
    def telling(self) -> Self | None:
        """The contract of the rows that only say what ids stand for, if the dictionary has such."""
        told = self.dictionary.told if self.dictionary else None
        if told is None:
            return None
        fields = {
            name: {**place.model_dump(by_alias=True, exclude_unset=True), **_of_told(self.fields[name])}
            for name, place in told.fields.items()
        }
        kept = self.model_dump(by_alias=True, exclude_unset=True, include=_OF_ANY_ROW)
        any_time = {"from": "record_time", "earliest": "1900-01-01T00:00:00Z", "latest": "36500d"}
        own = {"fields": fields, "time": any_time, "key": self.key, "rows": told.rows}
        return self.model_validate({**kept, **own})

    @property
    def topic(self) -> str:
        """The name of the topic; of several, the first; the pattern, if there is one."""
        return self.topics.pattern if isinstance(self.topics, TopicPattern) else self.topics[0]

    @property
    def topic_names(self) -> tuple[str, ...]:
        """The names of the topics, for people: a pattern is one name."""
        return (self.topic,) if isinstance(self.topics, TopicPattern) else self.topics

    @property
    def several(self) -> bool:
        """Whether the messages can be of more than one topic."""
        return isinstance(self.topics, TopicPattern) or len(self.topics) > 1

    @property
    def key(self) -> str:
        """The field that identifies what was measured, or the first of several."""
        return self.keys[0]

    @property
    def many(self) -> bool:
        """Whether a message can hold another number of readings than one."""
        return bool(self.dictionary and self.dictionary.told) or self.rows is not None or FORMAT_FACTS[self.format].many

    @property
    def registered(self) -> bool:
        """Whether messages name their schemas by ids of a schema registry."""
        return FORMAT_FACTS[self.format].registered

    @property
    def by_headers(self) -> bool:
        """Whether headers of a message say how to read it, other than by the fields."""
        return self.envelope is not None or bool(self.compression and self.compression.header)

    @property
    def flat(self) -> bool:
        """Whether each column is one value of one type at a path of keys in one object, or stands around messages."""
        return self.rows is None and all(map(_is_flat, self.sources.values()))

    @property
    def columns(self) -> dict[str, ContractType]:
        """The columns of a decoded reading and their types: the fields that are not dropped, `ts`, `quality`, and those
        of a change."""
        kept = {name: field.type for name, field in self.fields.items() if not (field.secret and field.secret.drop)}
        return {**kept, TS: "timestamp", QUALITY: "long", **self.change_columns}

    @property
    def secrets(self) -> dict[str, Secret]:
        """The masks of columns, by name."""
        masks = {**{name: field.secret for name, field in self.fields.items()}, TS: self.time.secret}
        return {name: secret for name, secret in masks.items() if secret is not None}

    @property
    def payloads(self) -> Handlings:
        """What becomes of the payloads of dead letters and of late readings."""
        return contract_privacy.handlings(self.payload, masked=bool(self.secrets))

    @property
    def withholds(self) -> bool:
        """Whether messages of dead letters quote nothing of the payload."""
        return bool(self.secrets) or self.payloads.dead_letters != "keep"

    @property
    def key_names(self) -> list[str]:
        """The names of the keys that workers need to mask values and to encrypt payloads."""
        named = [*(secret.key for secret in self.secrets.values()), self.payload and self.payload.key]
        return sorted({name for name in named if name})

    @property
    def change_columns(self) -> Mapping[str, ContractType]:
        """The columns of a change that a reading does not have."""
        return contract_changes.COLUMNS if self.changes else {}

    @property
    def learned_type(self) -> str | None:
        """The learned field that has the types of Sparkplug's whole numbers, if the contract has one."""
        return contract_dictionary.learned_type(self.dictionary, self.sources, self.format)

    @property
    def typed_columns(self) -> list[str]:
        """The fields that take whole numbers whose type is learned."""
        return contract_dictionary.typed_columns(self.fields, self.sources) if self.learned_type else []

    @property
    def sources(self) -> dict[str, Source]:
        """Where each column is read, in the columns' order; without `quality` if the contract has none."""
        quality = {QUALITY: self.quality} if self.quality else {}
        return {**contract_checks.with_paths(self.fields), TS: self.time, **quality}

    @property
    def paths(self) -> dict[str, Path]:
        """The path of each column that is read at one path and nowhere else."""
        return {
            name: source.path for name, source in self.sources.items() if source.is_path and source.path is not None
        }


_OF_ANY_ROW = {"description", "topics", "format", "envelope", "compression", "csv", "max_bytes"}
"""What a contract says of a message whatever its rows are."""


def _of_told(field: FieldSpec) -> dict[str, Any]:
    """Return what holds for a field in rows that only say what ids stand for: its type, and that it is required."""
    types = {"types": field.types} if field.types else {}
    return {"type": field.type, "required": True, **types}


def _is_flat(source: Source) -> bool:
    if is_around(source):
        return True
    if not source.is_path or not source.path or not all(isinstance(step, str) for step in source.path):
        return False
    if isinstance(source, FieldSpec):
        return not source.types
    if isinstance(source, TimeSpec):
        return not (source.types or source.format or source.zone or source.nanos)
    return not (isinstance(source, QualitySpec) and source.mapping == "pi")
