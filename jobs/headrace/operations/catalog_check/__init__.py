"""Check that pyiceberg, DuckDB and Flink can reach, write and read a catalog and its store.

An environment comes in; one result per part goes out, and no table stays. It knows no job.
"""

from headrace.operations.catalog_check.check import check, verdict
from headrace.operations.catalog_check.part import Part

__all__ = ["Part", "check", "verdict"]
