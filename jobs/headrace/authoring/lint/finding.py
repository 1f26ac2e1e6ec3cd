"""A finding of the linter."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.errors import Place


@dataclass(frozen=True, order=True)
class Finding:
    """One violation of a rule: its position in the template, what is wrong, and how to fix it."""

    where: Place
    code: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where} {self.code} {self.message}\n  fix: {self.fix}"

    def to_json(self) -> dict[str, str | int]:
        """Return the finding as one JSON object."""
        return {
            "file": self.where.file,
            "line": self.where.line,
            "column": self.where.column,
            "code": self.code,
            "message": self.message,
            "fix": self.fix,
        }
