"""The parser of each format that makes documents, chosen and set up by a contract."""

from __future__ import annotations

from collections.abc import Callable

from headrace_udfs.contract import Contract
from headrace_udfs.contract_format import CsvSpec
from headrace_udfs.formats import parse_csv, parse_hl7, parse_influx, parse_sparkplug_b, parse_text, parse_xml
from headrace_udfs.formats.avro_documents import AvroParser
from headrace_udfs.formats.cloudevents import DATA, Envelope
from headrace_udfs.formats.documents import Documents, Wanted
from headrace_udfs.formats.json_text import JsonText
from headrace_udfs.formats.parse_json_lines import JsonLines
from headrace_udfs.formats.parse_protobuf import ProtobufParser
from headrace_udfs.formats.parse_registered import RegisteredJson, RegisteredProtobuf
from headrace_udfs.formats.protobuf_schema import ProtobufSchema
from headrace_udfs.formats.wanted import wanted
from headrace_udfs.messages import Headers, Message
from headrace_udfs.schemas import Schemas

Parse = Callable[[bytes, Headers], Documents]
"""Makes documents of a value and the headers of its message. Raises Refused, and RegistryFailed."""


class ContractParser:
    """The parser of a contract's format, in the contract's envelope if it has one."""

    def __init__(self, contract: Contract, schemas: Schemas | None = None) -> None:
        """Set up the parser. Raises ValueError without `schemas` if the format needs them."""
        self._parse = _enveloped(contract, schemas)

    def parse(self, message: Message) -> Documents:
        """See Parser."""
        return self._parse(message.value, message.headers or ())


def _enveloped(contract: Contract, schemas: Schemas | None) -> Parse:
    tree = wanted(contract)
    if contract.envelope is None:
        return _FORMATS[contract.format](contract, tree, schemas)
    inner = _FORMATS[contract.format](contract, tree.get(DATA, {}), schemas)
    return Envelope(inner, json=contract.format == "json").open


def _json(_contract: Contract, _tree: Wanted, _schemas: Schemas | None) -> Parse:
    parser = JsonText()
    return lambda payload, _headers: [parser.parse(payload)]


def _json_lines(_contract: Contract, _tree: Wanted, _schemas: Schemas | None) -> Parse:
    parser = JsonLines()
    return lambda payload, _headers: parser.parse(payload)


def _json_registry(contract: Contract, _tree: Wanted, schemas: Schemas | None) -> Parse:
    parser = RegisteredJson(_needed(contract, schemas))
    return lambda payload, headers: [parser.parse(payload, headers)]


def _text(_contract: Contract, _tree: Wanted, _schemas: Schemas | None) -> Parse:
    return lambda payload, _headers: [parse_text.parse(payload)]


def _csv(contract: Contract, tree: Wanted, _schemas: Schemas | None) -> Parse:
    spec = contract.csv or CsvSpec()
    return lambda payload, _headers: parse_csv.parse(payload, spec.delimiter, spec.columns, tree)


def _influx(_contract: Contract, _tree: Wanted, _schemas: Schemas | None) -> Parse:
    return lambda payload, _headers: parse_influx.parse(payload)


def _xml(_contract: Contract, tree: Wanted, _schemas: Schemas | None) -> Parse:
    return lambda payload, _headers: [parse_xml.parse(payload, tree)]


def _hl7(_contract: Contract, tree: Wanted, _schemas: Schemas | None) -> Parse:
    return lambda payload, _headers: [parse_hl7.parse(payload, tree)]


def _protobuf(contract: Contract, tree: Wanted, _schemas: Schemas | None) -> Parse:
    if contract.descriptors is None or contract.message is None:
        raise ValueError("the contract's schema has not been compiled")
    parser = ProtobufParser(ProtobufSchema(contract.descriptors).message(contract.message), tree)
    return lambda payload, _headers: [parser.parse(payload)]


def _protobuf_registry(contract: Contract, tree: Wanted, schemas: Schemas | None) -> Parse:
    parser = RegisteredProtobuf(_needed(contract, schemas), tree)
    return lambda payload, headers: [parser.parse(payload, headers)]


def _avro(contract: Contract, tree: Wanted, schemas: Schemas | None) -> Parse:
    parser = AvroParser(_needed(contract, schemas), contract, tree)
    return lambda payload, headers: [parser.parse(payload, headers)]


def _sparkplug_b(contract: Contract, _tree: Wanted, _schemas: Schemas | None) -> Parse:
    learns, types = contract.dictionary is not None, contract.learned_type is not None
    return lambda payload, _headers: [parse_sparkplug_b.parse(payload, learns=learns, types=types)]


def _needed(contract: Contract, schemas: Schemas | None) -> Schemas:
    if schemas is None:
        raise ValueError(f"the format {contract.format} needs schemas, but no schema registry is set")
    return schemas


_FORMATS: dict[str, Callable[[Contract, Wanted, Schemas | None], Parse]] = {
    "json": _json,
    "json_lines": _json_lines,
    "json_registry": _json_registry,
    "text": _text,
    "csv": _csv,
    "influx": _influx,
    "xml": _xml,
    "hl7": _hl7,
    "protobuf": _protobuf,
    "protobuf_registry": _protobuf_registry,
    "avro": _avro,
    "sparkplug_b": _sparkplug_b,
}
