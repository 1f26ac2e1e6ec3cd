"""Whether a catalog and its store can be reached, written and read by all three that work on them."""

from headrace.operations.catalog_check.check import check, verdict
from headrace.operations.catalog_check.part import Part

__all__ = ["Part", "check", "verdict"]
