"""The product's model of kind onnx, with networks that learned from the same year: one per signal, for all assets."""

from __future__ import annotations

import numpy as np

from bench.scoring.farm import ROWS_PER_DAY, Doubles, Readings
from bench.scoring.regime import PEERS, Regime, micros
from headrace_udfs.scoring import fit_networks
from headrace_udfs.scoring.fit_networks import Declared, Use
from headrace_udfs.scoring.training import BUDGET
from support import onnx_files
from support.onnx_files import End, Node

_HELD_BACK = 90 * ROWS_PER_DAY
_HIDDEN, _RIDGE, _SEED = 96, 10.0, 5
_NODES = (
    Node("Sub", ["x", "middle"], ["centred"]),
    Node("Div", ["centred", "scale"], ["z"]),
    Node("MatMul", ["z", "first"], ["a"]),
    Node("Add", ["a", "bias"], ["b"]),
    Node("Tanh", ["b"], ["hidden"]),
    Node("MatMul", ["hidden", "second"], ["c"]),
    Node("MatMul", ["z", "slopes"], ["d"]),
    Node("Add", ["c", "d"], ["e"]),
    Node("Add", ["e", "constant"], ["expected"]),
)


class Network(Regime):
    """Each signal but directions is expected from others of its turbine, and from that of the other turbines.

    The hidden layer is random, the last one a ridge regression: an extreme learning machine (Huang, Zhu and Siew,
    Neurocomputing 70, 2006).
    """

    def fit(self, train: Readings) -> None:
        """Learn the networks from the first nine months, and the thresholds from the last three."""
        made = [_declared(train, signal) for signal in dict.fromkeys(tag.signal for tag in train.tags if not tag.angle)]
        self.model = fit_networks.fit(
            [self.declare(tag, train) for tag in train.tags],
            micros(train.times),
            train.values,
            made,
            refused={},
            held_back=_HELD_BACK,
            budget=BUDGET,
        )


def _declared(train: Readings, signal: str) -> Declared:
    uses, rows, wanted = list[Use](), list[Doubles](), list[Doubles]()
    for at, tag in enumerate(train.tags):
        if tag.signal != signal:
            continue
        mates = [n for n, other in enumerate(train.tags) if other.asset == tag.asset and n != at and not other.angle]
        peers = [n for n, other in enumerate(train.tags) if other.signal == signal and n != at]
        columns = [train.values[:, n] for n in mates]
        names = [train.tags[n].name for n in mates]
        if signal in PEERS:
            columns.append(np.median(train.values[:, peers], axis=1))
            names.append(f"{fit_networks.PEERS}{tag.name}")
        uses.append(Use(tuple(names), (tag.name,)))
        rows.append(np.stack(columns, axis=1)[:-_HELD_BACK])
        wanted.append(train.values[:-_HELD_BACK, at])
    return Declared(_learned(np.concatenate(rows), np.concatenate(wanted)), tuple(uses))


def _learned(rows: Doubles, wanted: Doubles) -> bytes:
    """Return the network that expects `wanted` [n] from `rows` [n, inputs]."""
    known = np.isfinite(rows).all(axis=1) & np.isfinite(wanted)
    rows, wanted = rows[known], wanted[known]
    random = np.random.default_rng(_SEED)
    middle, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    z = (rows - middle) / scale
    first, bias = random.normal(0, 1, (rows.shape[1], _HIDDEN)), random.normal(0, 1, _HIDDEN)
    hidden = np.concatenate([z, np.tanh(z @ first + bias)], axis=1)
    constant = wanted.mean()
    squares = hidden.T @ hidden + _RIDGE * np.eye(hidden.shape[1])
    second = np.linalg.solve(squares, hidden.T @ (wanted - constant))
    constants = {
        "middle": middle,
        "scale": scale,
        "first": first,
        "bias": bias,
        "slopes": second[: rows.shape[1], None],
        "second": second[rows.shape[1] :, None],
        "constant": np.array([constant]),
    }
    floats = {name: np.asarray(each, np.float32) for name, each in constants.items()}
    return onnx_files.file(_NODES, floats, [End("x", ["n", rows.shape[1]])], [End("expected", ["n", 1])])
