"""A watermark that a test case moves in steps, as if another partition continued while this one is silent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from headrace.errors import Problem
from headrace.project import source_files, yaml_file
from headrace.project.paths import Project
from headrace_udfs.instants import Instant


class Step(yaml_file.Model):
    """The watermark reaches the time `to` once the message on line `after` has been read."""

    after: int = Field(ge=1)
    to: Instant


def faults(
    project: Project, file: Path, source: str, steps: Sequence[Step], messages: Path | None
) -> Iterator[Problem]:
    """Yield the faults of the steps that the case's `file` has for a source, whose messages are in another file."""
    if not source_files.load(project, source).watermark:
        where = yaml_file.place(file, ("watermark", source))
        yield Problem(f"source '{source}' has no watermark", where, "set how late readings may come in its contract")
    lines = len(messages.read_bytes().splitlines()) if messages else 0
    for number, step in enumerate(steps):
        where = yaml_file.place(file, ("watermark", source, number))
        before = steps[number - 1] if number else None
        if step.after > lines:
            yield Problem(f"there is no message {step.after}", where, f"source.{source}.jsonl has {lines}")
        if before and (step.after <= before.after or step.to <= before.to):
            yield Problem("a watermark only moves forward", where, "order the steps by message and by time")
