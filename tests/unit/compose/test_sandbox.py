"""What a template costs is bounded, whatever it computes; a fault is reported at its line."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from headrace.compose import render, sandbox
from headrace.compose.invalid_call import InvalidCall
from headrace.errors import UserError

GROWING = (
    "{{% set ns = namespace(x={first}) %}}{{% for i in range(99) %}}{{% set ns.x = {grown} %}}{{% endfor %}}{last}"
)


def rendered(tmp_path: Path, template: str) -> str:
    path = tmp_path / "a.sql.j2"
    path.write_text(template, encoding="utf-8")
    return render._file(path, {}).sql


LARGE = [
    "{{ 'x' * 10**10 }}",
    "{{ 10**10 * 'x' }}",
    "{{ [1] * 10**9 }}",
    "{{ (1, 2) * 10**9 }}",
    "{{ '%99999999999d' % 1 }}",
    "{{ '%.99999999999f' % 1.5 }}",
    "{{ '%*d' % (10**9, 1) }}",
    "{{ '{:99999999999}'.format(1) }}",
    "{{ '{0:{1}}'.format(1, 10**10) }}",
    "{{ '{a:99999999999}'.format_map({'a': 1}) }}",
    *(f"{{{{ 'x'.{name}(10**10) }}}}" for name in ("center", "ljust", "rjust", "zfill")),
    "{{ '\\t'.expandtabs(10**9) }}",
    "{{ ('x' * 99999).replace('x', 'y' * 99999) }}",
    "{{ ('x' * 99999).join(['y'] * 99999) }}",
    "{{ ('x' * 99999).translate({120: 'y' * 99999}) }}",
    "{{ (1).to_bytes(10**9) }}",
    "{{ 9 ** (10 ** 9) }}",
    GROWING.format(first="'a'", grown="ns.x ~ ns.x", last=""),
    GROWING.format(first="'a'", grown="ns.x + ns.x", last=""),
    GROWING.format(first="3", grown="ns.x * ns.x", last=""),
    GROWING.format(first="[1]", grown="[ns.x, ns.x]", last="{{ ns.x == 1 }}"),
    GROWING.format(first="[1]", grown="(ns.x, ns.x)", last="{{ ns.x ~ '' }}"),
    GROWING.format(first="{}", grown="{'a': ns.x, 'b': ns.x}", last="{{ ns.x ~ '' }}"),
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% set x = 'y' * 99999 %}{% endfor %}",
    "{% set x %}{% for a in range(99999) %}{{ 'abcdefghijklmnopqrst' }}{% endfor %}{% endset %}",
    "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
]


@pytest.mark.parametrize("template", LARGE)
def test_a_template_that_computes_too_much_is_refused_at_its_line(tmp_path: Path, template: str) -> None:
    since = time.thread_time()
    with pytest.raises(UserError) as raised:
        rendered(tmp_path, f"select\n\n{template}")
    (problem,) = raised.value.problems
    assert str(problem.where).endswith("a.sql.j2:3")
    assert problem.fix
    assert time.thread_time() - since < 2 * sandbox.MOST_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4_000_000  # kB


@pytest.mark.parametrize(
    "template",
    [
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "-" * 5000 + "1 }}",
        "{{ " + " + ".join(["1"] * 5000) + " }}",
        "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
        "{{ " + "9" * 5000 + " }}",
        "{{ 1 / 0 }}",
        "{{ 1.5 ** 99999 }}",
        "{{ [].index(3) }}",
        "{{ 'a'.encode('none') }}",
        "{{ range(10**12) }}",
        "{{ lipsum(10**6) }}",
    ],
)
def test_a_fault_of_a_template_is_an_error_with_its_file(tmp_path: Path, template: str) -> None:
    with pytest.raises(UserError) as raised:
        rendered(tmp_path, template)
    (problem,) = raised.value.problems
    assert str(problem.where).endswith("a.sql.j2:1")


@pytest.mark.parametrize(
    ("template", "sql"),
    [
        ("{% for i in range(3) %}{{ i * 1000000000 }}, {% endfor %}", "0, 1000000000, 2000000000,"),
        ("{% for i in [1] %}{{ 'x'.center(3) }}{% endfor %}", "' x '"),
        ("{{ '%05.1f' % 2.5 }}", "'002.5'"),
        ("{{ 'ab' * 2 ~ 'c'.upper() }}", "'ababC'"),
        ("{{ 2 ** 62 }}", "4611686018427387904"),
        ("{{ ', '.join(['a', 'b']) }}", "'a, b'"),
        ("{% for a, b in {'x': 1}.items() %}{{ a | ident }} = {{ b }}{% endfor %}", "`x` = 1"),
        ("{% for i in range(2000) %}{% if loop.last %}{{ i }}{% endif %}{% endfor %}", "1999"),
        ("{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "3"),
    ],
)
def test_what_templates_need_stays(tmp_path: Path, template: str, sql: str) -> None:
    assert rendered(tmp_path, template) == sql


def test_one_budget_covers_a_template_and_its_macros() -> None:
    with sandbox.budget(), sandbox.budget():
        sandbox.spend(sandbox.MOST_WORK)
        with sandbox.budget(), pytest.raises(InvalidCall):
            sandbox.spend(1)
