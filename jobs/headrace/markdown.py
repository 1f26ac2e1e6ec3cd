"""Markdown out of templates: comments for a pull request."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def template(package: str, name: str) -> Template:
    """The template `name` beside the modules of `package`. Its filters `escaped` and `code` make text no mark."""
    environment = Environment(
        loader=PackageLoader(package, "."),
        # Markdown has marks of its own; what may hold one goes through `escaped` or `code`.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"escaped": _escaped, "code": _code}
    return environment.get_template(name)


def _escaped(text: object) -> str:
    """Text in one line, its Markdown signs made plain."""
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))


def _code(text: str) -> str:
    """Text as a span of code."""
    return f"`{text.replace('`', '')}`"
