"""The model of some tags alone. It gives them the same scores as the whole model, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrace_udfs.arrays import Positions
from headrace_udfs.scoring.echoes import Echoes
from headrace_udfs.scoring.expected import KNOTS, OUTPUTS, SURFACE, Comparison, References, Tables, Warp
from headrace_udfs.scoring.model import Limits, Model
from headrace_udfs.scoring.sources import Sources
from headrace_udfs.scoring.thresholds import Thresholds


@dataclass(frozen=True)
class _Cut:
    """What is kept: positions of tags, of groups of peers, and of columns of sources, int64 and ascending each.

    tag, column: the new position of each old one, -1 for what is not kept; tag[-1] is -1, as for filling.
    """

    tags: Positions
    groups: Positions
    columns: Positions
    tag: Positions
    column: Positions


def part(model: Model, tags: Sequence[int]) -> Model:
    """Return the model of the tags at these positions, which are ascending.

    Raises ValueError if one of them is compared with a tag that is not among them.
    """
    cut = _cut(model.sources, np.array(tags, np.int64))
    names = {model.tags[at].name for at in tags}
    lacking = {name for at in tags for name in (*model.tags[at].mates, *model.tags[at].peers)} - names
    if lacking:
        raise ValueError(f"tags are compared with tags outside of the part: {', '.join(sorted(lacking)[:5])}")
    return replace(
        model,
        tags=tuple(model.tags[at] for at in tags),
        refused={name: why for name, why in model.refused.items() if name in names},
        sources=Sources(len(tags), cut.tag[model.sources.peers[cut.groups]], model.sources.angular[cut.groups]),
        axes=_warp(model.axes, cut),
        asset=_comparison(model.asset, cut),
        peers=_comparison(model.peers, cut),
        echoes=Echoes(cut.tag[model.echoes.mates[cut.tags]], model.echoes.usual[:, cut.tags]),
        limits=_limits(model.limits, cut.tags),
        thresholds=Thresholds(model.thresholds.level[:, cut.tags], model.thresholds.scale[:, cut.tags]),
        centres=model.centres[:, cut.tags],
        false_events=model.false_events[cut.tags],
    )


def _cut(sources: Sources, tags: Positions) -> _Cut:
    groups = np.flatnonzero(np.isin(sources.peers, tags).any(axis=1))
    columns = np.concatenate([tags, sources.tags + groups, [sources.hour]])
    tag = np.full(sources.tags + 1, -1, np.int64)
    tag[tags] = np.arange(len(tags))
    column = np.full(sources.count, -1, np.int64)
    column[columns] = np.arange(len(columns))
    return _Cut(tags, groups, columns, tag, column)


def _warp(axes: Warp, cut: _Cut) -> Warp:
    at = cut.columns
    return Warp(axes.low[at], axes.high[at], axes.per_step[at], axes.table[at], axes.usual[at])


def _limits(of: Limits, tags: Positions) -> Limits:
    return Limits(of.low[tags], of.high[tags], of.rest[tags], of.circle[tags])


def _comparison(of: Comparison, cut: _Cut) -> Comparison:
    tables, references, at = of.tables, of.references, cut.tags
    whole = len(tables.inputs)
    curves = tables.curves.reshape(-1, whole, KNOTS, OUTPUTS)[:, at].reshape(-1, len(at) * KNOTS, OUTPUTS)
    surface = tables.surface
    if len(surface):
        surface = surface.reshape(whole, SURFACE**2, OUTPUTS)[at].reshape(-1, OUTPUTS)
    return replace(
        of,
        tables=Tables(cut.column[tables.inputs[at]], curves, cut.column[tables.pair[at]], surface, tables.floor[at]),
        references=References(
            cut.column[references.source[at]], references.sign[at], references.constant[at], references.angle[at]
        ),
        networks=of.networks.part(cut.tag, cut.column),
    )
