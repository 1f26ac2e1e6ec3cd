"""What a template asks for, read off its text without rendering it: no environment is needed, and no value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes

from headrace.errors import Place, UserError

_COMMENT = re.compile(r"\s*\{#-?(.*?)-?#\}", re.DOTALL)


@dataclass(frozen=True, order=True)
class Call:
    """`name('a', 'b')`; an argument that is no plain text is left out."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Macro:
    """A file of sql/_macros/: its parameters as they are written, and the comment that it begins with."""

    name: str
    signature: str
    doc: str
    text: str


def calls(path: Path) -> list[Call]:
    """Each call of a template by a plain name, as often as it stands there. Raises UserError for a broken template."""
    found = (node for node in _parsed(path).find_all(nodes.Call) if isinstance(node.node, nodes.Name))
    return [Call(node.node.name, tuple(_texts(node))) for node in found]  # type: ignore[attr-defined]


def macro(path: Path) -> Macro:
    """The macro that is called as its file is. Raises UserError where the file has none of that name."""
    name, text = path.name.removesuffix(".sql.j2"), path.read_text(encoding="utf-8")
    made = next((node for node in _parsed(path).find_all(nodes.Macro) if node.name == name), None)
    if made is None:
        raise UserError(f"there is no macro '{name}' in it", Place.of(path), f"write {{% macro {name}(...) %}}")
    doc = _COMMENT.match(text)
    return Macro(name, f"{name}({', '.join(_parameters(made))})", doc[1].strip() if doc else "", text)


def _parsed(path: Path) -> nodes.Template:
    try:
        return Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    except TemplateSyntaxError as error:
        raise UserError(f"template: {error.message}", Place.of(path, error.lineno)) from None


def _texts(call: nodes.Call) -> list[str]:
    given = [*call.args, *(keyword.value for keyword in call.kwargs)]
    return [node.value for node in given if isinstance(node, nodes.Const) and isinstance(node.value, str)]


def _parameters(made: nodes.Macro) -> list[str]:
    plain = len(made.args) - len(made.defaults)
    optional = zip(made.args[plain:], made.defaults, strict=True)
    shown = [f"{arg.name}={node.value!r}" for arg, node in optional if isinstance(node, nodes.Const)]
    return [*(arg.name for arg in made.args[:plain]), *shown]
