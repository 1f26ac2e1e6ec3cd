"""The expected value of each tag at an instant, how far readings usually are from it, and the chance to move.

Each is a sum of piecewise-linear functions, one per input of the tag, and one bilinear function of two inputs (an
additive model: Hastie and Tibshirani, Generalized Additive Models, 1990). All functions are tables with the same number
of knots, so that one gather per input serves all tags. The knots are equidistant in a coordinate of the input in which
half of the distance is distance in its unit and half is the share of readings between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from headrace_udfs.angles import angle_difference
from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring.networks import Networks

KNOTS = 16
SURFACE = 9
"""Knots of each of the two coordinates of the bilinear function."""

OUTPUTS = 3
"""Value, logarithm of the scale, chance to move."""

_GRID = 256
_LEAST_CHANCE = 0.002
_LEAST_WIDTH = 1e-100
_ENDS = (0.0005, 0.9995)

Floats = npt.NDArray[np.float32]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Warp:
    """The coordinate of each source, from 0 to KNOTS - 1: piecewise linear in equal steps from `low` to `high`.

    low, high, per_step: float64 [sources]. table: float32 [sources, _GRID + 1]. usual: float64 [sources], in place
    of a missing value.
    """

    low: Doubles
    high: Doubles
    per_step: Doubles
    table: Floats
    usual: Doubles

    def cells(self, columns: Doubles) -> tuple[npt.NDArray[np.int32], Floats]:
        """Return int32 [n, sources], the knot below each value, and float32 [n, sources], the way to the next one."""
        filled = np.where(np.isfinite(columns), columns, self.usual)
        step = (np.clip(filled, self.low, self.high) - self.low) * self.per_step
        np.minimum(step, _GRID - 1e-6, out=step)
        at = step.astype(np.int32)
        row = at + (np.arange(len(self.low), dtype=np.int32) * (_GRID + 1))
        flat = self.table.ravel()
        below = flat.take(row)
        place = below + (step - at).astype(np.float32) * (flat.take(row + 1) - below)
        cell = np.minimum(place.astype(np.int32), KNOTS - 2)
        return cell, place - cell


def warp(columns: Doubles) -> Warp:
    """Return the coordinates of sources, learned from their values, float64 [n, sources]."""
    count = columns.shape[1]
    low, high, per_step, usual = (np.zeros(count) for _ in range(4))
    table = np.zeros((count, _GRID + 1), np.float32)
    for at in range(count):
        there = np.sort(columns[np.isfinite(columns[:, at]), at])
        if not len(there):
            continue
        first, last = np.quantile(there, _ENDS)
        usual[at] = np.median(there)
        low[at], high[at], per_step[at] = first, last, _GRID / max(last - first, _LEAST_WIDTH)
        grid = np.linspace(first, last, _GRID + 1)
        rank = (np.searchsorted(there, grid, "left") + np.searchsorted(there, grid, "right")) / 2 / len(there)
        rank = (rank - rank[0]) / max(rank[-1] - rank[0], 1e-9)
        table[at] = (KNOTS - 1) * (rank + np.linspace(0, 1, _GRID + 1)) / 2
    return Warp(low, high, per_step, table, usual)


@dataclass(frozen=True)
class Tables:
    """The functions of all tags.

    inputs: int64 [tags, most], the source of each input; those of no use point at the hour and have tables of zeros.
    curves: float32 [most, tags * KNOTS, OUTPUTS]. pair: int64 [tags, 2], the sources of the bilinear function. surface:
    float32 [tags * SURFACE ** 2, OUTPUTS], or empty if no tag has two inputs. floor: float64 [tags], the least scale,
    in the tag's unit.
    """

    inputs: Positions
    curves: Floats
    pair: Positions
    surface: Floats
    floor: Doubles

    @cached_property
    def _by_output(self) -> tuple[Floats, Floats]:
        """The curves as [most, OUTPUTS, knots], and the rise from each knot to the next one.

        NumPy gathers single numbers twice as fast as rows of three.
        """
        curves = np.ascontiguousarray(self.curves.transpose(0, 2, 1))
        return curves, np.concatenate([np.diff(curves, axis=2), np.zeros_like(curves[..., :1])], axis=2)

    @cached_property
    def _surface_by_output(self) -> Floats:
        return np.ascontiguousarray(self.surface.T)

    def sums(self, cell: npt.NDArray[np.int32], way: Floats) -> Floats:
        """Return float32 [OUTPUTS, n, tags], the sum of the tag's functions at these cells of all sources."""
        base = np.arange(len(self.inputs), dtype=np.int32)
        shape = (OUTPUTS, len(cell), len(base))
        total = self._bilinear(cell, way, base * SURFACE**2) if len(self.surface) else np.zeros(shape, np.float32)
        base *= KNOTS
        for source, low, rise in zip(self.inputs.T, *self._by_output, strict=True):
            at, further = cell.take(source, axis=1), way.take(source, axis=1)
            at += base
            for out, own, more in zip(total, low, rise, strict=True):
                step = more.take(at)
                step *= further
                np.add(out, own.take(at), out=out)
                np.add(out, step, out=out)
        return total

    def _bilinear(self, cell: npt.NDArray[np.int32], way: Floats, base: npt.NDArray[np.int32]) -> Floats:
        (i, f), (k, g) = (surface_cells(cell.take(s, axis=1), way.take(s, axis=1)) for s in self.pair.T)
        at = i * SURFACE + k + base
        corners = [at + step for step in (0, 1, SURFACE, SURFACE + 1)]
        total = np.empty((OUTPUTS, *at.shape), np.float32)
        for out, surface in zip(total, self._surface_by_output, strict=True):
            a, b, c, d = (surface.take(corner) for corner in corners)
            b -= a
            b *= g
            a += b
            d -= c
            d *= g
            c += d
            c -= a
            c *= f
            np.add(a, c, out=out)
        return total


