"""What a message of Sparkplug is in the session of its node, and what births and deaths end."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from headrace_udfs import sparkplug_sessions as sessions
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault
from headrace_udfs.sparkplug_sessions import Front, Nodes, Role, Session

T = 1_764_000_000_000
KEYS: dict[str, Any] = {
    "description": "Metrics.",
    "topic": "plant.sparkplug",
    "format": "sparkplug_b",
    "rows": "metrics[]",
    "fields": {
        "tag": {"path": "name", "type": "string", "required": True},
        "node": {"from": "key", "type": "string"},
        "alias": {"type": "long"},
    },
    "time": {"from": "record_time"},
    "key": "tag",
    "dictionary": {"by": ["node", "alias"], "gives": ["tag"], "sessions": {"from": "key"}},
}


@pytest.mark.parametrize(
    ("topic", "role"),
    [
        ("spBv1.0/P/NBIRTH/E", Role("NBIRTH", "P/E", "")),
        ("spBv1.0/P/DDEATH/E/Press", Role("DDEATH", "P/E", "Press")),
        ("spBv1.0/P/NDATA/E/Press", None),  # a node's message has no device
        ("spBv1.0/P/DDATA/E", None),
        ("spBv1.0/P/NCMD/E", None),
        ("spBv1.0/STATE/host", None),
        ("spAv1.0/P/NBIRTH/E", None),
        ("", None),
        (None, None),
    ],
)
def test_the_topic_says_what_a_message_is(topic: str | None, role: Role | None) -> None:
    assert sessions.role(topic) == role


@pytest.mark.parametrize("payload", [None, b"", b"\xff", b"{}"])
def test_what_is_no_payload_has_no_place_in_a_session(payload: bytes | None) -> None:
    assert sessions.front(payload, of_node=True) is None


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        ("NDEATH", T - 3_600_000, T),  # written when the node connected
        ("DDEATH", T - 3_600_000, T - 3_600_000),
        ("DDEATH", None, T),
        ("DDEATH", 0, T),  # before the contract's earliest
        ("DDEATH", T + 10**9, T),  # after its latest
        ("DDEATH", 2**63, T),
    ],
)
def test_the_time_of_a_death(kind: str, said: int | None, expected: int) -> None:
    payload = sessions._message()(timestamp=said).SerializeToString() or b"\x18\x00"
    topic = f"spBv1.0/P/{kind}/E" + ("/Press" if kind[0] == "D" else "")
    found = sessions.session(Contract.model_validate(KEYS), topic, payload, [], T)
    assert found
    assert found.time_ms == expected


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"format": "json"}, "sessions are those of edge nodes of Sparkplug, which json is not"),
        (
            {"dictionary": {**KEYS["dictionary"], "sessions": {"path": "topic"}}},
            "reads the MQTT topic around the message",
        ),
        ({"dictionary": {**KEYS["dictionary"], "sessions": {}}}, "reads the MQTT topic around the message"),
    ],
)
def test_sessions_that_cannot_be_followed_are_refused(change: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        Contract.model_validate({**KEYS, **change})


def message(
    kind: str, names: tuple[str, ...] = (), *, device: str = "", seq: int | None = None, bd: int = 1
) -> Session:
    front = Front(T, seq, bd if kind[0] == "N" else None)
    return Session(Role(kind, "P/E", device), front, names if kind.endswith("BIRTH") else None, T)


NAMES = st.lists(st.sampled_from("abcd"), max_size=4, unique=True).map(tuple)
MESSAGES = st.lists(
    st.builds(message, st.sampled_from(["NBIRTH", "NDEATH"]), NAMES, bd=st.integers(0, 1))
    | st.builds(message, st.sampled_from(["DBIRTH", "DDEATH"]), NAMES, device=st.sampled_from(["X", "Y"])),
    max_size=20,
)


@given(MESSAGES)
def test_a_tag_ends_if_and_only_if_it_was_alive(messages: list[Session]) -> None:
    nodes, alive = Nodes(), dict[str, set[str]]()
    session: int | None = None
    for each in messages:
        kind, _, device = each.role
        ended = [what for _, what in nodes.next(each, 0, 0)]
        tags = [what for what in ended if isinstance(what, str)]
        codes = [what.code for what in ended if isinstance(what, Fault)]
        if kind == "NDEATH" and session is not None and each.front.session != session:
            assert (tags, codes) == ([], [Code.OTHER_SESSION])
            continue
        session = each.front.session if kind == "NBIRTH" else session
        parts = [*alive] if kind == "NDEATH" else [device]
        before = sorted(tag for part in parts for tag in alive.get(part, ()))
        for part in parts:
            alive.pop(part, None)
        if each.names is not None:
            alive[device] = {*each.names}
        assert sorted(tags) == sorted(tag for tag in before if tag not in (each.names or ()))
        assert codes == ([Code.NO_BIRTH] if kind.endswith("DEATH") and not before else [])


@given(st.lists(st.sampled_from([0, 1, 2, 254, 255]), min_size=2, max_size=8))
@example([254, 255, 0, 1])
def test_a_gap_is_told_where_a_number_does_not_follow(numbers: list[int]) -> None:
    nodes = Nodes()
    told = [bool([*nodes.next(message("NDATA", seq=seq), 0, 0)]) for seq in numbers]
    assert told == [False, *(after != (before + 1) % 256 for before, after in pairwise(numbers))]
