"""Golden messages of Sparkplug B: written by pysparkplug and by npm's sparkplug-payload, each read by the other.

uv run --no-project --with pysparkplug==0.6.1 tests/payloads/make/sparkplug_b.py NODE_HOME

NODE_HOME is a folder in which `npm install sparkplug-payload@1.0.3` has run.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pysparkplug as spb
from lines import body, ts, write
from pysparkplug import DataType, Metric

T = 1_764_000_000_000
NODE, DEVICE = "spBv1.0/Plant1/{}/Edge7", "spBv1.0/Plant1/{}/Edge7/Press2"
NUMBERS: list[tuple[str, DataType, Any]] = [
    ("Int8/low", DataType.INT8, -12),
    ("Int16/low", DataType.INT16, -32768),
    ("Int32/low", DataType.INT32, -2147483648),
    ("Int32/minus one", DataType.INT32, -1),
    ("Int64/low", DataType.INT64, -9007199254740991),
    ("UInt8/high", DataType.UINT8, 255),
    ("UInt16/high", DataType.UINT16, 65535),
    ("UInt32/high", DataType.UINT32, 4294967295),
    ("UInt64/high", DataType.UINT64, 9007199254740991),
    ("Float", DataType.FLOAT, 0.5),
    ("Double", DataType.DOUBLE, -1.25e-3),
    ("Boolean/on", DataType.BOOLEAN, True),
    ("Boolean/off", DataType.BOOLEAN, False),
    ("String", DataType.STRING, "Läuft"),
    ("Text", DataType.TEXT, ""),
]
DISAGREE = (DataType.INT8, DataType.INT16, DataType.UINT32, DataType.INT32_ARRAY, DataType.BYTES)
"""What sparkplug-payload reads in another way than pysparkplug writes it: an Int8 of -12 is 244 for one and 4294967284
for the other, and a UInt32 is in int_value for one and in long_value for the other. Both are in use."""
TOO_LARGE = ("UInt64/over 2^53", DataType.UINT64, 2**64 - 1)


def node(home: str, asked: list[dict[str, Any]]) -> list[Any]:
    """Return what sparkplug_payload.js makes of `asked`."""
    script = Path(__file__).with_name("sparkplug_payload.js")
    given = json.dumps(asked)
    done = subprocess.run(["node", script, home], input=given, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def metric(name: str | None, kind: DataType, value: Any, **more: Any) -> Metric:
    """Return a metric at T unless `more` says otherwise."""
    return Metric(**{"timestamp": T, "name": name, "datatype": kind, "value": value, **more})


def python_messages() -> list[tuple[str, str, Any, list[str | None]]]:
    """Return name, topic, payload and the code of each metric that is refused, None where it is a reading."""
    every = tuple(metric(name, kind, value, alias=i) for i, (name, kind, value) in enumerate([*NUMBERS, TOO_LARGE], 1))
    good: list[str | None] = [None] * len(NUMBERS)
    named = tuple(metric(m.name, m.datatype, m.value) for m in every[:3])
    aliases = (
        metric(None, DataType.DOUBLE, 7.5, alias=11),
        metric("Double", DataType.DOUBLE, 7.5, alias=11),
    )
    flagged = (
        metric("Double", DataType.DOUBLE, 1.5, is_historical=True, timestamp=T - 86_400_000),
        metric("Int32/low", DataType.INT32, None, is_null=True),
        metric("Double", DataType.DOUBLE, 2.5, is_transient=True),
        metric("Double", DataType.DOUBLE, 3.5, timestamp=None),
    )
    other = (
        metric("Bytes", DataType.BYTES, b"\x00\xff"),
        metric("Numbers", DataType.INT32_ARRAY, (1, -2)),
        metric("Double", DataType.DOUBLE, 4.5),
    )
    death = spb.NDeath(timestamp=T, bd_seq_metric=metric("bdSeq", DataType.INT64, 3))
    return [
        ("node birth", NODE.format("NBIRTH"), spb.NBirth(T, 0, every), [*good, "integer_too_large"]),
        ("device birth", DEVICE.format("DBIRTH"), spb.DBirth(T, 1, every[:1]), [None]),
        ("data by name", DEVICE.format("DDATA"), spb.DData(T, 2, named), [None] * 3),
        ("data by alias alone", DEVICE.format("DDATA"), spb.DData(T, 3, aliases), ["unknown_alias", None]),
        ("historical, null, transient, no time", NODE.format("NDATA"), spb.NData(T, 4, flagged), [None] * 4),
        ("bytes and arrays", NODE.format("NDATA"), spb.NData(T, 5, other), ["wrong_type", "wrong_type", None]),
        ("node death", NODE.format("NDEATH"), death, ["no_birth"]),
    ]


def npm_messages() -> list[tuple[str, str, dict[str, Any], list[str | None]]]:
    """Return the same of messages for sparkplug-payload."""

    def m(name: str, kind: str, value: Any, **more: Any) -> dict[str, Any]:
        return {"name": name, "type": kind, "value": value, "timestamp": T, **more}

    quality = {"Quality": {"type": "Int32", "value": 0}, "Unit": {"type": "String", "value": "degC"}}
    good = {"Quality": {"type": "Int32", "value": 192}}
    stale = {"Quality": {"type": "Int32", "value": 500}}
    signed = [
        m(name, kind, -12) for name, kind in (("i8", "Int8"), ("i16", "Int16"), ("i32", "Int32"), ("i64", "Int64"))
    ]
    unsigned = [
        m("u8", "UInt8", 200),
        m("u16", "UInt16", 60000),
        m("u32", "UInt32", 4000000000),
        m("u64", "UInt64", 12),
    ]
    others = [m("f", "Float", 0.25), m("d", "Double", 1e300), m("b", "Boolean", True), m("s", "String", "ok")]
    tables = {"numOfColumns": 1, "columns": ["a"], "types": ["Int32"], "rows": [[1]]}
    template = {"isDefinition": False, "templateRef": "motor", "metrics": [m("speed", "Int32", 5)], "parameters": []}
    nested = [m("table", "DataSet", tables), m("motor", "Template", template), m("after", "Int32", 5)]
    qualities = [
        m("bad", "Double", 1.5, properties=quality),
        m("good", "Double", 1.5, properties=good),
        m("stale", "Double", 1.5, properties=stale),
    ]
    payloads = [
        ("signed, unsigned and other", DEVICE.format("DDATA"), [*signed, *unsigned, *others], [None] * 12),
        ("data set and template", DEVICE.format("DDATA"), nested, ["not_one_value", "not_one_value", None]),
        ("qualities", DEVICE.format("DDATA"), qualities, [None] * 3),
        ("no metrics", DEVICE.format("DDEATH"), [], ["no_birth"]),
    ]
    return [
        (name, topic, {"timestamp": T, "seq": seq, "metrics": metrics}, codes)
        for seq, (name, topic, metrics, codes) in enumerate(payloads)
    ]


def tag(topic: str, name: str) -> str:
    """Return group/node[/device]/metric, the path that Sparkplug's hosts give a metric."""
    _, group, _, *rest = topic.split("/")
    return "/".join([group, *rest, name])


