"""Delete rows that are older than `retention:` of their table says, and record which.

Names of tables come in; one report per table goes out. Rows that windows still need are kept.
"""

from headrace.upkeep.retention.report import Deleted, Report
from headrace.upkeep.retention.run import apply, preview

__all__ = ["Deleted", "Report", "apply", "preview"]
