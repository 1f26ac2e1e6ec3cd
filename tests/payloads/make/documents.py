"""Golden messages in the shapes that products' own documents describe; the values are ours.

python tests/payloads/make/documents.py

README.md names the documents. Of some, go.py has messages of an encoder as well.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

from lines import body, write

MS = 1_764_000_000_123
AT = "2025-11-24T16:00:00.123000+00:00"
SECOND = "2025-11-24T16:00:00.000000+00:00"
Line = dict[str, Any]


def reading(tag: str, value: Any, quality: str = "good", ts: str = AT) -> Line:
    """Return a reading as readings.jsonl has it."""
    return {"tag": tag, "ts": ts, "value": value, "quality": quality}


def line(name: str, value: Any, readings: list[Line], refused: dict[int, str] | None = None, **more: Any) -> Line:
    """Return a message with what it means.

    refused: the code of each refused row, by its number in the message. contract: what a contract says otherwise than
    the preset.
    """
    codes = [{"index": index, "code": code} for index, code in (refused or {}).items()]
    return {"name": name, "value": value, "readings": readings, "refused": codes, **more}


FLOW = reading("modbus/fast/flow", None, "bad")


def kepware() -> Iterator[Line]:
    """PTC Kepware IoT Gateway, standard template."""
    yield line(
        "good and bad",
        {
            "timestamp": MS + 50,
            "values": [
                {"id": "Channel1.Press2.Force", "v": -12.5, "q": True, "t": MS},
                {"id": "Channel1.Press2.Count", "v": 42, "q": True, "t": MS},
                {"id": "Channel1.Press2.Running", "v": False, "q": True, "t": MS},
                {"id": "Channel1.Press2.Mode", "v": "Läuft", "q": True, "t": MS},
                {"id": "Channel1.Press2.Temp", "v": 0, "q": False, "t": MS},
            ],
        },
        [
            reading("Channel1.Press2.Force", -12.5),
            reading("Channel1.Press2.Count", 42),
            reading("Channel1.Press2.Running", False),
            reading("Channel1.Press2.Mode", "Läuft"),
            reading("Channel1.Press2.Temp", 0, "bad"),
        ],
    )
    yield line(
        "one row of three is bad",
        {
            "timestamp": MS,
            "values": [
                {"id": "a", "v": 1.5, "q": True, "t": MS},
                {"id": "b", "v": 1.5, "q": True},
                {"id": "c", "v": None, "q": False, "t": MS},
            ],
        },
        [reading("a", 1.5), reading("c", None, "bad")],
        {1: "time_missing"},
    )
    yield line("no values", {"timestamp": MS, "values": []}, [], {0: "no_readings"})


def neuron() -> Iterator[Line]:
    """EMQX Neuron, values format."""
    head = {"timestamp": MS, "node": "modbus", "group": "fast"}
    readings = [reading("modbus/fast/level", 1.5), reading("modbus/fast/on", True), reading("modbus/fast/text", "ok")]
    values = {"level": 1.5, "on": True, "text": "ok"}
    yield line("values format", {**head, "values": values, "errors": {"flow": 2014}, "metas": {}}, [*readings, FLOW])
    yield line("values format without errors", {**head, "values": values, "errors": {}, "metas": {}}, readings)


def neuron_tags() -> Iterator[Line]:
    """EMQX Neuron, tags format."""
    sent: list[Line] = [
        {"name": "level", "value": 1.5},
        {"name": "on", "value": True},
        {"name": "text", "value": "ok"},
        {"name": "flow", "error": 2014},
    ]
    readings = [reading("modbus/fast/level", 1.5), reading("modbus/fast/on", True), reading("modbus/fast/text", "ok")]
    yield line("tags format", {"timestamp": MS, "node": "modbus", "group": "fast", "tags": sent}, [*readings, FLOW])


def umh() -> Iterator[Line]:
    """United Manufacturing Hub: the key is the topic's path."""
    key = "umh.v1.acme.cologne.packaging._historian.head.temperature"
    for name, value in (("number", 21.5), ("whole number", -7), ("truth value", True), ("text", "running")):
        yield line(name, {"value": value, "timestamp_ms": MS}, [reading(key, value)], key=key)