def lines(
    name: str, topic: str, value: bytes, metrics: list[dict[str, Any]], codes: list[str | None]
) -> dict[str, Any]:
    """Return the line of a message, with a reading or a refusal for each metric."""
    readings = [m for m, code in zip(metrics, codes, strict=bool(metrics)) if code is None]
    refused = [{"index": i, "code": code} for i, code in enumerate(codes) if code]
    return {"name": name, "key": topic, "value": body(value), "readings": readings, "refused": refused}


def by_pysparkplug(home: str) -> list[dict[str, Any]]:
    """Return messages of pysparkplug; what they mean is what it was given, as sparkplug-payload reads it too."""
    made = python_messages()
    raw = [payload.encode(include_dtypes=True) for _, _, payload, _ in made]
    seen = node(home, [{"decode": base64.b64encode(each).decode()} for each in raw])
    written = []
    for (name, topic, payload, codes), value, other in zip(made, raw, seen, strict=True):
        metrics = getattr(payload, "metrics", None) or (payload.bd_seq_metric,)
        readings = []
        for m, theirs in zip(metrics, other["metrics"], strict=True):
            if m.datatype not in DISAGREE and m.value != TOO_LARGE[2]:
                assert theirs["value"] == m.value, (m, theirs)
            at = T if m.timestamp is None else m.timestamp
            more = {"quality": "0x808A0000"} if "/NDEATH/" in topic else {}  # BadNotConnected
            readings.append({"tag": tag(topic, m.name or ""), "ts": ts(at), "value": m.value, **more})
        written.append(lines(name, topic, value, readings, codes))
    return written


def by_npm(home: str) -> list[dict[str, Any]]:
    """Return messages of sparkplug-payload; pysparkplug reads most of them alike."""
    made = npm_messages()
    raw = [base64.b64decode(each) for each in node(home, [{"encode": payload} for _, _, payload, _ in made])]
    words = {0: "bad", 192: "good", 500: "0x80310000"}
    written = []
    for (name, topic, payload, codes), value in zip(made, raw, strict=True):
        readings = []
        for m in payload["metrics"]:
            quality = m.get("properties", {}).get("Quality", {}).get("value")
            more = {} if quality is None else {"quality": words[quality]}
            readings.append({"tag": tag(topic, m["name"]), "ts": ts(T), "value": m["value"], **more})
        if name == "qualities":
            theirs = [m.value for m in spb.DData.decode(value).metrics]
            assert theirs == [m["value"] for m in payload["metrics"]], theirs
        written.append(lines(name, topic, value, readings, codes))
    return written


if __name__ == "__main__":
    assert datetime.fromtimestamp(T / 1000, UTC).year == 2025
    write("sparkplug_b", "pysparkplug 0.6.1", by_pysparkplug(sys.argv[1]))
    write("sparkplug_b", "sparkplug-payload 1.0.3", by_npm(sys.argv[1]))
