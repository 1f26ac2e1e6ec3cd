"""The text of a proposed contract: YAML with the reasons as comments."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from headrace.authoring import json_schemas
from headrace.authoring.new import examples
from headrace.authoring.new.write_files import write_all
from headrace.authoring.sources.decoding import Tally, tally
from headrace.authoring.sources.proposal import Proposal
from headrace.environment.kafka_sample import Record
from headrace.errors import Place, UserError
from headrace.project import message_file, source_files
from headrace.project.paths import Project
from headrace_udfs.contract import Contract

_NAME = re.compile(r"[a-z][a-z0-9_]*")

EXAMPLES = 3
"""The most messages that are kept as examples."""

WIDTH = 100


def path_of(project: Project, name: str) -> Path:
    """Return the file of a new source. Raises UserError if its name is not valid, or is taken."""
    if not _NAME.fullmatch(name):
        fix = "write lower case letters, digits and _, like press_signals"
        raise UserError(f"'{name}' is not a valid name of a source", fix=fix)
    path = project.sql / "_sources" / f"{name}.yaml"
    if path.exists():
        raise UserError("this file exists already", Place.of(path), "choose another name, or move it away")
    return path


def write(project: Project, path: Path, records: Sequence[Record], proposal: Proposal, sample: str) -> list[Path]:
    """Write the contract of the records' topic to a new file, and some of them to another. Returns the files.

    Raises UserError if one exists, PlatformError if one cannot be written.
    """
    written = write_all(
        {path: json_schemas.modeline(project, path, "source") + text(records[0].topic, proposal, sample)}
    )
    contract = source_files.of_file(path)
    if examples.needed(contract):
        written += write_all(_examples(project, path.stem, contract, records, proposal.tally))
    return written


def keep_examples(
    project: Project, source: str, contract: Contract, records: Sequence[Record], found: Tally
) -> list[Path]:
    """Keep some of the records as examples of a source, for `headrace new`. Returns the files.

    Raises UserError if they are not needed or must not be kept, no record decodes, or there are examples already;
    PlatformError if the file cannot be written.
    """
    if not examples.needed(contract):
        raise UserError(f"headrace new makes up messages for '{source}': examples are not needed", "--keep")
    if contract.secrets:
        what = f"'{source}' masks values, and examples would be messages as they are, in the repository"
        raise UserError(what, "--keep", "write messages that name nobody yourself")
    if not found.whole:
        raise UserError("no message of these decodes as a whole", "--keep", "read more: --from earliest, or --limit")
    return write_all(_examples(project, source, contract, records, found))


def _examples(
    project: Project, source: str, contract: Contract, records: Sequence[Record], found: Tally
) -> dict[Path, str]:
    good = [each for each in records if each.place in found.whole]
    # By itself, a message may lack what another one of the sample tells.
    alone = islice((each for each in good if not tally(contract, [each]).codes), EXAMPLES)
    return {examples.path_of(project, source): _lines([*alone] or records[:EXAMPLES])}


def _lines(records: Sequence[Record]) -> str:
    times = [None if each.time is None else datetime.fromtimestamp(each.time / 1000, UTC) for each in records]
    placed = zip(records, times, strict=True)
    return "".join(f"{message_file.line(r.key, r.value, r.headers, time, r.topic)}\n" for r, time in placed)


def text(topic: str, proposal: Proposal, sample: str) -> str:
    """Return the contract of `topic`. sample: what it was made of, like `200 messages of plant.kep`."""
    found = proposal.tally
    head = f"Proposed from {sample}: {found.good:,} of {found.readings:,} readings decode. Read each line."
    lines = _comment(head, "")
    lines += entry({"description": f"Messages of {topic}."}) + entry({"topic": topic})
    for key, value in proposal.keys.items():
        lines += _comment(proposal.reasons.get(key, ""), "")
        if key == "fields":
            lines.append(f"{key}:")
            for name, field in value.items():
                lines += _comment(proposal.reasons.get(f"fields.{name}", ""), "  ")
                lines += entry({name: field}, "  ")
        else:
            lines += entry({key: value})
    return "\n".join(lines) + "\n"


def entry(pair: dict[str, Any], indent: str = "") -> list[str]:
    """Return one key and its value as YAML, on one line if it fits."""
    flow = yaml.safe_dump(pair, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    inline = indent + flow.strip()[1:-1]
    ((key, value),) = pair.items()
    if not isinstance(value, dict) or (len(inline) <= WIDTH and key != "fields"):
        return [inline]
    return [f"{indent}{key}:", *(line for each in value.items() for line in entry(dict([each]), indent + "  "))]


def _comment(reason: str, indent: str) -> list[str]:
    printable = "".join(each if each.isprintable() else repr(each)[1:-1] for each in reason)  # YAML takes no other
    return [f"{indent}# {line}" for line in textwrap.wrap(printable, WIDTH - len(indent) - 2)]
