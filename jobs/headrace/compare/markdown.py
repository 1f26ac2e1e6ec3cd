"""A report as Markdown, to stand as a comment under a pull request."""

from __future__ import annotations

import re

from headrace.compare.report import Report
from headrace.markdown import template


def markdown(report: Report) -> str:
    """The report as Markdown text; what files and Flink say stands in it as it is, no sign of theirs being a mark."""
    text = template("headrace.compare", "plan.md.j2").render(report=report)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
