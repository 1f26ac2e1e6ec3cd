"""Networks in ONNX files: what they must have, and that a row's answer does not depend on its company."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.onnx_session import UnusableNetworkError
from headrace_udfs.scoring import networks
from headrace_udfs.scoring.networks import Network, Networks
from support import onnx_files
from support.onnx_files import DOUBLE, FLOAT, End, Node

_RANDOM = np.random.default_rng(3)
WEIGHTS = [_RANDOM.normal(0, 0.3, (3, 37)), _RANDOM.normal(0, 5, (37, 2))]
PLAIN = onnx_files.perceptron(WEIGHTS)
ROWS = _RANDOM.normal(0, 3, (1000, 3))


def placed(file: bytes = PLAIN) -> Networks:
    """A network at two assets of three inputs each, whose second output is not used at the second asset."""
    return Networks((Network(file, np.array([[0, 1, 2], [3, 4, 5]]), np.array([[6, 7], [8, -1]])),))


def test_values_are_those_of_the_network() -> None:
    columns = _RANDOM.normal(0, 2, (200, 10))
    found = placed().sums(columns, 9)
    first, second = (each.astype(np.float32).astype(float) for each in WEIGHTS)
    for inputs, outputs in (([0, 1, 2], [6, 7]), ([3, 4, 5], [8])):
        expected = np.tanh(columns[:, inputs] @ first) @ second[:, : len(outputs)]
        np.testing.assert_allclose(found[:, outputs, 0], expected, atol=1e-4)
    assert not found[:, :6].any()
    assert not found[..., 1:].any()


@pytest.mark.parametrize("type_", [FLOAT, DOUBLE])
def test_a_log_scale_is_an_output_of_its_own(type_: int) -> None:
    file = onnx_files.perceptron(WEIGHTS, scaled=True, type_=type_)
    networks.check(file, 3, 2)
    found = placed(file).sums(_RANDOM.normal(0, 1, (70, 10)), 9)
    np.testing.assert_allclose(found[:, 6:, 1], found[:, 6:, 0] / 2, rtol=1e-6)


def test_an_infinite_scale_is_bounded() -> None:
    steep = onnx_files.perceptron([WEIGHTS[0], WEIGHTS[1] * 1e30], scaled=True)
    found = placed(steep).sums(_RANDOM.normal(0, 1, (70, 10)), 9)
    assert np.isfinite(np.exp(found[..., 1])).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 999), min_size=1, max_size=200))
def test_a_row_has_the_same_bits_in_any_company(rows: list[int]) -> None:
    of = Network(PLAIN, np.array([[0, 1, 2]]), np.array([[0, 1]]))
    whole, _ = of.answers(ROWS)
    np.testing.assert_array_equal(of.answers(ROWS[rows])[0], whole[rows])


def test_a_missing_or_endless_input_has_no_answer_and_spoils_no_other_row() -> None:
    of = Network(PLAIN, np.array([[0, 1, 2]]), np.array([[0, 1]]))
    broken = ROWS.copy()
    broken[[3, 500, 999], [0, 1, 2]] = np.nan, np.inf, 1e300
    rest = np.delete(np.arange(1000), [3, 500, 999])
    found, _ = of.answers(broken)
    assert np.isnan(found[[3, 500, 999]]).all()
    np.testing.assert_array_equal(found[rest], of.answers(ROWS)[0][rest])


def test_an_answer_that_is_not_finite_is_none() -> None:
    root = onnx_files.file([Node("Sqrt", ["x"], ["y"])], {}, [End("x", ["n", 1])], [End("y", ["n", 1])])
    found = Networks((Network(root, np.array([[0]]), np.array([[1]])),)).sums(np.array([[4.0], [-4.0]]), 2)
    np.testing.assert_array_equal(found[:, 1, 0], [2.0, np.nan])


MEAN = onnx_files.file(
    [Node("ReduceMean", ["x"], ["m"]), Node("Add", ["x", "m"], ["y"])],
    {},
    [End("x", ["n", 2])],
    [End("y", ["n", 2])],
)
FLAT = onnx_files.file([Node("Abs", ["x"], ["y"])], {}, [End("x", ["n", "k"])], [End("y", ["n", "k"])])


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"not a network", r"ONNX Runtime [0-9.]+ cannot load it: "),
        (b"", "cannot load it"),
        (onnx_files.file([], {}, [End("x", ["n", 2])], [End("x", ["n", 2])], opset=99), "Opset 99|opset 99"),
        (onnx_files.perceptron(WEIGHTS), r"its inputs are x tensor\(float\) \[n, 3\]; the model declares .*\[any, 2\]"),
        (
            onnx_files.file([Node("Abs", ["x"], ["y"])], {}, [End("x", [1, 2])], [End("y", [1, 2])]),
            r"its inputs are x tensor\(float\) \[1, 2\]",
        ),
        (
            onnx_files.file([Node("Add", ["x", "z"], ["y"])], {}, [End("x", ["n", 2]), End("z", ["n", 2])],
                            [End("y", ["n", 2])]),
            r"its inputs are x .*, z ",
        ),
        (onnx_files.line(np.ones((2, 3))), r"its outputs are expected .*\[n, 3\]; the model declares .*\[any, 2\]"),
        (
            onnx_files.file([Node("Abs", ["x"], ["y"]), Node("Neg", ["x"], ["z"])], {}, [End("x", ["n", 2])],
                            [End("y", ["n", 2]), End("z", ["n", 2])]),
            "its outputs are y .*, z ",
        ),
        (
            onnx_files.file([Node("Abs", ["x"], ["log_scale"])], {}, [End("x", ["n", 2])],
                            [End("log_scale", ["n", 2])]),
            "its outputs are log_scale ",
        ),
        (
            onnx_files.file([Node("Abs", ["x"], ["y"])], {}, [End("x", ["n", 2], 7)], [End("y", ["n", 2], 7)]),
            r"its inputs are x tensor\(int64\)",
        ),
        (MEAN, "depends on other rows"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_the_model_declares_is_refused(file: bytes, message: str) -> None:
    with pytest.raises(UnusableNetworkError, match=message):
        networks.check(file, 2, 2)


def test_a_free_width_is_checked_by_a_run() -> None:
    networks.check(FLAT, 2, 2)
    with pytest.raises(UnusableNetworkError, match=r"has the shape \[64, 2\].*declares 3 outputs"):
        networks.check(FLAT, 2, 3)


def test_without_the_runtime_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    other = onnx_files.line(np.full((2, 2), 0.25))
    with pytest.raises(UnusableNetworkError, match=r"pip install 'headrace\[onnx\]'"):
        networks.check(other, 2, 2)


def test_a_part_has_the_networks_of_its_own_tags() -> None:
    whole = placed()
    columns = _RANDOM.normal(0, 1, (20, 10))
    tag, column = np.full(10, -1), np.full(10, -1)
    tag[[3, 4, 5, 8]], column[[3, 4, 5, 8, 9]] = range(4), range(5)
    part = whole.part(tag, column)
    found = part.sums(columns[:, [3, 4, 5, 8, 9]], 4)
    np.testing.assert_array_equal(found, whole.sums(columns, 9)[:, [3, 4, 5, 8]])
    assert len(part.each[0].inputs) == 1
    assert part.part(np.full(5, -1), np.full(5, -1)).each == ()


def test_networks_come_back_from_their_arrays() -> None:
    back = networks.loaded(placed().arrays())
    columns = _RANDOM.normal(0, 1, (20, 10))
    np.testing.assert_array_equal(back.sums(columns, 9), placed().sums(columns, 9))
    with pytest.raises(UnusableNetworkError, match="its outputs"):
        networks.loaded(placed().arrays() | {"networks.0.outputs": np.array([[6], [7]])})
