"""`headrace send`: put the messages of a file into a source's topic."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from headrace.cli import completion
from headrace.cli.common import Context, Env, Json, log, out, print_json
from headrace.errors import Place, UserError


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
    with log.status("reading the file") as status:
        for message in message_file.read(file, key):  # a faulty line is reported before anything is sent
            if contract.registered and message.value and not message.wrapped:
                what = f"the messages of '{source}' are in {contract.format}, and this line is a body as it is"
                raise UserError(what, Place.of(file, message.line), 'write "value": {"$base64": "..."} in a $message')
        sent = kafka_messages.send(
            context.settings.kafka_client(),
            contract.topic,
            message_file.read(file, key),
            lambda number: status.update(f"{number:,} messages"),
        )
    if json:
        print_json({"topic": contract.topic, **asdict(sent)})
        return
    noun = "message" if sent.messages == 1 else "messages"
    out.print(f"{sent.messages:,} {noun} sent to {contract.topic}", highlight=False, soft_wrap=True)
    for partition, (first, last) in sorted(sent.offsets.items()):
        out.print(f"  partition {partition}: offsets {first} to {last}", highlight=False)
