"""`python -m headrace.lifecycle.again`: submit a job with the engine of this release, old or new.

A rollback runs the release's own tree in a process of its own, so this path is a protocol: it may not move. The names
below belong to it: by them, the engine that starts this release finds out beforehand whether it can start.
"""

from headrace.environment.settings import Settings
from headrace.operations.lifecycle.rollback_floor import ORDER_VERSION
from headrace.operations.lifecycle.run_release import check, main, table_faults

__all__ = ["ORDER_VERSION", "Settings", "check", "main", "table_faults"]

if __name__ == "__main__":
    main()
