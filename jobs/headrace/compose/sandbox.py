"""The Jinja that templates are written in: sandboxed, strict, and bounded in time and memory.

No operator, method, loop or recursion of a template can build a value of more than `LARGEST` characters and items, or
use more than `MOST_WORK` and `MOST_SECONDS`. Whatever can make a large value from small ones is checked before it is
carried out: products, powers, widths of formats, and the methods of texts and lists.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NoReturn

from jinja2 import StrictUndefined, nodes
from jinja2.compiler import CodeGenerator
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from headrace.compose.invalid_call import InvalidCall
from headrace.errors import Problem

LARGEST = 1_000_000
"""Most characters and items of one value, and characters of one template's SQL."""
MOST_WORK = 10_000_000
"""Most characters, items and steps of one rendering."""
MOST_SECONDS = 5.0
"""Most CPU time of one rendering."""
_STEP = 20
"""What a node or a character of a loop's body costs."""
_MOST_BITS = 4096
_BUILT = (nodes.Concat, nodes.Compare, nodes.List, nodes.Dict)
_WIDE = re.compile(r"\d{4}|\*")
_FIX = "write the SQL out, or leave large values to SQL: a template only chooses names and literals"


@dataclass
class _Budget:
    work: int = 0
    until: float = field(default_factory=lambda: time.thread_time() + MOST_SECONDS)


_BUDGET: ContextVar[_Budget | None] = ContextVar("budget", default=None)


@contextmanager
def budget() -> Iterator[None]:
    """Give what is rendered within the context one budget. Within another budget, that one continues."""
    token = None if _BUDGET.get() else _BUDGET.set(_Budget())
    try:
        yield
    finally:
        if token:
            _BUDGET.reset(token)


def spend(work: int) -> None:
    """Count `work` as done. Raises InvalidCall if the rendering has used up its budget."""
    if spent := _BUDGET.get():
        spent.work += work
        if spent.work > MOST_WORK:
            _refuse(f"the template takes more than {MOST_WORK:,} steps")
        if time.thread_time() > spent.until:
            _refuse(f"the template takes more than {MOST_SECONDS:g} s")


def bounded(value: Any) -> Any:
    """Return `value`. Raises InvalidCall if it is too large, or the rendering has used up its budget."""
    spend(1 + _limited(_size(value)))
    return value


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's environment, with bounds."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})
    bounded = staticmethod(bounded)
    spend = staticmethod(spend)

    def __init__(self, finalize: Callable[[Any], str], extensions: list[Any]) -> None:
        super().__init__(
            undefined=StrictUndefined,
            finalize=lambda value: bounded(finalize(bounded(value))),
            extensions=extensions,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        )
        del self.globals["lipsum"]

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """Return the parts as one text."""
        kept, size = [], 0
        for part in parts:
            size += len(part)
            _limited(size)
            kept.append(part)
        return "".join(kept)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return the result of `left operator right`."""
        if operator == "*":
            _check_product(left, right)
        elif operator == "**":
            _check_power(left, right)
        elif operator == "%" and isinstance(left, str) and _WIDE.search(left):
            _refuse(f"{left[:40]!r} asks for a width of more than 999 characters")
        return bounded(super().call_binop(context, operator, left, right))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Refuse the methods `format` and `format_map` of texts."""
        if super().wrap_str_format(value):
            _refuse("the methods format() and format_map() are not available", "join texts with ~")
        return None

    def call(self, context: Context, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Return the result of a call in a template."""
        if called is spend:
            return spend(*args)
        owner = getattr(called, "__self__", None)
        if isinstance(owner, (str, bytes, int, float, list, tuple, dict)):
            size = 1 if isinstance(owner, (int, float)) else _size(owner)
            # Jinja adds the variables of a loop as `_loop_vars`.
            for value in (*args, *(each for name, each in kwargs.items() if not name.startswith("_"))):
                size = _limited(size * max(1, abs(value) if isinstance(value, int) else _size(value)))
        return bounded(super().call(context, called, *args, **kwargs))


class _BoundedCode(CodeGenerator):
    """Jinja's compiler, which adds the bounds to what it does not let an environment intercept."""

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """Write the Python code of a node."""
        if isinstance(node, (nodes.For, nodes.Macro)):
            _count_steps(node)
        built = isinstance(node, _BUILT) or (isinstance(node, nodes.Tuple) and node.ctx == "load")
        if built:
            self.write("environment.bounded(")
        super().visit(node, *args, **kwargs)
        if built:
            self.write(")")


Sandbox.code_generator_class = _BoundedCode


def _count_steps(node: nodes.For | nodes.Macro) -> None:
    """Make the body of a loop or a macro spend, each time, as much as it has nodes and characters of text."""
    within = [each for child in node.body for each in child.find_all(nodes.Node)]
    texts = sum(len(each.data) for each in within if isinstance(each, nodes.TemplateData))
    weight = nodes.Const(_STEP * (1 + len(within) + texts))
    call = nodes.Call(nodes.EnvironmentAttribute("spend"), [weight], [], None, None)
    call.set_lineno(node.lineno)
    node.body.insert(0, nodes.ExprStmt(call, lineno=node.lineno))


def _check_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    for many, times in ((left, right), (right, left)):
        if isinstance(many, (str, bytes, list, tuple)) and isinstance(times, int):
            _limited(_size(many) * max(0, times))


def _check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1:
        _check_bits(base.bit_length() * max(0, exponent))


def _check_bits(bits: int) -> None:
    if bits > _MOST_BITS:
        _refuse(f"the template builds a number of more than {_MOST_BITS} bits")


def _limited(size: int) -> int:
    if size > LARGEST:
        _refuse(f"the template builds more than {LARGEST:,} characters or items")
    return size


def _size(value: Any) -> int:
    """Return the characters and items of a value and of all values within it, counted up to one more than LARGEST."""
    size, left = 0, [value]
    while left and size <= LARGEST:
        each = left.pop()
        if isinstance(each, (str, bytes, range)):
            size += len(each)
        elif isinstance(each, (list, tuple, set, frozenset)):
            size += len(each)
            left += each
        elif isinstance(each, dict):
            size += len(each)
            left += [*each.keys(), *each.values()]
        else:
            size += 1
    return size


def _refuse(what: str, fix: str = _FIX) -> NoReturn:
    raise InvalidCall(Problem(what, fix=fix))
