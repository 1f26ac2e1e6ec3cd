"""`headrace send`: put the messages of a file into a source's topic."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import completion
from headrace.cli.common import Context, Env, Json, log, out, print_json
from headrace.errors import Place, UserError

if TYPE_CHECKING:
    from headrace.project.message_file import FileMessage
    from headrace_udfs.contract import Contract


def send(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A contract of sql/_sources/.", autocompletion=completion.sources)
    ],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A message per line: its body, or an object with $message.")
    ],
    key: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Each message without a key gets this field of its JSON body as one."),
    ] = None,
    topic: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The topic, if the source has several and messages do not say theirs."),
    ] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Send the messages of a file to a source's topic, in one transaction: all of them, or none.

    A line is the body as it is. {"$message": {"key": "o1", "value": {...}}} has a key as well, and may have headers,
    time, partition and topic; "value": null is a message without a value, and {"$base64": "..."} and {"$text": "..."}
    are bytes and plain text.
    """
    from headrace.environment import kafka_messages
    from headrace.project import message_file, source_files

    context = Context(env)
    contract = source_files.load(context.project, source)
    target = _target(source, contract, topic)
    with log.status("reading the file") as status:
        first = _checked(source, contract, message_file.read(file, key), file, target)
        sent = kafka_messages.send(
            context.settings.kafka_client(),
            first,
            message_file.read(file, key),
            lambda number: status.update(f"{number:,} messages"),
        )
    offsets = sent.offsets or {first: {}}
    if json:
        topics = [{"topic": name, "offsets": found} for name, found in sorted(offsets.items())]
        print_json({"messages": sent.messages, **(topics[0] if len(topics) == 1 else {"topics": topics})})
        return
    noun = "message" if sent.messages == 1 else "messages"
    out.print(f"{sent.messages:,} {noun} sent to {', '.join(sorted(offsets))}", highlight=False, soft_wrap=True)
    for name, found in sorted(offsets.items()):
        of = f" of {name}" if len(offsets) > 1 else ""
        for partition, (begin, last) in sorted(found.items()):
            out.print(f"  partition {partition}{of}: offsets {begin} to {last}", highlight=False, soft_wrap=True)


def _checked(source: str, contract: Contract, messages: Iterable[FileMessage], file: Path, target: str | None) -> str:
    """Return the topic of the first message, after all are checked: a fault is reported before anything is sent.

    target: the topic of all messages; None if each says its own. Raises UserError.
    """
    from headrace.project.message_topics import topic_of

    first = target
    for message in messages:
        if target is None:
            found = topic_of(message, contract, file) if message.topic else None
            if found is None:
                names = ", ".join(contract.topic_names)
                fix = f'--topic, with one of: {names}; or {{"$message": {{"topic": ...}}}} in each line'
                raise UserError(
                    f"'{source}' has several topics, and the message says none", Place.of(file, message.line), fix
                )
            first = first or found
        elif message.topic and message.topic != target:
            raise UserError(f"the message is of {message.topic}, and goes to {target}", Place.of(file, message.line))
        if contract.registered and message.value and not message.wrapped:
            what = f"the messages of '{source}' are in {contract.format}, and this line is a body as it is"
            raise UserError(what, Place.of(file, message.line), 'write "value": {"$base64": "..."} in a $message')
    if first is None:
        raise UserError("the file has no messages", Place.of(file))
    return first


def _target(source: str, contract: Contract, topic: str | None) -> str | None:
    """Return the topic that all messages go to; None if each says its own.

    Raises UserError if it is not one of the source.
    """
    from headrace_udfs.contract_topics import TopicPattern

    known = contract.topics
    if topic is None:
        return None if contract.several else contract.topic
    if known.matching([topic]) if isinstance(known, TopicPattern) else topic in known:
        return topic
    raise UserError(
        f"'{topic}' is not a topic of '{source}'", "--topic", f"give one of: {', '.join(contract.topic_names)}"
    )
