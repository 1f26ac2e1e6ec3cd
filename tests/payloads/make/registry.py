"""Golden messages of a schema registry's serializers: Avro, JSON Schema and Protobuf, with the id in front or a GUID.

uv run --no-project --with 'confluent-kafka[avro,json,protobuf]==2.16.1' tests/payloads/make/registry.py

The registry is the stand-in of confluent-kafka; registry/schemas.json has its schemas by id, and their GUIDs.
"""

from __future__ import annotations

import json
from typing import Any

from confluent_kafka.schema_registry import SchemaRegistryClient, header_schema_id_serializer
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from lines import PAYLOADS, body, ts, write

T = 1_764_000_000_123
READINGS = [
    {"tag": "press2.force", "ts": T, "value": -12.5},
    {"tag": "press2.läuft", "ts": T + 1, "value": None},
    {"tag": "press2.count", "ts": T + 2, "value": 0.0},
]
AVRO = {
    "type": "record",
    "name": "Reading",
    "fields": [
        {"name": "tag", "type": "string"},
        {"name": "ts", "type": "long"},
        {"name": "value", "type": ["null", "double"], "default": None},
    ],
}
JSON = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Reading",
    "type": "object",
    "properties": {"tag": {"type": "string"}, "ts": {"type": "integer"}, "value": {"type": ["number", "null"]}},
}


def protobuf_class() -> Any:
    """Return the class of plant.Reading, which has a message in front of it so that its index is not the short 0."""
    file = descriptor_pb2.FileDescriptorProto(name="readings.proto", package="plant", syntax="proto3")
    file.message_type.add(name="Other").field.add(name="x", number=1, type=5, label=1)
    reading = file.message_type.add(name="Reading")
    reading.field.add(name="tag", number=1, type=9, label=1)
    reading.field.add(name="ts", number=2, type=3, label=1)
    reading.oneof_decl.add(name="_value")
    reading.field.add(name="value", number=3, type=1, label=1, proto3_optional=True, oneof_index=0)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("plant.Reading"))


def messages(client: SchemaRegistryClient) -> list[dict[str, Any]]:
    """Return each reading by each serializer, in each framing."""
    reading = protobuf_class()
    made = []
    for framing, conf in (("prefix", {}), ("guid", {"schema.id.serializer": header_schema_id_serializer})):
        pb_conf = {"use.deprecated.format": False, **conf}
        serializers = {
            "avro": (AvroSerializer(client, json.dumps(AVRO), conf=conf), dict),
            "json": (JSONSerializer(json.dumps(JSON), client, conf=conf), dict),
            "protobuf": (ProtobufSerializer(reading, client, pb_conf), lambda row: reading(**row)),
        }
        for kind, (serializer, given) in serializers.items():
            for row in READINGS:
                headers: dict[str, Any] = {}
                context = SerializationContext(f"plant.{kind}", MessageField.VALUE, headers)
                value = serializer(
                    given({k: v for k, v in row.items() if v is not None or kind != "protobuf"}), context
                )
                made.append(
                    {
                        "name": f"{kind}, {framing}",
                        "headers": {name: body(bytes(text)) for name, text in headers.items()} or None,
                        "value": body(value),
                        "readings": [{"tag": row["tag"], "ts": ts(row["ts"]), "value": row["value"]}],
                        "refused": [],
                    }
                )
    return made


if __name__ == "__main__":
    registry = SchemaRegistryClient.new_client({"url": "mock://plant"})
    write("registry", "confluent-kafka 2.16.1", messages(registry))
    schemas = {}
    for subject in registry.get_subjects():
        found = registry.get_latest_version(subject)
        schemas[found.schema_id] = {
            "subject": subject,
            "guid": getattr(found, "guid", None),
            "type": found.schema.schema_type or "AVRO",
            "schema": found.schema.schema_str,
        }
    (PAYLOADS / "registry" / "schemas.json").write_text(json.dumps(schemas, indent=2) + "\n", encoding="utf-8")
