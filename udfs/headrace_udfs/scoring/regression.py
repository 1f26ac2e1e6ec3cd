"""The functions of one tag, by penalised least squares that far values do not move, and the same out of fold.

Huber's weights (Annals of Mathematical Statistics 35, 1964) by iteratively reweighted least squares; second differences
of a function's knots are penalised (Eilers and Marx, Flexible Smoothing with B-splines and Penalties, 1996), so that
knots without readings continue their neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring.expected import KNOTS, SURFACE, Floats, surface_cells

_HUBER = 1.5
_ROUNDS = 4
_NORMAL_QUARTILE = 0.6745


@dataclass(frozen=True)
class Design:
    """The basis of a tag's functions at its training rows: float32 [rows, coefficients], and the penalty on them.

    fold: int64 [rows], the fold that each row is left out in.
    """

    basis: Floats
    penalty: Doubles
    fold: Positions
    folds: int


@dataclass(frozen=True)
class Fitted:
    """Coefficients [1 + folds, coefficients, 3]: of all rows, then without each fold. floor: the least scale."""

    coefficients: Doubles
    floor: float


def design(cell: npt.NDArray[np.int32], way: Floats, fold: Positions, folds: int, smooth: float) -> Design:
    """Return the basis of the inputs, whose cells and ways are [rows, inputs]; the first two have a surface."""
    rows, inputs = cell.shape
    width = inputs * KNOTS + (SURFACE**2 if inputs > 1 else 0)
    basis = np.zeros((rows, width), np.float32)
    row = np.arange(rows)
    for number in range(inputs):
        at = number * KNOTS + cell[:, number]
        basis[row, at] = 1 - way[:, number]
        basis[row, at + 1] = way[:, number]
    if inputs > 1:
        (i, f), (k, g) = (surface_cells(cell[:, s], way[:, s]) for s in (0, 1))
        at = inputs * KNOTS + i * SURFACE + k
        for step, weight in ((0, (1 - f) * (1 - g)), (1, (1 - f) * g), (SURFACE, f * (1 - g)), (SURFACE + 1, f * g)):
            basis[row, at + step] = weight
    return Design(basis, _penalty(inputs, width, rows, smooth), fold, folds)


def _penalty(inputs: int, width: int, rows: int, smooth: float) -> Doubles:
    """Return the penalty: second differences along each axis, and a little of everything, in units of rows."""
    bend = np.diff(np.eye(KNOTS), 2, axis=0)
    surface_bend = np.diff(np.eye(SURFACE), 2, axis=0)
    penalty = np.eye(width) * 1e-6
    for number in range(inputs):
        at = slice(number * KNOTS, (number + 1) * KNOTS)
        penalty[at, at] += bend.T @ bend * smooth + np.eye(KNOTS) * 1e-5
    if inputs > 1:
        both, one = surface_bend.T @ surface_bend, np.eye(SURFACE)
        at = slice(inputs * KNOTS, width)
        penalty[at, at] += (np.kron(both, one) + np.kron(one, both)) * smooth + np.eye(SURFACE**2) * 1e-4
    return np.asarray(penalty * rows)


def fitted(of: Design, target: Doubles, moved: Doubles) -> Fitted:
    """Return the coefficients of value, log scale and chance to move. target, moved: float64 [rows]."""
    weight = np.ones(len(target))
    for _ in range(_ROUNDS - 1):
        residual = target - of.basis @ _solved(of, target, weight)[0]
        weight = _huber(residual)
    value = _solved(of, target, weight, leave_out=True)
    unseen = target - _out_of_fold(of, value)
    rest, floor = _spread(of, unseen, moved, resolution(target))
    return Fitted(np.concatenate([value[..., None], rest], axis=2), floor)


def spread(of: Design, residual: Doubles, moved: Doubles) -> Fitted:
    """Return the coefficients of log scale and chance to move, for a value that is known; those of the value are 0.

    residual: float64 [rows], the distance of the target from that value. moved: float64 [rows].
    """
    rest, floor = _spread(of, residual, moved, resolution(residual))
    return Fitted(np.concatenate([np.zeros((*rest.shape[:2], 1)), rest], axis=2), floor)


def _spread(of: Design, unseen: Doubles, moved: Doubles, step: float) -> tuple[Doubles, float]:
    """Return the coefficients [1 + folds, coefficients, 2] of log scale and chance to move, and the least scale."""
    least = max(step, 0.05 * 1.4826 * float(np.median(np.abs(unseen))), 1e-9)
    plain = np.ones(len(unseen))
    rest = _solved(of, np.stack([np.log(np.abs(unseen) + least), moved], axis=1), plain, leave_out=True)
    size = np.exp(_out_of_fold(of, rest[..., 0]))
    usual = float(np.median(np.abs(unseen) / size) / _NORMAL_QUARTILE)
    # The functions of the first input carry the constant: its hats add up to 1 everywhere.
    rest[:, :KNOTS, 0] += np.log(max(usual, 1e-9))
    return rest, max(float(np.quantile(size, 0.05)) * usual, step, 1e-9)


def in_unit(unit: float, of: Fitted) -> Fitted:
    """Return the coefficients of a target whose unit is `unit` times as large."""
    if unit == 1.0:
        return of
    coefficients = of.coefficients * np.array([unit, 1.0, 1.0])
    coefficients[:, :KNOTS, 1] += np.log(unit)
    return Fitted(coefficients, of.floor * unit)


def _huber(residual: Doubles) -> Doubles:
    size = np.abs(residual)
    limit = _HUBER * (1.4826 * np.median(size) + 1e-12)
    return np.asarray(np.minimum(1.0, limit / np.maximum(size, 1e-12)))


def resolution(target: Doubles) -> float:
    """Return the usual step between the values that occur, float64 [rows], in their unit."""
    steps = np.diff(np.unique(np.round(target, 9)))
    return float(np.median(steps)) if len(steps) else 1e-9


def _solved(of: Design, target: Doubles, weight: Doubles, *, leave_out: bool = False) -> Doubles:
    """Return the coefficients [1, ...], and with leave_out [1 + folds, ...] of the rows but those of each fold.

    The folds' fits use sums per fold, so they cost one pass; the weights are those of all rows.
    """
    if not leave_out:
        gram, right = _sums(of.basis, target, weight)
        return np.linalg.solve(gram + of.penalty, right)[None]
    parts = [_sums(of.basis[of.fold == k], target[of.fold == k], weight[of.fold == k]) for k in range(of.folds)]
    gram, right = np.sum([part[0] for part in parts], axis=0), np.sum([part[1] for part in parts], axis=0)
    kept = [(gram, right), *((gram - part[0], right - part[1]) for part in parts)]
    return np.stack([np.linalg.solve(g + of.penalty, r) for g, r in kept])


def _sums(basis: Floats, target: Doubles, weight: Doubles) -> tuple[Doubles, Doubles]:
    weighted = basis * weight.astype(np.float32)[:, None]
    return (weighted.T @ basis).astype(np.float64), (weighted.T @ target.astype(np.float32)).astype(np.float64)


def _out_of_fold(of: Design, coefficients: Doubles) -> Doubles:
    """Return [rows], each by the coefficients [1 + folds, n] that did not learn from it."""
    return np.asarray((of.basis @ coefficients[1:].T.astype(np.float32))[np.arange(len(of.fold)), of.fold], np.float64)
