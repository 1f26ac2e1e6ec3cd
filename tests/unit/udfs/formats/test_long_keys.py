"""A key or headers that the reader of Kafka has cut are not read as what is left of them."""

from __future__ import annotations

import pytest

from headrace_udfs.contract import Contract
from headrace_udfs.formats.rows.around import CUT, LONGEST
from headrace_udfs.messages import Headers, Messages
from headrace_udfs.pipeline import Pipeline

TIME = "1700000000000"


@pytest.mark.parametrize("place", [{"from": "key"}, {"from": "header", "header": "site"}])
@pytest.mark.parametrize("required", [True, False])
def test_a_message_with_a_cut_key_or_cut_headers_is_refused_where_they_are_read(
    place: dict[str, str], *, required: bool
) -> None:
    contract = Contract.model_validate(
        {
            "description": "Readings.",
            "topic": "plant.readings",
            "fields": {
                "tag": {"type": "string", "required": True},
                "site": {**place, "type": "string", "required": required},
            },
            "time": {"path": "ts", "unit": "epoch_ms"},
            "key": "tag",
        }
    )
    pipeline = Pipeline(contract)
    pipeline.open(lambda *_: None)
    keys = [b"k" * LONGEST, b"k" * (LONGEST + 1), None]
    headers: list[Headers] = [[("site", b"s")], [(CUT, None)], []]
    messages = Messages([b'{"tag":"a","ts":%s}' % TIME.encode()] * 3, keys, headers, "plant.readings")
    rows = pipeline.run(messages)
    codes = rows.batch.column("err_code").to_pylist()
    assert codes == [None, "payload_too_large", "missing_field" if required else None]
    assert "65,536 bytes" in rows.batch.column("err_msg")[1].as_py()
    assert rows.batch.column("site")[0].as_py() == ("s" if "header" in place else "k" * LONGEST)
