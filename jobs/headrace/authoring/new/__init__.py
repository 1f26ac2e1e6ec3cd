"""A job to begin with: a folder that passes its test and the lint, made from a source's contract."""

from __future__ import annotations

from headrace.authoring.new.request import Request
from headrace.authoring.new.write_files import write_files

__all__ = ["Request", "write_files"]
