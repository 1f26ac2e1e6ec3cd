"""Whether a catalog and its store can be reached, written and read by all three that work on them."""

from headrace.catalogcheck.check import check, verdict
from headrace.catalogcheck.part import Part

__all__ = ["Part", "check", "verdict"]