def raw() -> Iterator[Line]:
    """A bridge that takes an MQTT topic as key and the body as it is; the time is the record's."""
    key = "plant/press2/force"
    for text, value in (("21.5", 21.5), ("-12", -12), ("1e3", 1000.0), ("true", "true"), ("Läuft", "Läuft"), ("0", 0)):
        yield line(text, body(text), [reading(key, value)], key=key, time=AT)
    yield line("empty", body(""), [], {0: "empty_payload"}, key=key, time=AT)


def telegraf() -> Iterator[Line]:
    """InfluxData Telegraf, JSON serializer, one metric and a batch; times are seconds by default."""
    metric = {
        "name": "modbus",
        "tags": {"host": "edge1", "slave": "7"},
        "fields": {"level": 0.5, "count": -3, "on": True, "mode": "hand"},
        "timestamp": 1_764_000_000,
    }
    readings = [reading(f"edge1/7/modbus/{name}", value, ts=SECOND) for name, value in metric["fields"].items()]
    yield line("one metric", metric, readings)
    batch = {"rows": "metrics[].fields.*"}
    yield line("batch", {"metrics": [metric, metric]}, readings * 2, contract=batch)


def aws_sitewise() -> Iterator[Line]:
    """AWS IoT SiteWise, notification of property values."""

    def value(typed: Line, quality: str = "GOOD", nanos: int = 123_456_789) -> Line:
        return {
            "timestamp": {"timeInSeconds": 1_764_000_000, "offsetInNanos": nanos},
            "quality": quality,
            "value": typed,
        }

    at = "2025-11-24T16:00:00.123456+00:00"
    values = [
        (value({"doubleValue": -0.5}), reading("a1/p1", -0.5, ts=at)),
        (value({"integerValue": 7}, "UNCERTAIN"), reading("a1/p1", 7, "uncertain", at)),
        (value({"booleanValue": False}), reading("a1/p1", False, ts=at)),
        (value({"stringValue": "hand"}), reading("a1/p1", "hand", ts=at)),
        (value({"nullValue": {"valueType": "D"}}, "BAD"), reading("a1/p1", None, "bad", at)),
        (value({"doubleValue": 1.5}, nanos=0), reading("a1/p1", 1.5, ts=SECOND)),
    ]
    update = {"assetId": "a1", "propertyId": "p1", "values": [sent for sent, _ in values]}
    yield line("every type", {"type": "PropertyValueUpdate", "payload": update}, [meant for _, meant in values])


def azure_iot_operations() -> Iterator[Line]:
    """Azure IoT Operations, connector for OPC UA: a map of tags, CloudEvents in the headers."""
    headers = {"id": "1", "specversion": "1.0", "type": "ua-keyframe", "source": "urn:opcplc", "subject": "thermostat"}
    at, ours = "2025-11-24T16:00:00.1234567Z", "2025-11-24T16:00:00.123456+00:00"
    yield line(
        "values with and without status",
        {
            "temperature": {"SourceTimestamp": at, "Value": -4.5},
            "Tag 10": {"SourceTimestamp": at, "Value": 4559, "StatusCode": {"Code": 0x40900000, "Symbol": "x"}},
            "mode": {"SourceTimestamp": at, "Value": "hand"},
            "lost": {"SourceTimestamp": at, "Value": None, "StatusCode": {"Code": 0x80310000}},
        },
        [
            reading("thermostat/temperature", -4.5, ts=ours),
            reading("thermostat/Tag 10", 4559, "0x40900000", ours),
            reading("thermostat/mode", "hand", ts=ours),
            reading("thermostat/lost", None, "0x80310000", ours),
        ],
        key="azure-iot-operations/data/thermostat",
        headers=headers,
    )


def siemens_industrial_edge() -> Iterator[Line]:
    """Siemens Industrial Edge, Common Databus Payload Format: the ids are those of the metadata message."""
    at = "2025-11-24T16:00:00.123Z"
    sent = [
        {"id": "101", "qc": 3, "ts": at, "val": 21.5},
        {"id": "102", "qc": 0, "ts": at, "val": 0},
        {"id": "103", "qc": 1, "qx": 96, "ts": at, "val": "12"},
        {"id": "104", "qc": 2, "ts": at, "val": True},
    ]
    path = "s7c1/PLC1/default"
    yield line(
        "qualities 0 to 3, a number as text",
        {"seq": 4, "vals": sent},
        [
            reading(f"{path}/101", 21.5),
            reading(f"{path}/102", 0, "bad"),
            reading(f"{path}/103", 12, "uncertain"),
            reading(f"{path}/104", True, "good"),
        ],
        key="ie/d/j/simatic/v1/s7c1/dp/r/PLC1/default",
    )


