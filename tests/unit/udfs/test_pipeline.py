"""One row per payload: good rows have every step's columns, refused rows have stage, code and message."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs import contract as contracts
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault
from headrace_udfs.format_names import FORMAT_FACTS, FormatFacts
from headrace_udfs.formats import FORMATS
from headrace_udfs.formats.base import Decoded
from headrace_udfs.formats.json import JsonFormat
from headrace_udfs.isolate import isolate
from headrace_udfs.messages import Messages
from headrace_udfs.pipeline import PIECE, Pipeline
from headrace_udfs.schemas import Schemas
from headrace_udfs.step_protocol import Columns, Step, Worker
from headrace_udfs.types import ARROW, ContractType
from support import broken_arrays

CONTRACT = Contract.model_validate(
    {
        "description": "Readings of a pump.",
        "topic": "pump.readings",
        "fields": {"tag": {"type": "string", "required": True}, "value": {"type": "double"}},
        "time": {"path": "ts", "unit": "epoch_ms"},
        "key": "tag",
    }
)


class Double:
    """Doubles values; fails on those in `poison`, and returns float32 for a batch of `odd` rows."""

    name: ClassVar[str] = "double"
    needs: ClassVar[tuple[str, ...]] = ("tag", "value")
    outputs: ClassVar[Mapping[str, ContractType]] = {"twice": "double"}

    def __init__(self, poison: Sequence[float] = (), odd: int = -1) -> None:
        self.poison = poison
        self.odd = odd
        self.closed = False

    def open(self, worker: Worker) -> None:
        self.count = worker.count

    def apply(self, columns: Columns) -> Columns:
        assert pa.types.is_dictionary(columns["tag"].type)
        for value in columns["value"].to_pylist():
            if value in self.poison:
                raise ArithmeticError(f"{value} is poison \ud800")
        self.count("doubled", len(columns["value"]))
        twice = pc.multiply(columns["value"], 2.0)
        return {"twice": twice.cast(pa.float32()) if len(twice) == self.odd else twice}

    def close(self) -> None:
        self.closed = True


class Halve(Double):
    """Halves the result of Double, so it must see the same rows."""

    name: ClassVar[str] = "halve"
    needs: ClassVar[tuple[str, ...]] = ("value", "twice")
    outputs: ClassVar[Mapping[str, ContractType]] = {"once": "double"}

    def apply(self, columns: Columns) -> Columns:
        once = pc.divide(columns["twice"], 2.0)
        assert once.equals(columns["value"])
        if set(once.to_pylist()) & set(self.poison):
            raise ValueError("poison")
        return {"once": once}


class Name(Double):
    """Names values: texts that are plain if the first value is even, and have a dictionary otherwise."""

    name: ClassVar[str] = "name"
    outputs: ClassVar[Mapping[str, ContractType]] = {"name": "string"}

    def apply(self, columns: Columns) -> Columns:
        values = columns["value"].to_pylist()
        if set(values) & set(self.poison):
            raise ValueError("poison")
        names = pa.array([None if value % 5 == 0 else f"n{value % 3:.0f}" for value in values], pa.string())
        return {"name": names.dictionary_encode() if values and values[0] % 2 else names}


def reading(value: float | str) -> bytes:
    return f'{{"tag":"a","ts":1400000000000,"value":{value}}}'.encode()


def run(payloads: Sequence[bytes | None], *steps: Step) -> pa.RecordBatch:
    pipeline = Pipeline(CONTRACT, steps)
    pipeline.open(lambda _name, _n: None)
    return pipeline.run(Messages(payloads)).batch


def test_a_good_row_has_its_columns_and_no_error() -> None:
    batch = run([reading(1.5)], Double())
    assert batch.schema.names == ["tag", "value", "ts", "quality", "twice", "err_stage", "err_code", "err_msg"]
    assert batch.select(["tag", "value", "quality", "twice"]).to_pylist() == [
        {"tag": "a", "value": 1.5, "quality": 0, "twice": 3.0}
    ]
    assert batch.schema.field("ts").type == ARROW["timestamp"]
    assert [batch[name].null_count for name in ("err_stage", "err_code", "err_msg")] == [1, 1, 1]


@pytest.mark.parametrize("payloads", [[], [None], [b"{", None, b""]], ids=["no rows", "one bad row", "bad rows only"])
def test_a_batch_without_good_rows_has_all_its_columns(payloads: list[bytes | None]) -> None:
    batch = run(payloads, Double(), Halve())
    assert batch.num_rows == len(payloads)
    assert batch["err_code"].null_count == 0
    assert batch.schema.equals(run([reading(1)], Double(), Halve()).schema)
    batch.validate(full=True)


def test_a_step_that_fails_on_a_row_affects_no_other() -> None:
    payloads: list[bytes | None] = [reading(i) for i in range(10_000)]
    payloads[3] = None
    batch = run(payloads, Double(poison=[0.0, 4.0, 7777.0, 9999.0]), Halve(poison=[5.0]))
    batch.validate(full=True)
    bad = batch.filter(pc.is_valid(batch["err_code"])).to_pylist()
    refusals = [(row["value"], row["err_stage"], row["err_code"]) for row in bad]
    assert refusals == [
        (0.0, "double", "udf_failed"),
        (None, "decode", "null_payload"),
        (4.0, "double", "udf_failed"),
        (5.0, "halve", "udf_failed"),
        (7777.0, "double", "udf_failed"),
        (9999.0, "double", "udf_failed"),
    ]
    assert bad[0]["err_msg"] == "ArithmeticError: 0.0 is poison \\ud800"
    good = batch.filter(pc.is_null(batch["err_code"]))
    assert good.num_rows == 10_000 - 6
    assert good["twice"].equals(pc.multiply(good["value"], 2.0))
    assert good["once"].equals(good["value"])


@given(st.lists(st.integers(0, 9), max_size=12), st.sets(st.integers(0, 9)))
def test_texts_of_a_step_are_the_same_whether_it_fails_on_other_rows(values: list[int], poison: set[int]) -> None:
    batch = run([reading(value) for value in values], Name(poison=[*map(float, poison)]))
    batch.validate(full=True)
    expected = [None if value in poison or value % 5 == 0 else f"n{value % 3}" for value in values]
    good = pc.is_null(batch["err_code"]).to_pylist()
    assert good == [value not in poison for value in values]
    assert [
        name if is_good else None for name, is_good in zip(batch["name"].to_pylist(), good, strict=True)
    ] == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["1", "2", "3", "NaN"])), st.sets(st.sampled_from([1.0, 2.0])), st.sets(st.just(3.0)))
def test_every_row_is_good_or_has_the_first_stage_that_refuses_it(
    values: list[str], first: set[float], second: set[float]
) -> None:
    batch = run([reading(value) for value in values], Double(list(first)), Halve(list(second)))
    stages = [
        "decode" if v == "NaN" else "double" if float(v) in first else "halve" if float(v) in second else None
        for v in values
    ]
    assert batch["err_stage"].to_pylist() == stages
    expected = [float(v) if stage is None else None for v, stage in zip(values, stages, strict=True)]
    assert [o if s is None else None for o, s in zip(batch["once"].to_pylist(), stages, strict=True)] == expected


def test_a_step_that_returns_another_type_than_it_declares_refuses_the_rows() -> None:
    batch = run([reading(1)], Double(odd=1))
    assert batch["err_msg"].to_pylist() == ["TypeError: 'twice' has 1 values of type float, expected 1 of type double"]


class Say(Double):
    """Returns what `says` makes of some texts."""

    name: ClassVar[str] = "say"
    outputs: ClassVar[Mapping[str, ContractType]] = {"said": "string"}

    def __init__(self, says: Callable[[pa.Array], object]) -> None:
        super().__init__()
        self.says = says

    def apply(self, columns: Columns) -> Columns:
        return {"said": self.says(pa.array([f"v{value:.0f}" for value in columns["value"].to_pylist()]))}


@pytest.mark.parametrize(
    ("says", "named"),
    [
        (lambda texts: pa.chunked_array([texts]), "ChunkedArray"),
        (lambda texts: texts.to_pylist(), "list"),
        (lambda texts: texts[0], "StringScalar"),
        (lambda _texts: None, "NoneType"),
    ],
)
def test_a_step_that_returns_no_array_refuses_the_rows(says: Callable[[pa.Array], object], named: str) -> None:
    batch = run([reading(1), b"{", reading(2)], Say(says))
    what = f"TypeError: 'said' is a {named}, expected an Array of type string"
    assert batch["err_msg"].to_pylist()[::2] == [what, what]


@pytest.mark.parametrize("broken", broken_arrays.TEXTS)
def test_a_step_that_returns_a_broken_array_refuses_the_rows_for_which_it_does(broken: str) -> None:
    def says(texts: pa.Array) -> pa.Array:
        return texts if texts.to_pylist() == ["v1"] else broken_arrays.TEXTS[broken].slice(2 - len(texts))

    batch = run([reading(1), b"{", reading(2)], Say(says))
    assert batch["err_msg"][2].as_py().startswith("ValueError: 'said' is not a valid Arrow array: ")
    assert batch["err_code"].to_pylist() == [None, "not_json", "udf_failed"]
    assert batch["said"].to_pylist() == ["v1", None, None]


def test_a_text_that_is_null_in_the_dictionary_of_a_step_is_null() -> None:
    def with_null(texts: pa.Array) -> pa.Array:
        return pc.dictionary_encode(pc.if_else(pc.equal(texts, "v1"), None, texts), null_encoding="encode")

    said = run([reading(1), reading(2), reading(1), reading(2)], Say(with_null))["said"]
    assert said.null_count == 2
    assert said.dictionary.to_pylist() == ["v2"]
    assert said.to_pylist() == [None, "v2", None, "v2"]


def test_steps_are_opened_with_the_count_and_closed() -> None:
    counted: dict[str, int] = {}
    step = Double()
    pipeline = Pipeline(CONTRACT, [step])
    pipeline.open(lambda name, n: counted.update({name: counted.get(name, 0) + n}))
    pipeline.run(Messages([reading(1), None, reading(2)]))
    pipeline.close()
    assert counted == {"doubled": 2}
    assert step.closed


def test_a_pipeline_can_be_pickled_for_a_worker() -> None:
    pipeline = pickle.loads(pickle.dumps(Pipeline(CONTRACT, [Double()])))  # noqa: S301 - pickled on the same line
    pipeline.open(lambda _name, _n: None)
    assert pipeline.run(Messages([reading(4)])).batch["twice"].to_pylist() == [8.0]


class Csv:
    """The contract's columns in its order, separated by commas: a format unrelated to JSON."""

    def __init__(self, contract: Contract, _schemas: Schemas | None = None) -> None:
        self.names = list(contract.paths)

    def decode(self, messages: Messages) -> Decoded:
        lines = [(payload or b"").decode().split(",") for payload in messages.values]
        short = {i for i, cells in enumerate(lines) if len(cells) < len(self.names)}
        kept = [[None] * len(self.names) if i in short else cells for i, cells in enumerate(lines)]
        texts = [pa.array(column, pa.string()) for column in zip(*kept, strict=True)]
        columns = {
            name: array.cast(pa.int64()).cast(pa.timestamp("ms")).cast(pa.timestamp("us"))
            if name == "ts"
            else array
            if name == "tag"
            else array.cast(pa.float64())
            for name, array in zip(self.names, texts, strict=True)
        }
        return Decoded(columns, {i: Fault(Code.MISSING_FIELD, "cut short") for i in short})


