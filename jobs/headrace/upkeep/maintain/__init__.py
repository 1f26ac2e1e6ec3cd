"""Maintain stored tables: compaction, expiry of snapshots, removal of orphans; safe next to jobs and other maintainers.

Names of tables come in; one report per table goes out. It changes files and snapshots, never a row, and knows jobs only
by the Flink ids that the ledger has.
"""

from headrace.upkeep.maintain.report import Expired, Removed, Report, Rewritten
from headrace.upkeep.maintain.run import maintain

__all__ = ["Expired", "Removed", "Report", "Rewritten", "maintain"]
