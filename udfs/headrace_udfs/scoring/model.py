"""A model of a group of tags: it scores instants, one after the other, and travels as an artefact and a card."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring import channels, networks
from headrace_udfs.scoring.channels import CHANNELS, Residuals, State
from headrace_udfs.scoring.echoes import Echoes
from headrace_udfs.scoring.expected import Comparison, References, Tables, Warp
from headrace_udfs.scoring.kinds import Kind
from headrace_udfs.scoring.sources import Sources
from headrace_udfs.scoring.tags import Tag
from headrace_udfs.scoring.thresholds import Thresholds

CAUSES = (*CHANNELS, "range")
"""What a score comes from: a channel, or the limits of the tag."""

_CELLS = 2**15
"""How many instants times tags are scored at a time: what NumPy makes of more does not fit the processor's cache."""

_FAR = 1e300
_OWN = CAUSES.index("stuck")
"""From here on, causes are of the tag itself, whatever its mates do."""


@dataclass(frozen=True)
class Limits:
    """What readings of a tag can be; float64 [tags] each.

    low, high: in the tag's unit; infinite for an angle. rest: the size up to which a reading is that of a machine at
    rest, which may hold it as long as it likes; -1 if none is. circle: the least value of an angle, -180 or 0; NaN for
    other tags.
    """

    low: Doubles
    high: Doubles
    rest: Doubles
    circle: Doubles

    @classmethod
    def none(cls, tags: int) -> Limits:
        """Return the limits of tags that no reading is beyond."""
        return cls(np.full(tags, -np.inf), np.full(tags, np.inf), np.full(tags, -1.0), np.full(tags, np.nan))

    def moves(self, values: Doubles, chance: Doubles) -> Doubles:
        """Return the chance that readings `values` [n, tags] move, from that of their regime: at rest it is 0."""
        return np.where(np.abs(values) <= self.rest, 0.0, chance)

    def band(self, expected: Doubles, reach: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        """Return expected values [n, tags], that less `reach` and that plus it; of an angle within its circle.

        The band of an angle may begin or end outside of the circle, and is at most as wide.
        """
        around = np.isfinite(self.circle)
        if around.any():
            turned = np.mod(expected[:, around] - self.circle[around], 360.0)
            expected[:, around] = np.where(turned < 360.0, turned, 0.0) + self.circle[around]
            reach[:, around] = np.minimum(reach[:, around], 180.0)
        return expected, expected - reach, expected + reach

    def beyond(self, values: Doubles) -> Doubles:
        """Return how far readings [n, tags] are outside, in widths of the limits; 0 inside or if missing."""
        width = np.where(np.isfinite(self.high), self.high - self.low, 1.0)
        with np.errstate(over="ignore"):
            out = np.maximum(np.maximum(self.low - values, values - self.high), 0.0) / width
        out = np.minimum(out, _FAR)
        return np.where(np.isfinite(values), out, 0.0)


@dataclass(frozen=True)
class Scored:
    """Scores of instants, [n, tags] each.

    score: log10 of the months between events like this, NaN where a reading has no score. anomaly: whether it is above
    the budget; echo: whether the score was lowered because a mate is the likelier cause. cause: int8, a place in
    CAUSES. expected, low, high: float64, in the tag's unit, NaN if not known; the
    level channel raises an anomaly outside of low and high.
    """

    score: Doubles
    anomaly: npt.NDArray[np.bool_]
    echo: npt.NDArray[np.bool_]
    cause: npt.NDArray[np.int8]
    expected: Doubles
    low: Doubles
    high: Doubles


@dataclass(frozen=True)
class Model:
    """What was learned from a training span.

    kind: which channels are watched, and by which limit. refused: the reason of each tag without scores. held_us: how
    old an input may be, in microseconds. asset: the comparison with mates and peers; peers: that with peers alone.
    centres: float64 [2, tags], the slow centres of the two at the end of the training span. false_events: float64
    [tags], the events per month of the training span, by models that did not learn from those instants.
    """

    kind: Kind
    tags: tuple[Tag, ...]
    refused: dict[str, str]
    budget: float
    held_us: float
    sources: Sources
    axes: Warp
    asset: Comparison
    peers: Comparison
    echoes: Echoes
    limits: Limits
    thresholds: Thresholds
    centres: Doubles
    false_events: Doubles

    def fresh(self) -> State:
        """Return the state before the first instant."""
        return channels.fresh(self.centres)

    def score(self, state: State, times: Positions, values: Doubles) -> tuple[State, Scored]:
        """Return the state after these instants and their scores.

        times: int64 [n], microseconds since the epoch, ascending, later than those before. values: float64 [n, tags],
        NaN where a reading is missing or not good. How instants are cut into calls does not change any score.
        """
        parts = []
        step = max(1, _CELLS // max(1, len(self.tags)))
        for at in range(0, len(times), step):
            some = slice(at, at + step)
            state, part = self._scored(state, times[some], values[some])
            parts.append(part)
        return state, _joined(parts, len(self.tags))

    def _scored(self, state: State, times: Positions, values: Doubles) -> tuple[State, Scored]:
        values = np.where(np.isfinite(values), values, np.nan)
        state, filled, before = channels.held(state, times, values, self.held_us)
        live = np.isfinite(self.thresholds.level[0])
        columns = self.sources.columns(times, filled)
        cells = self.axes.cells(columns)
        good = np.where(live, values, np.nan)
        seen, blunt = (each.expect(*cells, columns, good) for each in (self.asset, self.peers))
        residuals = Residuals(seen.z, blunt.z, self.limits.moves(values, seen.moves))
        state, found = channels.statistics(state, residuals, values, before, centred=self.kind.remembers)
        limit = -np.log10(self.budget)
        score, cause = self._worst(found.channels, values, limit)
        score = np.where(live & np.isfinite(values), score, np.nan)
        ceiling = self.echoes.ceiling(self.echoes.support(found.peers), limit)
        echo = (score > ceiling) & (cause < _OWN)
        score = np.where(echo, ceiling, score)
        expected = np.where(live, seen.value + found.centre * seen.scale, np.nan)
        reach = np.expm1(self.thresholds.level[0]) * seen.scale
        return state, Scored(score, score > limit, echo, cause, *self.limits.band(expected, reach))

    def _worst(self, statistics: Doubles, values: Doubles, limit: float) -> tuple[Doubles, npt.NDArray[np.int8]]:
        """Return the highest score of the channels and the limits, NaN where there is none, and its cause."""
        each = np.empty((len(CAUSES), *values.shape))
        each[:-1] = self.thresholds.rarity(statistics, self.budget)
        beyond = self.limits.beyond(values)
        each[-1] = np.where(beyond > 0, limit + 1.0 + np.log1p(beyond), np.nan)
        each[~np.isfinite(each)] = -np.inf
        cause, score = each.argmax(axis=0).astype(np.int8), each.max(axis=0)
        return np.where(np.isfinite(score), score, np.nan), cause

    def save(self) -> bytes:
        """Return the artefact, an npz file. Its bytes are the same for equal models."""
        file = io.BytesIO()
        np.savez_compressed(file, **self._arrays())
        return file.getvalue()

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        arrays = {
            f"{path}.{field}": getattr(_at(self, path), field)
            for path, (_, fields) in _PARTS.items()
            for field in fields
        }
        return {
            **arrays,
            **self.asset.networks.arrays(),
            "budget": np.float64(self.budget),
            "held_us": np.float64(self.held_us),
            "centres": self.centres,
            "false_events": self.false_events,
        }

    def card(self) -> dict[str, Any]:
        """Return what the artefact does not hold, and what people read: tags, inputs, refusals and false events."""
        return {
            "kind": self.kind.name,
            "budget": self.budget,
            **({"limit": self.kind.limit} if self.kind.limit is not None else {}),
            "tags": [
                {
                    "name": tag.name,
                    "angle": tag.angle,
                    "mates": list(tag.mates),
                    "peers": list(tag.peers),
                    "peers_explain": tag.peers_explain,
                }
                for tag in self.tags
            ],
            "refused": dict(self.refused),
            "false_events_per_month": {
                tag.name: round(float(rate), 3)
                for tag, rate in zip(self.tags, self.false_events, strict=True)
                if tag.name not in self.refused
            },
        }


_COMPARISON: dict[str, tuple[type, tuple[str, ...]]] = {
    "tables": (Tables, ("inputs", "curves", "pair", "surface", "floor")),
    "references": (References, ("source", "sign", "constant", "angle")),
}
_PARTS: dict[str, tuple[type, tuple[str, ...]]] = {
    "sources": (Sources, ("tags", "peers", "angular")),
    "axes": (Warp, ("low", "high", "per_step", "table", "usual")),
    "echoes": (Echoes, ("mates", "usual")),
    "limits": (Limits, ("low", "high", "rest", "circle")),
    "thresholds": (Thresholds, ("level", "scale")),
    **{f"{name}.{part}": of for name in ("asset", "peers") for part, of in _COMPARISON.items()},
}


def _at(model: Model, path: str) -> Any:
    found: Any = model
    for name in path.split("."):
        found = getattr(found, name)
    return found


def load(artefact: bytes, card: dict[str, Any]) -> Model:
    """Return the model that `save` and `card` describe."""
    with np.load(io.BytesIO(artefact), allow_pickle=False) as file:
        arrays = _completed(dict(file))
    parts = {
        path: kind(**{field: arrays[f"{path}.{field}"] for field in fields}) for path, (kind, fields) in _PARTS.items()
    }
    return Model(
        kind=Kind(card["kind"], card.get("limit")),
        tags=tuple(
            Tag(t["name"], t["angle"], tuple(t["mates"]), tuple(t["peers"]), t["peers_explain"]) for t in card["tags"]
        ),
        refused=dict(card["refused"]),
        budget=float(arrays["budget"]),
        held_us=float(arrays["held_us"]),
        asset=Comparison(parts["asset.tables"], parts["asset.references"], networks.loaded(arrays)),
        peers=Comparison(parts["peers.tables"], parts["peers.references"]),
        centres=arrays["centres"],
        false_events=arrays["false_events"],
        **{name: part for name, part in parts.items() if "." not in name},
    )


def _completed(arrays: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays with those that an earlier artefact lacks: it knows no rest, no circle and fewer channels."""
    tags = arrays["centres"].shape[1]
    none, lacking = Limits.none(tags), len(CHANNELS) - len(arrays["thresholds.level"])
    more = {"thresholds.level": np.full((lacking, tags), np.inf), "thresholds.scale": np.ones((lacking, tags))}
    known = {name: np.concatenate([arrays[name], rows]) for name, rows in more.items()}
    return {"limits.rest": none.rest, "limits.circle": none.circle, **arrays, **known}


def _joined(parts: list[Scored], tags: int) -> Scored:
    if not parts:
        none = np.empty((0, tags))
        return Scored(none, none.astype(bool), none.astype(bool), none.astype(np.int8), none, none, none)
    names = ("score", "anomaly", "echo", "cause", "expected", "low", "high")
    return Scored(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
