"""A job to begin with: a folder that passes its test and the lint, made from a source's contract."""

from __future__ import annotations

from headrace.scaffold.lay import lay
from headrace.scaffold.wish import Wish

__all__ = ["Wish", "lay"]
