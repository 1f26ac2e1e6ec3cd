"""All faults of a file are reported at once, each at its place and with a fix."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator

from headrace.errors import Problem, UserError
from headrace.project import yaml_file


class Inner(yaml_file.Model):
    unit: str
    low: float = 0

    @field_validator("unit")
    @classmethod
    def _known(cls, unit: str) -> str:
        if unit == "furlong":
            raise ValueError("no such unit")
        return unit


class Outer(yaml_file.Model):
    name: str
    fields: dict[str, Inner] = {}
    many: list[Inner] = []


def problems(tmp_path: Path, text: str) -> list[Problem]:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as raised:
        yaml_file.load(path, Outer)
    return raised.value.problems


def places(faults: list[Problem]) -> list[str]:
    return [str(p.where).split("x.yaml:")[1] for p in faults]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("name: a\nfields:\n  v: {unit: m}\n")
    assert yaml_file.load(path, Outer).fields["v"].unit == "m"


def test_every_fault_is_reported_at_its_own_place(tmp_path: Path) -> None:
    faults = problems(tmp_path, "fields:\n  v:\n    unit: furlong\n    low: x\nmany:\n  - {unit: m}\n  - {low: 1}\n")
    assert {str(p.where).split("x.yaml:")[1]: p.what for p in faults} == {
        "1:1": "key 'name' is required",
        "3:5": "fields.v.unit: no such unit",
        "4:5": "fields.v.low: input should be a valid number (got 'x')",
        "7:5": "key 'many.1.unit' is required",
    }


def test_an_unknown_key_suggests_the_nearest(tmp_path: Path) -> None:
    faults = problems(tmp_path, "name: a\nfields:\n  v: {units: m, unit: m}\n")
    assert [(p.what, p.fix) for p in faults] == [("unknown key 'fields.v.units'", "did you mean 'unit'?")]
    assert places(faults) == ["3:7"]


def test_an_unknown_key_similar_to_none_lists_the_known_ones(tmp_path: Path) -> None:
    faults = problems(tmp_path, "name: a\nzzz: 1\n")
    assert faults[0].fix == "known keys here: name, fields, many"


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    faults = problems(tmp_path, "name: a\nname: b\n")
    assert [(p.what, p.fix) for p in faults] == [("key 'name' is already set at line 1", "keep one of them")]
    assert places(faults) == ["2:1"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the file is empty"),
        ("- a\n", "a mapping of keys is required here"),
        ("a: [1\nb: 2", "not YAML: there is no ',' or ']' before this"),
        ("a: !!python/object:os.system {}\n", "could not determine a constructor"),
    ],
)
def test_a_file_that_is_not_a_mapping_is_refused(tmp_path: Path, text: str, what: str) -> None:
    assert what in problems(tmp_path, text)[0].what


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: no such file"):
        yaml_file.load(tmp_path / "none.yaml", Outer)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"name: \xff\n")
    with pytest.raises(UserError, match="not UTF-8 text"):
        yaml_file.load(tmp_path / "x.yaml", Outer)


class Described(yaml_file.Model, use_attribute_docstrings=True):
    sizes: dict[str, Sized] = {}
    """How large each is."""
    name: str = ""

    @field_validator("name")
    @classmethod
    def _lower(cls, name: str) -> str:
        if name != name.lower():
            raise ValueError(f"'{name}' is not in lower case; write {name.lower()}")
        return name


class Sized(yaml_file.Model, use_attribute_docstrings=True):
    length: float = 0
    """How long it is,
    in metres."""


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("name: X\n", "write x"),
        ("sizes: {a: {length: long}}\n", "length: How long it is, in metres."),
        ("sizes: 3\n", "sizes: How large each is."),
    ],
)
def test_an_invalid_value_is_reported_with_a_fix(tmp_path: Path, text: str, fix: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as raised:
        yaml_file.load(path, Described)
    assert [p.fix for p in raised.value.problems] == [fix]


class Cat(yaml_file.Model):
    kind: Literal["cat"]
    lives: int


class Dog(yaml_file.Model):
    kind: Literal["dog"]
    """Which animal it is."""
    barks: bool = True


class House(yaml_file.Model):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pet:\n  kind: dog\n  barcs: true\n", ("3:3", "unknown key 'pet.barcs'", "did you mean 'barks'?")),
        ("pet:\n  kind: cat\n", ("1:1", "key 'pet.lives' is required", "add 'lives:'")),
        ("pet:\n  kind: cow\n", ("2:3", "pet.kind: there is no 'cow'", "one of cat, dog")),
        ("pet:\n  barks: no\n", ("1:1", "key 'pet.kind' is required", "one of cat, dog")),
    ],
)
def test_a_fault_in_one_of_several_kinds_is_reported_at_its_place(
    tmp_path: Path, text: str, expected: tuple[str, str, str]
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as raised:
        yaml_file.load(path, House)
    [problem] = raised.value.problems
    assert (str(problem.where).split("x.yaml:")[1], problem.what, problem.fix) == expected