def test_another_format_is_a_class_and_two_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "csv", Csv)
    monkeypatch.setattr(contracts, "FORMAT_FACTS", {**FORMAT_FACTS, "csv": FormatFacts()})
    pipeline = Pipeline(CONTRACT.model_copy(update={"format": "csv"}), [Double()])
    pipeline.open(lambda _name, _n: None)
    batch = pipeline.run(Messages([b"a,2,1400000000000", b"a", b"a,2,0", None])).batch
    assert batch["twice"].to_pylist() == [4.0, None, None, None]
    assert batch["err_code"].to_pylist() == [None, "missing_field", "time_before_bounds", "missing_field"]


def test_a_step_without_its_inputs_is_refused() -> None:
    with pytest.raises(ValueError, match="step 'halve' needs twice; the columns are: tag, value, ts, quality"):
        Pipeline(CONTRACT, [Halve()])


def test_a_step_that_adds_an_existing_column_is_refused() -> None:
    with pytest.raises(ValueError, match="step 'double' adds twice, which already exists"):
        Pipeline(CONTRACT, [Double(), Double()])


@given(st.integers(0, 200), st.sets(st.integers(0, 199)))
def test_isolation_covers_every_row_once_and_finds_those_that_fail(rows: int, culprits: set[int]) -> None:
    def function(start: int, stop: int) -> range:
        if culprits & set(range(start, stop)):
            raise ValueError
        return range(start, stop)

    pieces = isolate(function, rows)
    covered = [i for piece in pieces for i in range(piece.start, piece.stop)]
    assert covered == list(range(rows))
    assert {piece.start for piece in pieces if piece.error} == {i for i in culprits if i < rows}
    assert all(piece.result == range(piece.start, piece.stop) for piece in pieces if not piece.error)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([None, b"", b"{", reading(1), reading(2.5), reading(3) + b" " * 150]), max_size=12),
    st.sampled_from(["json", "json_array"]),
)
def test_large_batches_are_decoded_in_pieces_with_the_result_of_one(payloads: list[bytes | None], format_: str) -> None:
    contract = CONTRACT.model_copy(update={"format": format_})
    texts = [b"[%s]" % payload if payload and contract.many else payload for payload in payloads]
    pipeline = Pipeline(contract, [Double()])
    pipeline.open(lambda _name, _n: None)
    whole = pipeline.run(Messages(texts)).batch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("headrace_udfs.pipeline.PIECE", 100)
        assert pipeline.run(Messages(texts)).batch.equals(whole)


def test_no_more_than_a_piece_is_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []

    class Watched(JsonFormat):
        def decode(self, messages: Messages) -> Decoded:
            pieces.append(sum(len(payload or b"") for payload in messages.values))
            return super().decode(messages)

    monkeypatch.setitem(FORMATS, "json", Watched)
    batch = run([reading(1) + b" " * 2**19] * 30)
    assert batch.num_rows == 30
    assert len(pieces) > 7
    assert max(pieces) < PIECE + 2**20