def siemens_industrial_edge_named() -> Iterator[Line]:
    """The same with the metadata message of a connector, which comes before the data."""
    at, topic = "2025-11-24T16:00:00.123Z", "ie/d/j/simatic/v1/s7c1/dp/r/PLC1/default"
    points = [
        {"name": "Temperature", "id": "101", "dataType": "Real"},
        {"name": "Running", "id": "102", "dataType": "Bool"},
    ]
    collection = {"name": "default", "topic": topic, "publishType": "bulk", "dataPointDefinitions": points}
    metadata = {
        "seq": 1,
        "hashVersion": 2,
        "applicationName": "SIMATIC S7 Connector",
        "statustopic": "ie/s/j/simatic/v1/s7c1/status",
        "connections": [{"name": "PLC1", "type": "S7+", "dataPoints": [collection]}],
    }
    yield line("metadata: names, no readings", metadata, [], key="ie/m/j/simatic/v1/s7c1/dp")
    sent = [{"id": "101", "qc": 3, "ts": at, "val": 21.5}, {"id": "102", "qc": 0, "ts": at, "val": 0}]
    without = dict.fromkeys(range(2), "unknown_alias")
    yield line("data whose metadata is not there", {"seq": 4, "vals": sent}, [], without, key=topic)


def pi_web_api() -> Iterator[Line]:
    """AVEVA PI Web API, messages of a channel: streams with their values."""

    def item(value: Any, good: bool = True, questionable: bool = False) -> Line:
        flags = {"Good": good, "Questionable": questionable, "Substituted": False, "Annotated": False}
        return {"Timestamp": "2025-11-24T16:00:00.1234567Z", "UnitsAbbreviation": "m", **flags, "Value": value}

    at = "2025-11-24T16:00:00.123456+00:00"
    path = "\\\\Plant\\Line\\Tank|Level"
    values = [
        (item(12.3), reading(path, 12.3, ts=at)),
        (item(-1, questionable=True), reading(path, -1, "uncertain", at)),
        (item("open"), reading(path, "open", ts=at)),
        (item({"Name": "Running", "Value": 1, "IsSystem": False}), reading(path, "Running", ts=at)),
        (
            item({"Name": "I/O Timeout", "Value": 246, "IsSystem": True}, good=False),
            reading(path, "I/O Timeout", "bad", at),
        ),
    ]
    stream = {"WebId": "F1AbE", "Name": "Level", "Path": path, "Links": {}, "Items": [sent for sent, _ in values]}
    yield line("numbers and states", {"Links": {}, "Items": [stream]}, [meant for _, meant in values])


def omf() -> Iterator[Line]:
    """AVEVA OMF 1.2: data messages, and the others of the same topic."""

    def headers(kind: str, action: str = "create", **more: str) -> Line:
        return {"messagetype": kind, "messageformat": "json", "omfversion": "1.2", "action": action, **more}

    at = "2025-11-24T16:00:00.123Z"
    values = [{"Time": at, "Pressure": 1.5, "State": "open"}, {"Time": "2025-11-24T16:00:00Z", "Pressure": -2}]
    yield line(
        "two times of one container",
        [{"containerid": "Tank1", "values": values}, {"containerid": "Tank2", "values": [{"Time": at, "On": False}]}],
        [
            reading("Tank1.Pressure", 1.5),
            reading("Tank1.State", "open"),
            reading("Tank1.Pressure", -2, ts=SECOND),
            reading("Tank2.On", False),
        ],
        headers=headers("data"),
    )
    sent = [{"containerid": "Tank1", "values": [{"Timestamp": at, "Pressure": 1.5}]}]
    packed = gzip.compress(json.dumps(sent).encode(), mtime=0)
    read = [reading("Tank1.Pressure", 1.5)]
    yield line("compressed, another index", body(packed), read, headers=headers("data", "update", compression="gzip"))
    yield line("a deletion", sent, [], {0: "unknown_quality"}, headers=headers("data", "delete"))
    pressure = {"type": "number", "format": "float64", "uom": "bar"}
    properties = {"Time": {"type": "string", "format": "date-time", "isindex": True}, "Pressure": pressure}
    kind = {"id": "Tank", "type": "object", "classification": "dynamic", "properties": properties}
    yield line("a type", [kind], [], {0: "no_readings"}, headers=headers("type"))
    both = [{"id": "Tank1", "typeid": "Tank"}, {"id": "Tank2", "typeid": "Tank", "propertyoverrides": {}}]
    yield line("containers", both, [], {0: "no_readings", 1: "no_readings"}, headers=headers("container"))
    assets = [{"typeid": "Plant", "values": [{"PlantId": "WTP1", "PlantName": "North"}]}]
    static = {0: "missing_field", 1: "missing_field"}
    yield line(
        "static data and data", [*assets, *sent], [reading("Tank1.Pressure", 1.5)], static, headers=headers("data")
    )


