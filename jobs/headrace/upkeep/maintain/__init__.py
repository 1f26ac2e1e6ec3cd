"""Upkeep of stored tables: compaction, expiry of snapshots, removal of orphans; safe beside jobs and its like."""

from headrace.upkeep.maintain.report import Expired, Removed, Report, Rewritten
from headrace.upkeep.maintain.run import maintain

__all__ = ["Expired", "Removed", "Report", "Rewritten", "maintain"]
