"""What is watched of each tag: channels with different memory over the standardised residuals, and their state.

A residual z is the distance of a reading from its expected value in units of the scale. The channels:

- level: the size of z. jump: its change from the last reading. Both as log(1 + x).
- shift_1h, shift_8h, shift_2d: means of z, clipped at 4, with exponentially fading weights (EWMA, Roberts,
  Technometrics 1, 1959) over 6, 48 and 288 instants, times the root of that number.
- noise: the mean of the changes of z, clipped at 8, with fading weights over 12 instants.
- stuck: the sum, over a run of equal readings, of -log(1 - p), where p is the chance that the reading moves in its
  regime: how surprising it is that it does not.
- turned: of angles with peers, as shift_2d, of a second residual, clipped at 20: the turn from what the peers alone
  make likely. It sees a wrong direction that the mates confirm, because they come from the same encoder.

A slow centre, the mean of z over some 60 days of instants, is taken off first: a recalibration ends as a new normal.

The size of the second residual and its means over 6 and 48 instants are kept for `echoes`.

All is computed instant by instant, with operations on single elements only, so that the result does not depend on how
instants are cut into batches, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles, Positions

CHANNELS = ("level", "jump", "shift_1h", "shift_8h", "shift_2d", "noise", "stuck", "turned")
SPANS = (6, 48, 288)
"""Instants of the memory of the three shifts."""

NOISE_SPAN = 12
PEER_SPANS = (6, 48, 288)
CENTRE_SPAN = 8640
_MEAN_SPANS = (*SPANS, NOISE_SPAN, *PEER_SPANS)
MEANS = len(_MEAN_SPANS)

_Z_MOST = 1e4
_SHIFT_CLIP = 4.0
_CENTRE_CLIP = 2.0
_NOISE_CLIP = 8.0
_TURN_CLIP = 20.0

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class State:
    """What a stream has to remember: float64 arrays [tags], and two with a row per mean.

    last: the last good reading; seen: its time in microseconds since the epoch; run: the surprise of its run; z: the
    last residual, NaN before the first; means: [MEANS, tags], of three shifts, of the noise and of three spans of the
    residual to the peers; centres: [2, tags], of the residual and of that to the peers.
    """

    last: Doubles
    seen: Doubles
    run: Doubles
    z: Doubles
    means: Doubles
    centres: Doubles


def fresh(centres: Doubles) -> State:
    """Return the state before the first instant, with the centres of the end of the training span, [2, tags]."""
    tags = centres.shape[1]
    none = np.full(tags, np.nan)
    return State(none, np.full(tags, -np.inf), np.zeros(tags), none, np.zeros((len(_MEAN_SPANS), tags)), centres)


def held(state: State, times: Positions, values: Doubles, within_us: float) -> tuple[State, Doubles, Doubles]:
    """Return the state after these instants, the readings with gaps filled, and the reading before each.

    A missing reading is replaced by the last good one if that is at most `within_us` old. float64 [n, tags] each.
    """
    stacked = np.concatenate([state.last[None], values])
    there = np.isfinite(stacked)
    when = np.concatenate([state.seen[None], np.broadcast_to(times[:, None].astype(np.float64), values.shape)])
    row = np.maximum.accumulate(np.where(there, np.arange(len(stacked))[:, None], 0), axis=0)
    last, seen = np.take_along_axis(stacked, row, 0), np.take_along_axis(when, row, 0)
    filled = np.where(times[:, None] - seen[1:] <= within_us, last[1:], np.nan)
    return replace(state, last=last[-1], seen=seen[-1]), filled, last[:-1]


@dataclass(frozen=True)
class Residuals:
    """Standardised residuals [n, tags], NaN where there is none, and the chance that a reading moves.

    asset: to what mates and peers make likely. peers: to what the peers alone make likely.
    """

    asset: Doubles
    peers: Doubles
    moves: Doubles


@dataclass(frozen=True)
class Statistics:
    """What the channels see: float64 [channels, n, tags], NaN where there is nothing to see.

    peers: [3, n, tags], the sizes of the residual to the peers and of its means, 0 for none. centre: [n, tags], the
    slow centre of the residual.
    """

    channels: Doubles
    peers: Doubles
    centre: Doubles


def statistics(
    state: State, of: Residuals, values: Doubles, before: Doubles, *, centred: bool = True
) -> tuple[State, Statistics]:
    """Return the state after these instants, and what the channels see.

    values: the readings [n, tags], NaN where missing; before: the last good reading before each. centred: whether the
    slow centre is taken off; if not, it stays as it is.
    """
    both = np.stack([of.asset, of.peers])
    there = np.isfinite(both)
    both = np.clip(np.where(there, both, 0.0), -_Z_MOST, _Z_MOST)
    previous, last_z = _previous(both[0], there[0], state.z)
    change = np.where(there[0] & np.isfinite(previous), np.abs(both[0] - previous), 0.0)
    moves = there & centred
    centres = _means(np.clip(both, -_CENTRE_CLIP, _CENTRE_CLIP), moves, state.centres, (CENTRE_SPAN, CENTRE_SPAN))
    both -= centres
    shift, apart = np.clip(both, -_SHIFT_CLIP, _SHIFT_CLIP)
    turn = np.clip(both[1], -_TURN_CLIP, _TURN_CLIP)
    inputs = np.stack([shift, shift, shift, np.minimum(change, _NOISE_CLIP), apart, apart, turn])
    means = _means(inputs, there[[0, 0, 0, 0, 1, 1, 1]], state.means, _MEAN_SPANS)
    run = _runs(state.run, of.moves, values, before)
    out = np.empty((len(CHANNELS), *values.shape))
    out[0], out[1] = np.log1p(np.abs(both[0])), np.log1p(change)
    for number, span in enumerate(SPANS):
        out[2 + number] = np.abs(means[number]) * np.sqrt(span)
    out[5], out[6], out[7] = means[3], run, np.abs(means[6]) * np.sqrt(PEER_SPANS[2])
    out[:6, ~there[0]] = np.nan
    out[6, ~np.isfinite(values)] = np.nan
    out[7, ~there[1]] = np.nan
    peers = np.abs(np.stack([np.where(there[1], both[1], 0.0), means[4], means[5]]))
    after = replace(state, run=run[-1], z=last_z, means=means[:, -1], centres=centres[:, -1])
    return after, Statistics(out, peers, centres[0])


def _previous(z: Doubles, there: Booleans, first: Doubles) -> tuple[Doubles, Doubles]:
    """Return the residual before each, float64 [n, tags], and the last one, [tags]; `first` is before the batch."""
    stacked = np.concatenate([first[None], np.where(there, z, np.nan)])
    row = np.maximum.accumulate(np.where(np.isfinite(stacked), np.arange(len(stacked))[:, None], 0), axis=0)
    last = np.take_along_axis(stacked, row, 0)
    return last[:-1], last[-1]


def _means(inputs: Doubles, there: Booleans, start: Doubles, spans: tuple[int, ...]) -> Doubles:
    """Return fading means of `inputs` [k, n, tags] over `spans` instants, from `start` [k, tags].

    A mean is held where `there` [k, n, tags] is false.
    """
    kinds, instants, tags = inputs.shape
    weights = np.repeat(2.0 / (np.array(spans) + 1.0), tags)
    by_instant = np.ascontiguousarray(inputs.transpose(1, 0, 2)).reshape(instants, kinds * tags)
    weights = there.transpose(1, 0, 2).reshape(instants, kinds * tags) * weights
    out = np.empty_like(by_instant)
    mean, step = np.ascontiguousarray(start).reshape(-1), np.empty(kinds * tags)
    for now, weight, after in zip(by_instant, weights, out, strict=True):
        np.subtract(now, mean, out=step)
        np.multiply(step, weight, out=step)
        mean = np.add(mean, step, out=after)
    return np.ascontiguousarray(out.reshape(instants, kinds, tags).transpose(1, 0, 2))


def _runs(start: Doubles, moves: Doubles, values: Doubles, before: Doubles) -> Doubles:
    """Return the surprise of each run of equal readings, float64 [n, tags], held where a reading is missing."""
    missing = ~np.isfinite(values)
    kept = (missing | (values == before)).astype(np.float64)
    gain = np.where(missing, 0.0, -np.log1p(-moves)) * kept
    out = np.empty_like(values)
    run = start
    for keep, more, after in zip(kept, gain, out, strict=True):
        np.multiply(run, keep, out=after)
        run = np.add(after, more, out=after)
    return out
