"""Patterns of tags: wildcards, characters that stand for themselves, and names that contain wildcards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.project import pattern

names = st.text(st.sampled_from(r"aB*?~[]\!.'%_;é"), max_size=8)


@given(names, names)
def test_the_pattern_of_a_name_stands_for_that_name_alone(name: str, other: str) -> None:
    asked = pattern.literal(name)
    assert not pattern.is_wild(asked)
    assert pattern.name_of(asked) == name
    assert pattern.like(name, asked)
    assert pattern.like(other, asked) is (other.casefold() == name.casefold())


@given(names, names, names)
def test_a_star_is_any_text_and_a_question_mark_one_character(before: str, between: str, after: str) -> None:
    start, end = pattern.literal(before), pattern.literal(after)
    assert pattern.is_wild(f"{start}*{end}")
    assert pattern.like(before + between + after, f"{start}*{end}")
    assert pattern.like(before + between + after, start + "?" * len(between) + end)
    assert not pattern.like(before + between + after, start + "?" * (len(between) + 1) + end)


@pytest.mark.parametrize(
    ("text", "asked", "matches"),
    [
        ("S[1].flow", "s[*].flow", True),
        ("S1.flow", "S[1].flow", False),
        (r"\\SRV\P1", r"\\srv\*", True),
        ("a*b", "a~*b", True),
        ("axb", "a~*b", False),
        ("a*b", "a*b", True),
        ("a~b", "a~b", True),
        ("a~xb", "a~~*b", True),
        ("a~b", "a~~b", True),
        ("a~~b", "a~~b", False),
        ("a\nb", "a?b", True),
        ("[!x]", "[!x]", True),
    ],
)
def test_brackets_and_backslashes_stand_for_themselves_and_a_tilde_escapes(
    text: str, asked: str, matches: bool
) -> None:
    assert pattern.like(text, asked) is matches


@pytest.mark.parametrize(
    ("asked", "selected"),
    [
        ("[default]*", ["[default]Line1/Temp", "[default]Line1/Flow"]),
        ("[DEFAULT]*", ["[default]Line1/Temp", "[default]Line1/Flow"]),
        ("[default]Line1/Temp", ["[default]Line1/Temp"]),
        ("[default]line1/temp", []),  # a name has its case, a wildcard has none
        ("dLine1/*", ["dLine1/Temp"]),
        (r"\\SRV\P1", [r"\\SRV\P1"]),
        (r"\\srv\*", [r"\\SRV\P1"]),
        ("ns=2;s=A.B", ["ns=2;s=A.B"]),
        ("1??%", ["100%"]),
        ("O'*", ["O'Brien"]),
    ],
)
def test_a_name_selects_itself_and_a_wildcard_what_is_like_it(asked: str, selected: list[str]) -> None:
    known = [
        "[default]Line1/Temp", "[default]Line1/Flow", "dLine1/Temp", r"\\SRV\P1", "ns=2;s=A.B", "100%", "O'Brien",
    ]  # fmt: skip
    assert pattern.select(known, asked) == selected


def test_many_stars_do_not_slow_a_match_down() -> None:
    assert not pattern.like("a" * 3000, "*a" * 60 + "b")
