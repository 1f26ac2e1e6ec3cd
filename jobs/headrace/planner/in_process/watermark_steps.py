"""The watermark of a case in steps of its own, as where another partition goes on while this one is silent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import AwareDatetime, Field

from headrace.errors import Problem
from headrace.project import source_files, yaml_file
from headrace.project.paths import Project


class Step(yaml_file.Model):
    """The watermark comes to the time `to` once the message on line `after` has been read."""

    after: int = Field(ge=1)
    to: AwareDatetime


def faults(project: Project, file: Path, source: str, steps: Sequence[Step], given: Path | None) -> Iterator[Problem]:
    """What is wrong with the steps that the case's `file` has for a source; `given` are its messages."""
    if not source_files.load(project, source).watermark:
        where = yaml_file.place(file, ("watermark", source))
        yield Problem(f"source '{source}' has no watermark", where, "its contract says how late readings may come")
    lines = len(given.read_bytes().splitlines()) if given else 0
    for number, step in enumerate(steps):
        where = yaml_file.place(file, ("watermark", source, number))
        before = steps[number - 1] if number else None
        if step.after > lines:
            yield Problem(f"there is no message {step.after}", where, f"source.{source}.jsonl has {lines}")
        if before and (step.after <= before.after or step.to <= before.to):
            yield Problem("a watermark only moves on", where, "put the steps in order, of messages and of times")