def mtconnect() -> Iterator[Line]:
    """MTConnect.NET, observations of its MQTT adapter."""
    at = "2025-11-24T16:00:00.123Z"

    def observation(key: str, **values: str) -> Line:
        return {"dataItemKey": key, "values": values}

    observations = [
        observation("Xpos", result="-12.5"),
        observation("execution", result="ACTIVE"),
        observation("program", result="UNAVAILABLE"),
        observation("coolant", level="FAULT", nativeCode="404", result="low"),
    ]
    yield line(
        "samples, events and a condition",
        [{"timestamp": at, "observations": observations}],
        [
            reading("mill1/Xpos", -12.5),
            reading("mill1/execution", "ACTIVE"),
            reading("mill1/program", "UNAVAILABLE", "bad"),
            reading("mill1/coolant", "FAULT"),
        ],
        key="mill1",
    )


def thingsboard() -> Iterator[Line]:
    """ThingsBoard telemetry with times of its own; the key is the device."""
    values = {"temperature": -1.5, "on": True, "mode": "hand", "count": 7}
    readings = [reading(f"pump7/{name}", value) for name, value in values.items()]
    later = [reading("pump7/count", 8, ts=SECOND)]
    yield line("one time", {"ts": MS, "values": values}, readings, key="pump7")
    both = [{"ts": MS, "values": values}, {"ts": MS - 123, "values": {"count": 8}}]
    yield line("an array of times", both, readings + later, key="pump7", contract={"rows": "[].values.*"})


def edgex() -> Iterator[Line]:
    """EdgeX Foundry, events of version 3: values are texts, times nanoseconds."""

    def sent(name: str, kind: str, value: str, origin: int = MS * 1_000_000 + 456_789) -> Line:
        head = {"id": "d8", "origin": origin, "deviceName": "Boiler1", "profileName": "Boiler"}
        return {**head, "resourceName": name, "valueType": kind, "value": value}

    at = "2025-11-24T16:00:00.123456+00:00"
    readings = [
        (sent("Temperature", "Float64", "2.150000e+01"), reading("Boiler1/Temperature", 21.5, ts=at)),
        (sent("Count", "Int16", "-12"), reading("Boiler1/Count", -12, ts=at)),
        (sent("Running", "Bool", "false"), reading("Boiler1/Running", "false", ts=at)),
        (sent("Mode", "String", "hand"), reading("Boiler1/Mode", "hand", ts=at)),
    ]
    head = {"apiVersion": "v3", "id": "e1", "deviceName": "Boiler1", "profileName": "Boiler", "sourceName": "All"}
    event = {**head, "origin": MS * 1_000_000, "readings": [each for each, _ in readings]}
    yield line("event", event, [meant for _, meant in readings])


if __name__ == "__main__":
    for preset in (
        kepware,
        neuron,
        neuron_tags,
        umh,
        raw,
        telegraf,
        aws_sitewise,
        azure_iot_operations,
        siemens_industrial_edge,
        siemens_industrial_edge_named,
        pi_web_api,
        omf,
        mtconnect,
        thingsboard,
        edgex,
    ):
        write(preset.__name__, "the product's documents", preset())