def surface_cells(cell: npt.NDArray[np.int32], way: Floats) -> tuple[npt.NDArray[np.int32], Floats]:
    """Return the cells of a coordinate on the coarser knots of the bilinear function, and the way to the next knot."""
    place = (cell + way) * np.float32((SURFACE - 1) / (KNOTS - 1))
    at = np.minimum(place.astype(np.int32), SURFACE - 2)
    return at, place - at


@dataclass(frozen=True)
class References:
    """What is taken off each tag first: up to two sources, each added or subtracted, and a constant.

    For an angle that is the direction it is next to, such as that of its peers; for other tags a constant.
    source: int64 [tags, 2]. sign: float64 [tags, 2]. constant: float64 [tags]. angle: bool [tags].
    """

    source: Positions
    sign: Doubles
    constant: Doubles
    angle: Booleans

    def values(self, columns: Doubles) -> Doubles:
        """Return float64 [n, tags] from the columns of the sources."""
        two = [columns[:, self.source[:, k]] * self.sign[:, k] for k in (0, 1)]
        return np.asarray(two[0] + two[1] + self.constant)

    def distance(self, values: Doubles, likely: Doubles) -> Doubles:
        """Return values less `likely`, float64 [n, tags]; for an angle the shorter turn, in degrees."""
        plain = values - likely
        if self.angle.any():
            plain[:, self.angle] = angle_difference(values[:, self.angle], likely[:, self.angle])
        return plain


@dataclass(frozen=True)
class Expectation:
    """What a comparison expects: float64 [n, tags] each, NaN if an input is missing.

    value and scale are in the tag's unit; z is the distance of the reading from the value in units of the scale (for an
    angle, of the turn); moves is the chance that a reading differs from the last one.
    """

    value: Doubles
    scale: Doubles
    z: Doubles
    moves: Doubles


@dataclass(frozen=True)
class Comparison:
    """The functions of all tags, and what they are functions of the distance to; networks add to the functions."""

    tables: Tables
    references: References
    networks: Networks = field(default_factory=Networks)

    def expect(self, cells: npt.NDArray[np.int32], ways: Floats, columns: Doubles, values: Doubles) -> Expectation:
        """Return what is expected of the readings `values`, float64 [n, tags], from the sources at the same instants.

        columns: float64 [n, sources]; cells, ways: what their warp makes of them.
        """
        sums = self.tables.sums(cells, ways).astype(np.float64)
        if self.networks.each:
            sums += self.networks.sums(columns, len(self.tables.inputs)).transpose(2, 0, 1)
        missing = ~np.isfinite(columns)
        value = self.references.values(columns) + sums[0]
        if missing.any():
            for source in (*self.tables.pair.T, *self.tables.inputs.T):
                value[missing.take(source, axis=1)] = np.nan
        scale = np.maximum(np.exp(np.minimum(sums[1], 50.0)), self.tables.floor)
        with np.errstate(over="ignore", invalid="ignore"):
            z = self.references.distance(values, value) / scale
        return Expectation(value, scale, z, np.clip(sums[2], _LEAST_CHANCE, 1 - _LEAST_CHANCE))
