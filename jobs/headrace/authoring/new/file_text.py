"""The text of the files of a new job.

Some of these files are Jinja templates themselves, so the templates in this package use other delimiters: `<< >>`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from headrace.compose.flink_functions import reserved_words
from headrace.errors import UserError
from headrace.project import yaml_text

_HERE = Path(__file__).parent


def rendered(template: str, **values: Any) -> str:
    """Return templates/<template>.j2 filled with the values."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the output is YAML and SQL
    )
    environment.filters |= {"column": column, "scalar": scalar, "quoted": quoted}
    return environment.get_template(f"{template}.j2").render(values)


def column(name: str) -> str:
    """Return the name as SQL accepts it: in backquotes if Flink reserves the word."""
    return f"`{name}`" if name in reserved_words() else name


def scalar(text: str) -> str:
    """Return the text as a YAML value, in quotation marks if YAML would otherwise read it as something else."""
    try:
        plain = yaml_text.parse(f"{{key: {text}}}", Path("key"))[1] == {"key": text}
    except UserError:
        plain = False
    return text if plain else quoted(text)


def quoted(text: str) -> str:
    """Return the text in quotation marks, escaped for YAML."""
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=sys.maxsize).rstrip("\n")
