"""Fill the templates of the catalogue; turn the project's descriptions and SQL into HTML. All values are escaped."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import SqlJinjaLexer

_ENVIRONMENT = Environment(
    loader=PackageLoader("headrace.authoring.docs"),
    autoescape=select_autoescape(["svg.j2", "html.j2"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def fill(template: str, **values: Any) -> str:
    """Return the template filled with these values."""
    return _ENVIRONMENT.get_template(template).render(values)


def _sql(text: str) -> Markup:
    """Return SQL, or a template of SQL, as HTML with its tokens marked by classes."""
    return Markup(highlight(text, SqlJinjaLexer(), HtmlFormatter(nowrap=True)))  # noqa: S704 - it escapes the text


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "highlight": lambda text, _language, _attributes: str(_sql(text))})


def _inline(text: str) -> Markup:
    """Return a sentence of Markdown as HTML; HTML in it is treated as text."""
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704 - it escapes the text


def _prose(text: str) -> Markup:
    """Return paragraphs of Markdown as HTML; HTML in them is treated as text, a block of code as SQL."""
    return Markup(_MARKDOWN.render(text))  # noqa: S704 - it escapes the text


_ENVIRONMENT.filters |= {"sql": _sql, "inline": _inline, "prose": _prose}
