"""Functions of a project's own, checked before a merge: their names, their imports and their examples.

`problems` reads the folders udfs/<name>/ and runs each function on its example in this process, as a worker would on a
batch of rows. It needs no Flink.
"""

from __future__ import annotations

from headrace.authoring.functions.check import problems
from headrace.authoring.functions.docs import docs
from headrace.authoring.functions.examples import Example, run

__all__ = ["FUNCTION", "Example", "docs", "problems", "run"]

FUNCTION = "function/"
"""How commands name a function: `function/<name>`. A job has no such prefix."""
