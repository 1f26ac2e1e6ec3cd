"""Numbers that are stored exactly or refused."""

from __future__ import annotations

EXACT = 2**53
"""Up to here, a double represents every whole number exactly."""
