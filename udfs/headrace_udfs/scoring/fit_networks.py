"""Calibrate networks that have learned elsewhere: the scale where they give none, the chance to move, thresholds.

Thresholds come from the end of the span, which neither the networks nor the scale learned from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring import references, regression, training
from headrace_udfs.scoring.expected import Comparison
from headrace_udfs.scoring.fit import closest_first, tables, with_peers
from headrace_udfs.scoring.kinds import ONNX
from headrace_udfs.scoring.model import Model
from headrace_udfs.scoring.networks import Network, Networks, check
from headrace_udfs.scoring.tags import Tag
from headrace_udfs.scoring.training import Learned, Span

_NOT_EXPECTED = "no network expects it"
_SMALL = 0.05
HOUR, PEERS = "hour", "peers:"


@dataclass(frozen=True)
class Use:
    """A network at one asset.

    inputs: names of tags, `peers:<tag>` for the middle of that tag's peers, or `hour` for the hour of the day. outputs:
    the tags that it expects values of, None for an output that is not used.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str | None, ...]


@dataclass(frozen=True)
class Declared:
    """An ONNX file, and the assets that it serves."""

    file: bytes
    uses: tuple[Use, ...]


def fit(
    tags: Sequence[Tag],
    times: Positions,
    values: Doubles,
    networks: Sequence[Declared],
    *,
    refused: Mapping[str, str],
    held_back: int,
    budget: float,
) -> Model:
    """Return a model whose expected values are those of the networks.

    times, values, budget: as for `fit.fit`. refused: tags that networks cannot be used for, and why. held_back: how
    many of the last instants set the thresholds. Raises ValueError if that leaves too few, and UnusableNetworkError.
    """
    span = training.prepared(tags, times, values, refused)
    expected = {name for each in networks for use in each.uses for name in use.outputs}
    others = {tag.name: _NOT_EXPECTED for tag in tags if tag.name not in expected}
    span = replace(span, refused=others | span.refused)
    asset = _calibrated(span, networks, len(times) - held_back)
    return training.finished(span, ONNX, asset, with_peers(span), budget, unseen=slice(len(times) - held_back, None))


def _calibrated(span: Span, declared: Sequence[Declared], learned: int) -> Learned:
    """Return the comparison, whose scale and chance to move come from the first `learned` rows."""
    networks = _placed(span, declared)
    given = networks.sums(span.columns, len(span.tags))
    nothing = references.nothing(span.angle, span.sources.hour)
    residual = nothing.distance(span.values, given[..., 0]) / np.exp(given[..., 1])
    residual[learned:] = np.nan
    found = tables(span, residual, _inputs(span, networks), regression.spread)[0]
    # Without a scale of the network that of the tables is in the tag's unit, and else in units of the network's.
    least = found.floor * np.exp(np.quantile(given[..., 1], _SMALL, axis=0))
    floor = np.maximum(least, [regression.resolution(column[np.isfinite(column)]) for column in span.values.T])
    comparison = Comparison(replace(found, floor=floor), nothing, networks)
    return comparison, comparison.expect(span.cells, span.ways, span.columns, span.values)


def _placed(span: Span, declared: Sequence[Declared]) -> Networks:
    """Return the networks with their inputs and outputs as positions. Raises UnusableNetworkError."""
    tag = {each.name: at for at, each in enumerate(span.tags)}
    source = tag | {f"{PEERS}{each.name}": int(at) for each, at in zip(span.tags, span.peers, strict=True) if at >= 0}
    source[HOUR] = span.sources.hour
    made = []
    for each in declared:
        inputs = np.array([[source[name] for name in use.inputs] for use in each.uses], np.int64)
        outputs = np.array([[-1 if name is None else tag[name] for name in use.outputs] for use in each.uses], np.int64)
        check(each.file, inputs.shape[1], outputs.shape[1])
        made.append(Network(each.file, inputs, outputs))
    return Networks(tuple(made))


def _inputs(span: Span, networks: Networks) -> list[list[int]]:
    """Return the sources that each tag's scale is a function of: the inputs of its network and the hour."""
    hour = span.sources.hour
    inputs = [[hour] for _ in span.tags]
    for network in networks.each:
        for own, outputs in zip(network.inputs.tolist(), network.outputs.tolist(), strict=True):
            for at in outputs:
                if at >= 0:
                    inputs[at] = closest_first(span, at, [*dict.fromkeys([*own, hour])])
    return inputs
