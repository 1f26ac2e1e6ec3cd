"""Maintain stored tables: compact files, expire snapshots and remove orphans, while jobs and other maintainers run.

Names of tables come in; one report per table goes out. It changes files and snapshots, never a row, and knows jobs only
by their Flink ids in the ledger.
"""

from headrace.upkeep.maintain.report import Expired, Removed, Report, Rewritten
from headrace.upkeep.maintain.run import maintain

__all__ = ["Expired", "Removed", "Report", "Rewritten", "maintain"]
