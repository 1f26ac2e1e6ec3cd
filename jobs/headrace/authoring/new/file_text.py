"""Text of the files that a job begins with: templates with delimiters of their own, for what they make is templates."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent


def rendered(template: str, **values: Any) -> str:
    """templates/<template>.j2 with the values in it."""
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
        autoescape=False,  # noqa: S701 - what is made is YAML and SQL
    )
    environment.filters |= {"column": column, "scalar": scalar, "quoted": quoted}
    return environment.get_template(f"{template}.j2").render(values)


def column(name: str) -> str:
    """The name as SQL takes it: in backquotes where Flink reserves the word."""
    return f"`{name}`" if name in _reserved() else name


def scalar(text: str) -> str:
    """The text as a value in YAML: in quotation marks where it would else be read as something else."""
    try:
        plain = yaml.safe_load(f"{{key: {text}}}") == {"key": text}
    except yaml.YAMLError:
        plain = False
    return text if plain else quoted(text)


def quoted(text: str) -> str:
    """The text in quotation marks, as YAML reads them."""
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=sys.maxsize).rstrip("\n")


@cache
def _reserved() -> frozenset[str]:
    lines = (_HERE / "reserved.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
