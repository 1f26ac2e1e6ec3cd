"""`headrace send`: put the messages of a file into a source's topic."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import completion
from headrace.cli.common import Context, Env, Json, log, out, print_json
from headrace.errors import Place, UserError

if TYPE_CHECKING:
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
    topic: Annotated[str | None, typer.Option(metavar="NAME", help="The topic, if the source has several.")] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Send the messages of a file to a source's topic, in one transaction: all of them, or none.

    A line is the body as it is. {"$message": {"key": "o1", "value": {...}}} has a key as well, and may have headers,
    time and partition; "value": null is a message without a value, and {"$base64": "..."} and {"$text": "..."} are
    bytes and plain text.
    """
    from headrace.environment import kafka_messages
    from headrace.project import message_file, source_files

    context = Context(env)
    contract = source_files.load(context.project, source)
    target = _target(source, contract, topic)
    with log.status("reading the file") as status:
        for message in message_file.read(file, key):  # a faulty line is reported before anything is sent
            if message.topic and message.topic != target:
                raise UserError(
                    f"the message is of {message.topic}, and goes to {target}", Place.of(file, message.line)
                )
            if contract.registered and message.value and not message.wrapped:
                what = f"the messages of '{source}' are in {contract.format}, and this line is a body as it is"
                raise UserError(what, Place.of(file, message.line), 'write "value": {"$base64": "..."} in a $message')
        sent = kafka_messages.send(
            context.settings.kafka_client(),
            target,
            message_file.read(file, key),
            lambda number: status.update(f"{number:,} messages"),
        )
    if json:
        print_json({"topic": target, **asdict(sent)})
        return
    noun = "message" if sent.messages == 1 else "messages"
    out.print(f"{sent.messages:,} {noun} sent to {target}", highlight=False, soft_wrap=True)
    for partition, (first, last) in sorted(sent.offsets.items()):
        out.print(f"  partition {partition}: offsets {first} to {last}", highlight=False)


def _target(source: str, contract: Contract, topic: str | None) -> str:
    """Return the topic that messages go to. Raises UserError if it is not one of the source, or not said."""
    from headrace_udfs.contract_topics import TopicPattern

    known = contract.topics
    if topic is None and not contract.several:
        return contract.topic
    if topic and (known.matching([topic]) if isinstance(known, TopicPattern) else topic in known):
        return topic
    names = ", ".join(contract.topic_names)
    what = f"'{topic}' is not a topic of '{source}'" if topic else f"'{source}' has several topics"
    raise UserError(what, "--topic", f"give one of: {names}")
