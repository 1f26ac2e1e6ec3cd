"""The kinds of model.yaml: what a model scores, and what each reading is compared with."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, RootModel, model_validator

from headrace.project import yaml_file
from headrace_udfs.durations import Duration
from headrace_udfs.scoring.fit_networks import PEERS

Pattern = Annotated[str, Field(min_length=1)]


class Budget(yaml_file.Model, use_attribute_docstrings=True):
    """How many false alarms are acceptable; the thresholds are set by it."""

    false_events_per_tag_month: Annotated[float, Field(gt=0, le=1000)] = 0.5
    """False events per tag and month, on average."""


class _Tags(yaml_file.Model, use_attribute_docstrings=True):
    owner: str
    """The person or team responsible for the model."""
    description: str
    """What it watches, in one sentence."""
    tags: list[Pattern] = Field(min_length=1)
    """Names or wildcards of the tags that it scores, of one or several assets of the same type."""
    exclude: list[Pattern] = []
    """Names or wildcards of tags to leave out, such as setpoints."""
    angles: list[Pattern] = []
    """Names or wildcards of tags in degrees on a circle: 359 is next to 1."""
    every: Duration | None = None
    """The time between two instants, at which readings are compared; default: learned from the readings."""


class _Siblings(_Tags, use_attribute_docstrings=True):
    peers: list[Pattern] = []
    """Names or wildcards of tags that are also compared with the same signal at the other assets, such as the outdoor
    temperature; a tag's signal is its name after the last dot. Not for a signal whose fault all assets may share."""
    budget: Budget = Budget()
    """How many false alarms are acceptable."""


class RegimeFile(_Siblings, use_attribute_docstrings=True):
    """A model that learns what the other tags of an asset make likely at the same instant."""

    kind: Literal["regime"]
    """regime: a reading is compared with what the other tags of its asset make likely at the same instant."""


class BaselineFile(_Tags, use_attribute_docstrings=True):
    """A model that compares each reading with the median of its tag."""

    kind: Literal["baseline"]
    """baseline: a reading is compared with the median of its tag alone, in units of the median distance from it."""
    budget: Budget | None = None
    """How many false alarms are acceptable; default: none, an anomaly is more than 3.5 scales from the median."""


class NetworkFile(yaml_file.Model, use_attribute_docstrings=True):
    """A network, and the signals that it reads and expects; it serves each asset."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$")]
    """The ONNX file, next to model.yaml. Its first dimension is free: one row is one asset at one instant."""
    inputs: list[Pattern] = Field(min_length=1)
    """Signals of the asset in the order of the network's input; `peers:<signal>` is the middle of that signal at the
    other assets, and `hour` the hour of the day in UTC."""
    outputs: list[Pattern] = Field(min_length=1)
    """Signals whose values the network expects, in the order of its output."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if both := {*self.inputs} & {*self.outputs}:
            raise ValueError(f"{', '.join(sorted(both))} is an input and an output; a signal must not explain itself")
        for names in (self.inputs, self.outputs):
            if len({*names}) < len(names):
                raise ValueError("a signal is named twice")
        return self


class OnnxFile(_Siblings, use_attribute_docstrings=True):
    """A model whose expected values come from networks that learned elsewhere."""

    kind: Literal["onnx"]
    """onnx: a reading is compared with what a network in an ONNX file expects of it."""
    networks: list[NetworkFile] = Field(min_length=1)
    """The networks; a signal is the output of at most one."""

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        outputs = [name for network in self.networks for name in network.outputs]
        if twice := sorted({name for name in outputs if outputs.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} is the output of two networks")
        return self

    def peer_signals(self) -> set[str]:
        """Return the signals whose peers are an input."""
        inputs = [name for network in self.networks for name in network.inputs]
        return {name.removeprefix(PEERS) for name in inputs if name.startswith(PEERS)}


ModelFile = RegimeFile | BaselineFile | OnnxFile


class AnyFile(RootModel[Annotated[ModelFile, Field(discriminator="kind")]]):
    """A model's model.yaml: which tags it scores, and what each of them is compared with."""
