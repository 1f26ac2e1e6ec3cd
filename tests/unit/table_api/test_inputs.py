"""The inputs that the engine passes to a module have everything that the module may use, with the same signatures."""

from __future__ import annotations

import inspect

import pytest

from headrace.planner.table_api.inputs import Inputs as EngineInputs
from table_api import Inputs

METHODS = [name for name, _ in inspect.getmembers(Inputs, inspect.isfunction) if not name.startswith("_")]


@pytest.mark.parametrize("name", METHODS)
def test_the_engine_has_each_method_with_its_parameters(name: str) -> None:
    promised, actual = inspect.signature(getattr(Inputs, name)), inspect.signature(getattr(EngineInputs, name))
    assert list(actual.parameters.values()) == list(promised.parameters.values())


def test_every_public_method_of_the_engine_is_promised() -> None:
    public = [name for name, _ in inspect.getmembers(EngineInputs, inspect.isfunction) if not name.startswith("_")]
    assert public == METHODS
