"""A contract's places become the tree of keys that parsers need to know."""

from __future__ import annotations

from typing import Any

import pytest

from headrace_udfs.contract import Contract
from headrace_udfs.formats.wanted import wanted


def tree(rows: Any = None, value: Any = "value", **changes: Any) -> Any:
    fields = {"tag": {"path": "tag", "type": "string", "required": True}, "value": {"path": value, "type": "double"}}
    return wanted(
        Contract.model_validate(
            {
                "description": "Readings.",
                "topic": "t",
                "fields": fields,
                "time": {"path": "ts", "unit": "epoch_ms"},
                "key": "tag",
                **({"rows": rows} if rows else {}),
                **changes,
            }
        )
    )


@pytest.mark.parametrize(
    ("rows", "value", "expected"),
    [
        (None, "a.b", {"tag": {}, "ts": {}, "a": {"b": {}}}),
        (None, "a[0].b", {"tag": {}, "ts": {}, "a": {"[]": {"b": {}}}}),
        ("[]", "a", {"[]": {"tag": {}, "ts": {}, "a": {}}}),
        ("m[]", "^.a", {"m": {"[]": {"tag": {}, "ts": {}}}, "a": {}}),
        ("m[].p.*", "^.a", {"m": {"[]": {"p": {"*": {"tag": {}, "ts": {}}}, "a": {}}}}),
        ("m[].p.*", "^.^.a.b", {"m": {"[]": {"p": {"*": {"tag": {}, "ts": {}}}}}, "a": {"b": {}}}),
        ("v.*", "^.u.{member}", {"v": {"*": {"tag": {}, "ts": {}}}, "u": {"*": {}}}),
        ("{a, b}.*", "x", {n: {"*": {"tag": {}, "ts": {}, "x": {}}} for n in "ab"}),
    ],
)
def test_paths_are_read_from_where_they_begin(rows: str | None, value: str, expected: Any) -> None:
    assert tree(rows, value) == expected


def test_every_place_of_a_contract_counts() -> None:
    found = tree(
        time={"first": ["a", {"from": "record_time"}], "unit": "epoch_s", "nanos": "n.o"},
        quality={"path": "q", "mapping": "opcua"},
        fields={"tag": {"join": ["x", {"from": "key"}, "y.z"], "type": "string", "required": True}},
    )
    assert found == {"x": {}, "y": {"z": {}}, "a": {}, "n": {"o": {}}, "q": {}}


def test_the_rows_are_read_also_if_nothing_in_them_is() -> None:
    assert tree(
        "m[]", ".", time={"from": "record_time"}, fields={"tag": {"from": "key", "type": "string", "required": True}}
    ) == {"m": {"[]": {}}}
