from __future__ import annotations

from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import yaml_text


@pytest.mark.parametrize(
    ("text", "place", "what", "fix"),
    [
        ("description: Note: this\n", "1:18", "a colon is not expected here", "in quotes if ': ' is part of it"),
        ("a: 1\n  b: 2\n", "2:4", "a colon is not expected here", "one key per line"),
        ("a:1\nb: 2\n", "2:2", "a colon is not expected here", "a space after each colon"),
        ("b:\n\tc: 1\n", "2:1", "nothing can begin with this character", "indent with spaces, not with tabs"),
        ("a: @x\n", "1:4", "nothing can begin with this character", "put the text in quotes"),
        ("k: 1\nparams: {a: 1\nb: 2\n", "3:2", "there is no ',' or '}' before this", "close the '{' of line 2"),
        ("reads: [source/x\nb: 2\n", "2:2", "there is no ',' or ']' before this", "close the '[' of line 1"),
        ("a:\n    b: 1\n  c: 2\n", "3:3", "a key is expected here", "begin in the same column"),
        ("a: 'x' y\n", "1:8", "a key is expected here", "in quotes whole"),
        ("- x\nb: 1\n", "2:1", "a '- ' is expected here", "has no keys next to its elements"),
        ("name: x\nowner me\ngrain: y\n", "2:1", "this line has no colon", "'key: value'"),
        ("a: 1\n<<<<<<< HEAD\nb: 2\n", "2:1", "this line has no colon", "'key: value'"),
        ('a: "x\nb: 2\n', "1:4", "these quotation marks are not closed", "the same mark at the end"),
        ("a: *.x\n", "1:4", "a text cannot begin with this character", "put the text in quotes"),
        ("a: *x\n", "1:4", "'*' begins the name of an anchor", "put the text in quotes"),
        ('a: "\\d+"\n', "1:5", "there is no such escape", "single quotes"),
        ("a: 1\n---\nb: 2\n", "2:1", "a second document begins here", "a file of its own"),
        ("a: - x\n", "1:4", "a list cannot begin here", "below the key"),
        ("a: [x,, y]\n", "1:7", "a value is expected here", "remove the comma"),
        ("a: {{ x }}\n", "1:5", "a key must be a text", "'{{' has no meaning in YAML"),
        ("a: > 5\n", "1:6", "the text begins on the next line", "put the text in quotes"),
    ],
)
def test_text_that_is_not_yaml_is_reported_where_the_mistake_is_with_how_to_mend_it(
    text: str, place: str, what: str, fix: str
) -> None:
    with pytest.raises(UserError) as refused:
        yaml_text.parse(text, Path("job.yaml"))
    (problem,) = refused.value.problems
    assert str(problem.where) == f"job.yaml:{place}"
    assert what in problem.what
    assert fix in (problem.fix or "")
