"""The calls in a template and the description of a macro, read without rendering: no environment is needed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes

from headrace.errors import Place, UserError

_COMMENT = re.compile(r"\s*\{#-?(.*?)-?#\}", re.DOTALL)


@dataclass(frozen=True, order=True)
class Call:
    """A call such as `name('a', 'b')`; arguments that are not string literals are left out."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Macro:
    """A macro of sql/_macros/: its signature as written, and the comment at the start of its file."""

    name: str
    signature: str
    doc: str
    text: str


def calls(path: Path) -> list[Call]:
    """Return every call by a plain name in a template, repeats included. Raises UserError for a syntax error."""
    nodes_called = (node for node in _parsed(path).find_all(nodes.Call) if isinstance(node.node, nodes.Name))
    return [Call(node.node.name, tuple(_texts(node))) for node in nodes_called]  # type: ignore[attr-defined]


def macro(path: Path) -> Macro:
    """Return the macro with the name of its file. Raises UserError if the file has no such macro."""
    name, text = path.name.removesuffix(".sql.j2"), path.read_text(encoding="utf-8")
    definition = next((node for node in _parsed(path).find_all(nodes.Macro) if node.name == name), None)
    if definition is None:
        raise UserError(f"there is no macro '{name}' in this file", Place.of(path), f"write {{% macro {name}(...) %}}")
    doc = _COMMENT.match(text)
    return Macro(name, f"{name}({', '.join(_parameters(definition))})", doc[1].strip() if doc else "", text)


def _parsed(path: Path) -> nodes.Template:
    try:
        return Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    except TemplateSyntaxError as error:
        raise UserError(f"template: {error.message}", Place.of(path, error.lineno)) from None
    except (RecursionError, MemoryError, ValueError) as error:
        what = f"template: it cannot be read: {error}"
        raise UserError(what, Place.of(path, 1), "nest fewer brackets and blocks") from None


def _texts(call: nodes.Call) -> list[str]:
    arguments = [*call.args, *(keyword.value for keyword in call.kwargs)]
    return [node.value for node in arguments if isinstance(node, nodes.Const) and isinstance(node.value, str)]


def _parameters(macro_node: nodes.Macro) -> list[str]:
    plain = len(macro_node.args) - len(macro_node.defaults)
    optional = zip(macro_node.args[plain:], macro_node.defaults, strict=True)
    shown = [f"{arg.name}={node.value!r}" for arg, node in optional if isinstance(node, nodes.Const)]
    return [*(arg.name for arg in macro_node.args[:plain]), *shown]
