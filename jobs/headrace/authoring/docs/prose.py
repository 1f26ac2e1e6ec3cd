"""The project's words and SQL as HTML, safe to stand in a page."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import SqlJinjaLexer


def sql(text: str) -> Markup:
    """SQL, or a template of it, with its words marked by classes."""
    return Markup(highlight(text, SqlJinjaLexer(), HtmlFormatter(nowrap=True)))  # noqa: S704 - it escapes the text


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "highlight": lambda text, _language, _attributes: str(sql(text))})


def inline(text: str) -> Markup:
    """A sentence of Markdown; HTML in it is text."""
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704 - it escapes the text


def prose(text: str) -> Markup:
    """Paragraphs of Markdown; HTML in them is text, a block of code SQL."""
    return Markup(_MARKDOWN.render(text))  # noqa: S704 - it escapes the text
