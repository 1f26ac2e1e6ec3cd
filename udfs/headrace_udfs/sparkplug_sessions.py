"""What a worker hands on of the sessions of Sparkplug's edge nodes: a row per message, with its place in the session.

A node is born, sends numbered messages, and dies. Which tags are alive is state of the job, kept by SQL
(jobs/headrace/compose/templates/ended.sql.j2). `Nodes` is the same in Python, for samples and tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault
from headrace_udfs.formats import sparkplug_b_schema
from headrace_udfs.quality import status

NAMESPACE = "spBv1.0"
BIRTHS, DEATHS = ("NBIRTH", "DBIRTH"), ("NDEATH", "DDEATH")
NODE_BIRTH, NODE_DEATH = BIRTHS[0], DEATHS[0]
_KINDS = (*BIRTHS, *DEATHS, "NDATA", "DDATA")

STALE = status("BadNoCommunication")
"""The quality of a tag of a dead node: there is no connection to its source, and no value."""

SEQUENCE = 256
"""The sequence number of a message is that of the one before and 1, modulo this."""

LAST_INDEX = 2**20 - 1
"""The src_index of a dead letter on the messages before one: no row has it."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class Role(NamedTuple):
    """What a message is in the session of its edge node. device: empty for the node itself."""

    kind: str
    node: str
    device: str


class Front(NamedTuple):
    """What a payload says of itself. millis: its time since 1970. session: its bdSeq, if it is of a node's life."""

    millis: int | None
    seq: int | None
    session: int | None


class Session(NamedTuple):
    """The place of a message in its session; names: the tags that a birth has. time_ms: when it happened."""

    role: Role
    front: Front
    names: tuple[str, ...] | None
    time_ms: int


def role(topic: str | None) -> Role | None:
    """Return what a message of an MQTT topic is; None if it is of no session, like a command."""
    levels = (topic or "").split("/")
    if len(levels) not in (4, 5) or levels[0] != NAMESPACE or levels[2] not in _KINDS:
        return None
    _, group, kind, node, *device = levels
    return Role(kind, f"{group}/{node}", *(device or [""])) if (kind[0] == "D") == bool(device) else None


def front(payload: bytes | None, *, of_node: bool) -> Front | None:
    """Return the front of a payload; None if it is none. of_node: whether it is a node's birth or death."""
    try:
        found = _message().FromString(payload or b"")
    except DecodeError:
        return None
    if not payload:
        return None
    session = None
    if of_node:
        session = next((_whole(each) for each in found.metrics if each.name == "bdSeq"), None)
    return Front(
        found.timestamp if found.HasField("timestamp") else None,
        found.seq if found.HasField("seq") else None,
        session,
    )


def _whole(metric: Any) -> int | None:
    """Return the value of a metric that is a whole number; None if it has none that a long can hold."""
    kind = metric.WhichOneof("value")
    value = getattr(metric, kind) if kind in ("int_value", "long_value") else None
    return value if value is not None and value < 1 << 63 else None


@cache
def _message() -> Any:
    return GetMessageClass(sparkplug_b_schema.payload())


def session(
    contract: Contract, topic: str | None, payload: bytes | None, names: Sequence[str | None], record_ms: int
) -> Session | None:
    """Return the place of a message in its session; None if it has none, or cannot be read.

    names: the tags of its rows. record_ms: the time of its record, which is the time of a node's death: a broker keeps
    the message of a death from the moment when the node connects, so that its own time is that of the connection.
    """
    found = role(topic)
    if found is None:
        return None
    said = front(payload, of_node=found.kind in (NODE_BIRTH, NODE_DEATH))
    if said is None:
        return None
    born = tuple(dict.fromkeys(name for name in names if name is not None)) if found.kind in BIRTHS else None
    own = record_ms if found.kind == NODE_DEATH else said.millis
    return Session(found, said, born, _bounded(contract, own, record_ms))


def _bounded(contract: Contract, millis: int | None, record_ms: int) -> int:
    earliest = (contract.time.earliest - EPOCH) // MILLISECOND
    latest = record_ms + contract.time.latest // MILLISECOND
    return millis if millis is not None and earliest <= millis <= latest else record_ms


class Ended(NamedTuple):
    """A tag that a message ends, or why it ends none, or what is missing before it. place: its src_index."""

    place: int
    what: str | Fault


class Nodes:
    """What is alive of all edge nodes. `next` takes the messages in their order."""

    def __init__(self) -> None:
        """Know nothing."""
        self._before: dict[str, tuple[int, int | str]] = {}
        self._born: dict[str, tuple[int | None, int | str]] = {}
        self._alive: dict[str, dict[str, tuple[str, ...]]] = {}

    def next(self, message: Session, partition: int | str, first: int) -> Iterator[Ended]:
        """Yield what a message ends. first: the number of the first row that none of it has."""
        kind, node, device = message.role
        seq = message.front.seq
        if seq is not None and seq < SEQUENCE and kind != NODE_DEATH:
            before, where = self._before.get(node, (None, partition))
            self._before[node] = seq, partition
            if before is not None and kind != NODE_BIRTH and where == partition and seq != (before + 1) % SEQUENCE:
                yield Ended(LAST_INDEX, Fault(Code.SEQUENCE_GAP, gap(node, before, seq)))
        if kind not in (*BIRTHS, *DEATHS):
            return
        if kind == NODE_BIRTH:
            self._born[node] = message.front.session, partition
        fault = self._fault(message, partition)
        ended = [] if fault and kind in DEATHS else self._ended(message)
        if kind in DEATHS and not ended and fault is None:
            fault = Fault(Code.NO_BIRTH, f"no tag of {node}{device and '/' + device} is alive")
        yield from (Ended(first + number, name) for number, name in enumerate(ended))
        if fault:
            yield Ended(first + len(ended), fault)

    def _fault(self, message: Session, partition: int | str) -> Fault | None:
        kind, node, _ = message.role
        born, where = self._born.get(node, (None, partition))
        if kind != NODE_BIRTH and where != partition:
            what = f"the birth of {node} came in partition {where}, so its order to this {kind} is open"
            return Fault(Code.OTHER_PARTITION, what)
        own = message.front.session
        if kind == NODE_DEATH and born is not None and own is not None and own != born:
            return Fault(Code.OTHER_SESSION, f"the bdSeq of this death is {own}, and that of the last birth {born}")
        return None

    def _ended(self, message: Session) -> list[str]:
        kind, node, device = message.role
        parts = self._alive.setdefault(node, {})
        if message.names is not None:
            ended = [name for name in parts.get(device, ()) if name not in set(message.names)]
            parts[device] = message.names
            return ended
        if kind != NODE_DEATH:
            return list(parts.pop(device, ()))
        self._alive[node] = {}
        return [name for part in sorted(parts) for name in parts[part]]


def gap(node: str, before: int, seq: int) -> str:
    """Return what a gap means, for people."""
    return f"seq {seq} of {node} came after {before}: messages are missing, or out of order"
