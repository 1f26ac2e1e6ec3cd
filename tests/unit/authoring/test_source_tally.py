"""What `source check` counts of the messages of a sample."""

from __future__ import annotations

import json
from typing import Literal

import pytest

from headrace.authoring.sources.decoding import tally
from headrace.environment.kafka_sample import Record
from headrace_udfs.contract import Contract

NOW_MS = 1_700_000_000_000


@pytest.mark.parametrize(("no_rows", "refused"), [("dead_letter", {"no_readings": 1}), ("mark", {})])
def test_a_message_that_may_be_without_rows_is_not_refused(
    no_rows: Literal["dead_letter", "mark"], refused: dict[str, int]
) -> None:
    reads = Contract.model_validate({
        "description": "d", "topic": "t", "key": "tag", "rows": "metrics[]", "no_rows": no_rows,
        "fields": {"tag": {"type": "string", "required": True}}, "time": {"from": "record_time"},
    })  # fmt: skip
    messages = [{"metrics": [{"tag": "a"}, {"tag": "b"}]}, {"metrics": []}]
    found = tally(
        reads, [Record("t", 0, n, NOW_MS, None, (), json.dumps(each).encode()) for n, each in enumerate(messages)]
    )
    assert dict(found.codes) == refused
    assert found.good == 2
