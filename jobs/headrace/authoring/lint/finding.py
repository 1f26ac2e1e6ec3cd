"""What the linter has to say of a line."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.errors import Place


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that a rule has found, at its place in the template, and what mends it."""

    where: Place
    code: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where} {self.code} {self.message}\n  fix: {self.fix}"

    def to_json(self) -> dict[str, str | int]:
        return {
            "file": self.where.file,
            "line": self.where.line,
            "column": self.where.column,
            "code": self.code,
            "message": self.message,
            "fix": self.fix,
        }
