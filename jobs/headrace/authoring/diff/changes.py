"""The differences between a job's two sides, in words."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from headrace.authoring.diff.side import Side
from headrace.planner import release as releases
from headrace.planner.state import differences
from headrace.planner.state.differences import Change


def changes(was: Side, now: Side) -> list[Change]:
    """Return the differences between the files of the job. New inputs and outputs show as changes of job.yaml."""
    packages = _packages(was.packages, now.packages)
    return [*_described(was, now), *_texts(was.texts, now.texts), *packages, *_model(was, now)]


def _described(was: Side, now: Side) -> Iterator[Change]:
    for part, description in now.descriptions.items():
        if part in was.descriptions:
            yield from differences.changes(part, was.descriptions[part], description)


def _texts(was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for part in dict.fromkeys([*now, *was]):
        if part not in now or part not in was:
            yield Change(part, "added" if part in now else "removed")
        elif was[part] != now[part]:
            yield Change(part, _lines(was[part], now[part]))


def _lines(was: str, now: str) -> str:
    marks = [line[0] for line in difflib.ndiff(was.splitlines(), now.splitlines())]
    return f"changed: {_count(marks.count('-'))} out, {_count(marks.count('+'))} in"


def _count(lines: int) -> str:
    return f"{lines} line{'' if lines == 1 else 's'}"


def _packages(was: Mapping[str, Mapping[str, bytes]], now: Mapping[str, Mapping[str, bytes]]) -> Iterator[Change]:
    for part in dict.fromkeys([*now, *was]):
        old, new = was.get(part, {}), now.get(part, {})
        if old != new:
            yield Change(part, "version", _version(old), _version(new))
            differing = [path for path in dict.fromkeys([*new, *old]) if old.get(path) != new.get(path)]
            yield Change(part, f"files that differ: {', '.join(differing)}")


def _model(was: Side, now: Side) -> Iterator[Change]:
    """Yield the files of a model that differ although its version is the same."""
    if was.folder.job.model == now.folder.job.model:
        part = f"model {now.folder.job.model}"
        yield from (Change(part, f"{name} changed") for name in now.model if was.model.get(name) != now.model[name])


def _version(files: Mapping[str, bytes]) -> str | None:
    """Return the version in the name of the package that `submit` ships."""
    return releases.content_digest(files)[:12] if files else None
