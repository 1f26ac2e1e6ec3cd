"""CloudEvents: an envelope around a payload of any format, structured or binary (version 1.0, Kafka binding 1.0.2)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from headrace_udfs.faults import Code, Fault, Refused, shown
from headrace_udfs.formats.documents import Document, Documents, Spoilt
from headrace_udfs.formats.json_text import JsonText
from headrace_udfs.messages import Headers

DATA = "data"
"""The key of the payload in an event's document."""

_REQUIRED = ("id", "source", "specversion", "type")
_PREFIX = "ce_"
_STRUCTURED = "application/cloudevents"


class Envelope:
    """Opens events and has their data read by `parse`, which takes the bytes of a payload and raises Refused."""

    def __init__(self, parse: Callable[[bytes, Headers], Documents], *, json: bool) -> None:
        """Prepare to open events. json: whether the data is JSON, which a structured event has as it is."""
        self._parse = parse
        self._json = JsonText()
        self._data_is_json = json

    def open(self, payload: bytes, headers: Headers) -> Documents:
        """Return a document per document of the data: the event's attributes, and the data's document at DATA.

        An event whose content-type is application/cloudevents+json is structured, and all others are binary: their
        attributes are headers that begin with `ce_`, and the value is the data. Without data, the document has the
        attributes alone. Raises Refused.
        """
        content_type = _text(headers, "content-type")
        kind = content_type.partition(";")[0].strip().lower()
        if kind.startswith(_STRUCTURED):
            return self._structured(payload, kind, headers)
        attributes = {
            name[len(_PREFIX) :]: _decoded(name, value) for name, value in headers if name.startswith(_PREFIX)
        }
        _check(attributes)
        if content_type:
            attributes["datacontenttype"] = content_type
        if not payload:
            return [attributes]
        return _with_data(attributes, self._parse(payload, headers))

    def _structured(self, payload: bytes, kind: str, headers: Headers) -> Documents:
        if kind != f"{_STRUCTURED}+json":
            raise Refused(Code.NOT_A_CLOUDEVENT, f"content-type is {shown(kind)}; only {_STRUCTURED}+json is supported")
        event = self._json.parse(payload)
        documents = self._of_event(_value(event), headers)
        if not isinstance(event, Spoilt):
            return documents
        return [each if isinstance(each, Fault) else Spoilt(_value(each)) for each in documents]

    def _of_event(self, event: Document, headers: Headers) -> Documents:
        """Return the documents of a structured event. Raises Refused."""
        if isinstance(event, Fault):
            raise Refused(*event)
        if not isinstance(event, dict):
            raise Refused(Code.NOT_A_CLOUDEVENT, f"expected an object, found {shown(event)}")
        _check(event)
        attributes = {key: value for key, value in event.items() if key not in (DATA, "data_base64")}
        if "data_base64" in event:
            if DATA in event:
                raise Refused(Code.NOT_A_CLOUDEVENT, "the event has both data and data_base64")
            return _with_data(attributes, self._parse(_from_base64(event["data_base64"]), headers))
        data = event.get(DATA)
        if data is None or self._data_is_json:
            return [attributes if DATA not in event else {**attributes, DATA: data}]
        if isinstance(data, Fault):
            raise Refused(*data)
        if not isinstance(data, str):
            raise Refused(Code.NOT_A_CLOUDEVENT, f"data is expected to be a text, found {shown(data)}")
        return _with_data(attributes, self._parse(data.encode("utf-8", "surrogatepass"), headers))


def _with_data(attributes: dict[str, Any], documents: Documents) -> Documents:
    return [each if isinstance(each, Fault) else _opened(attributes, each) for each in documents]


def _opened(attributes: dict[str, Any], document: Document | Spoilt) -> Document | Spoilt:
    event = {**attributes, DATA: _value(document)}
    return Spoilt(event) if isinstance(document, Spoilt) else event


def _value(document: Document | Spoilt) -> Document:
    return document.value if isinstance(document, Spoilt) else document


def _check(attributes: dict[str, Document]) -> None:
    missing = [name for name in _REQUIRED if not attributes.get(name)]
    if missing:
        raise Refused(Code.NOT_A_CLOUDEVENT, f"the event has no {', '.join(missing)}")
    if fault := next((each for name in _REQUIRED if isinstance(each := attributes[name], Fault)), None):
        raise Refused(*fault)
    if attributes["specversion"] != "1.0":
        raise Refused(Code.NOT_A_CLOUDEVENT, f"specversion is {shown(attributes['specversion'])}; supported is 1.0")


def _from_base64(text: Document) -> bytes:
    if isinstance(text, Fault):
        raise Refused(*text)
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise Refused(Code.NOT_A_CLOUDEVENT, f"data_base64: {error}") from None


def _text(headers: Headers, wanted: str) -> str:
    return next((_decoded(name, value) or "" for name, value in headers if name.lower() == wanted), "")


def _decoded(name: str, value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        raise Refused(Code.NOT_UTF8, f"the header {shown(name)} is not UTF-8") from None
