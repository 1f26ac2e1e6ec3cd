"""A report as Markdown, to stand as a comment under a pull request."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from headrace.compare.report import Report

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def markdown(report: Report) -> str:
    """The report as Markdown text; what files and Flink say stands in it as it is, no sign of theirs being a mark."""
    environment = Environment(
        loader=PackageLoader("headrace.compare", "."),
        # Markdown has marks of its own; what may hold one goes through `escaped` or `code`.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"escaped": escaped, "code": code}
    text = environment.get_template("plan.md.j2").render(report=report)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def escaped(text: object) -> str:
    """Text in one line, its Markdown signs made plain."""
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))


def code(text: str) -> str:
    """Text as a span of code."""
    return f"`{text.replace('`', '')}`"
