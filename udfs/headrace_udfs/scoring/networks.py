"""Expected values by networks in ONNX files (Open Neural Network Exchange, onnx.ai), run by ONNX Runtime on the CPU.

A network serves every asset of a model: each row of its input is one asset at one instant. It answers with the expected
values, and if it has an output `log_scale` also with the logarithm of how far readings usually are from them.

Rows are run in batches of one size, which the last one is filled up to, so that a row has the same bits in whatever
company it comes. ONNX Runtime is an extra of the package, and is imported when a network is first used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.onnx_session import UnusableNetworkError, first_line, session

LOG_SCALE = "log_scale"
ROWS = 64
_VALUES = 3
"""Expected value, logarithm of the scale, and the chance to move, which networks leave at 0."""

_MOST_LOG = 50.0
_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}


@dataclass(frozen=True)
class Network:
    """A network and where it is used.

    file: the ONNX file. inputs: int64 [assets, inputs], the columns of the sources that are its inputs at each asset.
    outputs: int64 [assets, outputs], the tags that it expects values of, -1 for an output that is not used.
    """

    file: bytes
    inputs: Positions
    outputs: Positions

    def answers(self, columns: Doubles) -> tuple[Doubles, Doubles]:
        """Return expected values and log scales, float64 [n, assets, outputs]; NaN if an input is missing.

        columns: float64 [n, sources].
        """
        shape = (len(columns), *self.outputs.shape)
        rows = columns[:, self.inputs].reshape(-1, self.inputs.shape[1])
        value, log_scale = _run(self.file, rows, shape[2])
        return value.reshape(shape), log_scale.reshape(shape)

    @property
    def scaled(self) -> bool:
        """Whether it has an output for the logarithm of the scale."""
        return LOG_SCALE in _named(session(self.file).get_outputs())


@dataclass(frozen=True)
class Networks:
    """The networks of a model, which may have none."""

    each: tuple[Network, ...] = ()

    def sums(self, columns: Doubles, tags: int) -> Doubles:
        """Return float64 [n, tags, 3]: the value and the log scale that networks add to each tag's, and 0.

        columns: float64 [n, sources]. A tag that no network expects has zeros; with a missing input the value is NaN.
        """
        out = np.zeros((len(columns), tags + 1, _VALUES))
        for network in self.each:
            out[:, network.outputs, 0], out[:, network.outputs, 1] = network.answers(columns)
        return out[:, :-1]

    def part(self, tag: Positions, column: Positions) -> Networks:
        """Return the networks of some tags: `tag` and `column` are the new positions of old ones, -1 for those left
        out; tag[-1] is -1.
        """
        moved = [replace(each, inputs=column[each.inputs], outputs=tag[each.outputs]) for each in self.each]
        used = [(each, (each.outputs >= 0).any(axis=1)) for each in moved]
        return Networks(tuple(
            replace(each, inputs=each.inputs[some], outputs=each.outputs[some]) for each, some in used if some.any()
        ))  # fmt: skip

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return what `loaded` needs, by name."""
        return {
            f"networks.{number}.{name}": part
            for number, each in enumerate(self.each)
            for name, part in (
                ("file", np.frombuffer(each.file, np.uint8)),
                ("inputs", each.inputs),
                ("outputs", each.outputs),
            )
        }


def loaded(arrays: Mapping[str, npt.NDArray[Any]]) -> Networks:
    """Return the networks of an artefact. Raises UnusableNetworkError if one cannot be used here."""
    found: list[Network] = []
    while (at := f"networks.{len(found)}") + ".file" in arrays:
        file, inputs, outputs = (arrays[f"{at}.{name}"] for name in ("file", "inputs", "outputs"))
        check(file.tobytes(), inputs.shape[1], outputs.shape[1])
        found.append(Network(file.tobytes(), inputs, outputs))
    return Networks(tuple(found))


