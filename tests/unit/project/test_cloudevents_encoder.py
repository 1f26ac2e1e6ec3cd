"""What the SDK of CloudEvents writes to Kafka is what is read: structured and binary, with data or without."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from headrace.authoring.sources import decoding
from headrace.environment.kafka_sample import Record
from headrace.project import source_files
from headrace_udfs.contract import Contract

EXACT = 2**53
NOW_MS = 1_764_000_000_000
CONTRACT = """
description: Events
topic: plant.events
format: json
envelope: cloudevents
fields:
  tag: {join: [source, {path: subject, optional: true}], separator: "|", type: string, required: true}
  kind: {path: type, type: string}
  line: {path: line, type: string}
  media: {path: datacontenttype, type: string}
  value: {path: data.value, type: double, types: [number, boolean]}
  text: {path: data.value, type: string, types: [string]}
time: {path: time, unit: iso8601}
key: tag
"""


@cache
def contract() -> Contract:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.yaml"
        file.write_text(CONTRACT)
        return source_files.of_file(file)


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)
VALUES = st.one_of(
    st.none(), st.booleans(), TEXTS, st.integers(-EXACT, EXACT), st.floats(allow_nan=False, allow_infinity=False)
)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2025, 11, 24), timezones=ZONES)
MEDIA = st.sampled_from([None, "application/json", "application/vnd.plant+json; charset=utf-8", "text/json"])


@st.composite
def events(draw: st.DrawFn) -> CloudEvent:
    attributes = {
        "id": draw(TEXTS),
        "source": draw(TEXTS),
        "type": draw(TEXTS),
        "time": draw(TIMES),
        "subject": draw(st.none() | TEXTS),
        "line": draw(st.none() | TEXTS),
        "datacontenttype": draw(MEDIA),
    }
    data: dict[str, Any] | None = draw(st.none() | st.fixed_dictionaries({"value": VALUES}))
    sent = json.dumps(data).encode() if data and draw(st.booleans()) else data  # bytes are base64 if structured
    return CloudEvent({name: value for name, value in attributes.items() if value is not None}, sent)


def expected(event: CloudEvent) -> dict[str, Any]:
    sent: Any = event.get_data()
    value = (json.loads(sent) if isinstance(sent, bytes) else sent or {}).get("value")
    is_text = isinstance(value, str)
    subject, time = event.get_subject(), event.get_time()
    return {
        "tag": event.get_source() if subject is None else f"{event.get_source()}|{subject}",
        "kind": event.get_type(),
        "line": event.get_extension("line"),
        "media": event.get_datacontenttype(),
        "value": None if is_text or value is None else float(value),
        "text": value if is_text else None,
        "ts": time and time.astimezone(UTC),
    }


@given(events())
def test_what_an_encoder_writes_is_what_is_read(event: CloudEvent) -> None:
    for message in (kafka.to_binary_event(event), kafka.to_structured_event(event)):
        record = Record("plant.events", 0, 0, NOW_MS, None, tuple(message.headers.items()), message.value)
        found = decoding.tally(contract(), [record])
        assert found.examples == {}
        (row,) = found.rows
        assert {name: row[name] for name in expected(event)} == expected(event)
