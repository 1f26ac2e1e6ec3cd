"""Where a row came from: partitions whose order is not known are different places."""

from __future__ import annotations

from headrace.compose.sql_text import Sql
from headrace_udfs.contract import Contract


def place(contract: Contract) -> Sql:
    """Return the expression of a row's partition, with its topic if the contract has several."""
    return Sql("CONCAT(src_topic, '/', CAST(src_partition AS STRING))" if contract.several else "src_partition")
