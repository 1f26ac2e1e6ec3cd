"""The examples of functions, as `headrace test` runs and shows them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.cli.common import Context, out
from headrace.errors import UserError

if TYPE_CHECKING:
    from headrace.authoring.functions import Example

PREFIX = "function/"


@dataclass(frozen=True)
class ExampleReport:
    """The outcome of a function's example."""

    example: Example

    @property
    def verdict(self) -> str:
        """`passed` or `failed`."""
        return "passed" if self.example.passed else "failed"

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as one JSON object."""
        return {
            "function": self.example.name,
            "verdict": self.verdict,
            "passed": self.example.passed,
            "seconds": round(self.example.seconds, 2),
            "results": self.example.results,
            "problems": [problem.to_json() for problem in self.example.problems],
        }


def run(context: Context, names: list[str] | None) -> list[ExampleReport]:
    """Run the examples of the functions among `names`, of those that the jobs among them name, or of all functions."""
    from headrace.authoring import functions
    from headrace.project import function_files

    chosen = function_files.names(context.project) if names is None else _named(context, names)
    return [ExampleReport(functions.run(context.project, name)) for name in dict.fromkeys(chosen)]


def _named(context: Context, names: Iterable[str]) -> list[str]:
    from headrace.project import job_folder

    chosen = []
    for name in names:
        if name.startswith(PREFIX):
            chosen.append(name.removeprefix(PREFIX))
            continue
        with suppress(UserError):  # reported with the job's cases
            chosen += job_folder.job_of(context.project, name).functions
    return chosen


def show(report: ExampleReport) -> None:
    """Print the verdict, and what is wrong with each row."""
    from rich.markup import escape

    example = report.example
    style = "green" if example.passed else "bold red"
    count = len(example.results)
    rows = f"{count} row{'' if count == 1 else 's'} " if example.passed else ""
    out.print(
        f"[{style}]{report.verdict}[/] {PREFIX}{example.name} [bold]example[/] {rows}({example.seconds:.1f} s)",
        highlight=False,
    )
    for problem in example.problems:
        where = f"{escape(str(problem.where))}: " if problem.where else ""
        out.print(f"  {where}{escape(problem.what)}", highlight=False, soft_wrap=True)
        if problem.fix:
            out.print(f"    [green]fix[/] {escape(problem.fix)}", highlight=False, soft_wrap=True)
