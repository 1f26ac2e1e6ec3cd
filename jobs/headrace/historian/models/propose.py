"""Propose a model file from stored readings: which tags are angles, which have peers, and which cannot be scored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations

import numpy as np

from headrace.errors import UserError
from headrace.historian.models import declared, instants
from headrace.historian.models.instants import Readings
from headrace.project import model_files, pattern
from headrace.project.paths import Project
from headrace_udfs.angles import angle_difference
from headrace_udfs.arrays import Doubles
from headrace_udfs.durations import duration
from headrace_udfs.scoring.tags import LEAST_DAYS, LEAST_READINGS, is_learning, refusal

_FULL_TURN, _HALF_TURN = 360.0, 180.0
_SMALL_TURN = 60.0
_LEAST_COMMON = 100
_ALIKE = 0.8
"""The rank correlation from which on tags of a signal at two assets are alike."""
_EXPLAINED = 0.95
"""The rank correlation with another tag of its asset from which on a tag needs no peers."""


@dataclass(frozen=True)
class Choice:
    """Tags for one list of the model file, and why."""

    tags: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Proposal:
    """What the readings suggest, each choice with its reason.

    names: all tags. assets: how many there are. learning: tags with too few readings, which are not excluded.
    """

    names: tuple[str, ...]
    assets: int
    every: timedelta
    angles: tuple[Choice, ...]
    peers: tuple[Choice, ...]
    exclude: tuple[Choice, ...]
    learning: tuple[str, ...]


def propose(names: Sequence[str], readings: Sequence[Readings], asset_of: Mapping[str, str | None]) -> Proposal:
    """Return a proposal for the tags `names` by their readings. asset_of: as for `declared.tags`.

    Raises UserError if no tag has two readings.
    """
    every_us = instants.interval(readings)
    values = instants.aligned(readings, every_us).values
    why_none = {name: refusal(each.times, each.values) for name, each in zip(names, readings, strict=True)}
    learning = tuple(name for name, why in why_none.items() if is_learning(why))
    refused = {name: why for name, why in why_none.items() if why and name not in learning}
    angles = [name for name, each in zip(names, readings, strict=True) if name not in refused and _turns(each.values)]
    asset, signal = declared.assets(names, asset_of), {name: declared.signal(name) for name in names}
    column = {name: values[:, at] for at, name in enumerate(names) if name not in refused}
    return Proposal(
        tuple(names),
        len({*asset.values()}),
        timedelta(microseconds=every_us),
        tuple(_by_signal(angles, signal, "it goes round a full turn of 360 degrees")),
        tuple(_peers(column, asset, signal, {*angles})),
        tuple(Choice(tuple(n for n in refused if refused[n] == why), why) for why in dict.fromkeys(refused.values())),
        learning,
    )


def write(project: Project, name: str, asked: Sequence[str], owner: str, proposal: Proposal) -> str:
    """Write the proposal as the model file of `name`, and return its text. Raises UserError if there is one."""
    if not model_files.NAME.fullmatch(name):
        raise UserError(f"'{name}' is not a valid model name", fix="write lower-case letters, digits and _")
    path = model_files.folder(project, name) / "model.yaml"
    if path.exists():
        raise UserError(f"model '{name}' exists", fix=f"choose another name, or edit {path.relative_to(project.root)}")
    lines = [
        "# yaml-language-server: $schema=../../../sql/_schemas/model.json",
        "# Proposed from stored readings; check it before you train it.",
        "kind: regime",
        f"owner: {owner}",
        f"description: Tags of {proposal.assets} assets, each against the others of its asset.",
        f"tags: {_flow(asked)}",
        *_young(proposal),
        *_listed("exclude", proposal.exclude, proposal.names),
        *_listed("angles", proposal.angles, proposal.names),
        "# Remove a signal whose fault all assets may share: it would explain itself away.",
        *_listed("peers", proposal.peers, proposal.names),
        "# The usual time between two readings of a tag.",
        f"every: {duration(proposal.every)}" if proposal.every >= timedelta(milliseconds=1) else "every: 1ms",
        "budget: {false_events_per_tag_month: 0.5}",
    ]
    text = "\n".join(lines) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return text


def _young(proposal: Proposal) -> list[str]:
    count = len(proposal.learning)
    if not count:
        return []
    some = f"{proposal.learning[0]} and {count - 1:,} more" if count > 1 else proposal.learning[0]
    least = f"{LEAST_DAYS} days and {LEAST_READINGS:,} readings"
    return [f"# Learning: {some} {'have' if count > 1 else 'has'} no score before a training of at least {least}."]


def _turns(values: Doubles) -> bool:
    """Whether readings are degrees on a circle: they span most of a turn, and pass from its end to its beginning."""
    if len(values) < _LEAST_COMMON:
        return False
    low, high = values.min(), values.max()
    if high - low < 0.8 * _FULL_TURN or low < -_HALF_TURN or high > _FULL_TURN or high - low > _FULL_TURN:
        return False
    steps = np.diff(values)
    passes = np.abs(steps) > 0.8 * _FULL_TURN
    turn = np.abs(angle_difference(values[1:][passes], values[:-1][passes]))
    return bool(len(turn) and np.mean(turn < _SMALL_TURN) > 0.9)


def _by_signal(names: Sequence[str], signal: Mapping[str, str], reason: str) -> list[Choice]:
    return [
        Choice(tuple(name for name in names if signal[name] == each), reason)
        for each in dict.fromkeys(signal[name] for name in names)
    ]


def _peers(
    column: Mapping[str, Doubles], asset: Mapping[str, str], signal: Mapping[str, str], angles: set[str]
) -> list[Choice]:
    """Return the signals that are alike at different assets and that no other tag of the asset explains."""
    of_signal, of_asset = defaultdict(list), defaultdict(list)
    for name in column:
        of_signal[signal[name]].append(name)
        of_asset[asset[name]].append(name)
    found = []
    for names in of_signal.values():
        pairs = [(a, b) for a, b in combinations(names, 2) if asset[a] != asset[b]]
        alike = [_alike(column[a], column[b], angle=a in angles) for a, b in pairs]
        mates = [_best(column, name, of_asset[asset[name]]) for name in names]
        if alike and np.median(alike) >= _ALIKE and np.median(mates) < _EXPLAINED:
            reason = f"the assets agree ({np.median(alike):.2f}) better than the other tags of an asset explain it"
            found.append(Choice(tuple(names), f"{reason} ({np.median(mates):.2f})"))
    return found


def _best(column: Mapping[str, Doubles], name: str, others: Sequence[str]) -> float:
    return max((_alike(column[name], column[other]) for other in others if other != name), default=0.0)


def _alike(a: Doubles, b: Doubles, *, angle: bool = False) -> float:
    """Return from 0 to 1 how alike two columns are: the absolute rank correlation (Spearman).

    For angles the share of their differences that point the same way: the length of their mean.
    """
    both = np.isfinite(a) & np.isfinite(b)
    x, y = a[both], b[both]
    if len(x) < _LEAST_COMMON or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    if angle:
        return float(np.abs(np.mean(np.exp(1j * np.radians(x - y)))))
    return float(abs(np.corrcoef(x.argsort().argsort(), y.argsort().argsort())[0, 1]))


def _listed(key: str, choices: Sequence[Choice], names: Sequence[str]) -> list[str]:
    if not choices:
        return [f"{key}: []"]
    patterns = [_patterns(choice.tags, names) for choice in choices]
    comments = [f"# {_some(each)}: {choice.reason}." for each, choice in zip(patterns, choices, strict=True)]
    return [*comments, f"{key}: {_flow([text for each in patterns for text in each])}"]


def _patterns(tags: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return patterns that match exactly these of `names`; a signal whose tags are all included has one pattern."""
    chosen, found = {*tags}, []
    for signal in dict.fromkeys(map(declared.signal, tags)):
        whole = [name for name in names if declared.signal(name) == signal]
        if len(whole) > 1 and chosen.issuperset(whole) and all("." in name for name in whole):
            found.append(f"*.{pattern.literal(signal)}")
        else:
            found += [pattern.literal(name) for name in tags if declared.signal(name) == signal]
    return found


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def _flow(texts: Sequence[str]) -> str:
    """Return a YAML list of texts."""
    return "[" + ", ".join("'" + text.replace("'", "''") + "'" for text in texts) + "]"
