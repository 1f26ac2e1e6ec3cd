"""The catalogue's own templates. They are ours, and what goes into them is escaped."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from headrace.authoring.docs import prose

_ENVIRONMENT = Environment(
    loader=PackageLoader("headrace.authoring.docs"),
    autoescape=select_autoescape(["svg.j2", "html.j2"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


_ENVIRONMENT.filters |= {"sql": prose.sql, "inline": prose.inline, "prose": prose.prose}


def fill(template: str, **values: Any) -> str:
    """The template `template` with these values."""
    return _ENVIRONMENT.get_template(template).render(values)