def check(file: bytes, inputs: int, outputs: int) -> None:
    """Check that a file is a network with as many inputs and outputs, and that it treats each row on its own.

    Raises UnusableNetworkError with what it has and what it should have.
    """
    network = session(file)
    given, answered = network.get_inputs(), network.get_outputs()
    wanted = f"one input of shape [any, {inputs}], float or double"
    if len(given) != 1 or not _fits(given[0], inputs, narrow=False):
        raise UnusableNetworkError(f"its inputs are {_shown(given)}; the model declares {wanted}")
    names = _named(answered)
    wanted = f"one output of shape [any, {outputs}], and perhaps {LOG_SCALE} of the same shape"
    if sum(name != LOG_SCALE for name in names) != 1 or not all(_fits(one, outputs, narrow=True) for one in answered):
        raise UnusableNetworkError(f"its outputs are {_shown(answered)}; the model declares {wanted}")
    rows = np.random.default_rng(0).normal(0, 10, (ROWS, inputs))
    there = _run(file, rows, outputs)
    alone = _run(file, rows[:1], outputs)
    back = _run(file, rows[::-1], outputs)
    for one, first, turned in zip(there, alone, back, strict=True):
        if not (_equal(one, turned[::-1]) and _equal(one[:1], first)):
            raise UnusableNetworkError("its answer for a row depends on other rows of the batch")


def _equal(a: Doubles, b: Doubles) -> bool:
    return bool(np.array_equal(a, b, equal_nan=True))


def _run(file: bytes, rows: Doubles, outputs: int) -> tuple[Doubles, Doubles]:
    """Return expected values and log scales, float64 [n, outputs] each, NaN for rows with a missing value."""
    network = session(file)
    kind = _TYPES[network.get_inputs()[0].type]
    names = _named(network.get_outputs())
    out = {name: np.empty((len(rows), outputs)) for name in names}
    with np.errstate(over="ignore"):
        typed = rows.astype(kind)
    there = np.isfinite(typed).all(axis=1)
    typed[~there] = 0  # a network may look a value up in a table
    batch = np.zeros((ROWS, rows.shape[1]), kind)
    for at in range(0, len(rows), ROWS):
        some = typed[at : at + ROWS]
        batch[: len(some)], batch[len(some) :] = some, 0
        answers = _answers(network, names, batch)
        for name, answer in zip(names, answers, strict=True):
            if answer.size != ROWS * outputs:
                raise UnusableNetworkError(
                    f"its output {name} has the shape {list(answer.shape)} for {ROWS} rows; "
                    f"the model declares {outputs} outputs"
                )
            out[name][at : at + ROWS] = answer.reshape(ROWS, outputs)[: len(some)]
    value = next(part for name, part in out.items() if name != LOG_SCALE)
    log_scale = np.clip(np.nan_to_num(out.get(LOG_SCALE, np.zeros_like(value))), -_MOST_LOG, _MOST_LOG)
    value[~there | ~np.isfinite(value).all(axis=1)] = np.nan
    return value, log_scale


def _answers(network: Any, names: Sequence[str], batch: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    try:
        answers: list[npt.NDArray[Any]] = network.run(names, {network.get_inputs()[0].name: batch})
    except Exception as error:  # ONNX Runtime's own errors have no common base
        raise UnusableNetworkError(f"ONNX Runtime cannot run it: {first_line(error)}") from error
    return answers


def _fits(one: Any, width: int, *, narrow: bool) -> bool:
    """Whether the first dimension is free and the second is `width`; a single value per row may lack the second."""
    free = bool(one.shape) and not isinstance(one.shape[0], int)
    wide = len(one.shape) == 2 and (not isinstance(one.shape[1], int) or one.shape[1] == width)
    return one.type in _TYPES and free and (wide or (narrow and width == 1 and len(one.shape) == 1))


def _named(ends: Sequence[Any]) -> list[str]:
    return [str(one.name) for one in ends]


def _shown(ends: Sequence[Any]) -> str:
    of = [f"{one.name} {one.type} [{', '.join('any' if d is None else str(d) for d in one.shape)}]" for one in ends]
    return ", ".join(of) or "none"
