"""The stream of sessions: the columns of a row per message, and which rows of the messages are no readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import Positions
from headrace_udfs.contract import Contract
from headrace_udfs.dictionary import MQTT
from headrace_udfs.faults import Code
from headrace_udfs.messages import Messages
from headrace_udfs.packs import times
from headrace_udfs.pipeline import CODE
from headrace_udfs.places import is_around
from headrace_udfs.sparkplug_sessions import (
    BIRTHS,
    DEATHS,
    EPOCH,
    MILLISECOND,
    NODE_DEATH,
    SEQUENCE,
    STALE,
    Session,
    role,
    session,
)
from headrace_udfs.stream_types import ORIGIN, TYPES, StreamType, Types
from headrace_udfs.types import ARROW, QUALITY, TS


def around(contract: Contract) -> list[str]:
    """Return the fields that a tag has without its metric: those that are read around the message."""
    sources = contract.sources
    columns = contract.columns
    return [n for n in contract.fields if n in columns and n != contract.key and is_around(sources[n])]


def types(contract: Contract) -> Types:
    """Return the columns of the stream of sessions. src_first: the number of the first row that none of it has."""
    return {
        "src_kind": StreamType(pa.string(), "STRING NOT NULL"),
        "src_node": StreamType(pa.string(), "STRING NOT NULL"),
        "src_device": StreamType(pa.string(), "STRING NOT NULL"),
        "src_seq": TYPES["long"],
        "src_session": TYPES["long"],
        "src_names": StreamType(pa.list_(pa.field("element", pa.string())), "ARRAY<STRING>"),
        "src_time": StreamType(ARROW["timestamp"], "TIMESTAMP_LTZ(6) NOT NULL"),
        "src_first": StreamType(pa.int32(), "INT NOT NULL"),
        **{name: TYPES[contract.fields[name].type] for name in around(contract)},
        **ORIGIN,
    }


def _columns(contract: Contract, sessions: Sequence[Session], firsts: Sequence[int]) -> Mapping[str, pa.Array]:
    """Return the columns that come from the messages themselves."""
    kinds = types(contract)
    values: dict[str, list[Any]] = {
        "src_kind": [each.role.kind for each in sessions],
        "src_node": [each.role.node for each in sessions],
        "src_device": [each.role.device for each in sessions],
        "src_seq": [
            each.front.seq if each.front.seq is None or each.front.seq < SEQUENCE else None for each in sessions
        ],
        "src_session": [each.front.session for each in sessions],
        "src_names": [each.names for each in sessions],
        "src_first": list(firsts),
    }
    found = {name: pa.array(each, kinds[name].arrow) for name, each in values.items()}
    times = pa.array([each.time_ms * 1000 for each in sessions], pa.int64())
    return {**found, "src_time": times.view(ARROW["timestamp"])}


def ended_columns(contract: Contract, given: Mapping[str, Any], tag: str, message: Session) -> dict[str, Any]:
    """Return the reading of a tag that ended. given: the fields that are read around the message."""
    micros = EPOCH + message.time_ms * MILLISECOND
    nulls = dict.fromkeys(contract.columns)
    own = {name: given[name] for name in around(contract)}
    return {**nulls, **own, contract.key: tag, TS: micros.replace(tzinfo=None), QUALITY: STALE}


class SessionRows:
    """The sessions of some messages.

    message: the position of each message that has one, ascending. sessions: theirs. dropped: which rows of the messages
    are neither readings nor dead letters: what a node's death holds, and that the death of a device holds nothing.
    """

    def __init__(self, contract: Contract, messages: Messages, of: Positions, columns: Mapping[str, pa.Array]) -> None:
        """Read the sessions. of: the message of each row; columns: those of the rows."""
        self._contract = contract
        starts = np.searchsorted(of, np.arange(len(messages)))
        ends = np.append(starts[1:], len(of))
        topics = columns[MQTT].take(pa.array(starts)).to_pylist()
        codes, millis = columns[CODE], times(messages)
        self.dropped = np.zeros(len(of), bool)
        self.message: list[int] = []
        self.sessions: list[Session] = []
        self._firsts: list[int] = []
        for position, topic in enumerate(topics):
            rows = slice(int(starts[position]), int(ends[position]))
            found = self._session(topic, messages.values[position], columns, rows, int(millis[position]))
            if found is None or codes[rows.start].as_py() == Code.UDF_FAILED:
                continue
            self.message.append(position)
            self.sessions.append(found)
            if found.role.kind in DEATHS:
                self.dropped[rows] = [*_dropped(found, codes[rows].to_pylist())]
            self._firsts.append(rows.stop - rows.start)

    def _session(
        self, topic: str | None, value: bytes | None, columns: Mapping[str, pa.Array], rows: slice, millis: int
    ) -> Session | None:
        part = role(topic)
        if part is None:
            return None
        names = columns[self._contract.key][rows].to_pylist() if part.kind in BIRTHS else []
        return session(self._contract, topic, value, names, millis)

    def columns(self, of_messages: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
        """Return the columns of the stream. of_messages: columns of the first row of each message of `message`."""
        return {**of_messages, **_columns(self._contract, self.sessions, self._firsts)}


def _dropped(found: Session, codes: Sequence[str | None]) -> Iterator[bool]:
    for code in codes:
        yield code == Code.NO_READINGS or (code is None and found.role.kind == NODE_DEATH)
