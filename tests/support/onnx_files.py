"""ONNX files for tests, encoded by hand: the package `onnx` wants a newer protobuf than apache-beam allows.

The field numbers are those of onnx.proto (github.com/onnx/onnx).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Shape = Sequence[int | str]
"""A number is a fixed dimension, a text a free one."""

FLOAT, DOUBLE = 1, 11
_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.float64): DOUBLE, np.dtype(np.int64): 7}


@dataclass(frozen=True)
class Node:
    """One operation, from names of tensors to names of tensors."""

    op: str
    inputs: Sequence[str]
    outputs: Sequence[str]


@dataclass(frozen=True)
class End:
    """An input or an output of the network."""

    name: str
    shape: Shape
    type: int = FLOAT


def file(
    nodes: Sequence[Node],
    constants: Mapping[str, npt.NDArray[np.generic]],
    inputs: Sequence[End],
    outputs: Sequence[End],
    opset: int = 17,
) -> bytes:
    """Return the bytes of an ONNX file."""
    graph = b"".join(
        [
            *(_message(1, _node(node)) for node in nodes),
            _text(2, "network"),
            *(_message(5, _tensor(name, value)) for name, value in constants.items()),
            *(_message(11, _end(end)) for end in inputs),
            *(_message(12, _end(end)) for end in outputs),
        ]
    )
    return _number(1, 8) + _message(7, graph) + _message(8, _text(1, "") + _number(2, opset))


def perceptron(weights: Sequence[npt.NDArray[np.float64]], *, scaled: bool = False, type_: int = FLOAT) -> bytes:
    """Return a network of two layers with tanh between, weights [inputs, hidden] and [hidden, outputs].

    With `scaled` it has an output `log_scale`, half of the expected value.
    """
    dtype = np.float32 if type_ == FLOAT else np.float64
    first, second = (each.astype(dtype) for each in weights)
    nodes = [
        Node("MatMul", ["x", "first"], ["a"]),
        Node("Tanh", ["a"], ["b"]),
        Node("MatMul", ["b", "second"], ["expected"]),
    ]
    outputs = [End("expected", ["n", second.shape[1]], type_)]
    constants: dict[str, npt.NDArray[np.generic]] = {"first": first, "second": second}
    if scaled:
        nodes.append(Node("Mul", ["expected", "half"], ["log_scale"]))
        outputs.append(End("log_scale", ["n", second.shape[1]], type_))
        constants["half"] = np.array([0.5], dtype)
    return file(nodes, constants, [End("x", ["n", first.shape[0]], type_)], outputs)


def line(slopes: npt.NDArray[np.float64], constant: Sequence[float] = (0.0,)) -> bytes:
    """Return a linear network, slopes [inputs, outputs]."""
    nodes = [Node("MatMul", ["x", "slopes"], ["a"]), Node("Add", ["a", "constant"], ["expected"])]
    constants = {"slopes": slopes.astype(np.float32), "constant": np.array(constant, np.float32)}
    return file(nodes, constants, [End("x", ["n", slopes.shape[0]])], [End("expected", ["n", slopes.shape[1]])])


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def _node(node: Node) -> bytes:
    return b"".join([*(_text(1, n) for n in node.inputs), *(_text(2, n) for n in node.outputs), _text(4, node.op)])


def _tensor(name: str, value: npt.NDArray[np.generic]) -> bytes:
    dims = b"".join(_number(1, length) for length in value.shape)
    return dims + _number(2, _TYPES[value.dtype]) + _text(8, name) + _message(9, value.tobytes())


def _end(end: End) -> bytes:
    dims = (_number(1, each) if isinstance(each, int) else _text(2, each) for each in end.shape)
    shape = b"".join(_message(1, dim) for dim in dims)
    return _text(1, end.name) + _message(2, _message(1, _number(1, end.type) + _message(2, shape)))
