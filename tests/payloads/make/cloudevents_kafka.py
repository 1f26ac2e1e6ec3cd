"""Golden CloudEvents in Kafka, structured and binary, written by the SDK.

uv run --no-project --with cloudevents==2.2.0 tests/payloads/make/cloudevents_kafka.py
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cloudevents.core.bindings.kafka import KafkaMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from lines import body, write

AT = datetime(2025, 11, 24, 16, 0, 0, 123000, tzinfo=UTC)
EVENTS: list[tuple[str, str, Any]] = [
    ("a number", "press2/temperature", 21.5),
    ("a negative number", "press2/valve", -12),
    ("a word", "press2/mode", "Läuft"),
    ("a truth value", "press2/running", False),
]


def line(name: str, message: KafkaMessage, subject: str, value: Any) -> dict[str, Any]:
    """Return the line of a message that says `value` of `subject`."""
    key = message.key.decode() if isinstance(message.key, bytes) else message.key
    headers = {header: text.decode() for header, text in message.headers.items()}
    reading = {"tag": f"/plant1/{subject}", "ts": AT.isoformat(timespec="microseconds"), "value": value}
    text = message.value.decode()
    return {"name": name, "key": key, "headers": headers, "value": body(text), "readings": [reading], "refused": []}


def messages() -> list[dict[str, Any]]:
    """Return each event in binary and in structured mode."""
    made = []
    for number, (name, subject, value) in enumerate(EVENTS):
        attributes = {
            "id": str(number),
            "type": "plant.reading",
            "source": "/plant1",
            "subject": subject,
            "time": AT,
            "datacontenttype": "application/json",
            "partitionkey": subject,
        }
        event = CloudEvent(attributes=attributes, data={"value": value})
        made.append(line(f"{name}, binary", to_binary(event, JSONFormat()), subject, value))
        made.append(line(f"{name}, structured", to_structured(event, JSONFormat()), subject, value))
    return made


if __name__ == "__main__":
    write("cloudevents", "cloudevents 2.2.0", messages())
