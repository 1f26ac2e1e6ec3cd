"""An Avro schema that fits a contract, for the messages of a new job's test case."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from headrace_udfs.contract import Contract
from headrace_udfs.types import QUALITY, TS

_TYPES = {"string": "string", "double": "double", "long": "long", "boolean": "boolean", "timestamp": "string"}
_TIMES = {"epoch_s": "double", "epoch_ms": "double", "epoch_us": "long", "epoch_ns": "long", "iso8601": "string"}


def avro_schema(contract: Contract) -> str:
    """Return an Avro schema, as JSON, that can encode `sample.payload`; a field that is not required may be null."""
    types: dict[str, Any] = {
        name: _TYPES[field.type] if field.required else ["null", _TYPES[field.type]]
        for name, field in contract.fields.items()
    }
    types[TS] = _TIMES[contract.time.unit or "iso8601"]
    if contract.quality:
        types[QUALITY] = "string" if contract.quality.mapping == "names" else "long"
    tree: dict[str, Any] = {}
    for name, kind in types.items():
        *outer, last = map(str, contract.paths[name])
        inside = tree
        for step in outer:
            inside = inside.setdefault(step, {})
        inside[last] = _Leaf(kind)
    return json.dumps(_record(tree, count(1)), indent=2) + "\n"


class _Leaf:
    def __init__(self, kind: Any) -> None:
        self.kind = kind


def _record(tree: dict[str, Any], numbers: count[int]) -> dict[str, Any]:
    fields = []
    for name, node in tree.items():
        kind = node.kind if isinstance(node, _Leaf) else _record(node, numbers)
        default = {"default": None} if isinstance(kind, list) else {}
        fields.append({"name": name, "type": kind, **default})
    return {"type": "record", "name": f"Record{next(numbers)}", "fields": fields}
