"""Names that come with the stream: which fields of a contract are an id, and which are learned by it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pydantic import Field

from headrace_udfs.contract_parts import FieldSpec
from headrace_udfs.contract_privacy import Located, Secret
from headrace_udfs.contract_time import TimeSpec
from headrace_udfs.paths import JsonRowPath
from headrace_udfs.places import Model, PartOrPath, Source, is_around, places

VALUE, DATATYPE = ("value",), ("datatype",)
"""The paths of a metric's value and type in Sparkplug B."""


class Told(Model):
    """Rows that are no readings, but say what ids stand for, like the metadata of a connector."""

    rows: JsonRowPath
    """Path from the message to these rows."""
    fields: Mapping[str, PartOrPath] = Field(min_length=1)
    """Where they have the fields of by and gives, by name."""


class Dictionary(Model):
    """Fields that some rows leave out, and that earlier rows of the same id told."""

    by: tuple[str, ...] = Field(min_length=1)
    """The fields that are the id, like [node, alias]."""
    gives: tuple[str, ...] = Field(min_length=1)
    """The fields that are learned, with the contract's key among them, like [tag, unit]."""
    told: Told | None = None
    """Rows of other messages of the topic that are no readings, but have the id and what is learned by it."""
    sessions: Source | None = None
    """Where a message has its MQTT topic, like {from: key}: a death of an edge node of Sparkplug then makes all tags of
    its births bad, and gaps in its sequence numbers are reported."""


def learned_type(dictionary: Dictionary | None, sources: Mapping[str, Source], format_: str) -> str | None:
    """Return the field that is learned and has the types of Sparkplug's whole numbers, if there is one."""
    if dictionary is None or format_ != "sparkplug_b":
        return None
    return next((name for name in dictionary.gives if name in sources and _reads(sources[name], DATATYPE)), None)


def typed_columns(fields: Mapping[str, FieldSpec], sources: Mapping[str, Source]) -> list[str]:
    """Return the fields that take whole numbers of Sparkplug whose type may be learned."""
    return [name for name, field in fields.items() if "number" in field.taken and _reads(sources[name], VALUE)]


def faults(
    dictionary: Dictionary, fields: Mapping[str, FieldSpec], sources: Mapping[str, Source], key: str, format_: str
) -> Iterator[str]:
    """Yield what is wrong with a dictionary; what to do follows a semicolon."""
    for name in (*dictionary.by, *dictionary.gives):
        if name not in fields:
            yield f"'{name}' is not a field; the fields are: {', '.join(fields)}"
            return
    if both := [name for name in dictionary.by if name in dictionary.gives]:
        yield f"'{both[0]}' is both in by and in gives; an id is not learned by itself"
    if key not in dictionary.gives:
        yield f"gives does not have the key; add {key}, or leave the dictionary out"
    for name in dictionary.gives:
        if fields[name].type != "string":
            yield f"'{name}' is of type {fields[name].type}, but only strings are learned"
        elif fields[name].required and name != key:
            yield f"'{name}' cannot be required, because it may never have been seen; leave required out"
    if learned_type(dictionary, sources, format_):
        yield from _faults_of_typed(fields, sources)
    yield from _faults_of_sessions(dictionary.sessions, format_)
    yield from _faults_of_told(dictionary, key)


def faults_of_masks(
    dictionary: Dictionary, fields: Mapping[str, FieldSpec], time: TimeSpec, typed: Collection[str]
) -> Iterator[Located]:
    """Yield what cannot be masked, because it is known behind the decoder alone. typed: see `typed_columns`."""
    for name, field in fields.items():
        if field.secret is None:
            continue
        if name in dictionary.by or name in dictionary.gives:
            what = f"'{name}' is {'an id' if name in dictionary.by else 'learned by an id'}, which is read as it comes"
        elif name in typed:
            what = f"'{name}' takes numbers whose type is learned, which are known behind the mask"
        else:
            what = _early(field.secret, dictionary)
        if what:
            yield ("fields", name, "secret"), f"{what}; remove secret:, or dictionary:"
    if time.secret and dictionary.sessions:
        yield ("time", "secret"), "the end of a tag has the time of its session; remove secret:, or sessions"
    elif time.secret and (what := _early(time.secret, dictionary)):
        yield ("time", "secret"), f"{what}; remove secret:, or dictionary:"


def _early(secret: Secret, dictionary: Dictionary) -> str:
    return f"'{secret.by}' may be known behind the mask alone" if secret.by in dictionary.gives else ""


def _faults_of_told(dictionary: Dictionary, key: str) -> Iterator[str]:
    told = dictionary.told
    if told is None:
        return
    known = (*dictionary.by, *dictionary.gives)
    if missing := [name for name in (*dictionary.by, key) if name not in told.fields]:
        yield f"told does not say where its rows have {', '.join(missing)}; add it to its fields"
    if others := [name for name in told.fields if name not in known]:
        yield f"told reads '{others[0]}', which is neither in by nor in gives; leave it out"


def _faults_of_sessions(place: Source | None, format_: str) -> Iterator[str]:
    if place is None:
        return
    if format_ != "sparkplug_b":
        yield f"sessions are those of edge nodes of Sparkplug, which {format_} is not; leave sessions out"
    elif not (place.has_place and is_around(place)):
        yield "sessions reads the MQTT topic around the message; write {from: key} or {from: header, header: NAME}"


def _faults_of_typed(fields: Mapping[str, FieldSpec], sources: Mapping[str, Source]) -> Iterator[str]:
    for name, field in fields.items():
        if "number" not in field.taken or not any(place.path == VALUE for place in places(sources[name])):
            continue
        why = "the type of a number may come with an earlier message"
        if not _reads(sources[name], VALUE) or field.type not in ("double", "long"):
            yield f"'{name}': {why}, so a double or long reads it at path: value alone"
        if field.required or field.range:
            what = "required" if field.required else "range"
            yield f"'{name}' has {what}: {why}, after this is checked; check it in a SELECT"


def _reads(source: Source, path: tuple[str, ...]) -> bool:
    return source.is_path and source.path == path
