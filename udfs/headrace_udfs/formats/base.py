"""The protocol of a format: bytes in, Arrow columns and faults out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from headrace_udfs.arrays import Positions
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault
from headrace_udfs.formats.documents import Documents
from headrace_udfs.messages import Message, Messages
from headrace_udfs.schemas import Schemas

Payloads = Sequence[bytes | None]
"""The values of Kafka messages; None is a message without a value."""


def too_large(max_bytes: int) -> Fault:
    """Return the fault of a payload that is longer than `max_bytes`. How long is unknown: Kafka's client cuts it."""
    kept = f"what follows byte {max_bytes + 1:,} is not kept"
    return Fault(Code.PAYLOAD_TOO_LARGE, f"more than {max_bytes:,} bytes; {kept}")


@dataclass(frozen=True)
class Decoded:
    """The readings of a batch of payloads, checked for type but not yet for range, time or quality.

    columns: one array per column of the contract, all of one length, of the contract's types, except
        `quality`: int64 if the mapping is opcua or opcda, and else string; absent if the contract has no quality;
        the columns that read nothing of the message's value, which are absent.
    faults: the reason for each refused reading, by its position; the values of that reading are undefined.
    message: the position of the payload of each reading, ascending, with each payload at least once (a payload without
        readings has a fault instead); None if there is exactly one reading per payload.
    """

    columns: Mapping[str, pa.Array]
    faults: dict[int, Fault]
    message: Positions | None = None


class Parser(Protocol):
    """Makes documents of the messages of one contract: what most formats are.

    `DocumentFormat` (document_format.py) does the rest for all of them: rows, places, types, statuses and the limits.
    """

    def __init__(self, contract: Contract, schemas: Schemas | None = None) -> None:
        """Prepare to parse messages of `contract`. Raises ValueError without `schemas` if the format needs them."""

    def parse(self, message: Message) -> Documents:
        """Return the documents of a message, in their order.

        A document is made of dict (with keys of type str), list, str, int, float, Decimal, bool, None and bytes; a
        Fault stands where one cannot be read and its siblings can, and becomes a dead letter with its own index. Bytes
        are no text: a parser decodes what is text. A number may be NaN or infinite: it is refused where a contract
        reads it. Whole numbers of any size, and texts with lone surrogates, are checked by type later, too.

        The value is not longer than the contract's max_bytes, and empty only if the contract has an envelope. Bounds of
        depth and count are the parser's part: MAX_DEPTH and MAX_VALUES of `documents.py`. Raises Refused if the message
        as a whole cannot be read, and RegistryFailed; never anything else, whatever the bytes.
        """
        ...


class Format(Protocol):
    """Decodes the payloads of one contract.

    `format_names.FORMAT_FACTS` has the facts of each format. If it is `many`, Decoded has `message`. If it is
    `registered`, the schemas that payloads name are looked up in `schemas`, and ValueError is raised without them.
    """

    def __init__(self, contract: Contract, schemas: Schemas | None = None) -> None:
        """Prepare to decode payloads of `contract`."""

    def decode(self, messages: Messages) -> Decoded:
        """Return the readings of the messages, and the faults.

        Never raises because of a payload's contents: they become a fault of the payload or of one reading in it. Raises
        RegistryFailed if `schemas` cannot be read.
        """
        ...
