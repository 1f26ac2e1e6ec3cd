"""What a contract reads of a record next to its value: only that is carried to the workers."""

from __future__ import annotations

from typing import Literal

from headrace_udfs.contract import Contract
from headrace_udfs.places import AROUND, From, places

Carried = Literal["key", "headers"]


def read_around(contract: Contract) -> list[From]:
    """Return what the contract reads around the message's value, in the order of AROUND."""
    sources = [*contract.sources.values()]
    if contract.dictionary and contract.dictionary.sessions:
        sources.append(contract.dictionary.sessions)
    read = {place.from_ for source in sources for place in places(source)}
    if contract.by_headers:
        read.add("header")
    return [each for each in AROUND if each in read]


def carried(contract: Contract) -> list[Carried]:
    """Return the parts of a record that must come with its value. A format may look for a schema's id in headers."""
    read = read_around(contract)
    parts: list[Carried] = ["key"] if "key" in read else []
    return [*parts, "headers"] if "header" in read or contract.registered else parts
