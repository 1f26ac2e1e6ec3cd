"""The topic that a message of a file is of: one of its source."""

from __future__ import annotations

from pathlib import Path

from headrace.errors import Place, UserError
from headrace.project.message_file import FileMessage
from headrace_udfs.contract import Contract
from headrace_udfs.contract_topics import TopicPattern


def topic_of(message: FileMessage, contract: Contract, file: Path | None) -> str:
    """Return the topic of a message; the first one of the contract if the message does not say.

    Raises UserError if it is not one of the contract, or is not said and the contract has a pattern.
    """
    known = contract.topics
    pattern = known if isinstance(known, TopicPattern) else None
    if message.topic is None and pattern is None:
        return contract.topic
    if message.topic and (pattern.matching([message.topic]) if pattern else message.topic in contract.topic_names):
        return message.topic
    place = Place.of(file, message.line) if file else None
    what = f"'{message.topic}' is not a topic of the source" if message.topic else "which topic it is of is not said"
    fix = f'write {{"$message": {{"topic": ...}}}}, with one of the source: {", ".join(contract.topic_names)}'
    raise UserError(what, place, fix)
